"""pv: From and To and their parts.

Reads are of the message as received; writes are pending edits, which a later write takes up where the
earlier one left off, and which no read shows before the message leaves or its changes are applied.
"""

from typing import Final

from luasip.errors import HeaderError
from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.declare import Module, variable, variable_setter
from luasip.kemi.pseudo_variables import Index
from luasip.kemi.transformations.addresses import Address, cut
from luasip.sip.grammar import unfold
from luasip.sip.uri import parse_uri
from luasip.sip.values import NameAddr

_FROM: Final = "from"
_TO: Final = "to"


def display_text(address: NameAddr) -> str | None:
    """The display name as written, quotes included; None when there is none."""
    if not address.display_name:
        return None
    parts = cut(address.text)
    return address.display_name if parts is None else parts.display_name


def rewrite_uri(ctx: RouteContext, key: str, uri: str) -> bool:
    """Pending replacement of the URI in the header `key` ("from" or "to"). Raises HeaderError."""
    value, parts = _pending(ctx, key)
    _replace(ctx, key, value[: parts.uri_start] + uri + value[parts.uri_start + len(parts.uri) :])
    return True


def rewrite_display(ctx: RouteContext, key: str, display_name: str) -> bool:
    """Pending replacement of the display name; it is written as it is, "" removes it. Raises HeaderError."""
    value, parts = _pending(ctx, key)
    name = f"{display_name} " if display_name else ""
    if value[parts.uri_start - 1 : parts.uri_start] == "<":
        _replace(ctx, key, name + value[parts.uri_start - 1 :])
    else:
        parameters = f";{parts.parameters}" if parts.parameters else ""
        _replace(ctx, key, f"{name}<{parts.uri}>{parameters}")
    return True


def _pending(ctx: RouteContext, key: str) -> tuple[str, Address]:
    """The header's value with the changes made to it so far, and its parts."""
    line = ctx.message.required(key)
    value = unfold(ctx.edits.revised(ctx.message, line.value_start, line.value_end))
    parts = cut(value)
    if parts is None:
        raise HeaderError(line.name, value, "not an address")
    return value, parts


def _replace(ctx: RouteContext, key: str, value: str) -> None:
    line = ctx.message.required(key)
    ctx.edits.forget(line.value_start, line.value_end)
    ctx.edits.replace(line.value_start, line.value_end, value)


def _set_uri(ctx: RouteContext, key: str, value: PvValue) -> bool:
    return rewrite_uri(ctx, key, str(value)) if value not in (None, "") else False


def _set_user(ctx: RouteContext, key: str, value: PvValue) -> bool:
    uri = parse_uri(_pending(ctx, key)[1].uri)
    user = "" if value is None else str(value)
    return rewrite_uri(ctx, key, uri.replace(user=user, password=uri.password if user else "").text)


def _set_host(ctx: RouteContext, key: str, value: PvValue) -> bool:
    if value in (None, ""):
        return False
    return rewrite_uri(ctx, key, parse_uri(_pending(ctx, key)[1].uri).replace(host=str(value)).text)


def _set_display(ctx: RouteContext, key: str, value: PvValue) -> bool:
    return rewrite_display(ctx, key, "" if value is None else str(value))


class AddressVariables(Module):
    """$fu $tu and their parts."""

    @variable("fu", "from")
    def from_uri(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """URI of From. Writable (pending)."""
        return ctx.message.from_.uri_text

    @variable_setter("fu", "from")
    def set_from_uri(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Replace it; null is refused."""
        return _set_uri(ctx, _FROM, value)

    @variable("fU", "from.user")
    def from_user(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """User part of From. Writable (pending); null removes it."""
        return ctx.message.from_.uri.user or None

    @variable_setter("fU", "from.user")
    def set_from_user(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Replace it."""
        return _set_user(ctx, _FROM, value)

    @variable("fUl")
    def from_user_length(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Length of From's user part, an int."""
        return len(ctx.message.from_.uri.user)

    @variable("fd", "from.domain")
    def from_host(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Host of From. Writable (pending)."""
        return ctx.message.from_.uri.host or None

    @variable_setter("fd", "from.domain")
    def set_from_host(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Replace it; null is refused."""
        return _set_host(ctx, _FROM, value)

    @variable("fn")
    def from_display(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Display name of From with its quotes. Writable (pending, text as it is to stand there); null
        removes it.
        """
        return display_text(ctx.message.from_)

    @variable_setter("fn")
    def set_from_display(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Replace it."""
        return _set_display(ctx, _FROM, value)

    @variable("ft")
    def from_tag(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Tag of From."""
        return ctx.message.from_.tag or None

    @variable("tu", "to")
    def to_uri(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """URI of To. Writable (pending)."""
        return ctx.message.to.uri_text

    @variable_setter("tu", "to")
    def set_to_uri(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Replace it; null is refused."""
        return _set_uri(ctx, _TO, value)

    @variable("tU", "to.user")
    def to_user(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """User part of To. Writable (pending); null removes it."""
        return ctx.message.to.uri.user or None

    @variable_setter("tU", "to.user")
    def set_to_user(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Replace it."""
        return _set_user(ctx, _TO, value)

    @variable("tUl")
    def to_user_length(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Length of To's user part, an int."""
        return len(ctx.message.to.uri.user)

    @variable("td", "to.domain")
    def to_host(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Host of To. Writable (pending)."""
        return ctx.message.to.uri.host or None

    @variable_setter("td", "to.domain")
    def set_to_host(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Replace it; null is refused."""
        return _set_host(ctx, _TO, value)

    @variable("tn")
    def to_display(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Display name of To with its quotes. Writable (pending, text as it is to stand there); null removes
        it.
        """
        return display_text(ctx.message.to)

    @variable_setter("tn")
    def set_to_display(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Replace it."""
        return _set_display(ctx, _TO, value)

    @variable("tt")
    def to_tag(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Tag of To."""
        return ctx.message.to.tag or None
