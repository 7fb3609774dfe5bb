"""SIP over stream connections: finds or opens the connection a message leaves by.

Plain TCP is the one kind so far; another (TLS, WebSocket, SCTP) is one more StreamKind. Knows no SIP.
"""

import dataclasses
import errno
import itertools
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from luasip.errors import TransportError
from luasip.lock import new_lock
from luasip.sip.parser import Limits
from luasip.transport.address import is_wildcard, normal_literal, pick_listener, socket_address
from luasip.transport.connection import Connection, ConnectionGone, ConnectionLimits, Peer
from luasip.transport.connections import ConnectionTable
from luasip.transport.lasting_thread import LastingThread, is_stalled
from luasip.transport.packet import Destination, ErrorCallback, Listener, Packet, bracketed
from luasip.transport.reporting import Counters, report_error
from luasip.transport.sockets import bind_failure, family_of, local_port
from luasip.transport.stream_loop import StreamLoop
from luasip.transport.wire import TCP, StreamKind

logger = logging.getLogger("luasip.transport")

IP_BIND_ADDRESS_NO_PORT = 24
"""Linux's number; the socket module has no name for it."""
ATTEMPTS: Final = 3
"""Connections tried for one message when those found turn out to be dead."""
CONNECT_UNDER_WAY = frozenset((0, errno.EINPROGRESS, errno.EINTR))

_monotonic: Final = time.monotonic  # not looked up each time


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """How stream connections are treated.

    connections: how many may be open at once; more are closed as they come.
    backlog: connections the kernel keeps until they are accepted.
    limits: what one connection may hold, and for how long.
    messages: the greatest message, header count and line.
    """

    connections: int = 2048
    backlog: int = 1024
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)
    messages: Limits = field(default_factory=Limits)


class StreamTransport:
    """All stream listeners and connections of a server, served by one thread."""

    def __init__(
        self,
        listeners: Sequence[Listener],
        settings: StreamSettings | None = None,
        kinds: Mapping[str, StreamKind] | None = None,
    ) -> None:
        self.settings = settings or StreamSettings()
        self._listeners: tuple[Listener, ...] = tuple(listeners)
        self._kinds = dict(kinds) if kinds is not None else {"tcp": TCP}
        self._counters = Counters()
        self._table = ConnectionTable(self.settings.connections)
        sweep_after = shortest_timeout(self.settings.limits) / 4
        self._loop = StreamLoop(self._table, self._counters, self._accepted, sweep_after)
        self._ids = itertools.count(1)
        self._connect_lock = new_lock()
        self._loop_thread: threading.Thread | None = None
        self._bound = False
        self._stopped = False

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """The listeners, with real port numbers once bound."""
        return self._listeners

    def bind(self) -> None:
        """Open every listening socket; TransportError names the one that could not be, none stays open."""
        if self._bound:
            return
        opened: list[tuple[Listener, socket.socket]] = []
        try:
            for wanted in self._listeners:
                opened.append(self._open_listener(wanted))
        except TransportError:
            for _, listening in opened:
                listening.close()
            raise
        for listener, listening in opened:
            self._loop.listen(listener, listening)
        self._listeners = tuple(listener for listener, _ in opened)
        self._bound = True

    def start(self, handle: Callable[[Packet], None]) -> None:
        """Bind what is not bound and start the thread; `handle` is called in it for each message."""
        self.bind()
        self._loop_thread = LastingThread(self._loop.run, "streams", (handle,))
        self._loop_thread.start()

    def send(self, data: bytes, destination: Destination, on_error: ErrorCallback | None = None) -> None:
        """Send one message by an open connection or, where the destination allows it, a new one.

        `on_error` is told once when the message could not be given to the system whole: before this returns,
        or later in the stream thread. Raises nothing.
        """
        error = self._try_to_send(data, destination, on_error)
        if error is not None:
            self._counters.count("send_errors.refused")
            report_error(on_error, error)

    def use(self, settings: StreamSettings) -> None:
        """Other limits for connections that are opened from now on; the backlog stays as it is."""
        self.settings = settings
        self._table.limit = settings.connections
        self._loop.sweep_every(shortest_timeout(settings.limits) / 4)

    def add_alias(self, connection_id: int, port: int) -> bool:
        """Use the connection for its peer's `port` too (RFC 5923 §5); False when it cannot be."""
        return self._table.add_alias(connection_id, port)

    def on_closed(self, told: Callable[[int], None]) -> None:
        """Have `told(connection_id)` called in the stream thread when one has closed; before `start`."""
        self._loop.closed_listeners.append(told)

    def close(self, connection_id: int) -> bool:
        """Close a connection once what is queued has left; False when there is none with that id."""
        connection = self._table.get(connection_id)
        if connection is None:
            return False
        connection.close_after_queue()
        self._look_after(connection)
        return True

    def is_open(self, connection_id: int) -> bool:
        """True while the connection is there, connecting or open."""
        return self._table.get(connection_id) is not None

    def find(self, protocol: str, host: str, port: int) -> int:
        """The id of the connection a message to this address would use; 0 when there is none."""
        connection = self._table.find((protocol, normal_literal(host), port))
        return connection.id if connection is not None else 0

    def peers(self) -> dict[int, Peer]:
        """Connection id → peer of every connection."""
        return {connection.id: connection.peer for connection in self._table.all()}

    def queued_bytes(self) -> int:
        """Bytes that wait to be sent on all connections."""
        return sum(connection.queued_bytes for connection in self._table.all())

    def stop_accepting(self) -> None:
        """Close the listening sockets and keep the connections: the first step of a slow stop."""
        self._loop.stop_accepting()

    def stop(self, timeout: float = 5.0) -> list[str]:
        """Let queued bytes leave, close everything; returns the name of a thread still busy after `timeout`.

        Queues get half of `timeout` (seconds); what is left in them then fails.
        """
        self._stopped = True
        thread = self._loop_thread
        if thread is None:
            self._loop.close()
            return []
        self._loop.stop(_monotonic() + timeout / 2)
        if thread is not threading.current_thread():
            thread.join(timeout)
        return [thread.name] if thread.is_alive() else []

    def stats(self) -> dict[str, int]:
        """Counts since the start, and how many connections are open now."""
        totals = self._counters.values()
        totals["connections"] = len(self._table)
        return totals

    def stalled(self, limit: float) -> list[str]:
        """The thread's name when it has ended, or has not waited for events for more than `limit` seconds."""
        thread = self._loop_thread
        if thread is None or not is_stalled(thread, self._loop.busy_since, limit):
            return []
        return [thread.name]

    # Sending.

    def _try_to_send(
        self, data: bytes, destination: Destination, on_error: ErrorCallback | None
    ) -> TransportError | None:
        error: TransportError | None = None
        for _ in range(ATTEMPTS):
            try:
                connection = self._connection_for(destination)
            except TransportError as refused:
                return error or refused
            now = _monotonic()
            more = self._loop.more_to_come and threading.get_ident() == self._loop.thread_id
            error = connection.write(data, on_error, now, more)
            if more:
                self._loop.keep(connection, now)
            if destination.close_after and error is None:
                connection.close_after_queue()
            self._look_after(connection)
            if not isinstance(error, ConnectionGone):
                return error
        return error

    def _look_after(self, connection: Connection) -> None:
        """Let nobody find a connection that takes no more messages; have it taken away when it has failed."""
        if connection.is_closed or not connection.takes_messages:
            self._table.remove(connection)
        if connection.is_closed:
            self._loop.retire(connection)

    def _connection_for(self, destination: Destination) -> Connection:
        if destination.connection_id:
            connection = self._table.get(destination.connection_id)
            if connection is not None:
                return connection
        address = (destination.protocol, normal_literal(destination.host), destination.port)
        connection = self._table.find(address)
        if connection is not None:
            return connection
        if not destination.may_connect:
            raise TransportError(f"no connection to {describe(destination)} and none may be opened")
        # Two threads with messages for one new peer must end up on one connection.
        with self._connect_lock:
            return self._table.find(address) or self._connect(destination)

    def _connect(self, destination: Destination) -> Connection:
        address = socket_address(destination.host, destination.port)
        literal = normal_literal(destination.host)
        asked = destination.listener
        if asked is not None and (asked.protocol, asked.is_ipv6) != (destination.protocol, ":" in literal):
            asked = None
        listener = asked or pick_listener(self._listeners, destination.protocol, literal)
        if listener is None or listener.protocol not in self._kinds:
            raise TransportError(f"no {destination.protocol} listener to reach {describe(destination)} from")
        peer = Peer(destination.protocol, literal, destination.port, listener, inbound=False)
        opened: socket.socket | None = None
        try:
            opened = self._kinds[listener.protocol].open_socket(family_of(listener))
            bind_source(opened, asked)
            prepare(opened)
            code = opened.connect_ex(address)
            if code not in CONNECT_UNDER_WAY:
                raise OSError(code, errno.errorcode.get(code, "unknown error"))
        except OSError as error:
            if opened is not None:
                opened.close()
            raise TransportError(f"{describe(destination)}: {error}") from error
        self._counters.count("connections_opened")
        return self._enter(opened, peer)

    def _enter(self, opened: socket.socket, peer: Peer) -> Connection:
        """A connection in the table and the loop; TransportError when there is no room for it."""
        wire = self._kinds[peer.protocol].make_wire(peer.inbound, peer.host, self.settings.messages)
        limits, now = self.settings.limits, _monotonic()
        connection = Connection(next(self._ids), opened, wire, peer, limits, self._counters, now)
        if self._stopped or not self._table.add(connection):
            self._counters.count("connections_refused")
            opened.close()
            full = f"no room, {self._table.limit} connections are open"
            raise TransportError(f"{peer}: {'the transport has stopped' if self._stopped else full}")
        self._loop.add(connection)
        if connection.is_closed:
            self._table.remove(connection)
            opened.close()
            raise connection.failure or TransportError(f"{peer}: closed")
        return connection

    # Listening.

    def _open_listener(self, wanted: Listener) -> tuple[Listener, socket.socket]:
        if wanted.protocol not in self._kinds:
            raise TransportError(f"{wanted.text}: unknown protocol, allowed: {', '.join(self._kinds)}")
        try:
            opened = self._kinds[wanted.protocol].open_socket(family_of(wanted))
        except OSError as error:
            raise bind_failure(wanted, error) from error
        try:
            opened.setblocking(False)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if wanted.is_ipv6:
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened.bind(socket_address(wanted.host, wanted.port))
            opened.listen(self.settings.backlog)
        except OSError as error:
            opened.close()
            raise bind_failure(wanted, error) from error
        return dataclasses.replace(wanted, port=local_port(opened)), opened

    def _accepted(self, listener: Listener, opened: socket.socket, host: str, port: int) -> None:
        """In the loop: take in a connection, or close it when there is no room."""
        try:
            prepare(opened)
            self._enter(opened, Peer(listener.protocol, host, port, listener, inbound=True))
        except (OSError, TransportError) as error:
            opened.close()
            logger.debug("%s: connection from %s port %d not taken: %s", listener.text, host, port, error)
        else:
            self._counters.count("connections_accepted")


def prepare(opened: socket.socket) -> None:
    """What every connection's socket needs: no blocking, no delay, dead peers noticed."""
    opened.setblocking(False)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def bind_source(opened: socket.socket, listener: Listener | None) -> None:
    """Connect from the address of the listener that was asked for, so that the peer sees our address."""
    if listener is None or is_wildcard(listener.host):
        return
    # The port is chosen when the destination is known, so one port serves many destinations.
    opened.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    opened.bind(socket_address(listener.host, 0))


def describe(destination: Destination) -> str:
    """ "tcp:192.0.2.1:5060" for messages."""
    host = normal_literal(destination.host) or destination.host
    return f"{destination.protocol}:{bracketed(host)}:{destination.port}"


def shortest_timeout(limits: ConnectionLimits) -> float:
    """The shortest of the timeouts, in seconds."""
    return min(
        limits.connect_timeout,
        limits.first_message_timeout,
        limits.partial_message_timeout,
        limits.write_timeout,
        limits.idle_timeout,
    )
