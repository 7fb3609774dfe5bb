"""corex: further branches, choice of sockets, extra flags, raw data and files."""

from collections.abc import Generator
from typing import Any, Final

from luasip.kemi.context import PvValue, RouteContext, Services, Suspending
from luasip.kemi.declare import Route, function
from luasip.kemi.operation import Call, Operation
from luasip.kemi.socket_text import find_listener
from luasip.modules.corex.branches import Branches
from luasip.modules.corex.request_uri import has_ruri_user
from luasip.modules.corex.sockets import Sockets
from luasip.modules.corex.vias import Vias

LARGEST_FILE: Final = 4 << 20
"""Bytes file_read reads at most."""


class Corex(Branches, Sockets, Vias):
    """corex: extensions of the core."""

    name = "corex"
    changeable = ("server_id", "xavp_via_params", "xavp_via_fields", "xavp_via_reply_params")

    def __init__(self, settings: Vias.Settings, services: Services) -> None:
        self.settings = settings
        self.services = services

    @function(body=has_ruri_user)
    def has_ruri_user(self, ctx: RouteContext) -> int:
        """Whether the current Request-URI has a user part.

        Returns: 1 when it has, -1 when not, also on replies.
        """
        return has_ruri_user(self, ctx)

    @function()
    def has_user_agent(self, ctx: RouteContext) -> int:
        """Whether the message has a User-Agent header with a value.

        Returns: 1 when it has, -1 when not.
        """
        return 1 if ctx.message.user_agent else -1

    @function()
    def is_faked_msg(self, ctx: RouteContext) -> int:
        """Whether the callback runs on a request the server made up, as events and timers do.

        Returns: 1 when it does, -1 when the message came from the network.
        """
        return 1 if ctx.route is Route.EVENT and ctx.source.received_at == 0.0 else -1

    @function()
    def setxflag(self, ctx: RouteContext, fval: int) -> int:
        """Set an extra message flag.

        Args:
            fval: 0 to 63.
        Returns: 1, -1 when the number is out of range.
        """
        if not 0 <= fval <= 63:
            return -1
        ctx.xflags |= 1 << fval
        return 1

    @function()
    def resetxflag(self, ctx: RouteContext, fval: int) -> int:
        """Clear an extra message flag.

        Args:
            fval: 0 to 63.
        Returns: 1, -1 when the number is out of range.
        """
        if not 0 <= fval <= 63:
            return -1
        ctx.xflags &= ~(1 << fval)
        return 1

    @function()
    def isxflagset(self, ctx: RouteContext, fval: int) -> int:
        """Test an extra message flag.

        Args:
            fval: 0 to 63.
        Returns: 1 when it is set, -1 when not.
        """
        return 1 if 0 <= fval <= 63 and ctx.xflags >> fval & 1 else -1

    @function(suspends=True)
    def send_data(self, ctx: RouteContext, uri: str, data: str) -> Suspending:
        """Send any data where a URI leads.

        Args:
            uri: SIP URI of the destination.
            data: what to send, as it is.
        Returns: 1, -1 when a parameter is empty or the URI leads nowhere.
        """
        if not uri or not data:
            return -1
        return (yield from self.services.send_to_uri(ctx, uri, data))

    @function(suspends=True)
    def sendx(self, ctx: RouteContext, uri: str, sock: str, data: str) -> Suspending:
        """Send any data where a URI leads, from a chosen socket.

        Args:
            uri: SIP URI of the destination.
            sock: [protocol:]host[:port] of a listening socket.
            data: what to send, as it is.
        Returns: 1, -1 when a parameter is unusable or the URI leads nowhere.
        """
        listener = find_listener(self.services.listeners, sock)
        if not uri or not data or listener is None:
            return -1
        return (yield from self.services.send_to_uri(ctx, uri, data, listener))

    @function(suspends=True)
    def file_read(self, ctx: RouteContext, fname: str) -> Generator[Operation, Any, PvValue]:
        """Read a whole file of at most 4 MiB.

        Args:
            fname: its path.
        Returns: its bytes, nil when it cannot be read.
        """
        content = yield Call("lua", lambda: _read(fname))
        return content if isinstance(content, str) else None

    @function(suspends=True)
    def file_write(self, ctx: RouteContext, fname: str, fdata: str) -> Suspending:
        """Write a whole file, replacing what was in it.

        Args:
            fname: its path.
            fdata: its new content.
        Returns: 1, -1 when it cannot be written.
        """
        done = yield Call("lua", lambda: _write(fname, fdata))
        return 1 if done is True else -1


def _read(path: str) -> str:
    with open(path, "rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise OSError(f"{path} is larger than {LARGEST_FILE} bytes")
    return content.decode("latin-1")


def _write(path: str, content: str) -> bool:
    with open(path, "wb") as file:
        file.write(content.encode("latin-1"))
    return True
