"""What scripts ask of the core for every message: marks on it, and whether it is for us. One that mypyc compiles.

Each function is the body of the method of its name, `module` being the Core.
"""

from typing import Any

from luasip.errors import SipError
from luasip.kemi.current import request_uri
from luasip.kemi.flag_values import GREATEST_FLAG
from luasip.kemi.route_context import SEND_NO_CONNECT, RouteContext
from luasip.sip.message import Request
from luasip.sip.via import received_via


def setflag(module: Any, ctx: RouteContext, flag: int) -> bool:
    """Set a message flag; false when the number is out of range."""
    if not 0 <= flag <= GREATEST_FLAG:
        return False
    ctx.flags |= 1 << flag
    return True


def resetflag(module: Any, ctx: RouteContext, flag: int) -> bool:
    """Clear a message flag; false when the number is out of range."""
    if not 0 <= flag <= GREATEST_FLAG:
        return False
    ctx.flags &= ~(1 << flag)
    return True


def isflagset(module: Any, ctx: RouteContext, flag: int) -> bool:
    """Whether a message flag is set."""
    return 0 <= flag <= GREATEST_FLAG and bool(ctx.flags >> flag & 1)


def set_reply_no_connect(module: Any, ctx: RouteContext) -> bool:
    """Send replies only over an open connection."""
    ctx.reply_send_flags |= SEND_NO_CONNECT
    return True


def force_rport(module: Any, ctx: RouteContext) -> bool:
    """Answer to the port the request came from, as if its Via had ;rport (RFC 3581)."""
    ctx.rport_forced = True
    message = ctx.message
    if isinstance(message, Request):
        try:
            via = message.top_via
        except SipError:
            return True
        source = ctx.source
        message.top_via_text = received_via(via, source.host, source.port, force_rport=True)
    return True


def is_myself_ruri(module: Any, ctx: RouteContext) -> bool:
    """Whether the current Request-URI is the server's; false on replies."""
    if not isinstance(ctx.message, Request):
        return False
    uri = request_uri(ctx)
    if uri is None or not uri.host:
        return False
    own: bool = module.services.is_myself(uri.host, uri.port or 0, uri.transport)
    return own
