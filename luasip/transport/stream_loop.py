"""The one thread that serves every stream connection with epoll.

It alone accepts, reads and closes sockets. Other threads write directly and leave to it, through `retire`,
what has to be closed. Knows no SIP.

What is sent because of messages that came in one read leaves together where it goes the same way: the system sends it
when the last of them was handled, or a millisecond has passed. A segment costs it far more than taking a message does.
"""

import errno
import logging
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from luasip.errors import TransportError
from luasip.lock import new_lock
from luasip.transport.connection import Connection
from luasip.transport.connections import ConnectionTable
from luasip.transport.packet import Listener, Packet
from luasip.transport.reporting import Counters, report_error
from luasip.transport.sockets import error_name

logger = logging.getLogger("luasip.transport")

EVENTS_A_TURN: Final = 256
ACCEPTS_A_TURN: Final = 64
SWEEP_AFTER: Final = 1.0
"""Seconds between looks at the connections' deadlines, or a quarter of the shortest one if that is less."""
ACCEPT_PAUSE = 0.5
"""Seconds a listener rests when the process has no file descriptors left: its event would return at once."""
PAUSE_AFTER_BUG = 0.1
KEPT: Final = 0.001
"""Seconds the system keeps what is sent for what the next message may lead to (and 200 ms at most, without us)."""
EXHAUSTED = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))

_monotonic: Final = time.monotonic  # not looked up each time


@dataclass(slots=True)
class Listening:
    """A listener's open socket; `paused_until` is 0 while it accepts."""

    listener: Listener
    socket: socket.socket
    paused_until: float = 0.0


class StreamLoop:
    """Events in, packets out."""

    def __init__(
        self,
        table: ConnectionTable,
        counters: Counters,
        accept: Callable[[Listener, socket.socket, str, int], None],
        sweep_after: float,
    ) -> None:
        self.closed_listeners: list[Callable[[int], None]] = []
        self._table = table
        self._counters = counters
        self._accept = accept
        self.sweep_every(sweep_after)
        self._sweep_at = 0.0
        self._handle: Callable[[Packet], None] | None = None
        self._epoll = select.epoll()
        self._poll = self._epoll.poll
        self._listening: dict[int, Listening] = {}
        self._connections: dict[int, Connection] = {}
        self._to_retire: deque[Connection] = deque()
        self.more_to_come = False
        """For `thread_id` only: true while behind the message it handles wait others of the same read."""
        self.thread_id = 0
        self._kept: list[Connection] = []
        self._kept_since = 0.0
        self._wake_lock = new_lock()
        self.busy_since = 0.0
        """When the turn began that the thread is in, 0 while it waits for events."""
        self._wake_descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._wake_descriptor, select.EPOLLIN)
        self._stop_due_at: float | None = None
        self._accepting = True
        self._finished = False

    # For any thread.

    def add(self, connection: Connection) -> None:
        """Begin to serve a connection; if that is impossible it is failed, its socket left to the caller."""
        with self._wake_lock:
            if self._finished:
                connection.fail(TransportError("the transport has stopped"))
                return
            self._connections[connection.descriptor] = connection
            try:
                connection.watch(self._epoll)
            except OSError as error:
                del self._connections[connection.descriptor]
                connection.fail(error)
        self.wake()

    def retire(self, connection: Connection) -> None:
        """Have a connection that has failed taken away."""
        self._to_retire.append(connection)
        self.wake()

    def wake(self) -> None:
        """Make the loop look at what is new."""
        with self._wake_lock:
            if not self._finished:
                os.eventfd_write(self._wake_descriptor, 1)

    def stop_accepting(self) -> None:
        """Close the listening sockets; connections live on."""
        self._accepting = False
        self.wake()

    def stop(self, due_at: float) -> None:
        """Close the listeners, and each connection when its queue is empty, all of them at `due_at`."""
        self._stop_due_at = due_at
        self.wake()

    # Before the thread starts.

    def sweep_every(self, seconds: float) -> None:
        """How often connections are looked at for what they may not do any longer."""
        self._sweep_after = min(seconds, SWEEP_AFTER)

    def listen(self, listener: Listener, opened: socket.socket) -> None:
        """Accept connections on a listening socket."""
        self._listening[opened.fileno()] = Listening(listener, opened)
        self._epoll.register(opened.fileno(), select.EPOLLIN)

    def close(self) -> None:
        """Close everything: at the end of the thread, or instead of starting it."""
        self._close_listeners()
        with self._wake_lock:
            if self._finished:
                return
            self._finished = True
            os.close(self._wake_descriptor)
        for connection in self._served():
            connection.fail(TransportError(f"{connection.peer}: the transport has stopped"))
            self._take_away(connection)
        self._epoll.close()

    # The loop's own thread.

    def keep(self, connection: Connection, now: float) -> None:
        """Have what was written to a connection because there is `more_to_come` pushed in time."""
        if not self._kept:
            self._kept_since = now
        self._kept.append(connection)

    def run(self, handle: Callable[[Packet], None]) -> None:
        """Serve until stopped.

        Only `stop` ends this thread. Whatever `handle` raises is logged with its packet's source; an error of
        this loop itself is logged too and followed by a short pause, because a server that has silently lost
        its streams is worse than one that complains.
        """
        self._handle = handle
        self.thread_id = threading.get_ident()
        while True:
            try:
                if not self._turn():
                    break
            except BaseException:  # the loop must go on
                self._counters.count("loop_errors")
                logger.exception("the stream loop failed and goes on")
                time.sleep(PAUSE_AFTER_BUG)
        try:
            self.close()
        except BaseException:  # at the end: started again it would serve
            logger.exception("the stream loop could not close everything")

    def _turn(self) -> bool:
        """Wait for events once and deal with them; False when the loop is to end."""
        self.busy_since = 0.0
        happened = self._poll(self._wait_for(), EVENTS_A_TURN)
        polled_at = self.busy_since = _monotonic()
        for descriptor, events in happened:
            connection = self._connections.get(descriptor)
            if connection is not None:
                self._serve(connection, events, polled_at)
            elif descriptor == self._wake_descriptor:
                os.eventfd_read(descriptor)
            else:
                self._accept_from(descriptor)
        while self._to_retire:
            self._take_away(self._to_retire.popleft())
        # Judged by the clock of the poll: what arrived while a slow `handle` ran must not count as silence.
        if polled_at >= self._sweep_at and len(happened) < EVENTS_A_TURN:
            self._sweep_at = polled_at + self._sweep_after
            self._sweep(polled_at)
        if not self._accepting:
            self._close_listeners()
        return self._stop_due_at is None or self._stopping_goes_on(_monotonic(), self._stop_due_at)

    def _wait_for(self) -> float:
        """Seconds the poll may last: for ever when there is nothing to time."""
        if self._stop_due_at is not None:
            return min(0.02, self._sweep_after)
        if not self._connections and not any(listening.paused_until for listening in self._listening.values()):
            return -1
        return max(0.0, min(self._sweep_after, self._sweep_at - _monotonic()))

    def _serve(self, connection: Connection, events: int, polled_at: float) -> None:
        now = _monotonic()
        try:
            messages = connection.on_event(events, now)
        except Exception as error:  # a fault of ours costs this connection, not the loop
            self._counters.count("closed.error")
            logger.exception("%s: serving connection %d failed", connection.peer, connection.id)
            connection.fail(error)
            messages = []
        peer = connection.peer
        left = len(messages)
        for data in messages:
            left -= 1
            self.more_to_come = left > 0
            packet = Packet(data, peer.host, peer.port, peer.listener, connection.id, polled_at)
            self._deliver(packet, connection)
            if self._kept and (not left or _monotonic() - self._kept_since > KEPT):
                self._push()
        if connection.is_closed:
            # Closed after this turn's events, lest a new connection get an old one's descriptor and event.
            self._to_retire.append(connection)

    def _deliver(self, packet: Packet, connection: Connection) -> None:
        self._counters.count_message("received", len(packet.data))
        if self._handle is None or self._stop_due_at is not None or not connection.takes_messages:
            self._counters.count("dropped.closed")
            return
        try:
            self._handle(packet)
        except BaseException:  # not even a handle that exits takes the connections with it
            self._counters.count("dropped.handle_failed")
            logger.exception("%s: handling a message of connection %d failed", connection.peer, connection.id)

    def _push(self) -> None:
        for connection in self._kept:
            connection.push()
        self._kept.clear()

    def _accept_from(self, descriptor: int) -> None:
        listening = self._listening.get(descriptor)
        if listening is None:
            return
        for _ in range(ACCEPTS_A_TURN):
            try:
                opened, address = listening.socket.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._counters.count(f"accept_errors.{error_name(error)}")
                if error.errno in EXHAUSTED:
                    self._pause(listening, error)
                    return
                continue
            self._accept(listening.listener, opened, address[0], address[1])

    def _pause(self, listening: Listening, error: OSError) -> None:
        logger.error("%s: accepting rests %.1f s: %s", listening.listener.text, ACCEPT_PAUSE, error)
        listening.paused_until = _monotonic() + ACCEPT_PAUSE
        self._epoll.unregister(listening.socket.fileno())

    def _sweep(self, now: float) -> None:
        for descriptor, listening in self._listening.items():
            if listening.paused_until and now >= listening.paused_until:
                listening.paused_until = 0.0
                self._epoll.register(descriptor, select.EPOLLIN)
        for connection in self._served():
            reason = connection.overdue(now)
            if reason:
                self._counters.count(f"closed.{reason}_timeout")
                connection.fail(TransportError(f"{connection.peer}: {reason} timeout"))
                self._take_away(connection)

    def _stopping_goes_on(self, now: float, due_at: float) -> bool:
        self._close_listeners()
        for connection in self._served():
            connection.close_after_queue()
            if connection.is_closed:
                self._take_away(connection)
        return bool(self._connections) and now < due_at

    def _served(self) -> list[Connection]:
        # copy() is one step also without the GIL; other threads add connections meanwhile.
        return list(self._connections.copy().values())

    def _take_away(self, connection: Connection) -> None:
        """Close a failed connection's socket and tell everyone; nothing when that was done before."""
        if self._connections.get(connection.descriptor) is not connection:
            return
        del self._connections[connection.descriptor]
        self._table.remove(connection)
        connection.socket.close()
        self._counters.count("connections_closed")
        failure = connection.failure or TransportError(f"{connection.peer}: closed")
        for on_error in connection.take_callbacks():
            self._counters.count("send_errors.closed")
            report_error(on_error, failure)
        for told in self.closed_listeners:
            try:
                told(connection.id)
            except Exception:  # the listener's fault: the others must be told, and the loop goes on
                logger.exception("telling that connection %d has closed failed", connection.id)

    def _close_listeners(self) -> None:
        while self._listening:
            self._listening.popitem()[1].socket.close()
