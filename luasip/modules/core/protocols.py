"""core predicates on transports: what the message came by, and what it would leave by."""

from typing import Final

from luasip.errors import SipError
from luasip.kemi.context import RouteContext
from luasip.kemi.current import next_hop_uri
from luasip.kemi.declare import Module, function
from luasip.sip.uri import Uri

PROTOCOL_LETTERS: Final = {"e": "tls", "s": "sctp", "t": "tcp", "u": "udp", "v": "ws", "w": "wss"}
"""What each letter of is_proto stands for."""


class Protocols(Module):
    """Predicates on transports and address families."""

    @function()
    def is_proto(self, ctx: RouteContext, sproto: str) -> bool:
        """Compare the transport the message came by with a set of letters.

        E TLS, S SCTP, T TCP, U UDP, V WS, W WSS; case does not matter.

        Args:
            sproto: the letters, such as "UT".
        Returns: true when one of them stands for the transport.
        """
        protocol = ctx.source.listener.protocol
        return any(PROTOCOL_LETTERS.get(letter) == protocol for letter in sproto.lower())

    @function()
    def is_UDP(self, ctx: RouteContext) -> bool:
        """Whether the message came by UDP.

        Returns: true when it did.
        """
        return ctx.source.listener.protocol == "udp"

    @function()
    def is_TCP(self, ctx: RouteContext) -> bool:
        """Whether the message came by TCP.

        Returns: true when it did.
        """
        return ctx.source.listener.protocol == "tcp"

    @function()
    def is_TLS(self, ctx: RouteContext) -> bool:
        """Whether the message came by TLS.

        Returns: true when it did.
        """
        return ctx.source.listener.protocol == "tls"

    @function()
    def is_SCTP(self, ctx: RouteContext) -> bool:
        """Whether the message came by SCTP.

        Returns: true when it did.
        """
        return ctx.source.listener.protocol == "sctp"

    @function()
    def is_WS(self, ctx: RouteContext) -> bool:
        """Whether the message came by WS.

        Returns: true when it did.
        """
        return ctx.source.listener.protocol == "ws"

    @function()
    def is_WSS(self, ctx: RouteContext) -> bool:
        """Whether the message came by WSS.

        Returns: true when it did.
        """
        return ctx.source.listener.protocol == "wss"

    @function()
    def is_TCPX(self, ctx: RouteContext) -> bool:
        """Whether the message came by TCP or TLS.

        Returns: true when it did.
        """
        return ctx.source.listener.protocol in ("tcp", "tls")

    @function()
    def is_WSX(self, ctx: RouteContext) -> bool:
        """Whether the message came by WS or WSS.

        Returns: true when it did.
        """
        return ctx.source.listener.protocol in ("ws", "wss")

    @function()
    def to_UDP(self, ctx: RouteContext) -> bool:
        """Whether the message would leave by UDP: by the next hop's URI, a reply by its second Via.

        Returns: true when it would.
        """
        return _outbound_protocol(ctx) == "udp"

    @function()
    def to_TCP(self, ctx: RouteContext) -> bool:
        """Whether the message would leave by TCP: by the next hop's URI, a reply by its second Via.

        Returns: true when it would.
        """
        return _outbound_protocol(ctx) == "tcp"

    @function()
    def to_TLS(self, ctx: RouteContext) -> bool:
        """Whether the message would leave by TLS: by the next hop's URI, a reply by its second Via.

        Returns: true when it would.
        """
        return _outbound_protocol(ctx) == "tls"

    @function()
    def to_SCTP(self, ctx: RouteContext) -> bool:
        """Whether the message would leave by SCTP: by the next hop's URI, a reply by its second Via.

        Returns: true when it would.
        """
        return _outbound_protocol(ctx) == "sctp"

    @function()
    def to_WS(self, ctx: RouteContext) -> bool:
        """Whether the message would leave by WS: by the next hop's URI, a reply by its second Via.

        Returns: true when it would.
        """
        return _outbound_protocol(ctx) == "ws"

    @function()
    def to_WSS(self, ctx: RouteContext) -> bool:
        """Whether the message would leave by WSS: by the next hop's URI, a reply by its second Via.

        Returns: true when it would.
        """
        return _outbound_protocol(ctx) == "wss"

    @function()
    def to_WSX(self, ctx: RouteContext) -> bool:
        """Whether the message would leave by WS or WSS: by the next hop's URI, a reply by its second Via.

        Returns: true when it would.
        """
        return _outbound_protocol(ctx) in ("ws", "wss")

    @function()
    def is_IPv4(self, ctx: RouteContext) -> bool:
        """Whether the message came over IPv4.

        Returns: true when it did.
        """
        return ":" not in ctx.source.host

    @function()
    def is_IPv6(self, ctx: RouteContext) -> bool:
        """Whether the message came over IPv6.

        Returns: true when it did.
        """
        return ":" in ctx.source.host

    @function()
    def to_IPv4(self, ctx: RouteContext) -> bool:
        """Whether the next hop is an IPv4 address (a name is neither).

        Returns: true when it is.
        """
        return _is_ipv4(_outbound_host(ctx))

    @function()
    def to_IPv6(self, ctx: RouteContext) -> bool:
        """Whether the next hop is an IPv6 address (a name is neither).

        Returns: true when it is.
        """
        return ":" in _outbound_host(ctx)

    @function()
    def is_src_port(self, ctx: RouteContext, vport: int) -> bool:
        """Compare the port the message came from.

        Args:
            vport: the port.
        Returns: true when it is the same.
        """
        return ctx.source.port == vport

    @function()
    def is_dst_port(self, ctx: RouteContext, vport: int) -> bool:
        """Compare the local port the message came to.

        Args:
            vport: the port.
        Returns: true when it is the same.
        """
        return ctx.source.listener.port == vport


def _uri_protocol(uri: Uri) -> str:
    """The transport a URI asks for: its parameter, TLS for sips, else UDP (RFC 3261 §19.1.1)."""
    if uri.scheme == "sips" and uri.transport in ("", "tcp"):
        return "tls"
    return uri.transport or "udp"


def _outbound_protocol(ctx: RouteContext) -> str:
    if ctx.is_request:
        uri = next_hop_uri(ctx)
        return "" if uri is None else _uri_protocol(uri)
    try:
        vias = ctx.message.vias
    except SipError:
        return ""
    return vias[1].transport.lower() if len(vias) > 1 else ""


def _outbound_host(ctx: RouteContext) -> str:
    """Host of the next hop without brackets, "" when it cannot be read."""
    if ctx.is_request:
        uri = next_hop_uri(ctx)
        return "" if uri is None else uri.host.strip("[]")
    try:
        vias = ctx.message.vias
    except SipError:
        return ""
    return (vias[1].received or vias[1].host).strip("[]") if len(vias) > 1 else ""


def _is_ipv4(host: str) -> bool:
    parts = host.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)
