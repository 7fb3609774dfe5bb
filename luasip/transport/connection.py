"""One stream connection: its queue of bytes to send, its state and its deadlines.

Any thread writes to it; only the stream loop reads it and closes its socket, so a file descriptor is never
reused while another thread still holds it. Knows no SIP: its Wire does the framing.
"""

import contextlib
import enum
import errno
import math
import os
import select
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from luasip.errors import FramingError, TransportError
from luasip.lock import new_lock
from luasip.transport.packet import ErrorCallback, Listener, bracketed
from luasip.transport.reporting import Counters
from luasip.transport.wire import Wire

READ_SIZE: Final = 65536
SMALLEST_ENTRY: Final = 64
"""Bytes one queue entry counts for at least, so that many tiny ones cannot use memory without limit."""

WRITE: Final[int] = select.EPOLLOUT
READ: Final[int] = select.EPOLLIN
READ_AND_WRITE: Final[int] = READ | WRITE
MORE: Final[int] = socket.MSG_MORE


class ConnectionGone(TransportError):
    """The connection died before it took the message: another one may be tried."""


class State(enum.IntEnum):
    """CONNECTING until the wire may encode messages; CLOSED until the loop has taken the connection away."""

    CONNECTING = 0
    OPEN = 1
    CLOSED = 2


# Not looked up each time.
_CONNECTING: Final = State.CONNECTING
_OPEN: Final = State.OPEN
_CLOSED: Final = State.CLOSED


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one connection may hold, and for how long (seconds).

    write_buffer: bytes waiting to be sent before the connection is closed.
    connect_timeout: until an outgoing connection is open.
    first_message_timeout: until an incoming connection has brought its first whole message or keep-alive.
    partial_message_timeout: from the first byte of a message to its last.
    write_timeout: without the peer taking any waiting byte.
    idle_timeout: without a byte in either direction.
    """

    write_buffer: int = 262_144
    connect_timeout: float = 5.0
    first_message_timeout: float = 32.0
    partial_message_timeout: float = 16.0
    write_timeout: float = 10.0
    idle_timeout: float = 3605.0


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end: protocol, IP literal, port; `inbound` when the peer opened the connection."""

    protocol: str
    host: str
    port: int
    listener: Listener
    inbound: bool

    def __str__(self) -> str:
        return f"{self.protocol}:{bracketed(self.host)}:{self.port}"


class Connection:
    """One stream connection; every change of state happens under its lock."""

    def __init__(
        self,
        connection_id: int,
        opened: socket.socket,
        wire: Wire,
        peer: Peer,
        limits: ConnectionLimits,
        counters: Counters,
        now: float,
    ) -> None:
        self.id = connection_id
        self.socket = opened
        self.descriptor = opened.fileno()
        self._send_to_socket: Callable[[bytes | memoryview, int], int] = opened.send
        self._receive_from_socket: Callable[[int], bytes] = opened.recv
        self.peer = peer
        self.state: State = _CONNECTING
        self.failure: TransportError | None = None
        self.queued_bytes = 0
        self._active_at = now
        self._progress_at = now
        self._connect_due_at = now + limits.connect_timeout
        self._message_due_at = now + limits.first_message_timeout if peer.inbound else math.inf
        self._lock = new_lock()
        self._wire = wire
        self._limits = limits
        self._counters = counters
        self._epoll: select.epoll | None = None
        self._interest = 0
        self._has_peer = peer.inbound
        self._has_begun = False
        self._closing = False
        self._is_kept = False  # whether the system may keep what was written last
        # Messages wait whole until the wire is ready to encode them, then as what is left of their bytes.
        self._waiting: deque[tuple[bytes, ErrorCallback | None]] = deque()
        self._outgoing: deque[tuple[memoryview, int, ErrorCallback | None]] = deque()

    # For any thread.

    def write(
        self, data: bytes, on_error: ErrorCallback | None, now: float, more: bool = False
    ) -> TransportError | None:
        """Send or queue one message; the error when it was not taken, which the caller has to tell.

        With `more` the system may keep it to send it with what is written next; `push` ends that.
        """
        with self._lock:
            if self.state is _CLOSED or self._closing:
                return ConnectionGone(f"{self.peer}: connection {self.id} is closed")
            if self.state is _CONNECTING:
                self._waiting.append((data, on_error))
                self.queued_bytes += len(data)
            elif not self._put(self._wire.encode(data), len(data), on_error, now, more):
                return ConnectionGone(str(self.failure))
            if self._is_overfull():
                (self._waiting if self.state is _CONNECTING else self._outgoing).pop()
                self._counters.count("closed.write_buffer")
                self._fail(TransportError(f"{self.peer}: write buffer full, {self.queued_bytes} bytes wait"))
                return self.failure
        return None

    def push(self) -> None:
        """Have the system send what it keeps because `more` was to come."""
        with self._lock:
            if self._is_kept and self.state is _OPEN:
                self._is_kept = False
                with contextlib.suppress(OSError):  # what is wrong with the socket is told by its next event
                    self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close_after_queue(self) -> None:
        """Take no more messages and close once what is queued has left."""
        with self._lock:
            self._closing = True
            self._close_when_sent()

    def fail(self, error: Exception) -> None:
        """Close because of `error`; what is queued fails with it when the loop takes the connection away."""
        with self._lock:
            self._fail(error)

    @property
    def is_closed(self) -> bool:
        """True once nothing more will be sent; the loop then takes the connection away."""
        return self.state is _CLOSED

    @property
    def takes_messages(self) -> bool:
        """False once we have asked for the end: what the peer sent before it knew is dropped."""
        return not self._closing

    # For the stream loop.

    def watch(self, epoll: select.epoll) -> None:
        """Begin to tell the loop when there is something to read or room to write."""
        with self._lock:
            self._epoll = epoll
            self._interest = READ_AND_WRITE
            epoll.register(self.descriptor, READ_AND_WRITE)

    def on_event(self, events: int, now: float) -> list[bytes]:
        """Go on where the socket allows it: finish connecting, send the queue, read; returns messages."""
        if self.state is _CONNECTING and not self._begin(now):
            return []
        if events & WRITE:
            self._flush(now)
        return self._read(now) if events & ~WRITE else []

    def overdue(self, now: float) -> str:
        """Which timeout has passed ("connect", "message", "write", "idle"); "" when none has."""
        if self.state is _CONNECTING and now >= self._connect_due_at:
            return "connect"
        if now >= self._message_due_at:
            return "message"
        if self._outgoing and now - self._progress_at >= self._limits.write_timeout:
            return "write"
        return "idle" if now - self._active_at >= self._limits.idle_timeout else ""

    def take_callbacks(self) -> list[ErrorCallback]:
        """Of a closed connection: whom to tell about the messages that did not leave; each is given once."""
        with self._lock:
            callbacks = [entry[2] for entry in self._outgoing] + [entry[1] for entry in self._waiting]
            self._outgoing.clear()
            self._waiting.clear()
            self.queued_bytes = 0
        return [on_error for on_error in callbacks if on_error is not None]

    # With the lock held, but for _begin, _flush and _read, which take it.

    def _begin(self, now: float) -> bool:
        """Start the wire once the socket is connected; True when there may be more to do."""
        with self._lock:
            if self.is_closed:
                return False
            if not self._has_peer:
                code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code:
                    self._fail(OSError(code, os.strerror(code)))
                    return False
                if not is_connected(self.socket):
                    return False
                self._has_peer = True
            if not self._has_begun:
                self._has_begun = True
                self._active_at = now
                self._advance(self._wire.opening(), now)
            return not self.is_closed

    def _advance(self, output: bytes, now: float) -> None:
        """Send what the wire itself has to say, and the waiting messages once it is ready."""
        if output:
            self._put(output, 0, None, now)
        if self.state is _CONNECTING and self._wire.ready:
            self.state = _OPEN
            while self._waiting and self.state is _OPEN:
                data, on_error = self._waiting[0]
                if not self._put(self._wire.encode(data), len(data), on_error, now):
                    return
                self._waiting.popleft()
                self.queued_bytes -= len(data)
        if self.state is not _CLOSED and self._is_overfull():
            self._counters.count("closed.write_buffer")
            self._fail(TransportError(f"{self.peer}: write buffer full, {self.queued_bytes} bytes wait"))

    def _put(
        self, encoded: bytes, size: int, on_error: ErrorCallback | None, now: float, more: bool = False
    ) -> bool:
        """Send now what the socket takes and queue the rest; False when the connection failed instead.

        `size` is the length of the message `encoded` carries, 0 when it carries none.
        """
        sent = 0
        if not self._outgoing:
            self._progress_at = now
            sent = self._send(encoded, MORE if more else 0)
            if sent < 0:
                return False
            self._is_kept = more
            self._active_at = now
            if sent == len(encoded):
                self._count_sent(size)
                return True
        rest = memoryview(encoded)[sent:]
        self._outgoing.append((rest, size, on_error))
        self.queued_bytes += len(rest)
        self._set_interest(READ_AND_WRITE)
        return True

    def _send(self, data: bytes | memoryview, flags: int) -> int:
        """Bytes the socket took, -1 when the connection failed."""
        try:
            return self._send_to_socket(data, flags)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            self._fail(error)
            return -1

    def _flush(self, now: float) -> None:
        with self._lock:
            if self.state is _CLOSED:
                return
            while self._outgoing:
                view, size, on_error = self._outgoing[0]
                sent = self._send(view, 0)
                if sent <= 0:
                    return
                self._progress_at = self._active_at = now
                self.queued_bytes -= sent
                if sent < len(view):
                    self._outgoing[0] = (view[sent:], size, on_error)
                    return
                self._outgoing.popleft()
                self._count_sent(size)
            self._set_interest(READ)
            self._close_when_sent()

    def _read(self, now: float) -> list[bytes]:
        try:
            data = self._receive_from_socket(READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError as error:
            self.fail(error)
            return []
        with self._lock:
            if self.state is _CLOSED:
                return []
            if not data:
                self._fail(ConnectionGone(f"{self.peer}: closed by the peer"))
                return []
            self._active_at = now
            return self._received(data, now)

    def _received(self, data: bytes, now: float) -> list[bytes]:
        try:
            messages = self._wire.received(data)
        except FramingError as error:
            self._counters.count("closed.framing")
            self._fail(error)
            return []
        # The clock runs from a message's first byte: a peer that trickles bytes gains no time by it.
        if not self._wire.mid_message:
            self._message_due_at = math.inf
        elif messages or self._message_due_at == math.inf:
            self._message_due_at = now + self._limits.partial_message_timeout
        output = self._wire.take_output()
        if output or self.state is _CONNECTING:
            self._advance(output, now)
        return messages

    def _close_when_sent(self) -> None:
        if self._closing and not self._outgoing and not self._waiting:
            self._fail(ConnectionGone(f"{self.peer}: closed on request"))

    def _is_overfull(self) -> bool:
        limit = self._limits.write_buffer
        entries = len(self._outgoing) + len(self._waiting)
        return self.queued_bytes > limit or entries * SMALLEST_ENTRY > limit

    def _set_interest(self, interest: int) -> None:
        if self._epoll is not None and self._interest != interest:
            self._interest = interest
            self._epoll.modify(self.descriptor, interest)

    def _count_sent(self, size: int) -> None:
        if size:
            self._counters.count_message("sent", size)

    def _fail(self, error: Exception) -> None:
        if self.state is _CLOSED:
            return
        self.state = _CLOSED
        if isinstance(error, TransportError):
            self.failure = error
        else:
            self.failure = TransportError(f"{self.peer}: {error}")
            self.failure.__cause__ = error


def is_connected(opened: socket.socket) -> bool:
    """True when the socket has a peer (an event may come before the connection is made)."""
    try:
        opened.getpeername()
    except OSError as error:
        if error.errno == errno.ENOTCONN:
            return False
        raise
    return True
