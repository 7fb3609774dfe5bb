"""A network in memory for scenarios in virtual time: nothing moves until told, or all at once, in order.

It carries datagrams, which may be lost, and stream connections with ids, between the members of
`luasip.transport.loopback`. For one thread; knows no sockets and no SIP.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from luasip.errors import TransportError
from luasip.transport.address import normal_literal, parse_listener
from luasip.transport.packet import Listener, bracketed

FIRST_EPHEMERAL_PORT = 40000
STREAMS = frozenset(("tcp", "tls", "ws", "wss", "sctp"))

Address = tuple[str, str, int]
"""(protocol, IP literal, port)"""


@dataclass(slots=True)
class Sent:
    """A message on the loopback network.

    `fate` is "queued", then "delivered" or "lost", or "refused" when it never left. `sent_at` is an
    instant of the network's clock in seconds.
    """

    data: bytes
    source: Address
    target: Address
    connection_id: int
    sent_at: float
    fate: str = "queued"

    @property
    def text(self) -> str:
        """The message as wire text."""
        return self.data.decode("latin-1")


@dataclass(slots=True)
class LoopbackConnection:
    """A stream connection between two addresses; `opener` connected to `acceptor`."""

    id: int
    opener: Address
    opener_listener: Listener
    acceptor: Address
    aliases: set[Address] = field(default_factory=set)

    def other_end(self, end: Address) -> Address:
        """The address opposite to `end`."""
        return self.acceptor if end == self.opener else self.opener


class Member(Protocol):
    """Whoever has an address on the network."""

    def take(self, message: Sent, now: float) -> None:
        """Receive a message."""

    def connection_closed(self, connection_id: int) -> None:
        """Hear that one of its connections has closed."""


class LoopbackNetwork:
    """Carries messages between the transports and peers made with it.

    clock: gives the instant written on packets (seconds). at_once: deliver each message when it is sent, in
    the order sent, instead of waiting for `deliver`.
    """

    def __init__(self, clock: Callable[[], float] = lambda: 0.0, *, at_once: bool = False) -> None:
        self.clock = clock
        self.at_once = at_once
        self.sent: list[Sent] = []
        self.queue: list[Sent] = []
        self._ends: dict[Address, Member] = {}
        self._connections: dict[int, LoopbackConnection] = {}
        self._last_id = 0
        self._next_port = FIRST_EPHEMERAL_PORT
        self._loses: list[Callable[[Sent], bool]] = []
        self._refused: set[tuple[str, int]] = set()
        self._delivering = False

    # Its members.

    def attach(self, listener: Listener, end: Member) -> None:
        """Have what goes to the listener's address given to `end`; TransportError when it is taken."""
        address = address_of(listener)
        if address in self._ends:
            raise TransportError(f"{listener.text}: address already in use")
        self._ends[address] = end

    def detach(self, listener: Listener) -> None:
        """Free the listener's address; its connections close."""
        address = address_of(listener)
        self._ends.pop(address, None)
        for connection in list(self._connections.values()):
            if address in (connection.opener, connection.acceptor):
                self.close(connection.id)

    # What goes wrong on the way.

    def lose(self, predicate: Callable[[Sent], bool]) -> None:
        """Lose each datagram (streams lose none) for which `predicate` is true when it is sent."""
        self._loses.append(predicate)

    def lose_nothing(self) -> None:
        """End all losses."""
        self._loses.clear()

    def refuse(self, host: str, port: int) -> None:
        """Fail each send to this address, and each connection to it, at once."""
        self._refused.add((normal_literal(host), port))

    def accept(self, host: str, port: int) -> None:
        """End a `refuse`."""
        self._refused.discard((normal_literal(host), port))

    # Moving messages.

    def carry(self, message: Sent) -> None:
        """Take a message from a member; TransportError when its target refuses."""
        self.sent.append(message)
        if message.target[1:] in self._refused:
            message.fate = "refused"
            raise TransportError(f"{describe(message.target)}: connection refused")
        if not message.connection_id and any(loses(message) for loses in self._loses):
            message.fate = "lost"
            return
        self.queue.append(message)
        if self.at_once:
            self.deliver()

    def deliver(self, at_most: int | None = None) -> int:
        """Deliver queued messages, oldest first, those sent meanwhile too; returns how many were delivered.

        A call from inside a delivery returns 0: the outer one goes on with what was added.
        """
        if self._delivering:
            return 0
        self._delivering = True
        delivered = 0
        try:
            while self.queue and (at_most is None or delivered < at_most):
                self.deliver_one(0)
                delivered += 1
        finally:
            self._delivering = False
        return delivered

    def deliver_one(self, index: int = 0) -> Sent:
        """Deliver one queued message out of turn; a datagram to an address nobody has is lost."""
        message = self.queue.pop(index)
        end = self._ends.get(message.target)
        if end is None:
            message.fate = "lost"
            return message
        message.fate = "delivered"
        end.take(message, self.clock())
        return message

    def flush(self, connection_id: int) -> None:
        """Deliver what is queued on one connection."""
        for message in [each for each in self.queue if each.connection_id == connection_id]:
            self.deliver_one(self.queue.index(message))

    def drop_one(self, index: int = 0) -> Sent:
        """Lose one queued message."""
        message = self.queue.pop(index)
        message.fate = "lost"
        return message

    def sent_to(self, text: str) -> list[Sent]:
        """All that was ever sent to "udp:10.0.0.2:5060", in order."""
        wanted = address_of(parse_listener(text))
        return [message for message in self.sent if message.target == wanted]

    # Stream connections.

    def connect(self, opener: Listener, target: Address) -> LoopbackConnection:
        """Open a connection from an ephemeral port of `opener`'s host; TransportError when nobody listens."""
        if target not in self._ends or target[1:] in self._refused:
            raise TransportError(f"{describe(target)}: connection refused")
        self._last_id += 1
        source = (opener.protocol, opener.host, self._next_port)
        self._next_port += 1
        connection = LoopbackConnection(self._last_id, source, opener, target)
        self._connections[connection.id] = connection
        self._ends[source] = self._ends[address_of(opener)]
        return connection

    def connection(self, connection_id: int) -> LoopbackConnection | None:
        """The open connection with this id, the same at both ends."""
        return self._connections.get(connection_id)

    def find_connection(self, target: Address, end: Member) -> LoopbackConnection | None:
        """The newest connection of `end` whose other end is, or has the alias, `target`."""
        for connection in reversed(list(self._connections.values())):
            for mine in (connection.opener, connection.acceptor):
                reached = connection.other_end(mine) == target or target in connection.aliases
                if reached and self._ends.get(mine) is end:
                    return connection
        return None

    def end_of(self, connection: LoopbackConnection, end: Member) -> Address:
        """The address `end` has on a connection; TransportError when it is at neither end."""
        for address in (connection.opener, connection.acceptor):
            if self._ends.get(address) is end:
                return address
        raise TransportError(f"connection {connection.id} belongs to others")

    def close(self, connection_id: int) -> bool:
        """Close a connection; what is queued on it is lost and both ends are told."""
        connection = self._connections.pop(connection_id, None)
        if connection is None:
            return False
        for message in [each for each in self.queue if each.connection_id == connection_id]:
            self.queue.remove(message)
            message.fate = "lost"
        ends = [self._ends.get(connection.acceptor), self._ends.pop(connection.opener, None)]
        for end in ends:
            if end is not None:
                end.connection_closed(connection_id)
        return True


def address_of(listener: Listener) -> Address:
    """The listener's address on the network."""
    return (listener.protocol, normal_literal(listener.host), listener.port)


def describe(address: Address) -> str:
    """An address as in settings: "tcp:[::1]:5060"."""
    protocol, host, port = address
    return f"{protocol}:{bracketed(host)}:{port}"
