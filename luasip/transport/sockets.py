"""What the socket transports share: families, ports, and the names and texts of socket errors."""

import errno
import socket

from luasip.errors import TransportError
from luasip.transport.packet import Listener


def family_of(listener: Listener) -> socket.AddressFamily:
    """The socket family of a listener."""
    return socket.AF_INET6 if listener.is_ipv6 else socket.AF_INET


def local_port(opened: socket.socket) -> int:
    """The port a socket is bound to."""
    return int(opened.getsockname()[1])


def bind_failure(listener: Listener, error: OSError) -> TransportError:
    """For a listener that cannot be opened: "udp:127.0.0.1:5060: address already in use"."""
    return TransportError(f"{listener.text}: {(error.strerror or str(error)).lower()}")


def error_name(error: Exception) -> str:
    """A counter's name for an error: "EMSGSIZE", or "refused" when the transport itself said no."""
    if isinstance(error, OSError):
        return errno.errorcode.get(error.errno or 0, "other")
    return "refused"
