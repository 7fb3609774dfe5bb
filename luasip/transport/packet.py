"""The values every transport shares: where bytes arrived, what arrived, where bytes should go.

Knows nothing of sockets, threads or SIP; `Transport` is the interface the server programs against.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from luasip.native import mypyc_attr

ErrorCallback = Callable[[Exception], None]
"""Told once that one message could not be sent, in the sending thread or the transport's own."""


@dataclass(frozen=True, slots=True)
class Listener:
    """An address the server receives on.

    `protocol` is "udp" or "tcp" (later also "tls", "ws", "wss", "sctp"); `host` an IP literal without
    brackets; `advertised_host` and `advertised_port` what peers are told instead ("" and 0: the same).
    Read only: `text` ("udp:127.0.0.1:5060"), `sent_by` (host and port for a Via) and `is_ipv6`.
    """

    protocol: str
    host: str
    port: int
    advertised_host: str = ""
    advertised_port: int = 0
    is_ipv6: bool = field(init=False, repr=False, compare=False)
    text: str = field(init=False, repr=False, compare=False)
    sent_by: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        shown_host = self.advertised_host or self.host
        set_field = object.__setattr__
        set_field(self, "is_ipv6", ":" in self.host)
        set_field(self, "text", f"{self.protocol}:{bracketed(self.host)}:{self.port}")
        set_field(self, "sent_by", f"{bracketed(shown_host)}:{self.advertised_port or self.port}")


# The `__init__` of what each message makes is written out, so that it compiles.


@mypyc_attr(acyclic=True)
@dataclass(slots=True, init=False)
class Packet:
    """One SIP message (or what a peer sent in its place) as it came from the network.

    `source_host` is an IP literal without brackets. `connection_id` is 0 for a datagram.
    `received_at` is a monotonic instant in seconds. `gave_way`: others that came later went first.
    """

    data: bytes
    source_host: str
    source_port: int
    listener: Listener
    connection_id: int
    received_at: float
    gave_way: bool

    def __init__(
        self,
        data: bytes,
        source_host: str,
        source_port: int,
        listener: Listener,
        connection_id: int,
        received_at: float,
        gave_way: bool = False,
    ) -> None:
        self.data = data
        self.source_host = source_host
        self.source_port = source_port
        self.listener = listener
        self.connection_id = connection_id
        self.received_at = received_at
        self.gave_way = gave_way


@mypyc_attr(acyclic=True)
@dataclass(slots=True, init=False)
class Destination:
    """Where a message goes.

    `host` is an IP literal, brackets allowed. `listener` is the preferred socket to send from (None: any
    that fits). For streams `connection_id` names the connection to use while it is open; otherwise an open
    connection to (protocol, host, port) is used, and a new one is made only when `may_connect`.
    `close_after` closes the connection once the message has left.
    """

    protocol: str
    host: str
    port: int
    listener: Listener | None
    connection_id: int
    may_connect: bool
    close_after: bool

    def __init__(
        self,
        protocol: str,
        host: str,
        port: int,
        listener: Listener | None = None,
        connection_id: int = 0,
        may_connect: bool = True,
        close_after: bool = False,
    ) -> None:
        self.protocol = protocol
        self.host = host
        self.port = port
        self.listener = listener
        self.connection_id = connection_id
        self.may_connect = may_connect
        self.close_after = close_after


class Transport(Protocol):
    """Carries messages; `send` may be called from any thread and never blocks."""

    @property
    def listeners(self) -> Sequence[Listener]:
        """The addresses received on, with real port numbers once bound."""

    def start(self, handle: Callable[[Packet], None]) -> None:
        """Bind what is not bound yet and call `handle` for each packet; TransportError when that fails."""

    def send(self, data: bytes, destination: Destination, on_error: ErrorCallback | None = None) -> None:
        """Send one message. A failure is told to `on_error` once, perhaps before this returns."""

    def stop(self, timeout: float = 5.0) -> list[str]:
        """Close everything within `timeout` seconds; returns the names of threads still alive."""


def bracketed(host: str) -> str:
    """`host` with brackets if it is an IPv6 literal without them."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
