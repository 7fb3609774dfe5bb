"""sl: answers without a transaction, and answers that use one when it is there."""

from dataclasses import dataclass
from typing import Final

from luasip.kemi.context import SEND_CLOSE, SEND_NO_CONNECT, RouteContext, Services
from luasip.kemi.declare import Module, command, function
from luasip.sip.message import Response
from luasip.sip.status import reason_phrase

_NAMES: Final = (
    *(
        "200",
        "202",
        "2xx",
        "300",
        "301",
        "302",
        "3xx",
        "400",
        "401",
        "403",
        "404",
        "407",
        "408",
        "483",
        "4xx",
    ),
    *("500", "5xx", "6xx"),
)
"""The statuses, and classes of the others, that Kamailio counts apart."""

_COUNTED: Final = {int(name): name for name in _NAMES if name.isdecimal()}

FALLBACK_ERROR = (500, "Server Internal Error")


class Sl(Module):
    """sl: sending replies."""

    name = "sl"
    changeable = ("default_code", "default_reason", "bind_tm", "event_callback_lres_sent")

    @dataclass
    class Settings:
        """Parameters of sl."""

        default_code: int = 500
        """Status of send_reply_error when nothing is known of the error."""
        default_reason: str = "Internal Server Error"
        """Its reason phrase."""
        bind_tm: int = 1
        """1: send_reply uses the transaction when there is one."""
        event_callback_lres_sent: str = ""
        """Lua function called with "sl:local-response" after each stateless reply."""

        event_callback_fl_ack: str = ""
        """Lua function called with "sl:filtered-ack" for each ACK for a stateless reply, which no route sees."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self.settings = settings
        self._services = services

    def start(self) -> None:
        """Begin to count, and have absorbed ACKs told if somebody wants to know."""
        for name in (*_NAMES, "1xx", "xxx"):
            self._services.count(f"sl:{name}_replies", 0)
        callback = self.settings.event_callback_fl_ack
        if callback:
            run = self._services.run_event
            self._services.on_filtered_ack(lambda request: run(callback, "sl:filtered-ack", request))

    @function()
    def sl_send_reply(self, ctx: RouteContext, code: int, reason: str) -> int:
        """Reply without a transaction, even if there is one.

        Args:
            code: status, 100 to 699.
            reason: reason phrase; "" for the standard one.
        Returns: 1, or -1 when no reply may be sent (an ACK, a reply, a bad status).
        """
        return self._reply(ctx, code, reason, stateless=True)

    @function()
    def send_reply(self, ctx: RouteContext, code: int, reason: str) -> int:
        """Reply, in the transaction if there is one, else without.

        Args:
            code: status, 100 to 699.
            reason: reason phrase; "" for the standard one.
        Returns: 1, or -1 when no reply may be sent (an ACK, a final reply was sent, a bad status).
        """
        return self._reply(ctx, code, reason, stateless=not self.settings.bind_tm)

    @function()
    def send_reply_mode(self, ctx: RouteContext, code: int, reason: str, mode: int) -> int:
        """Reply as send_reply does, with flags for stream connections.

        Args:
            code: status, 100 to 699.
            reason: reason phrase; "" for the standard one.
            mode: 1 do not open a new connection, 2 close the connection afterwards; they may be added.
        Returns: 1, or -1 when no reply may be sent.
        """
        if mode & 1:
            ctx.reply_send_flags |= SEND_NO_CONNECT
        if mode & 2:
            ctx.reply_send_flags |= SEND_CLOSE
        return self._reply(ctx, code, reason, stateless=not self.settings.bind_tm)

    @function()
    def sl_reply_error(self, ctx: RouteContext) -> int:
        """Reply with the status that fits the last internal error, e.g. after t_relay() < 0.

        Returns: 1, or -1 when no reply may be sent.
        """
        code, reason = ctx.last_error or FALLBACK_ERROR
        return self._reply(ctx, code, reason, stateless=False)

    @function()
    def send_reply_error(self, ctx: RouteContext) -> int:
        """Reply as sl_reply_error does, with default_code and default_reason when there was no error.

        Returns: 1, or -1 when no reply may be sent.
        """
        code, reason = ctx.last_error or (self.settings.default_code, self.settings.default_reason)
        return self._reply(ctx, code, reason, stateless=False)

    @function()
    def sl_forward_reply(self, ctx: RouteContext, code: str, reason: str) -> int:
        """Forward the reply being handled without a transaction, with another status of the same class if wanted.

        Args:
            code: new status, "" to keep it.
            reason: new reason phrase, "" to keep it.
        Returns: 1, or -1 when it is no reply, the class differs or there is no further Via.
        """
        response = ctx.message
        if not isinstance(response, Response):
            return -1
        status = int(code) if code.isdecimal() else response.status
        if status // 100 != response.status // 100:
            return -1
        if status != response.status or reason:
            line = f"{response.version} {status} {reason or response.reason}\r\n"
            ctx.edits.replace(0, response.headers_start, line)
        return 1 if self._services.forward_stateless(ctx) else -1

    def _reply(self, ctx: RouteContext, code: int, reason: str, *, stateless: bool) -> int:
        if not 100 <= code <= 699:
            return -1
        if 300 <= code <= 399:
            ctx.reply_headers.extend(_contacts(ctx))
        sent = self._services.reply(ctx, code, reason or reason_phrase(code), stateless=stateless)
        callback = self.settings.event_callback_lres_sent
        if sent > 0 and (stateless or ctx.transaction is None):
            self._services.count(f"sl:{_COUNTED.get(code) or f'{code // 100}xx'}_replies")
            if callback:
                self._services.run_event(callback, "sl:local-response", ctx.message)
        return sent

    @command("sl.stats")
    def stats(self) -> dict[str, int]:
        """Replies sent without a transaction, by status: those with a name of their own, the others by class."""
        counted = self._services.all_statistics()
        found = {name: counted.get(f"sl:{name}_replies", 0) for name in _NAMES}
        return {**found, "xxx": sum(counted.get(f"sl:{name}_replies", 0) for name in ("1xx", "xxx"))}


def _contacts(ctx: RouteContext) -> list[str]:
    """A redirection's Contact: the targets set so far, unless the Request-URI is still the received one."""
    targets = list(ctx.branches)
    if ctx.target.uri != ctx.request.request_uri:
        targets.insert(0, ctx.target)
    if not targets:
        return []
    values = [f"<{t.uri}>" if t.q is None else f"<{t.uri}>;q={t.q:.3g}" for t in targets]
    return [f"Contact: {', '.join(values)}\r\n"]
