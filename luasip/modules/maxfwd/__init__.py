"""maxfwd: Max-Forwards of requests (RFC 3261 §16.3 step 3)."""

from dataclasses import dataclass

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, Route, function
from luasip.modules.maxfwd import hop_count


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

    @function(Route.REQUEST | Route.FAILURE | Route.BRANCH | Route.EVENT, body=hop_count.process_maxfwd)
    def process_maxfwd(self, ctx: RouteContext, limit: int) -> int:
        """Count this hop: lower Max-Forwards by one, or add it.

        The change is pending, as any header edit; calling it again changes nothing further.

        Args:
            limit: the value to add when the header is missing, 0 to 255.
        Returns: 1 lowered, 2 added, -1 it was 0 (answer 483), -2 the header or the limit is unusable.
        """
        return hop_count.process_maxfwd(self, ctx, limit)

    @function()
    def is_maxfwd_lt(self, ctx: RouteContext, limit: int) -> int:
        """Whether Max-Forwards is below a limit.

        Args:
            limit: 0 to 255.
        Returns: 1 it is, -1 it is not, -2 there is no such header, -3 the header or the limit is unusable.
        """
        if not 0 <= limit <= hop_count.GREATEST_LIMIT:
            return -3
        if ctx.message.first("max-forwards") is None:
            return -2
        current = hop_count.max_forwards_of(ctx.message)
        if current is None:
            return -3
        return 1 if current < limit else -1
