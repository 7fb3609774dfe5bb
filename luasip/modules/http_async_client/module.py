"""http_async_client as scripts see it: send now, read the answer in a callback.

In a transaction `query` suspends it, and the callback continues it as a failure callback does; else, and after `send`,
the callback runs on a made-up request of its own, with no variables but its answer.
"""

import itertools
import logging
import os
from dataclasses import dataclass
from typing import Any, Final

from luasip.errors import MisuseError
from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.declare import Module, function, variable, variable_setter
from luasip.kemi.transactions import Transaction
from luasip.modules.http_async_client.parameters import Defaults, Parameters
from luasip.modules.http_async_client.reply import HttpReply
from luasip.modules.luasip_http import Http, HttpAnswer, HttpRequest, TlsOptions
from luasip.modules.luasip_http.exchange import CURL_OPERATION_TIMEDOUT, failure_of
from luasip.modules.luasip_http.module import POOL

log = logging.getLogger("luasip.http_async_client")

EVENT: Final = "http_async_client:callback"
MARGIN: Final = 1.0
"""Seconds a transaction stays suspended beyond the request's timeout."""

_PARAMETERS: Final = "http_async_client.parameters"
_REPLY: Final = "http_async_client.reply"
_QUERY_ID: Final = "http_async_client.id"


class HttpAsyncClient(Module):
    """http_async_client: HTTP requests whose answer comes in a callback."""

    name = "http_async_client"
    changeable = (
        *("connection_timeout", "authmethod", "tls_version", "tls_verify_host", "tls_verify_peer"),
        *("tls_client_cert", "tls_client_key", "tls_ca_path"),
    )
    uses = ("luasip_http",)

    @dataclass
    class Settings(Module.Settings):
        """How requests are made."""

        connection_timeout: int = 500
        """Milliseconds for a whole request."""
        authmethod: int = 3
        """Ways to show credentials: 1 Basic, 2 Digest, 3 what the server asks for."""
        tls_version: int = 0
        """curl's number of the lowest TLS version: 0 any, 4 1.0, 5 1.1, 6 1.2, 7 1.3."""
        tls_verify_host: int = 1
        """Check that a certificate is for its host. Only with tls_verify_peer."""
        tls_verify_peer: int = 1
        """Check the certificates of https servers."""
        tls_client_cert: str = ""
        """File of a client certificate."""
        tls_client_key: str = ""
        """File of its key."""
        tls_ca_path: str = ""
        """File or folder of CA certificates; "" for the system's."""
        workers: int = 1
        """Accepted; the pool "http" does the work."""
        hash_size: int = 2048
        """Accepted, without effect."""
        curl_verbose: int = 0
        """Accepted, without effect."""
        curl_follow_redirect: int = 0
        """Accepted, without effect: redirects are given to the callback."""
        memory_manager: str = "shm"
        """Accepted, without effect."""
        tcp_keepalive: int = 0
        """Accepted, without effect."""
        tcp_ka_idle: int = 0
        """Accepted, without effect."""
        tcp_ka_interval: int = 0
        """Accepted, without effect."""

    def __init__(self, settings: Settings, services: Services, luasip_http: Http) -> None:
        self._services = services
        self._transfer = luasip_http.transfer
        self._settings = settings
        self.settings_changed()
        self._numbers = itertools.count(1)

    def settings_changed(self) -> None:
        """Further requests are as the settings are now."""
        settings = self._settings
        tls = TlsOptions(
            bool(settings.tls_verify_peer),
            bool(settings.tls_verify_host),
            settings.tls_ca_path,
            settings.tls_client_cert,
            settings.tls_client_key,
            settings.tls_version,
        )
        self._defaults = Defaults(
            settings.connection_timeout, settings.authmethod, tls, self._services.user_agent
        )

    # Functions

    @function()
    def query(self, ctx: RouteContext, sdata: str, rn: str) -> int:
        """Send a request as $http_req(…) describes it. A transaction is suspended until the answer is there.

        Args:
            sdata: the URL.
            rn: name of a global Lua function; it is called with "http_async_client:callback".
        Returns: 0 when the transaction is suspended: the script must then end; 1 when there is none, or
            $http_req(suspend) is 0; -1 when the request cannot be sent.
        """
        parameters = _take_parameters(ctx)
        return self._begin(ctx, sdata, rn, parameters, None, parameters.suspend)

    @function()
    def send(self, ctx: RouteContext, sdata: str, rn: str) -> int:
        """Send a request as $http_req(…) describes it, never suspending; the callback gets a made-up request.

        Args:
            sdata: the URL.
            rn: name of a global Lua function; it is called with "http_async_client:callback".
        Returns: 1, or -1 when the request cannot be sent.
        """
        return self._begin(ctx, sdata, rn, _take_parameters(ctx), None, False)

    @function()
    def send_xdata(self, ctx: RouteContext, sdata: str, rn: str, xdata: str) -> int:
        """As send, with a text for the callback.

        Args:
            sdata: the URL.
            rn: name of a global Lua function; it is called with "http_async_client:callback".
            xdata: what the callback finds in $http_xdata.
        Returns: 1, or -1 when the request cannot be sent.
        """
        return self._begin(ctx, sdata, rn, _take_parameters(ctx), xdata, False)

    def _begin(
        self,
        ctx: RouteContext,
        url: str,
        callback: str,
        parameters: Parameters,
        xdata: str | None,
        may_suspend: bool,
    ) -> int:
        if not url or not callback:
            return -1
        if not self._services.has_callback(callback):
            raise MisuseError(f"there is no function {callback!r}")
        request = parameters.request(url, self._defaults)
        query_id = f"{os.getpid()}-{next(self._numbers)}"
        ctx.attributes[_QUERY_ID] = query_id
        suspends = may_suspend and ctx.transaction is not None
        if suspends and self._services.transactions.suspend(ctx, request.limit + MARGIN) < 0:
            log.error("the transaction cannot be suspended here")
            return -1
        transaction = ctx.transaction if suspends else None
        if not self._start(request, callback, query_id, xdata, transaction):
            if suspends:
                self._services.transactions.take_back(ctx)
            return -1
        return 0 if suspends else 1

    def _start(
        self,
        request: HttpRequest,
        callback: str,
        query_id: str,
        xdata: str | None,
        transaction: Transaction | None,
    ) -> bool:
        """Hand the request to the pool; False when it has no room."""

        def done(outcome: Any) -> None:
            reply = HttpReply(query_id, self._counted(outcome), xdata)
            self._call_back(callback, {_REPLY: reply, _QUERY_ID: query_id}, transaction)

        self._services.count("http_async_client:requests")
        started = self._services.run_in_pool(
            POOL, lambda: self._transfer.perform(request), done, request.limit
        )
        if not started:
            self._services.count("http_async_client:errors")
        return started

    def _counted(self, outcome: Any) -> Any:
        """The outcome as a value, counted."""
        if isinstance(outcome, HttpAnswer):
            self._services.count("http_async_client:replies")
            return outcome
        failure = failure_of(outcome)
        late = failure.code == CURL_OPERATION_TIMEDOUT or failure.message.startswith("timeout")
        self._services.count(f"http_async_client:{'timeouts' if late else 'errors'}")
        return failure

    def _call_back(self, callback: str, attributes: dict[str, Any], transaction: Transaction | None) -> None:
        if transaction is None:
            self._services.run_event(callback, EVENT, attributes=attributes)
        elif self._services.transactions.resume(transaction, callback, EVENT, attributes) < 0:
            log.info("an HTTP answer came when its transaction was no longer suspended")

    # Variables

    @variable("http_req")
    def request_parameter(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$http_req(name), to be set: method, hdr (adds one), body, timeout (ms), suspend, username, password,
        authmethod, tls_client_cert, tls_client_key, tls_ca_path, tls_verify_peer, tls_verify_host of the next
        request of this route; all is set to $null to begin anew. Reads as null."""
        return None

    @variable_setter("http_req")
    def set_request_parameter(
        self, ctx: RouteContext, inner: str, index: int | str | None, value: PvValue
    ) -> bool:
        """$http_req(name) = value."""
        parameters: Parameters = ctx.attributes.setdefault(_PARAMETERS, Parameters())
        if parameters.set(inner.strip(), value):
            return True
        log.error("$http_req(%s) cannot be %r", inner, value)
        return False

    @variable("http_req_id")
    def query_id(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$http_req_id: of the last request sent by this route, or of the one this callback is about."""
        found: str | None = ctx.attributes.get(_QUERY_ID)
        return found

    @variable("http_ok")
    def is_answered(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$http_ok: 1 when there was a response, 0 when not; null outside a callback."""
        reply = _reply(ctx)
        return None if reply is None else int(reply.answer is not None)

    @variable("http_err")
    def error(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$http_err: why there was no response."""
        reply = _reply(ctx)
        return None if reply is None else reply.error

    @variable("http_rs")
    def status(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$http_rs: status of the response, an int."""
        answer = _answer(ctx)
        return None if answer is None else answer.status

    @variable("http_rr")
    def reason(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$http_rr: reason phrase of the response."""
        answer = _answer(ctx)
        return None if answer is None else answer.reason

    @variable("http_rb")
    def body(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$http_rb: body of the response; null when it is empty."""
        answer = _answer(ctx)
        return None if answer is None else answer.body or None

    @variable("http_bs")
    def body_size(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$http_bs: bytes of the body, an int."""
        answer = _answer(ctx)
        return None if answer is None else len(answer.body)

    @variable("http_hdr")
    def header(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$http_hdr(Name): a header of the response; $(http_hdr(Name)[-1]) the last one of the name."""
        answer = _answer(ctx)
        values = [] if answer is None else answer.values(inner.strip())
        if index == "*":
            return ",".join(values) if values else None
        position = index if isinstance(index, int) else 0
        return values[position] if -len(values) <= position < len(values) else None

    @variable("http_mb")
    def whole(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$http_mb: the response with its headers."""
        reply = _reply(ctx)
        return None if reply is None else reply.text or None

    @variable("http_ml")
    def whole_size(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$http_ml: bytes of the response with its headers, an int."""
        reply = _reply(ctx)
        return None if reply is None or reply.answer is None else len(reply.text)

    @variable("http_time")
    def time(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$http_time(name): milliseconds, an int: total, or starttransfer until the headers were there."""
        reply = _reply(ctx)
        return None if reply is None else reply.milliseconds(inner.strip())

    @variable("http_xdata")
    def xdata(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$http_xdata: the text given to send_xdata."""
        reply = _reply(ctx)
        return None if reply is None else reply.xdata


def _take_parameters(ctx: RouteContext) -> Parameters:
    parameters: Parameters = ctx.attributes.pop(_PARAMETERS, None) or Parameters()
    return parameters


def _reply(ctx: RouteContext) -> HttpReply | None:
    return ctx.attributes.get(_REPLY)


def _answer(ctx: RouteContext) -> HttpAnswer | None:
    reply = _reply(ctx)
    return None if reply is None else reply.answer
