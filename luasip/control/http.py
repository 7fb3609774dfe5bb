"""The HTTP interface: a Starlette application with JSON-RPC at /RPC and XML-RPC at /RPC2, served by uvicorn.

A part that wants pages of its own, such as metrics, gives its routes to `application`; every request of theirs has
passed the same checks. A path in `open_paths` needs no token.
"""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from luasip.control.access import Access
from luasip.control.gate import Gate
from luasip.control.settings import ControlSettings

JSON_PATH = "/RPC"
XML_PATH = "/RPC2"
LONGEST_HEAD = 16 * 1024
"""Bytes of a request line with its headers."""


class RefusedRequest(Exception):
    """A request that is answered with a status before anything is done."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Checked:
    """Lets only those requests through that `Access` lets in."""

    def __init__(self, app: ASGIApp, access: Access, open_paths: Collection[str]) -> None:
        self._app = app
        self._access = access
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] == "http":
            needs_token = scope["path"] not in self._open_paths
            refusal = self._access.refusal(Headers(scope=scope), needs_token=needs_token)
            if refusal is not None:
                status, reason = refusal
                headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
                await PlainTextResponse(reason + "\n", status, headers)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class Calls:
    """The two paths commands are called by."""

    def __init__(self, gate: Gate, largest: int, timeout: float) -> None:
        self._gate = gate
        self._largest = largest
        self._timeout = timeout

    async def json(self, request: Request) -> Response:
        """JSON-RPC 2.0."""
        answer, _ = await self._gate.json(await self._body(request))
        if not answer.text:
            return Response(status_code=answer.status)
        return Response(answer.text, answer.status, media_type="application/json")

    async def xml(self, request: Request) -> Response:
        """XML-RPC; a fault is a 200, as its specification has it."""
        return Response(await self._gate.xml(await self._body(request)), media_type="text/xml")

    async def _body(self, request: Request) -> bytes:
        """The body, read within the limits. Raises RefusedRequest."""
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._timeout):
                async for part in request.stream():
                    parts.append(part)
                    size += len(part)
                    if size > self._largest:
                        raise RefusedRequest(413, f"larger than {self._largest} bytes")
        except TimeoutError:
            raise RefusedRequest(408, f"not sent within {self._timeout:g} s") from None
        return b"".join(parts)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedRequest)
    return PlainTextResponse(error.reason + "\n", error.status, {"Connection": "close"})


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # nobody reads it


def application(
    gate: Gate, settings: ControlSettings, routes: Sequence[BaseRoute] = (), open_paths: Collection[str] = ()
) -> ASGIApp:
    """The whole application: the two RPC paths and `routes`."""
    calls = Calls(gate, settings.largest, settings.timeout)
    own = [Route(JSON_PATH, calls.json, methods=["POST"]), Route(XML_PATH, calls.xml, methods=["POST"])]
    app = Starlette(
        routes=[*own, *routes], exception_handlers={RefusedRequest: _refuse, ClientDisconnect: _gone}
    )
    return Checked(app, Access(settings.token, settings.hosts), frozenset(open_paths))


class TimedProtocol(H11Protocol):
    """uvicorn's protocol for clients that may be slow: a connection on which nothing moves is closed.

    At each of two looks, one `look_after` the other, no request was complete, or the peer took no byte of its answer.
    """

    look_after = 10.0

    def connection_made(self, transport: Any) -> None:
        """Take the connection, unless there are too many."""
        super().connection_made(transport)
        # Nothing yet. It must not be this object, which would then be garbage that only a full pass finds.
        self._seen: object = None
        self._look = self.loop.call_later(self.look_after, self._look_at_it)
        if self.limit_concurrency is not None and len(self.connections) > self.limit_concurrency:
            transport.abort()

    def _look_at_it(self) -> None:
        cycle = self.cycle
        is_waiting = cycle is None or cycle.response_complete
        seen = (cycle, is_waiting)
        if seen == self._seen and (is_waiting or self.flow.write_paused):
            self.transport.abort()
            return
        self._seen = seen
        self._look = self.loop.call_later(self.look_after, self._look_at_it)

    def connection_lost(self, exc: Exception | None) -> None:
        """End it."""
        self._look.cancel()
        super().connection_lost(exc)


class HttpServer(uvicorn.Server):
    """uvicorn inside the control thread."""

    def __init__(self, app: ASGIApp, settings: ControlSettings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="none",
                http=type("_Protocol", (TimedProtocol,), {"look_after": settings.timeout}),
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=settings.connections + 1,
                timeout_keep_alive=int(max(settings.timeout, 1)),
                timeout_graceful_shutdown=1,
                h11_max_incomplete_event_size=LONGEST_HEAD,
                ssl_certfile=settings.certificate or None,
                ssl_keyfile=settings.private_key or None,
            )
        )
