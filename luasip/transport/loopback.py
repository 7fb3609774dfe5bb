"""Members of a loopback network: a server's transport, and the parties it talks to, in memory.

For scenarios in virtual time, in one thread. What a handler raises reaches whoever delivered the message.
"""

from collections.abc import Callable, Sequence

from luasip.errors import TransportError
from luasip.transport.address import normal_literal, parse_listener, pick_listener
from luasip.transport.loopback_network import STREAMS, Address, LoopbackNetwork, Sent, address_of, describe
from luasip.transport.packet import Destination, ErrorCallback, Listener, Packet
from luasip.transport.reporting import report_error

__all__ = ["LoopbackNetwork", "LoopbackPeer", "LoopbackTransport", "Sent"]


class LoopbackTransport:
    """A server's transport: UDP and streams in one. `listeners` may be text ("udp:10.0.0.1:5060")."""

    def __init__(self, network: LoopbackNetwork, listeners: Sequence[Listener | str]) -> None:
        self.network = network
        self._listeners = tuple(parse_listener(each) if isinstance(each, str) else each for each in listeners)
        self._handle: Callable[[Packet], None] | None = None
        self._closed_listeners: list[Callable[[int], None]] = []
        self._counts = {"messages_sent": 0, "messages_received": 0, "send_errors": 0}

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """The listeners."""
        return self._listeners

    def bind(self) -> None:
        """Nothing: addresses are taken by `start`."""

    def start(self, handle: Callable[[Packet], None]) -> None:
        """Take the addresses and have `handle` called during deliveries."""
        self._handle = handle
        for listener in self._listeners:
            self.network.attach(listener, self)

    def send(self, data: bytes, destination: Destination, on_error: ErrorCallback | None = None) -> None:
        """Send one message; a failure is told to `on_error` before this returns."""
        try:
            listener = self._listener_for(destination)
            target = (destination.protocol, normal_literal(destination.host), destination.port)
            if destination.protocol in STREAMS:
                self._send_by_stream(data, destination, listener, target)
            else:
                self._carry(data, address_of(listener), target, 0)
        except TransportError as error:
            self._counts["send_errors"] += 1
            report_error(on_error, error)

    def add_alias(self, connection_id: int, port: int) -> bool:
        """Use the connection for its peer's `port` too (RFC 5923 §5); False when it cannot be."""
        connection = self.network.connection(connection_id)
        if connection is None or not 0 < port <= 65535:
            return False
        protocol, host, _ = connection.other_end(self.network.end_of(connection, self))
        connection.aliases.add((protocol, host, port))
        return True

    def on_closed(self, told: Callable[[int], None]) -> None:
        """Have `told(connection_id)` called when a connection has closed."""
        self._closed_listeners.append(told)

    def close(self, connection_id: int) -> bool:
        """Deliver what is queued on a connection and close it; False when there is none with that id."""
        self.network.flush(connection_id)
        return self.network.close(connection_id)

    def is_open(self, connection_id: int) -> bool:
        """True while the connection is there."""
        return self.network.connection(connection_id) is not None

    def find(self, protocol: str, host: str, port: int) -> int:
        """The id of the connection a message to this address would use; 0 when there is none."""
        found = self.network.find_connection((protocol, normal_literal(host), port), self)
        return found.id if found is not None else 0

    def stop(self, timeout: float = 5.0) -> list[str]:
        """Leave the network; there are no threads."""
        self._handle = None
        for listener in self._listeners:
            self.network.detach(listener)
        return []

    def stats(self) -> dict[str, int]:
        """Messages sent, received and refused."""
        return dict(self._counts)

    def take(self, message: Sent, now: float) -> None:
        """Hand a delivered message to the server."""
        if self._handle is None:
            return
        self._counts["messages_received"] += 1
        _, host, port = message.source
        listener = self._listener_at(message)
        self._handle(Packet(message.data, host, port, listener, message.connection_id, now))

    def connection_closed(self, connection_id: int) -> None:
        """Tell the server that a connection has closed."""
        for told in self._closed_listeners:
            told(connection_id)

    def _send_by_stream(
        self, data: bytes, destination: Destination, listener: Listener, target: Address
    ) -> None:
        connection = self.network.connection(destination.connection_id)
        if connection is None:
            connection = self.network.find_connection(target, self)
        if connection is None:
            if not destination.may_connect:
                raise TransportError(f"no connection to {describe(target)} and none may be opened")
            connection = self.network.connect(listener, target)
        source = self.network.end_of(connection, self)
        self._carry(data, source, connection.other_end(source), connection.id)
        if destination.close_after:
            self.close(connection.id)

    def _carry(self, data: bytes, source: Address, target: Address, connection_id: int) -> None:
        self.network.carry(Sent(data, source, target, connection_id, self.network.clock()))
        self._counts["messages_sent"] += 1

    def _listener_for(self, destination: Destination) -> Listener:
        literal = normal_literal(destination.host)
        if not literal:
            raise TransportError(f"{destination.host!r} is not an IP address")
        wanted = destination.listener
        if wanted in self._listeners and wanted.protocol == destination.protocol:
            return wanted
        listener = pick_listener(self._listeners, destination.protocol, literal)
        if listener is None:
            raise TransportError(f"no {destination.protocol} listener to send to {destination.host!r} from")
        return listener

    def _listener_at(self, message: Sent) -> Listener:
        for listener in self._listeners:
            if address_of(listener) == message.target:
                return listener
        connection = self.network.connection(message.connection_id)
        if connection is None:
            raise TransportError(f"no listener at {describe(message.target)}")
        return connection.opener_listener


class LoopbackPeer:
    """Another party: keeps what it receives, sends what it is told to."""

    def __init__(self, network: LoopbackNetwork, listener: Listener | str) -> None:
        self.network = network
        self.listener = parse_listener(listener) if isinstance(listener, str) else listener
        self.received: list[Sent] = []
        self.closed: list[int] = []
        network.attach(self.listener, self)

    @property
    def texts(self) -> list[str]:
        """The wire text of everything received."""
        return [message.text for message in self.received]

    def send(self, data: bytes | str, to: str | Listener, connection_id: int = 0) -> int:
        """Send a message to "udp:10.0.0.1:5060"; returns the connection's id (0: a datagram).

        By stream: on the connection named, else on an open one to that address, else on a new one.
        """
        target = address_of(parse_listener(to) if isinstance(to, str) else to)
        raw = data.encode("latin-1") if isinstance(data, str) else data
        source = address_of(self.listener)
        if target[0] in STREAMS:
            connection = self.network.connection(connection_id) or self.network.find_connection(target, self)
            connection = connection or self.network.connect(self.listener, target)
            source = self.network.end_of(connection, self)
            target, connection_id = connection.other_end(source), connection.id
        self.network.carry(Sent(raw, source, target, connection_id, self.network.clock()))
        return connection_id

    def take(self, message: Sent, now: float) -> None:
        """Keep a delivered message."""
        self.received.append(message)

    def connection_closed(self, connection_id: int) -> None:
        """Keep the id of a connection that has closed."""
        self.closed.append(connection_id)
