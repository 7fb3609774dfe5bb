"""maxfwd: Max-Forwards of requests (RFC 3261 §16.3 step 3)."""

from dataclasses import dataclass

from luasip.errors import SipError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, Route, function
from luasip.sip.message import Message, Request

GREATEST_LIMIT = 255


class Maxfwd(Module):
    """maxfwd: counting hops."""

    name = "maxfwd"
    changeable = ("max_limit",)

    @dataclass
    class Settings:
        """Limits."""

        max_limit: int = 70
        """Greatest Max-Forwards that leaves the server; a greater one is lowered to it (0: left as it is)."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self.settings = settings
        self.services = services

    @function(Route.REQUEST | Route.FAILURE | Route.BRANCH | Route.EVENT)
    def process_maxfwd(self, ctx: RouteContext, limit: int) -> int:
        """Count this hop: lower Max-Forwards by one, or add it.

        The change is pending, as any header edit; calling it again changes nothing further.

        Args:
            limit: the value to add when the header is missing, 0 to 255.
        Returns: 1 lowered, 2 added, -1 it was 0 (answer 483), -2 the header or the limit is unusable.
        """
        if not 0 <= limit <= GREATEST_LIMIT or not isinstance(ctx.message, Request):
            return -2
        line = ctx.message.first("max-forwards")
        done = bool(ctx.attributes.get("maxfwd.processed"))
        if line is None:
            if not done:
                ctx.edits.append_header(ctx.message, f"Max-Forwards: {limit}\r\n")
                ctx.attributes["maxfwd.processed"] = True
            return 2
        current = _max_forwards(ctx.message)
        if current is None:
            return -2
        if current == 0:
            return -1
        if not done:
            lowered = current - 1
            if self.settings.max_limit:
                lowered = min(lowered, self.settings.max_limit)
            ctx.edits.replace(line.value_start, line.value_end, str(lowered))
            ctx.attributes["maxfwd.processed"] = True
        return 1

    @function()
    def is_maxfwd_lt(self, ctx: RouteContext, limit: int) -> int:
        """Whether Max-Forwards is below a limit.

        Args:
            limit: 0 to 255.
        Returns: 1 it is, -1 it is not, -2 there is no such header, -3 the header or the limit is unusable.
        """
        if not 0 <= limit <= GREATEST_LIMIT:
            return -3
        if ctx.message.first("max-forwards") is None:
            return -2
        current = _max_forwards(ctx.message)
        if current is None:
            return -3
        return 1 if current < limit else -1


def _max_forwards(message: Message) -> int | None:
    try:
        return message.max_forwards
    except SipError:
        return None
