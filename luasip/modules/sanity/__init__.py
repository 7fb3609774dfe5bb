"""sanity: whether a message is well formed enough to be routed, with the error reply when it is not."""

from dataclasses import dataclass

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.modules.sanity import checking
from luasip.modules.sanity.checks import Fault
from luasip.sip.message import Request


class Sanity(Module):
    """sanity: checks of a message."""

    name = "sanity"
    changeable = ("default_checks", "uri_checks", "proxy_require", "noreply")

    @dataclass
    class Settings:
        """Which checks run by default, and how failures are answered."""

        default_checks: int = 3047
        """Sum of the checks sanity_check_defaults makes."""

        uri_checks: int = 7
        """Sum of the URIs it parses when 1024 is among them: 1 Request-URI, 2 From, 4 To, 8 Contact."""

        proxy_require: str = ""
        """Comma-separated extensions a Proxy-Require header may ask for."""

        autodrop: int = 1
        """Kept for old settings: in Lua the script ends its route itself."""

        noreply: int = 0
        """1: a failed check sends no reply; sanity_reply does."""

    settings: Settings

    def __init__(self, settings: Settings, services: Services) -> None:
        self.settings = settings
        self.services = services
        self.settings_changed()

    def settings_changed(self) -> None:
        """Read the list of extensions."""
        names = self.settings.proxy_require.split(",")
        self.extensions = frozenset(name.strip().lower() for name in names if name.strip())

    @function(body=checking.sanity_check)
    def sanity_check(self, ctx: RouteContext, mflags: int, uflags: int) -> int:
        """Check the message; a failed check of a request is answered by this function.

        Checks: 1 version, 2 Request-URI scheme, 4 required headers, 8 and 16 nothing, 32 CSeq method, 64 CSeq
        number, 128 Content-Length, 256 Expires, 512 Proxy-Require, 1024 URIs, 2048 digest credentials, 4096
        duplicate tags, 8192 Authorization, 16384 top Via, 32768 mandatory headers in detail, 65536 lengths.

        Args:
            mflags: sum of the checks.
            uflags: sum of the URIs check 1024 parses: 1 Request-URI, 2 From, 4 To, 8 Contact.
        Returns: 1 passed, -1 failed: the route should end.
        """
        return checking.sanity_check(self, ctx, mflags, uflags)

    @function()
    def sanity_check_defaults(self, ctx: RouteContext) -> int:
        """Check the message with the checks of the settings.

        Returns: 1 passed, -1 failed: the route should end.
        """
        return self.sanity_check(ctx, self.settings.default_checks, self.settings.uri_checks)

    @function()
    def sanity_reply(self, ctx: RouteContext) -> int:
        """Send the reply of the failed check, where the setting noreply kept it back.

        Returns: 1 sent, also when nothing may be sent (replies, ACK); -1 no check failed or sending failed;
        -2 the message is too broken to be answered.
        """
        if not isinstance(ctx.message, Request) or ctx.message.method == "ACK":
            return 1
        fault: Fault | None = ctx.attributes.get(checking.FAULT)
        if fault is None or not self.settings.noreply:
            return -1
        return self.answer(ctx, fault) if fault.reason else -2

    def answer(self, ctx: RouteContext, fault: Fault) -> int:
        """Answer a request that failed a check: 1 sent; -1 when nothing may be sent, or sending failed."""
        if not fault.reason or not isinstance(ctx.message, Request) or ctx.message.method == "ACK":
            return -1
        return self.services.reply(ctx, fault.status, fault.reason)
