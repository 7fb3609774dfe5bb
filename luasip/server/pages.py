"""The HTTP pages beside RPC: /metrics for Prometheus, /healthz and /readyz for whoever restarts or feeds the server.

The health pages are answered without a token and by the control thread itself: they work while all pools are busy.
"""

from collections.abc import Awaitable, Callable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from luasip.control.gate import Refused
from luasip.server.health import Health

METRICS = "/metrics"
HEALTH = "/healthz"
READY = "/readyz"

Run = Callable[[Callable[[], bytes]], Awaitable[bytes]]
"""Runs a function beside the event loop; may raise Refused."""


class Pages:
    """The pages of one server."""

    def __init__(self, registry: CollectorRegistry, health: Health, run: Run) -> None:
        self._registry = registry
        self._health = health
        self._run = run

    def routes(self) -> list[BaseRoute]:
        """For the HTTP interface."""
        return [
            Route(METRICS, self.metrics, methods=["GET"]),
            Route(HEALTH, self.healthz, methods=["GET"]),
            Route(READY, self.readyz, methods=["GET"]),
        ]

    async def metrics(self, request: Request) -> Response:
        """Everything that is measured, in the format the client prefers."""
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        try:
            text = await self._run(lambda: encode(self._registry))
        except Refused as refused:
            return PlainTextResponse(f"{refused}\n", 503)
        return Response(text, headers={"Content-Type": media_type})

    async def healthz(self, request: Request) -> Response:
        """200 while the server lives, 503 when only a restart helps."""
        return _answer(self._health.faults())

    async def readyz(self, request: Request) -> Response:
        """200 while new calls may be sent here, 503 while not."""
        return _answer(self._health.hindrances())


def _answer(problems: list[str]) -> Response:
    return PlainTextResponse("".join(f"{one}\n" for one in problems) or "ok\n", 503 if problems else 200)
