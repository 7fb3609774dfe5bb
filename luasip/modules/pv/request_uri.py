"""pv: the Request-URI, the original one, the destination URI and the next hop.

Changes act on the first destination and show at once. All are null on replies.
"""

from typing import Final

from luasip.errors import UriError
from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.declare import Module, variable, variable_setter
from luasip.kemi.pseudo_variables import Index
from luasip.sip.message import Request
from luasip.sip.uri import Uri, parse_uri
from luasip.sip.values import Via

MAX_PORT: Final = 65535


def port_text(uri: Uri) -> str:
    """The port as written, or the default of what the URI asks for."""
    if uri.port is not None:
        return str(uri.port)
    return "5061" if uri.scheme == "sips" or uri.transport == "tls" else "5060"


def transport_text(uri: Uri) -> str:
    """The transport as written, "UDP" when there is none."""
    return uri.params.get("transport") or "UDP"


def _original(ctx: RouteContext) -> Uri | None:
    return parse_uri(ctx.message.request_uri) if isinstance(ctx.message, Request) else None


def _current(ctx: RouteContext) -> Uri | None:
    return parse_uri(ctx.target.uri) if ctx.target.uri else None


def _destination(ctx: RouteContext) -> Uri | None:
    return parse_uri(ctx.target.destination_uri) if ctx.target.destination_uri else None


class RequestUriVariables(Module):
    """$ru $ou $du $nh and their parts."""

    @variable("ru", "ruri")
    def ruri(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """The current Request-URI, edits included. Writable."""
        return ctx.target.uri or None

    @variable_setter("ru", "ruri")
    def set_ruri(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Replace the Request-URI; null and "" are refused."""
        if not value or not ctx.target.uri:
            return False
        ctx.target.uri = str(value)
        return True

    @variable("rU", "ruri.user")
    def ruri_user(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """User part of the Request-URI. Writable; null removes it."""
        uri = _current(ctx)
        return uri.user or None if uri is not None else None

    @variable_setter("rU", "ruri.user")
    def set_ruri_user(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Replace the user part; the password stays with a user only."""
        uri = _current(ctx)
        if uri is None:
            return False
        user = "" if value is None else str(value)
        ctx.target.uri = uri.replace(user=user, password=uri.password if user else "").text
        return True

    @variable("rUl")
    def ruri_user_length(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Length of the Request-URI's user part, an int."""
        uri = _current(ctx)
        return None if uri is None else len(uri.user)

    @variable("rd", "ruri.domain")
    def ruri_host(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Host of the Request-URI. Writable; the port stays."""
        uri = _current(ctx)
        return None if uri is None else uri.host or None

    @variable_setter("rd", "ruri.domain")
    def set_ruri_host(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Replace the host; null and "" are refused."""
        uri = _current(ctx)
        if uri is None or not value:
            return False
        ctx.target.uri = uri.replace(host=str(value)).text
        return True

    @variable("rp")
    def ruri_port(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Port of the Request-URI as text, the default one when it has none. Writable; null removes it."""
        uri = _current(ctx)
        return None if uri is None else port_text(uri)

    @variable_setter("rp")
    def set_ruri_port(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Replace the port."""
        uri = _current(ctx)
        if uri is None:
            return False
        text = "" if value is None else str(value)
        if text and not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) <= MAX_PORT):
            raise UriError(uri.text, f"{text!r} is no port")
        ctx.target.uri = uri.replace(port=int(text) if text else None).text
        return True

    @variable("rP")
    def ruri_transport(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Transport parameter of the Request-URI, "UDP" when it has none."""
        uri = _current(ctx)
        return None if uri is None else transport_text(uri)

    @variable("rz")
    def ruri_scheme(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Scheme of the Request-URI: sip, sips, tel …"""
        uri = _current(ctx)
        return None if uri is None else uri.scheme

    @variable("ou", "ouri")
    def ouri(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """The Request-URI as received."""
        return ctx.message.request_uri if isinstance(ctx.message, Request) else None

    @variable("oU")
    def ouri_user(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """User part of the Request-URI as received."""
        uri = _original(ctx)
        return None if uri is None else uri.user or None

    @variable("oUl")
    def ouri_user_length(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Length of the user part of the Request-URI as received, an int."""
        uri = _original(ctx)
        return None if uri is None else len(uri.user)

    @variable("od")
    def ouri_host(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Host of the Request-URI as received."""
        uri = _original(ctx)
        return None if uri is None else uri.host or None

    @variable("op")
    def ouri_port(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Port of the Request-URI as received, as text, the default one when it has none."""
        uri = _original(ctx)
        return None if uri is None else port_text(uri)

    @variable("oP")
    def ouri_transport(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Transport parameter of the Request-URI as received, "UDP" when it has none."""
        uri = _original(ctx)
        return None if uri is None else transport_text(uri)

    @variable("oz")
    def ouri_scheme(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Scheme of the Request-URI as received."""
        uri = _original(ctx)
        return None if uri is None else uri.scheme

    @variable("du", "duri")
    def duri(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """The destination URI, where the request goes whatever its Request-URI says. Writable."""
        return ctx.target.destination_uri or None

    @variable_setter("du", "duri")
    def set_duri(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Set the destination URI; null or "" resets it."""
        ctx.target.destination_uri = "" if value is None else str(value)
        return True

    @variable("dd")
    def duri_host(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Host of the destination URI."""
        uri = _destination(ctx)
        return None if uri is None else uri.host or None

    @variable("dp")
    def duri_port(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Port of the destination URI as text, the default one when it has none."""
        uri = _destination(ctx)
        return None if uri is None else port_text(uri)

    @variable("dP")
    def duri_transport(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Transport parameter of the destination URI, "UDP" when it has none."""
        uri = _destination(ctx)
        return None if uri is None else transport_text(uri)

    @variable("nh")
    def next_hop(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Next hop: $nh(u) URI, U user, d host, p port, P transport; of a reply from its second Via."""
        if not isinstance(ctx.message, Request):
            return _reply_hop(ctx.message.vias, inner)
        text = ctx.target.destination_uri or ctx.target.uri
        if inner == "u" or not text:
            return text or None
        uri = parse_uri(text)
        values = {
            "U": uri.user,
            "d": uri.host,
            "p": port_text(uri),
            "P": transport_text(uri),
        }
        return values.get(inner) or None


def reply_destination(via: Via) -> tuple[str, int]:
    """Host and port a reply with this Via goes to (RFC 3261 §18.2.2, RFC 3581)."""
    port = int(via.rport) if via.rport and via.rport.isascii() and via.rport.isdigit() else via.port or 5060
    return via.received or via.host, port


def _reply_hop(vias: list[Via], inner: str) -> PvValue:
    if len(vias) < 2:
        return None
    host, port = reply_destination(vias[1])
    protocol = vias[1].transport.lower()
    values = {"u": f"sip:{host}:{port};transport={protocol}", "d": host, "p": str(port), "P": protocol}
    return values.get(inner)
