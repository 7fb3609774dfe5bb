"""What the Request-URI says: the body of the method, for mypyc to compile."""

from typing import Any

from luasip.kemi.current import request_uri
from luasip.kemi.route_context import RouteContext
from luasip.sip.message import Request


def has_ruri_user(module: Any, ctx: RouteContext) -> int:
    """1 when the current Request-URI has a user part, -1 when not, also on replies."""
    uri = request_uri(ctx) if isinstance(ctx.message, Request) else None
    return 1 if uri is not None and uri.user else -1
