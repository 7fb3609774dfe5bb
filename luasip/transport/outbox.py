"""What one thread wants sent over UDP and keeps, to send it together.

Not for two threads at one time.
"""

from luasip.transport.datagram_socket import Datagram, DatagramSocket
from luasip.transport.packet import Destination, ErrorCallback


class Outbox:
    """Datagrams for one socket, in the order they were given, and who is told when one cannot be sent."""

    __slots__ = ("_callbacks", "_datagrams", "_destinations", "socket")

    def __init__(self) -> None:
        self.socket: DatagramSocket | None = None
        """The socket that sends what is here; None when nothing is."""
        self._datagrams: list[Datagram] = []
        self._destinations: list[Destination] = []
        self._callbacks: list[ErrorCallback | None] = []

    def add(self, data: bytes, destination: Destination, on_error: ErrorCallback | None) -> None:
        """Keep one."""
        self._datagrams.append((data, destination.host, destination.port))
        self._destinations.append(destination)
        self._callbacks.append(on_error)

    def take(self) -> "tuple[list[Datagram], list[Destination], list[ErrorCallback | None]]":
        """All that is here; nothing is, afterwards."""
        taken = self._datagrams, self._destinations, self._callbacks
        self.socket = None
        self._datagrams, self._destinations, self._callbacks = [], [], []
        return taken
