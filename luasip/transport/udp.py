"""SIP over UDP: one blocking receiver thread a socket, sending from any thread.

Knows no SIP: a datagram is passed on as it came, except the keep-alives (CRLF, NUL) that carry no message.

While datagrams wait too long in the system's buffer, a receiver takes turns: it empties the buffer, for what the system
drops when that is full may be anything, and what came is passed on at once or, when it gives way to others, after them.
"""

import dataclasses
import errno
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from luasip.errors import TransportError
from luasip.transport.address import SocketAddress, normal_literal, pick_listener, socket_address
from luasip.transport.backlog import Backlog
from luasip.transport.lasting_thread import LastingThread, is_stalled
from luasip.transport.packet import Destination, ErrorCallback, Listener, Packet
from luasip.transport.reporting import Counters, report_error
from luasip.transport.sockets import bind_failure, error_name, family_of, local_port

logger = logging.getLogger("luasip.transport")

MAX_DATAGRAM: Final = 65535
RECEIVE_BUFFER: Final = 4 * 1024 * 1024
SO_TIMESTAMPNS = 35
"""Linux's socket option and control message for when a datagram came (socket(7)); Python has no name for it."""
TIMESPEC = struct.Struct("ll")
ANCILLARY = socket.CMSG_SPACE(TIMESPEC.size)
IN_TIME: Final = 0.02
"""Seconds a datagram may have waited to count as taken at once."""
UNMEASURED: Final = 15
"""Datagrams taken without asking how long they waited, after one that came in time: asking costs."""
EMPTYING: Final = 0.01
"""Seconds a receiver empties the system's buffer, and passes on what gives way to nobody, until others have a turn."""
TURN: Final = 0.001
"""Seconds it then passes on what gave way."""
LONGEST_AGE = 60.0
"""Seconds beyond which it is the clock that has jumped."""
KEEP_ALIVE_BYTES: Final = b"\r\n\x00 "
STOP_CHECK_AFTER = 1.0
"""Seconds after which a receiver that nothing woke looks whether it should stop."""
PAUSE_AFTER_ERROR = 0.05
"""Seconds a receiver waits after an error it cannot name, so that a broken socket does not spin."""
PASSING_ERRORS = frozenset(
    (errno.EAGAIN, errno.EINTR, errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ECONNRESET)
)

SendTo = Callable[[bytes, int, SocketAddress], int]
GivesWay = Callable[[bytes], bool]
"""Whether a datagram is passed on after those that came later, when more come than can be dealt with."""

# Not looked up each time.
_DONTWAIT: Final[int] = socket.MSG_DONTWAIT
_monotonic: Final = time.monotonic


@dataclass(frozen=True, slots=True)
class UdpSettings:
    """How UDP sockets are made.

    receivers: sockets and threads for each listener (SO_REUSEPORT when more than one).
    receive_buffer, send_buffer: bytes asked of the kernel for each socket (it may grant less). As many as
        receive_buffer may wait beside it when there is too much to do.
    """

    receivers: int = 1
    receive_buffer: int = RECEIVE_BUFFER
    send_buffer: int = 1024 * 1024


class UdpTransport:
    """All UDP listeners of a server."""

    def __init__(
        self,
        listeners: Sequence[Listener],
        settings: UdpSettings | None = None,
        gives_way: GivesWay | None = None,
    ) -> None:
        """Without `gives_way` datagrams are passed on in the order they came, whatever happens."""
        self.settings = settings or UdpSettings()
        self._gives_way = gives_way
        self._listeners: tuple[Listener, ...] = tuple(listeners)
        self._sockets: dict[Listener, list[socket.socket]] = {}
        self._senders: dict[str, SendTo] = {}
        """`sendto` of the socket that sends for a listener, by the listener's text."""
        self._receivers: list[UdpReceiver] = []
        self._threads: list[LastingThread] = []
        self._sent = Counters()

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """The listeners, with real port numbers once bound."""
        return self._listeners

    def bind(self) -> None:
        """Open every socket; TransportError names the listener that could not be, and none stays open."""
        if self._sockets:
            return
        bound: list[Listener] = []
        try:
            for wanted in self._listeners:
                listener, sockets = bind_listener(wanted, self.settings)
                self._sockets[listener] = sockets
                self._senders[listener.text] = sockets[0].sendto
                bound.append(listener)
        except TransportError:
            self._close_sockets()
            raise
        self._listeners = tuple(bound)

    def start(self, handle: Callable[[Packet], None]) -> None:
        """Bind what is not bound and start the receiver threads."""
        self.bind()
        for listener, sockets in self._sockets.items():
            for number, opened in enumerate(sockets, 1):
                receiver = UdpReceiver(
                    opened, listener, handle, self._gives_way, self.settings.receive_buffer
                )
                thread = LastingThread(receiver.run, f"{listener.text}#{number}")
                self._receivers.append(receiver)
                self._threads.append(thread)
        for thread in self._threads:
            thread.start()

    def send(self, data: bytes, destination: Destination, on_error: ErrorCallback | None = None) -> None:
        """Send one datagram now or tell `on_error` why not, before this returns."""
        try:
            send_to = self._sender_for(destination)
            send_to(data, _DONTWAIT, socket_address(destination.host, destination.port))
        except (OSError, TransportError) as error:
            self._sent.count(f"send_errors.{error_name(error)}")
            report_error(on_error, send_failure(destination, error))
        else:
            self._sent.count_message("sent", len(data))

    def stop(self, timeout: float = 5.0) -> list[str]:
        """Stop receiving and close the sockets; returns the names of threads still busy after `timeout`."""
        for receiver in self._receivers:
            receiver.stop()
        for sockets in list(self._sockets.values()):
            for opened in sockets:
                wake_receiver(opened)
        due_at = time.monotonic() + timeout
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, due_at - time.monotonic()))
        self._close_sockets()
        return [thread.name for thread in self._threads if thread.is_alive()]

    def stats(self) -> dict[str, int]:
        """Counts since the start: messages, bytes, errors and drops by reason."""
        totals = self._sent.values()
        for receiver in self._receivers:
            for name, amount in receiver.counters.values().items():
                totals[name] = totals.get(name, 0) + amount
        return totals

    def stalled(self, limit: float) -> list[str]:
        """Names of the threads that have ended, or are busy with one datagram for more than `limit` seconds."""
        return [
            thread.name
            for thread, receiver in zip(self._threads, self._receivers, strict=True)
            if is_stalled(thread, receiver.busy_since, limit)
        ]

    def _sender_for(self, destination: Destination) -> SendTo:
        listener = destination.listener
        if listener is None or listener.is_ipv6 != (":" in destination.host):
            listener = pick_listener(self._listeners, "udp", normal_literal(destination.host))
        sender = self._senders.get(listener.text) if listener is not None else None
        if sender is None:
            raise TransportError(f"no udp listener to send to {destination.host!r} from")
        return sender

    def _close_sockets(self) -> None:
        self._senders.clear()
        while self._sockets:
            for opened in self._sockets.popitem()[1]:
                opened.close()


class UdpReceiver:
    """Reads one socket in its own thread."""

    def __init__(
        self,
        opened: socket.socket,
        listener: Listener,
        handle: Callable[[Packet], None],
        gives_way: GivesWay | None = None,
        most_waiting: int = RECEIVE_BUFFER,
    ) -> None:
        """`most_waiting`: bytes that may wait because they give way."""
        self.socket = opened
        self.listener = listener
        self.counters = Counters()
        self.busy_since = 0.0
        """When the datagram came that is being handled, 0 while none is."""
        self._handle = handle
        self._gives_way = gives_way
        self._backlog = Backlog(most_waiting)
        self._is_stopping = False
        self._age = 0.0  # seconds the newest measured datagram had waited in the system's buffer
        self._unmeasured = 0

    def stop(self) -> None:
        """Let `run` end once it does not wait for a datagram any more."""
        self._is_stopping = True

    def run(self) -> None:
        """Receive until stopped.

        Only `stop` ends this thread. An error of the socket (an ICMP answer to an earlier datagram) is
        counted; whatever `handle` raises, SystemExit included, is logged.
        """
        while not self._is_stopping:
            if self._gives_way is not None and (self._age >= IN_TIME or self._backlog):
                self.take_turns()
            else:
                self._receive(0, None)

    def take_turns(self) -> None:
        """Empty the system's buffer without waiting for more, then pass on some of what gave way."""
        ends_at = _monotonic() + EMPTYING
        while self._receive(_DONTWAIT, self._gives_way) and not self._is_stopping:
            if _monotonic() > ends_at:
                break
        else:
            self._age = 0.0  # what comes next is measured before it counts as late
            self._unmeasured = 0
        now = _monotonic()
        ends_at = now + TURN
        while self._backlog and now <= ends_at and not self._is_stopping:
            self._pass_on(self._backlog.take(), now)
            now = _monotonic()

    def _receive(self, flags: int, gives_way: GivesWay | None) -> bool:
        """Receive a datagram and pass it on, unless it gives way; False when none came."""
        try:
            if self._unmeasured:
                self._unmeasured -= 1
                data, source = self.socket.recvfrom(MAX_DATAGRAM, flags)
            else:
                data, source = self._receive_measured(flags)
        except OSError as error:
            self._receive_failed(error)
            return error.errno != errno.EAGAIN
        if source and not self._is_stopping:
            self._received(data, source[0], source[1], gives_way)
        return True

    def _receive_measured(self, flags: int) -> tuple[bytes, Any]:
        """The next datagram and its source, a tuple of four for IPv6; how long it has waited goes into `_age`."""
        data, ancillary, _, source = self.socket.recvmsg(MAX_DATAGRAM, ANCILLARY, flags)
        self._age = age_of(ancillary)
        if self._age < IN_TIME or flags:  # those behind it have waited less, and are received at once
            self._unmeasured = UNMEASURED
        return data, source

    def _received(self, data: bytes, host: str, port: int, gives_way: GivesWay | None) -> None:
        self.counters.count_message("received", len(data))
        if len(data) <= 4 or (data[0] in KEEP_ALIVE_BYTES and not data.strip(KEEP_ALIVE_BYTES)):
            self.counters.count("dropped.keep_alive")
            return
        now = _monotonic()
        packet = Packet(data, host, port, self.listener, 0, now - self._age)
        if gives_way is None or not gives_way(data):
            self._pass_on(packet, now)
            return
        packet.gave_way = True
        dropped = self._backlog.add(packet)
        if dropped:
            self.counters.count("dropped.backlog", dropped)

    def _pass_on(self, packet: Packet, now: float) -> None:
        self.busy_since = now
        try:
            self._handle(packet)
        except BaseException:
            self.counters.count("dropped.handle_failed")
            logger.exception(
                "%s: handling a datagram from %s port %d failed",
                self.listener.text, packet.source_host, packet.source_port,
            )  # fmt: skip
        self.busy_since = 0.0

    def _receive_failed(self, error: OSError) -> None:
        if self._is_stopping or error.errno == errno.EAGAIN:
            return
        self.counters.count(f"receive_errors.{error_name(error)}")
        if error.errno not in PASSING_ERRORS:
            time.sleep(PAUSE_AFTER_ERROR)


def age_of(ancillary: Sequence[tuple[int, int, bytes]]) -> float:
    """Seconds since the system took the datagram with these control messages; 0.0 when they do not say."""
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(content) == TIMESPEC.size:
            seconds, nanoseconds = TIMESPEC.unpack(content)
            age = time.time() - seconds - nanoseconds * 1e-9
            return age if 0.0 < age < LONGEST_AGE else 0.0
    return 0.0


def bind_listener(wanted: Listener, settings: UdpSettings) -> tuple[Listener, list[socket.socket]]:
    """The listener with its real port, and its sockets."""
    sockets: list[socket.socket] = []
    share = settings.receivers > 1
    try:
        if share and wanted.port:
            # SO_REUSEPORT would let a second server of the same user share the port unnoticed.
            open_socket(wanted, wanted.port, settings, share=False).close()
        port = wanted.port
        for _ in range(max(1, settings.receivers)):
            opened = open_socket(wanted, port, settings, share)
            sockets.append(opened)
            port = local_port(opened)
    except OSError as error:
        for opened in sockets:
            opened.close()
        raise bind_failure(wanted, error) from error
    return dataclasses.replace(wanted, port=port), sockets


def open_socket(wanted: Listener, port: int, settings: UdpSettings, share: bool) -> socket.socket:
    """A bound UDP socket; OSError when the address cannot be had."""
    opened = socket.socket(family_of(wanted), socket.SOCK_DGRAM)
    try:
        if wanted.is_ipv6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if share:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, settings.receive_buffer)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.send_buffer)
        opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        seconds, fraction = divmod(STOP_CHECK_AFTER, 1)
        wait = struct.pack("ll", int(seconds), int(fraction * 1e6))
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, wait)
        opened.bind(socket_address(wanted.host, port))
    except BaseException:
        opened.close()
        raise
    return opened


def wake_receiver(opened: socket.socket) -> None:
    """Make a blocking recvfrom return (Linux reports ENOTCONN and wakes the reader all the same)."""
    try:
        opened.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        if error.errno not in (errno.ENOTCONN, errno.EBADF):
            logger.warning("shutting down a UDP socket: %s", error)


def send_failure(destination: Destination, error: Exception) -> Exception:
    """A TransportError naming the destination."""
    if isinstance(error, TransportError):
        return error
    failure = TransportError(f"{destination.protocol} to {destination.host} port {destination.port}: {error}")
    failure.__cause__ = error
    return failure
