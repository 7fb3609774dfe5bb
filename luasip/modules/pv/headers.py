"""pv: headers by name and the well-known ones, as received: pending edits do not show."""

from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.declare import Module, variable
from luasip.kemi.pseudo_variables import Index
from luasip.sip.header_names import canonical
from luasip.sip.message import Message
from luasip.sip.values import NameAddr


def pick(values: list[str], index: Index, joiner: str = ",") -> str | None:
    """The value at `index` (None: the first, negative: from the end), or all joined for "*"."""
    if index == "*":
        return joiner.join(values) if values else None
    position = index if isinstance(index, int) else 0
    return values[position] if -len(values) <= position < len(values) else None


def _values(message: Message, name: str) -> list[str]:
    if name == "*":
        return [line.value for line in message.headers]
    return [line.value for line in message.all(canonical(name))]


def _value(message: Message, key: str) -> str | None:
    line = message.first(key)
    return None if line is None else line.value


def _address(message: Message, key: str, index: Index) -> NameAddr | None:
    addresses = message.addresses(key)
    position = index if isinstance(index, int) else 0
    return addresses[position] if -len(addresses) <= position < len(addresses) else None


class HeaderVariables(Module):
    """$hdr(…) and what has a name of its own."""

    @variable("hdr")
    def header(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Value of a header: $hdr(Name) the first, $(hdr(Name)[-1]) the last, [*] all with commas, $hdr(*)
        any.
        """
        if index is None and inner != "*":
            line = ctx.message.first(canonical(inner)) if inner else None
            return None if line is None else line.value
        return pick(_values(ctx.message, inner), index)

    @variable("hdrc")
    def header_count(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """How many headers have this name, an int."""
        return len(_values(ctx.message, inner))

    @variable("hfl")
    def header_item(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """As $hdr(…), but the values of list headers (Via, Route, Contact …) count one by one."""
        return pick(ctx.message.values(canonical(inner)), index)

    @variable("hflc")
    def header_item_count(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """How many comma separated values a list header has, an int."""
        return len(ctx.message.values(canonical(inner)))

    @variable("ci")
    def call_id(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Call-ID."""
        return _value(ctx.message, "call-id")

    @variable("cs")
    def cseq_number(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """CSeq number, as text."""
        return str(ctx.message.cseq.number)

    @variable("csb")
    def cseq(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """CSeq number and method."""
        return _value(ctx.message, "cseq")

    @variable("ct")
    def contact(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Value of the first Contact header."""
        return _value(ctx.message, "contact")

    @variable("cT")
    def content_type(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Content-Type."""
        return _value(ctx.message, "content-type")

    @variable("cl")
    def content_length(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Content-Length, an int."""
        return ctx.message.content_length

    @variable("ua")
    def user_agent(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """User-Agent."""
        return _value(ctx.message, "user-agent")

    @variable("expires")
    def expires(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$expires(min) and $expires(max): least and greatest expiry of all contacts, seconds as an int."""
        message = ctx.message
        default = message.expires
        found = [contact.expires if contact.expires is not None else default for contact in message.contacts]
        seconds = [value for value in found or [default] if value is not None]
        if not seconds or inner not in ("min", "max"):
            return None
        return min(seconds) if inner == "min" else max(seconds)

    @variable("ai")
    def asserted_identity(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """URI of P-Asserted-Identity; $(ai[1]) the second one."""
        address = _address(ctx.message, "p-asserted-identity", index)
        return None if address is None else address.uri_text

    @variable("pu")
    def preferred_uri(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """URI of P-Preferred-Identity; $(pu[1]) the second one."""
        address = _address(ctx.message, "p-preferred-identity", index)
        return None if address is None else address.uri_text

    @variable("pU")
    def preferred_user(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """User part of P-Preferred-Identity."""
        address = _address(ctx.message, "p-preferred-identity", index)
        return None if address is None else address.uri.user or None

    @variable("pd")
    def preferred_host(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Host of P-Preferred-Identity."""
        address = _address(ctx.message, "p-preferred-identity", index)
        return None if address is None else address.uri.host or None

    @variable("pn")
    def preferred_display(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Display name of P-Preferred-Identity."""
        address = _address(ctx.message, "p-preferred-identity", index)
        return None if address is None else address.display_name or None

    @variable("re")
    def remote_party(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """URI of Remote-Party-ID."""
        address = _address(ctx.message, "remote-party-id", None)
        return None if address is None else address.uri_text

    @variable("rt")
    def refer_to(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """URI of Refer-To."""
        address = _address(ctx.message, "refer-to", None)
        return None if address is None else address.uri_text

    @variable("di")
    def diversion(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """URI of the first Diversion."""
        address = _address(ctx.message, "diversion", None)
        return None if address is None else address.uri_text

    @variable("dir")
    def diversion_reason(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Reason parameter of the first Diversion."""
        return self._diversion_parameter(ctx.message, "reason")

    @variable("dip")
    def diversion_privacy(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Privacy parameter of the first Diversion."""
        return self._diversion_parameter(ctx.message, "privacy")

    @variable("dic")
    def diversion_counter(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Counter parameter of the first Diversion, as text."""
        return self._diversion_parameter(ctx.message, "counter")

    def _diversion_parameter(self, message: Message, name: str) -> str | None:
        address = _address(message, "diversion", None)
        return None if address is None else address.params.get(name)
