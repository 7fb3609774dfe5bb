"""The context in which other modules look at a dialog that has ended."""

from luasip.kemi.context import RouteContext, Services, Source
from luasip.kemi.declare import Route
from luasip.modules.dialog.dialog import Dialog
from luasip.modules.dialog.life import CURRENT
from luasip.sip.message import Request, Response
from luasip.sip.parser import parse_message


def context_of(
    dialog: Dialog, message: Request | Response | None, source: Source | None, services: Services
) -> RouteContext:
    """A context over the message that ended the dialog, or over one made up from what is known of it."""
    listener = services.listeners[0]
    origin = source or Source(listener.host, listener.port, listener)
    ctx = RouteContext(Route.EVENT, message or _made_up(dialog, listener.sent_by), origin, services)
    ctx.attributes[CURRENT] = dialog
    return ctx


def _made_up(dialog: Dialog, sent_by: str) -> Request | Response:
    """The BYE the caller could have sent; it is never sent."""
    to_tag = f";tag={dialog.callee.tag}" if dialog.callee.tag else ""
    return parse_message(
        f"BYE {dialog.request_uri} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {sent_by};branch=z9hG4bKended\r\n"
        f"From: <{dialog.from_uri}>;tag={dialog.caller.tag}\r\n"
        f"To: <{dialog.to_uri}>{to_tag}\r\n"
        f"Call-ID: {dialog.call_id}\r\n"
        f"CSeq: {dialog.caller.cseq + 1} BYE\r\n"
        "Content-Length: 0\r\n\r\n"
    )
