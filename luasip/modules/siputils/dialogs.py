"""Whether a message belongs to a dialog: the body of the method, for mypyc to compile."""

from typing import Any

from luasip.kemi.current import to_header
from luasip.kemi.route_context import RouteContext


def has_totag(module: Any, ctx: RouteContext) -> int:
    """1 when To has a tag, -1 when not."""
    receiver = to_header(ctx.message)
    return 1 if receiver is not None and receiver.tag else -1
