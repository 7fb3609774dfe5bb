"""What travels on a stream connection: how messages become bytes and bytes become messages.

A wire does no input or output, so TLS (over SSLObject), WebSocket (over a Sans-I/O protocol) and plain TCP
are the same to `Connection`. A wire is used under its connection's lock and needs none of its own.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from luasip.sip.framing import PING, PONG, StreamFramer
from luasip.sip.parser import Limits


class Wire(Protocol):
    """One connection's way of writing messages."""

    @property
    def ready(self) -> bool:
        """True once messages may be encoded (any handshake is over)."""

    @property
    def mid_message(self) -> bool:
        """True while part of a message has arrived and the rest is awaited."""

    def opening(self) -> bytes:
        """Bytes to send as soon as the connection is open."""

    def received(self, data: bytes) -> list[bytes]:
        """The messages `data` completes; FramingError when the stream is lost."""

    def take_output(self) -> bytes:
        """Bytes the wire itself has to send (a pong, a handshake's next part); each is given once."""

    def encode(self, message: bytes) -> bytes:
        """The bytes that carry one message."""


@dataclass(frozen=True, slots=True)
class StreamKind:
    """How connections of one protocol are made.

    open_socket(family) gives an unconnected socket; make_wire(inbound, host, limits) the wire for a new
    connection, `inbound` when the peer opened it, `host` being the peer's address.
    """

    open_socket: Callable[[socket.AddressFamily], socket.socket]
    make_wire: Callable[[bool, str, Limits], Wire]


class FramedWire:
    """Plain TCP: messages follow each other, cut by Content-Length (RFC 3261 §18.3)."""

    __slots__ = ("_framer", "_output")

    def __init__(self, limits: Limits) -> None:
        self._framer = StreamFramer(limits)
        self._output = b""

    @property
    def ready(self) -> bool:
        """Plain TCP has no handshake."""
        return True

    @property
    def mid_message(self) -> bool:
        """True while part of a message has arrived, and once the stream is lost: both end by timeout."""
        return self._framer.mid_message or self._framer.lost

    def opening(self) -> bytes:
        """Nothing."""
        return b""

    def received(self, data: bytes) -> list[bytes]:
        """Complete messages; a ping among them is answered by `take_output`."""
        frames = self._framer.feed(data)
        if PING not in frames:
            return frames
        # One pong a read is enough: a peer that floods pings must not fill our write buffer.
        self._output = PONG
        return [frame for frame in frames if frame != PING]

    def take_output(self) -> bytes:
        """The pong that is due."""
        output, self._output = self._output, b""
        return output

    def encode(self, message: bytes) -> bytes:
        """The message itself."""
        return message


def open_tcp_socket(family: socket.AddressFamily) -> socket.socket:
    """An unconnected TCP socket."""
    return socket.socket(family, socket.SOCK_STREAM)


def framed_wire(inbound: bool, host: str, limits: Limits) -> Wire:
    """The wire of a plain TCP connection."""
    return FramedWire(limits)


TCP = StreamKind(open_tcp_socket, framed_wire)
