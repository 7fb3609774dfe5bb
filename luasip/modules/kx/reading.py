"""Getters of kx that scripts call for every message: the bodies of the methods of their names, for mypyc to compile."""

from typing import Any

from luasip.kemi.route_context import RouteContext
from luasip.sip.message import Response


def gete_ua(module: Any, ctx: RouteContext) -> str:
    """User-Agent, "" when there is none."""
    return ctx.message.user_agent


def get_ruri(module: Any, ctx: RouteContext) -> str | None:
    """The current Request-URI, edits included; None on replies."""
    return ctx.target.uri or None


def get_status(module: Any, ctx: RouteContext) -> int:
    """Status of a reply, -1 on requests."""
    message = ctx.message
    return message.status if isinstance(message, Response) else -1
