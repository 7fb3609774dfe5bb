"""Edits of the address in From or To: its display name and its URI. The header's parameters stay.

Works on the header with the changes already pending. Knows nothing of when and why.
"""

from luasip.errors import SipError
from luasip.kemi.context import RouteContext
from luasip.kemi.transformations.addresses import Address, cut
from luasip.sip.grammar import unfold
from luasip.sip.message import Message


def received_address(message: Message, key: str) -> tuple[str, Address] | None:
    """Display name and URI of "from" or "to" as they came, and their parts; None when they cannot be read."""
    try:
        value = message.required(key).value
    except SipError:
        return None
    parts = cut(value)
    return None if parts is None else (value[: parts.end], parts)


def rewrite_address(ctx: RouteContext, key: str, *, display: str = "", uri: str = "") -> bool:
    """Pending replacement of display name (as it is to stand there) and URI; "" keeps what is there."""
    value = _pending(ctx, key)
    parts = cut(value)
    if parts is None:
        return False
    name = display or parts.display_name
    bare = not name and value[parts.uri_start - 1 : parts.uri_start] != "<"
    new_uri = uri or parts.uri
    # A URI with parameters or headers needs the brackets (RFC 3261 §20).
    if not bare or set(new_uri) & set(";?,"):
        new_uri = f"<{new_uri}>"
    _replace(ctx, key, f"{name} {new_uri}".lstrip() + value[parts.end :])
    return True


def put_address(ctx: RouteContext, key: str, text: str) -> bool:
    """Pending replacement of display name and URI together by `text`."""
    value = _pending(ctx, key)
    parts = cut(value)
    if parts is None:
        return False
    _replace(ctx, key, text + value[parts.end :])
    return True


def _pending(ctx: RouteContext, key: str) -> str:
    line = ctx.message.first(key)
    if line is None:
        return ""
    return unfold(ctx.edits.revised(ctx.message, line.value_start, line.value_end))


def _replace(ctx: RouteContext, key: str, value: str) -> None:
    line = ctx.message.required(key)
    ctx.edits.forget(line.value_start, line.value_end)
    ctx.edits.replace(line.value_start, line.value_end, value)
