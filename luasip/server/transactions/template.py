"""What branches that are added later inherit of the request route. Knows no transaction."""

from typing import Any

from luasip.kemi.context import RouteContext


class Template:
    """What the request route decided for every branch, for those that later routes add."""

    __slots__ = (
        "advertised",
        "attributes",
        "forward_send_flags",
        "hops_counted",
        "local_rport",
        "on_response",
        "record_route",
    )

    def __init__(self, context: RouteContext) -> None:
        self.record_route = context.record_route
        self.on_response = context.on_response
        self.advertised = context.advertised
        self.local_rport = context.local_rport
        self.forward_send_flags = context.forward_send_flags
        self.hops_counted = context.hops_counted
        attributes = context.attributes_if_any
        self.attributes: tuple[tuple[str, Any], ...] = (
            ()
            if not attributes
            else tuple(
                [
                    (name, value)
                    for name, value in attributes.items()
                    if not name.startswith(("core.", "tm."))
                ]
            )
        )

    def apply(self, context: RouteContext) -> None:
        """Let the context of a later route begin with it."""
        context.record_route = self.record_route
        context.on_response = self.on_response
        context.advertised = self.advertised
        context.local_rport = self.local_rport
        context.forward_send_flags = self.forward_send_flags
        context.hops_counted = self.hops_counted
        if self.attributes:
            context.attributes.update(self.attributes)
