"""http_client: HTTP requests whose answer goes into a pseudo-variable. A request suspends its route."""

import dataclasses
import logging
from collections.abc import Generator
from typing import Any, Final

from luasip.errors import CommandError
from luasip.kemi.context import PvValue, RouteContext, Services, Suspending
from luasip.kemi.declare import Module, command, function, variable
from luasip.kemi.operation import Call, Operation
from luasip.modules.http_client.connections import default_request, read_connections
from luasip.modules.http_client.settings import HttpClientSettings
from luasip.modules.luasip_http import Http, HttpAnswer, HttpFailure, HttpRequest
from luasip.modules.luasip_http.exchange import CURL_ERRORS, failure_of, parse_headers
from luasip.modules.luasip_http.module import POOL

log = logging.getLogger("luasip.http_client")

_RESPONSE_HEADERS = "http_client.headers"
_STORED: Final = range(200, 500)
"""Statuses whose body is given to the script."""


class HttpClient(Module):
    """http_client: HTTP requests from the route script."""

    name = "http_client"
    uses = ("luasip_http",)

    Settings = HttpClientSettings
    changeable = (
        *("httpcon", "connection_timeout", "query_result", "query_maxdatasize", "maxdatasize", "useragent"),
        *("httpredirect", "httpproxy", "httpproxyport", "authmethod", "cacert", "client_cert"),
        *("client_key", "cipher_suites", "tlsversion", "verify_peer", "verify_host", "response_headers"),
    )

    def __init__(self, settings: HttpClientSettings, services: Services, luasip_http: Http) -> None:
        """Raises SettingsError for a malformed httpcon."""
        self.settings = settings
        self._services = services
        self._transfer = luasip_http.transfer
        self.settings_changed()

    def settings_changed(self) -> None:
        """Read the connections. Raises SettingsError."""
        self._default = default_request(self.settings, self._services.user_agent)
        self._connections = read_connections(self.settings, self._default)

    def start(self) -> None:
        """Say how many connections there are."""
        self._services.count("httpclient:connections", len(self._connections))

    # Functions

    @function(suspends=True)
    def query(self, ctx: RouteContext, url: str, dpv: str) -> Suspending:
        """Get a URL; other messages are handled meanwhile.

        Args:
            url: the URL.
            dpv: pseudo-variable that takes the body of a response with a status from 200 to 499, else "".
        Returns: the status; curl's error number (below 100) without a response; -1 when too many requests wait
            or the answer came too late.
        """
        return (yield from self._query(ctx, "", url, "", "", dpv))

    @function(suspends=True)
    def query_post(self, ctx: RouteContext, url: str, post: str, dpv: str) -> Suspending:
        """Post to a URL; other messages are handled meanwhile.

        Args:
            url: the URL.
            post: the body; "" makes it a GET.
            dpv: pseudo-variable that takes the body of a response with a status from 200 to 499, else "".
        Returns: as query.
        """
        return (yield from self._query(ctx, "", url, post, "", dpv))

    @function(suspends=True)
    def query_post_hdrs(self, ctx: RouteContext, url: str, post: str, hdrs: str, dpv: str) -> Suspending:
        """Post to a URL with headers; other messages are handled meanwhile.

        Args:
            url: the URL.
            post: the body; "" makes it a GET.
            hdrs: headers in lines, "Name: value".
            dpv: pseudo-variable that takes the body of a response with a status from 200 to 499, else "".
        Returns: as query.
        """
        return (yield from self._query(ctx, "", url, post, hdrs, dpv))

    @function(suspends=True)
    def get_hdrs(self, ctx: RouteContext, url: str, body: str, hdrs: str, dpv: str) -> Suspending:
        """Get a URL with headers; other messages are handled meanwhile.

        Args:
            url: the URL.
            body: a body to send, "" for none.
            hdrs: headers in lines, "Name: value".
            dpv: pseudo-variable that takes the body of a response with a status from 200 to 499, else "".
        Returns: as query.
        """
        return (yield from self._query(ctx, "GET", url, body, hdrs, dpv))

    @function(suspends=True)
    def query_request(
        self, ctx: RouteContext, met: str, url: str, body: str, hdrs: str, dpv: str
    ) -> Suspending:
        """Send a request with any method; other messages are handled meanwhile.

        Args:
            met: the method; "" for GET, POST with a body.
            url: the URL.
            body: a body to send, "" for none.
            hdrs: headers in lines, "Name: value".
            dpv: pseudo-variable that takes the body of a response with a status from 200 to 499, else "".
        Returns: as query.
        """
        return (yield from self._query(ctx, met, url, body, hdrs, dpv))

    @function(suspends=True)
    def query_request_v2pk(
        self, ctx: RouteContext, met: str, url: str, body: str, hdrs: str, dpv: str
    ) -> Suspending:
        """As query_request; the request is sent by HTTP/1.1 all the same.

        Args:
            met: the method; "" for GET, POST with a body.
            url: the URL.
            body: a body to send, "" for none.
            hdrs: headers in lines, "Name: value".
            dpv: pseudo-variable that takes the body of a response with a status from 200 to 499, else "".
        Returns: as query.
        """
        return (yield from self._query(ctx, met, url, body, hdrs, dpv))

    @function(suspends=True)
    def curl_connect(self, ctx: RouteContext, con: str, url: str, dpv: str) -> Suspending:
        """Get from a named server; other messages are handled meanwhile.

        Args:
            con: name of the server (httpcon).
            url: path behind the server's URL.
            dpv: pseudo-variable that takes the body of a response with a status from 200 to 499, else "".
        Returns: as query; -1 when there is no such server.
        """
        return (yield from self._connect(ctx, con, url, "", "", dpv))

    @function(suspends=True)
    def curl_connect_post(
        self, ctx: RouteContext, con: str, url: str, ctype: str, data: str, dpv: str
    ) -> Suspending:
        """Post to a named server; other messages are handled meanwhile.

        Args:
            con: name of the server (httpcon).
            url: path behind the server's URL.
            ctype: Content-Type of the body.
            data: the body.
            dpv: pseudo-variable that takes the body of a response with a status from 200 to 499, else "".
        Returns: as query; -1 when there is no such server.
        """
        return (yield from self._connect(ctx, con, url, ctype, data, dpv))

    @variable("curlerror")
    def error_text(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$curlerror(number): what a result below 100 means."""
        try:
            code = int(inner)
        except ValueError:
            code = 0
        if not 0 <= code <= 999:
            return "Bad CURL error code"
        return CURL_ERRORS.get(code, "Unknown error") if code < 100 else "HTTP result code"

    @variable("httprhdr")
    def response_header(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$httprhdr(Name): a header of this callback's last response, with response_headers 1."""
        headers: dict[str, str] = ctx.attributes.get(_RESPONSE_HEADERS, {})
        return headers.get(inner.strip().lower())

    @command("httpclient.listcon")
    def connections(self) -> list[dict[str, Any]]:
        """The connections of httpcon, without their passwords."""
        if not self._connections:
            raise CommandError(500, "No Connection Definitions")
        return [
            {
                "CONNECTION": name,
                "URI": one.request.url,
                "USERNAME": one.request.credentials.user if one.request.credentials else "",
                "FAILOVER": one.failover,
                "USERAGENT": one.request.user_agent,
                "TIMEOUT": one.request.timeout,
                "CLIENTCERT": one.request.tls.certificate,
                "TLSVERSION": one.request.tls.version,
                "VERIFYPEER": int(one.request.tls.verify_peer),
                "HTTPREDIRECT": int(one.request.follow_redirects),
                "MAXDATASIZE": one.maxdatasize,
            }
            for name, one in self._connections.items()
        ]

    # Requests

    def _query(
        self, ctx: RouteContext, method: str, url: str, body: str, headers: str, target: str
    ) -> Suspending:
        if not url or not self._services.variables.can_set(target):
            return -1
        request = dataclasses.replace(
            self._default, url=url, method=method.upper(), headers=parse_headers(headers), body=body
        )
        answer = yield from self._send(ctx, request)
        settings = self.settings
        return self._store(ctx, target, answer, settings.query_maxdatasize, bool(settings.query_result))

    def _connect(
        self, ctx: RouteContext, name: str, path: str, content_type: str, body: str, target: str
    ) -> Suspending:
        connection = self._connections.get(name)
        if connection is None:
            log.error("curl_connect: there is no connection %r", name)
            return -1
        if not self._services.variables.can_set(target):
            return -1
        headers = (("Content-Type", content_type or "text/plain"),) if body else ()
        answer = yield from self._send(ctx, _at(connection.request, path, headers, body))
        second = self._connections.get(connection.failover)
        if second is not None and (not isinstance(answer, HttpAnswer) or answer.status >= 500):
            log.warning("curl_connect: %s failed, trying %s", name, connection.failover)
            connection = second
            answer = yield from self._send(ctx, _at(connection.request, path, headers, body))
        return self._store(ctx, target, answer, connection.maxdatasize, False)

    def _send(
        self, ctx: RouteContext, request: HttpRequest
    ) -> Generator[Operation, Any, HttpAnswer | HttpFailure]:
        ctx.attributes.pop(_RESPONSE_HEADERS, None)
        answer = yield Call(POOL, lambda: self._transfer.perform(request))
        if not isinstance(answer, HttpAnswer):
            failure = failure_of(answer)
            self._services.count("httpclient:connfail")
            log.warning("%s: %s", request.url, failure.message)
            return failure
        self._services.count(f"httpclient:{'connok' if answer.status == 200 else 'connfail'}")
        if self.settings.response_headers:
            ctx.attributes[_RESPONSE_HEADERS] = {name.lower(): value for name, value in answer.headers}
        return answer

    def _store(
        self, ctx: RouteContext, target: str, answer: HttpAnswer | HttpFailure, largest: int, first_line: bool
    ) -> int:
        body = answer.body if isinstance(answer, HttpAnswer) and answer.status in _STORED else ""
        if first_line and "\n" in body:
            body = body.partition("\n")[0]
        elif largest > 0:
            body = body[:largest]
        self._services.variables.set(ctx, target, body)
        return answer.status if isinstance(answer, HttpAnswer) else answer.code


def _at(request: HttpRequest, path: str, headers: tuple[tuple[str, str], ...], body: str) -> HttpRequest:
    """A request to a server's path."""
    slash = "" if not path or path.startswith("/") else "/"
    return dataclasses.replace(request, url=f"{request.url}{slash}{path}", headers=headers, body=body)
