"""core functions on how a message is sent: rport, connections, and the address the server shows."""

from luasip.errors import SipError
from luasip.kemi.context import SEND_CLOSE, SEND_NO_CONNECT, RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.modules.core import marks


class Sending(Module):
    """Ways of sending the message and its replies."""

    services: Services

    @function(body=marks.force_rport)
    def force_rport(self, ctx: RouteContext) -> bool:
        """Answer to the port the request came from, as if its Via had ;rport (RFC 3581).

        Returns: true.
        """
        return marks.force_rport(self, ctx)

    @function()
    def add_local_rport(self, ctx: RouteContext) -> bool:
        """Put ;rport in the Via the server adds.

        Returns: true.
        """
        ctx.local_rport = True
        return True

    @function(body=marks.set_reply_no_connect)
    def set_reply_no_connect(self, ctx: RouteContext) -> bool:
        """Send replies only over an open connection.

        Returns: true.
        """
        return marks.set_reply_no_connect(self, ctx)

    @function()
    def set_reply_close(self, ctx: RouteContext) -> bool:
        """Close the connection after the reply.

        Returns: true.
        """
        ctx.reply_send_flags |= SEND_CLOSE
        return True

    @function()
    def set_forward_no_connect(self, ctx: RouteContext) -> bool:
        """Forward only over an open connection.

        Returns: true.
        """
        ctx.forward_send_flags |= SEND_NO_CONNECT
        return True

    @function()
    def set_forward_close(self, ctx: RouteContext) -> bool:
        """Close the connection after forwarding.

        Returns: true.
        """
        ctx.forward_send_flags |= SEND_CLOSE
        return True

    @function()
    def add_tcp_alias(self, ctx: RouteContext, port: int) -> int:
        """Use the connection the message came over for the peer's address with this port too.

        Args:
            port: the port the peer listens on.
        Returns: 1, also when the message did not come over a connection; -1 when the alias was refused.
        """
        if ctx.source.connection_id == 0:
            return 1
        if not 0 < port < 65536:
            return -1
        return 1 if self.services.add_connection_alias(ctx.source.connection_id, port) else -1

    @function()
    def add_tcp_alias_via(self, ctx: RouteContext) -> int:
        """Use the connection the message came over for the peer's address with the port of its Via too.

        Returns: 1, also when the message did not come over a connection; -1 when the alias was refused.
        """
        try:
            via = ctx.message.top_via
        except SipError:
            return -1
        return self.add_tcp_alias(ctx, via.port or (5061 if via.transport == "TLS" else 5060))

    @function()
    def set_advertised_address(self, ctx: RouteContext, addr: str) -> int:
        """Show another address in the Via and Record-Route of this message.

        Args:
            addr: the host.
        Returns: 1, -1 when it is empty.
        """
        if not addr:
            return -1
        ctx.advertised = (addr, ctx.advertised[1] if ctx.advertised else 0)
        return 1

    @function()
    def set_advertised_port(self, ctx: RouteContext, port: str) -> int:
        """Show another port in the Via and Record-Route of this message.

        Args:
            port: the port number.
        Returns: 1, -1 when it is no port.
        """
        if not port.isdecimal() or not 0 < int(port) < 65536:
            return -1
        ctx.advertised = (ctx.advertised[0] if ctx.advertised else "", int(port))
        return 1
