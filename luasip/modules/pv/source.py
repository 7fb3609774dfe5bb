"""pv: where the message came from, where it arrived, and through which socket it leaves."""

from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.declare import Module, variable, variable_setter
from luasip.kemi.outgoing import outgoing
from luasip.kemi.pseudo_variables import Index
from luasip.kemi.socket_text import (
    address_family,
    address_uri,
    bracketed,
    find_listener,
    protocol_number,
)


class SourceVariables(Module):
    """$si $sp $su, $Ri $Rp, $pr, $fs, $snd(…)."""

    services: Services

    @variable("si", "src_ip")
    def source_host(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Source IP address, IPv6 without brackets."""
        return ctx.source.host

    @variable("siz")
    def source_host_bracketed(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Source IP address, IPv6 in brackets."""
        return bracketed(ctx.source.host)

    @variable("sp")
    def source_port(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Source port, an int."""
        return ctx.source.port

    @variable("su")
    def source_uri(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Source as a URI, with ;transport= unless it is UDP."""
        source = ctx.source
        return address_uri(source.host, source.port, source.listener.protocol)

    @variable("sut")
    def source_uri_full(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Source as a URI, always with ;transport=."""
        source = ctx.source
        return address_uri(source.host, source.port, source.listener.protocol, always=True)

    @variable("sas")
    def source_socket(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Source as protocol:address:port."""
        source = ctx.source
        return f"{source.listener.protocol}:{bracketed(source.host)}:{source.port}"

    @variable("pr", "proto")
    def protocol(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Protocol the message came by: udp, tcp …"""
        return ctx.source.listener.protocol

    @variable("prid")
    def protocol_id(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Kamailio's number of that protocol, an int."""
        return protocol_number(ctx.source.listener.protocol)

    @variable("conid")
    def connection_id(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Number of the connection the message came by, null for datagrams."""
        return ctx.source.connection_id or None

    @variable("af")
    def family(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$af(id) and $af(name): address family of the receiving socket, 2 or 10, IPv4 or IPv6."""
        if inner == "name":
            return "IPv6" if ctx.source.listener.is_ipv6 else "IPv4"
        return address_family(ctx.source.listener.host) if inner == "id" else None

    @variable("Ri")
    def received_host(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Address the message arrived at."""
        return ctx.source.listener.host

    @variable("Rp")
    def received_port(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Port the message arrived at, an int."""
        return ctx.source.listener.port

    @variable("Ru")
    def received_uri(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Receiving socket as a URI, with ;transport= unless it is UDP."""
        listener = ctx.source.listener
        return address_uri(listener.host, listener.port, listener.protocol)

    @variable("Rut")
    def received_uri_full(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Receiving socket as a URI, always with ;transport=."""
        listener = ctx.source.listener
        return address_uri(listener.host, listener.port, listener.protocol, always=True)

    @variable("RAi")
    def advertised_host(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Advertised address of the receiving socket, its own when it has none."""
        return ctx.source.listener.advertised_host or ctx.source.listener.host

    @variable("RAp")
    def advertised_port(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Advertised port of the receiving socket, its own when it has none; an int."""
        return ctx.source.listener.advertised_port or ctx.source.listener.port

    @variable("RAu")
    def advertised_uri(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Receiving socket as a URI with its advertised address, ;transport= unless it is UDP."""
        return self._advertised(ctx, always=False)

    @variable("RAut")
    def advertised_uri_full(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Receiving socket as a URI with its advertised address, always with ;transport=."""
        return self._advertised(ctx, always=True)

    def _advertised(self, ctx: RouteContext, always: bool) -> str:
        listener = ctx.source.listener
        host = listener.advertised_host or listener.host
        return address_uri(host, listener.advertised_port or listener.port, listener.protocol, always)

    @variable("fs")
    def send_socket(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """The socket the script wants the message sent from, "udp:host:port". Writable; null resets it."""
        return None if ctx.target.send_socket is None else ctx.target.send_socket.text

    @variable_setter("fs")
    def set_send_socket(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Choose one of the listening sockets by "[proto:]host[:port]"; false when there is none such."""
        if value is None or value == "":
            ctx.target.send_socket = None
            return True
        found = find_listener(self.services.listeners, str(value))
        if found is None:
            return False
        ctx.target.send_socket = found
        return True

    @variable("fsp")
    def send_socket_port(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Port of the socket chosen by $fs, 0 when there is none; an int."""
        return 0 if ctx.target.send_socket is None else ctx.target.send_socket.port

    @variable("snd", "sndto")
    def sent_to(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$sndto(ip|port|proto|sproto|af|buf|len): where a message goes; only in ksr_onsend_route."""
        sent = outgoing(ctx)
        return None if sent is None else _sent_part(inner, sent.host, sent.port, sent.protocol, sent.text)

    @variable("sndfrom")
    def sent_from(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$sndfrom(ip|port|proto|sproto|af|buf|len): the socket it leaves by; only in ksr_onsend_route."""
        sent = outgoing(ctx)
        if sent is None:
            return None
        return _sent_part(inner, sent.listener.host, sent.listener.port, sent.protocol, sent.text)

    @variable("rcv")
    def received(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$rcv(buf|len|srcip|srcport|rcvip|rcvport|proto|sproto|af): the packet the message came in."""
        source = ctx.source
        values: dict[str, PvValue] = {
            "srcip": source.host,
            "srcport": source.port,
            "rcvip": source.listener.host,
            "rcvport": source.listener.port,
            "af": address_family(source.listener.host),
        }
        if inner in values:
            return values[inner]
        protocol = source.listener.protocol
        return _sent_part(inner, source.host, source.port, protocol, ctx.message.text)


def _sent_part(inner: str, host: str, port: int, protocol: str, text: str) -> PvValue:
    match inner:
        case "ip":
            return host
        case "port":
            return port
        case "proto":
            return protocol_number(protocol)
        case "sproto":
            return protocol
        case "af":
            return address_family(host)
        case "buf":
            return text
        case "len":
            return len(text)
    return None
