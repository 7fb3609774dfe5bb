"""jsonrpcs: the server's RPC commands for scripts."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final

from luasip.kemi.context import PvValue, RouteContext, Services, Suspending
from luasip.kemi.declare import Module, Route, function, variable
from luasip.kemi.operation import POOL_FULL, TIMED_OUT, Call, Operation
from luasip.modules.xhttp import Xhttp, is_http

POOL: Final = "control"
REPLY: Final = "jsonrpcs.reply"
JSON: Final = "application/json"

Reply = tuple[int, str, str]
"""Status, its text, and the JSON document."""


class Jsonrpcs(Module):
    """jsonrpcs: RPC commands called by scripts, and answered to HTTP requests the script takes.

    How commands are reached without the script is said in the section [control] of the settings.
    """

    name = "jsonrpcs"
    changeable = ("pretty_format",)
    uses = ("xhttp",)

    @dataclass
    class Settings:
        """Parameters of jsonrpcs."""

        pretty_format: int = 1
        """1: answers over several lines, indented; 0: on one line."""
        transport: int = 0
        """Accepted for Kamailio's sake: the settings of [control] say what commands are reached by."""
        fifo_name: str = ""
        """Accepted for Kamailio's sake: control.fifo."""
        fifo_mode: str = ""
        """Accepted for Kamailio's sake: control.mode."""
        fifo_user: str = ""
        """Accepted for Kamailio's sake: the files belong to the server's user."""
        fifo_group: str = ""
        """Accepted for Kamailio's sake: control.group."""
        fifo_reply_dir: str = ""
        """Accepted for Kamailio's sake: control.fifo_reply_dir."""
        dgram_socket: str = ""
        """Accepted for Kamailio's sake: control.datagram and control.udp."""
        dgram_mode: str = ""
        """Accepted for Kamailio's sake: control.mode."""
        dgram_user: str = ""
        """Accepted for Kamailio's sake: the files belong to the server's user."""
        dgram_group: str = ""
        """Accepted for Kamailio's sake: control.group."""
        dgram_timeout: int = 2000
        """Accepted for Kamailio's sake: control.timeout."""
        tcp_socket: str = ""
        """Accepted for Kamailio's sake: control.http, control.stream."""

    def __init__(self, settings: Settings, services: Services, xhttp: Xhttp) -> None:
        self.settings = settings
        self._services = services
        self._xhttp = xhttp

    @function(Route.EVENT, suspends=True)
    def dispatch(self, ctx: RouteContext) -> Suspending:
        """Run the JSON-RPC document in the body of the HTTP request and answer it, in an event of xhttp.

        Who may send such requests is for the script to decide before.

        Returns: 1 answered, also with an error of the command; -1 when the event is no HTTP request.
        """
        if not is_http(ctx):
            return -1
        code, text, document = yield from self._run(ctx, ctx.request.body)
        return 1 if self._xhttp.reply(ctx, code, text, JSON, document) else -1

    @function(suspends=True)
    def exec(self, ctx: RouteContext, scmd: str) -> Suspending:
        """Run a JSON-RPC document. What it gives is in $jsonrpl(code), $jsonrpl(text) and $jsonrpl(body).

        Args:
            scmd: such as {"jsonrpc":"2.0","method":"htable.get","params":["t","k"],"id":1}.
        Returns: 1 when it was run, also to an error; -1 when it is empty or the server is too busy.
        """
        return (yield from self._exec(ctx, scmd))

    @function(suspends=True)
    def execx(self, ctx: RouteContext, scmd: str) -> Suspending:
        """Run a JSON-RPC document, as exec does.

        Args:
            scmd: such as {"jsonrpc":"2.0","method":"htable.get","params":["t","k"],"id":1}.
        Returns: as exec.
        """
        return (yield from self._exec(ctx, scmd))

    @function()
    def response(self, ctx: RouteContext) -> PvValue:
        """What the last exec gave: the JSON document.

        Returns: it, nil before any exec.
        """
        return self.reply(ctx, "body", None)

    @variable("jsonrpl")
    def reply(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$jsonrpl(code), $jsonrpl(text), $jsonrpl(body): status, its text and the JSON document of the last exec."""
        last: Reply | None = ctx.attributes.get(REPLY)
        if last is None:
            return None
        code, text, document = last
        found: dict[str, PvValue] = {"code": code, "text": text, "body": document}
        return found.get(inner)

    def _exec(self, ctx: RouteContext, document: str) -> Suspending:
        ctx.attributes.pop(REPLY, None)
        if not document.strip():
            return -1
        answer = yield from self._run(ctx, document)
        ctx.attributes[REPLY] = answer
        return -1 if answer[0] == 503 and not answer[2] else 1

    def _run(self, ctx: RouteContext, document: str) -> Generator[Operation, Any, Reply]:
        """Commands may ask a database: they run on the pool, and the route waits."""
        pretty = bool(self.settings.pretty_format)
        answer = yield Call(POOL, lambda: self._services.commands.call(document, pretty))
        if answer is POOL_FULL or answer is TIMED_OUT:
            return 503, "Service Unavailable", ""
        if isinstance(answer, Exception):
            raise answer
        found: Reply = answer
        return found
