"""luasip.http as scripts see it: one function, which suspends its route."""

import json
import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final

from luasip.errors import MisuseError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.kemi.operation import Call, Operation
from luasip.kemi.wire_text import data_from_wire
from luasip.modules.luasip_http.exchange import Credentials, HttpAnswer, HttpRequest, TlsOptions, failure_of
from luasip.modules.luasip_http.transfer import Transfer

POOL: Final = "http"
_OPTIONS: Final = frozenset(
    ("url", "method", "headers", "body", "json", "timeout", "redirect", "user", "password")
)


class Http(Module):
    """luasip.http: requests to HTTP servers."""

    name = "http"
    namespace = "luasip"
    changeable = ("timeout", "user_agent", "largest_body")

    @dataclass
    class Settings(Module.Settings):
        """Defaults of luasip.http.request."""

        timeout: float = 5.0
        """Seconds for a whole request."""
        user_agent: str = ""
        """User-Agent of requests; "" for the server's own."""
        largest_body: int = 16 * 1024 * 1024
        """Bytes of a response's body; a larger one is a failure."""
        verify_peer: bool = True
        """Check the certificates of https servers."""
        authorities: str = ""
        """File or folder of CA certificates; "" for the system's."""
        certificate: str = ""
        """File of a client certificate; "" for none."""
        key: str = ""
        """File of its key."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._services = services
        self._settings = settings
        self._tls = TlsOptions(
            verify_peer=settings.verify_peer,
            authorities=settings.authorities,
            certificate=settings.certificate,
            key=settings.key,
        )
        self.transfer = Transfer(services.pool_threads(POOL))

    def stop(self) -> None:
        """Close the kept connections."""
        self.transfer.close()

    @function(suspends=True)
    def request(self, ctx: RouteContext, options: Any) -> Generator[Operation, Any, Any]:
        """Send an HTTP request and wait for the response; other messages are handled meanwhile.

        `luasip.http.request{url = "http://127.0.0.1/route", method = "POST", json = {user = user}, timeout = 2}`

        Args:
            options: a table of url, method (GET; POST with a body), headers (a table by name; a value may be an
                array), body, json (a table sent as JSON, in place of body), timeout (seconds), redirect (true
                follows redirects), user and password.
        Returns: a table of status, reason, headers (by lower-case name, repeated ones joined by ", "), body, url
            and json(), which decodes the body as cjson does and returns nil and an error where it is no JSON; or
            nil and what went wrong.
        """
        request = self._read(options)
        answer = yield Call(POOL, lambda: self.transfer.perform(request), request.limit)
        if not isinstance(answer, HttpAnswer):
            failure = failure_of(answer)
            self._services.count("http:failures")
            return None, failure.message
        return {
            "status": answer.status,
            "reason": answer.reason,
            "headers": _headers_table(answer),
            "body": answer.body,
            "url": answer.url,
        }

    def _read(self, options: Any) -> HttpRequest:
        """The request a table stands for. Raises MisuseError."""
        if not isinstance(options, dict):
            raise MisuseError(f"luasip.http.request: a table is needed, not {options!r:.80}")
        for name in options:
            if name not in _OPTIONS:
                allowed = ", ".join(sorted(_OPTIONS))
                raise MisuseError(f"luasip.http.request: unknown option {name!r} (allowed: {allowed})")
        headers, body = _headers(options), _text(options, "body")
        if options.get("json") is not None:
            if body:
                raise MisuseError("luasip.http.request: body and json exclude each other")
            body = _json_text(options["json"])
            if not any(name.lower() == "content-type" for name, _ in headers):
                headers = (*headers, ("Content-Type", "application/json"))
        if not (url := _text(options, "url")):
            raise MisuseError("luasip.http.request: there is no url")
        user = _text(options, "user")
        return HttpRequest(
            url,
            _text(options, "method").upper(),
            headers,
            body,
            self._timeout(options),
            bool(options.get("redirect")),
            self._settings.user_agent or self._services.user_agent,
            Credentials(user, _text(options, "password")) if user else None,
            self._tls,
            largest_body=self._settings.largest_body,
        )

    def _timeout(self, options: dict[str, Any]) -> float:
        value = options.get("timeout", self._settings.timeout)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise MisuseError(
                f"luasip.http.request: timeout must be a number of seconds above 0, not {value!r:.80}"
            )
        return float(value)


def _text(options: dict[str, Any], name: str) -> str:
    value = options.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise MisuseError(f"luasip.http.request: {name} must be a string, not {value!r:.80}")
    return str(value)


def _headers(options: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    table = options.get("headers")
    if table is None or table == []:
        return ()
    if not isinstance(table, dict):
        raise MisuseError('luasip.http.request: headers must be a table like {["X-Name"] = "value"}')
    found: list[tuple[str, str]] = []
    for name, value in table.items():
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(name, str) or isinstance(one, bool) or not isinstance(one, str | int | float):
                raise MisuseError(f"luasip.http.request: header {name!r} must be a string, not {one!r:.80}")
            found.append((name, str(one)))
    return tuple(found)


def _headers_table(answer: HttpAnswer) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, value in answer.headers:
        found.setdefault(name.lower(), []).append(value)
    return {name: ", ".join(values) for name, values in found.items()}


def _json_text(value: Any) -> str:
    try:
        return json.dumps(data_from_wire(value), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise MisuseError(f"luasip.http.request: json: {error}") from error
