"""corex functions on sockets: which one a message is sent from, or counts as received on.

A socket's name is its text in the settings, such as "udp:127.0.0.1:5060".
"""

from luasip.kemi.context import Listener, RouteContext, Services, Source
from luasip.kemi.declare import Module, function
from luasip.kemi.socket_text import find_listener


class Sockets(Module):
    """Choice of sockets."""

    services: Services

    @function()
    def set_send_socket(self, ctx: RouteContext, ssock: str) -> int:
        """Choose the socket the message is sent from.

        Args:
            ssock: [protocol:]host[:port] of a listening socket; any protocol and port when left out.
        Returns: 1, -1 when the server does not listen there.
        """
        return self._send_from(ctx, find_listener(self.services.listeners, ssock))

    @function()
    def set_send_socket_name(self, ctx: RouteContext, ssock: str) -> int:
        """Choose the socket the message is sent from by its name, which is its text in the settings.

        Args:
            ssock: such as "udp:127.0.0.1:5060".
        Returns: 1, -1 when there is no such socket.
        """
        return self._send_from(ctx, self._named(ssock))

    @function()
    def set_recv_socket(self, ctx: RouteContext, ssock: str) -> int:
        """Treat the message as received on another socket.

        Args:
            ssock: [protocol:]host[:port] of a listening socket; any protocol and port when left out.
        Returns: 1, -1 when the server does not listen there.
        """
        return self._received_on(ctx, find_listener(self.services.listeners, ssock))

    @function()
    def set_recv_socket_name(self, ctx: RouteContext, ssock: str) -> int:
        """Treat the message as received on another socket, chosen by its name, its text in the settings.

        Args:
            ssock: such as "udp:127.0.0.1:5060".
        Returns: 1, -1 when there is no such socket.
        """
        return self._received_on(ctx, self._named(ssock))

    @function()
    def is_socket_name(self, ctx: RouteContext, sockname: str) -> int:
        """Whether a listening socket has this name, which is its text in the settings.

        Args:
            sockname: such as "udp:127.0.0.1:5060".
        Returns: 1 when one has, -1 when none has.
        """
        return 1 if self._named(sockname) is not None else -1

    @function()
    def set_source_address(self, ctx: RouteContext, saddr: str) -> int:
        """Treat the message as if it came from another address.

        Args:
            saddr: [protocol:]ip[:port]; port 5060 when left out.
        Returns: 1, -1 when it is no address.
        """
        parts = split_socket(saddr)
        if parts is None or not (":" in parts[1] or parts[1].replace(".", "").isdecimal()):
            return -1
        old = ctx.source
        ctx.source = Source(parts[1], parts[2] or 5060, old.listener, old.connection_id, old.received_at, old.number)
        return 1

    def _named(self, text: str) -> Listener | None:
        return next((listener for listener in self.services.listeners if listener.text == text), None)

    def _send_from(self, ctx: RouteContext, listener: Listener | None) -> int:
        if listener is None:
            return -1
        ctx.target.send_socket = listener
        return 1

    def _received_on(self, ctx: RouteContext, listener: Listener | None) -> int:
        if listener is None:
            return -1
        old = ctx.source
        ctx.source = Source(old.host, old.port, listener, old.connection_id, old.received_at, old.number)
        return 1


def split_socket(text: str) -> tuple[str, str, int] | None:
    """(protocol, host without brackets, port or 0) of "[protocol:]host[:port]"; None when it is none."""
    first, colon, rest = text.strip().partition(":")
    protocol = "udp"
    if colon and first.lower() in ("udp", "tcp", "tls", "sctp", "ws", "wss"):
        protocol, text = first.lower(), rest
    if text.startswith("["):
        host, bracket, tail = text[1:].partition("]")
        if not bracket or (tail and not tail.startswith(":")):
            return None
        port = tail[1:]
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    if not host or (port and not (port.isdecimal() and int(port) < 65536)):
        return None
    return protocol, host, int(port or 0)
