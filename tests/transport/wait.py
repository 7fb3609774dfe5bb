"""What the socket tests wait with: conditions, never sleeps."""

import socket
import threading
from collections.abc import Callable
from typing import Any

from luasip.transport.packet import Packet

PATIENCE = 5.0
"""Seconds until a test that waits gives up."""


class Collected:
    """A list other threads append to by calling it, and a test waits on."""

    def __init__(self, then: Callable[[Any], None] | None = None) -> None:
        self.items: list[Any] = []
        self._then = then
        self._changed = threading.Condition()

    def __call__(self, item: Any) -> None:
        with self._changed:
            self.items.append(item)
            self._changed.notify_all()
        if self._then is not None:
            self._then(item)

    def wait(self, count: int = 1) -> list[Any]:
        """The items, once there are `count`."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.items) >= count, PATIENCE), self.items
            return list(self.items)

    def wait_packets(self, count: int = 1) -> list[Packet]:
        """The items as packets."""
        return self.wait(count)

    @property
    def data(self) -> list[bytes]:
        """The data of the packets."""
        return [packet.data for packet in self.items]


def message(body: bytes = b"", call_id: str = "1") -> bytes:
    """A message as far as framing goes."""
    head = f"OPTIONS sip:bob@example.com SIP/2.0\r\nCall-ID: {call_id}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def read_exactly(opened: socket.socket, size: int) -> bytes:
    """`size` bytes of a stream."""
    opened.settimeout(PATIENCE)
    data = b""
    while len(data) < size:
        part = opened.recv(size - len(data))
        assert part, data
        data += part
    return data


def closed_by_peer(opened: socket.socket) -> bool:
    """True once the other side has closed; what comes before is thrown away."""
    opened.settimeout(PATIENCE)
    try:
        while opened.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True
