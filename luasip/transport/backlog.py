"""Datagrams that let others go first while more come than can be dealt with.

Knows neither sockets nor SIP. Not for two threads at one time.
"""

from collections import deque
from typing import Final

from luasip.transport.packet import Packet

OVERHEAD: Final = 512
"""Bytes a datagram that waits takes beside its own, roughly."""


class Backlog:
    """What waits, in the order it came. The oldest are dropped when it is too much: nobody waits for them any more."""

    __slots__ = ("_most", "_octets", "_packets")

    def __init__(self, most: int) -> None:
        """`most` is how many bytes may wait."""
        self._most = most
        self._octets = 0
        self._packets: deque[Packet] = deque()

    def __len__(self) -> int:
        return len(self._packets)

    def add(self, packet: Packet) -> int:
        """Let one wait; how many were dropped for it."""
        self._packets.append(packet)
        self._octets += len(packet.data) + OVERHEAD
        dropped = 0
        while self._octets > self._most:
            self.take()
            dropped += 1
        return dropped

    def take(self) -> Packet:
        """The one that has waited longest; IndexError when none does."""
        packet = self._packets.popleft()
        self._octets -= len(packet.data) + OVERHEAD
        return packet
