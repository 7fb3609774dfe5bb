"""kx: getters of where the message came from and which sockets it uses."""

from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.declare import Module, function
from luasip.kemi.socket_text import address_uri, bracketed, protocol_number


class Sockets(Module):
    """Source, receiving and sending socket."""

    @function()
    def get_srcip(self, ctx: RouteContext) -> PvValue:
        """Source IP address.

        Returns: text, IPv6 without brackets.
        """
        return ctx.source.host

    @function()
    def get_srcport(self, ctx: RouteContext) -> PvValue:
        """Source port.

        Returns: a number.
        """
        return ctx.source.port

    @function()
    def get_srcuri(self, ctx: RouteContext) -> PvValue:
        """Source as a URI.

        Returns: "sip:host:port", with ;transport= unless it is UDP.
        """
        source = ctx.source
        return address_uri(source.host, source.port, source.listener.protocol)

    @function()
    def get_srcaddr_sock(self, ctx: RouteContext) -> PvValue:
        """Source in the form of a socket.

        Returns: "udp:host:port".
        """
        source = ctx.source
        return f"{source.listener.protocol}:{bracketed(source.host)}:{source.port}"

    @function()
    def get_proto(self, ctx: RouteContext) -> PvValue:
        """Protocol the message came by.

        Returns: "udp", "tcp" …
        """
        return ctx.source.listener.protocol

    @function()
    def get_protoid(self, ctx: RouteContext) -> int:
        """Kamailio's number of the protocol the message came by.

        Returns: 1 UDP, 2 TCP, 3 TLS, 4 SCTP, 5 WS, 6 WSS.
        """
        return protocol_number(ctx.source.listener.protocol)

    @function()
    def get_conid(self, ctx: RouteContext) -> int:
        """Number of the connection the message came by.

        Returns: the number, -1 for datagrams.
        """
        return ctx.source.connection_id or -1

    @function()
    def get_rcvip(self, ctx: RouteContext) -> PvValue:
        """Address the message arrived at.

        Returns: text.
        """
        return ctx.source.listener.host

    @function()
    def get_rcvport(self, ctx: RouteContext) -> PvValue:
        """Port the message arrived at.

        Returns: a number.
        """
        return ctx.source.listener.port

    @function()
    def get_rcvadvip(self, ctx: RouteContext) -> PvValue:
        """Advertised address of the receiving socket.

        Returns: text, its own address when it advertises none.
        """
        return ctx.source.listener.advertised_host or ctx.source.listener.host

    @function()
    def get_rcvadvport(self, ctx: RouteContext) -> PvValue:
        """Advertised port of the receiving socket.

        Returns: a number, its own port when it advertises none.
        """
        return ctx.source.listener.advertised_port or ctx.source.listener.port

    @function()
    def get_rcvaddr_sock(self, ctx: RouteContext) -> PvValue:
        """The receiving socket.

        Returns: "udp:host:port".
        """
        return ctx.source.listener.text

    @function()
    def get_rcv_sock_name(self, ctx: RouteContext) -> PvValue:
        """Name of the receiving socket.

        Returns: nil: sockets have no names.
        """
        return None

    @function()
    def get_send_sock(self, ctx: RouteContext) -> PvValue:
        """The socket chosen to send from.

        Returns: "udp:host:port", nil when none is.
        """
        return None if ctx.target.send_socket is None else ctx.target.send_socket.text

    @function()
    def get_send_sock_name(self, ctx: RouteContext) -> PvValue:
        """Name of the socket chosen to send from.

        Returns: nil: sockets have no names.
        """
        return None

    @function()
    def get_send_sock_port(self, ctx: RouteContext) -> int:
        """Port of the socket chosen to send from.

        Returns: the port, 0 when none is chosen.
        """
        return 0 if ctx.target.send_socket is None else ctx.target.send_socket.port
