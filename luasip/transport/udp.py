"""SIP over UDP: one blocking receiver thread a socket, sending from any thread.

Knows no SIP: a datagram is passed on as it came, except the keep-alives (CRLF, NUL) that carry no message.

A receiver takes what waits together, and what its thread sends meanwhile leaves together (`datagram_socket`).

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
from typing import Final

from luasip.errors import TransportError
from luasip.lock import get_ident
from luasip.transport.address import normal_literal, pick_listener, socket_address
from luasip.transport.backlog import Backlog
from luasip.transport.datagram_socket import SO_TIMESTAMPNS, DatagramSocket, Received
from luasip.transport.lasting_thread import LastingThread, is_stalled
from luasip.transport.outbox import Outbox
from luasip.transport.packet import Destination, ErrorCallback, Listener, Packet
from luasip.transport.reporting import Counters, report_error
from luasip.transport.sockets import bind_failure, error_name, family_of, local_port

logger = logging.getLogger("luasip.transport")

RECEIVE_BUFFER: Final = 4 * 1024 * 1024
IN_TIME: Final = 0.02
"""Seconds a datagram may have waited to count as taken at once."""
EMPTYING: Final = 0.01
"""Seconds a receiver empties the system's buffer, and passes on what gives way to nobody, until others have a turn."""
TURN: Final = 0.001
"""Seconds it then passes on what gave way."""
KEPT: Final = 0.001
"""Seconds after which what is to be sent waits no longer for what else was taken together."""
KEEP_ALIVE_BYTES: Final = b"\r\n\x00 "
STOP_CHECK_AFTER = 1.0
"""Seconds after which a receiver that nothing woke looks whether it should stop."""
PAUSE_AFTER_ERROR = 0.05
"""Seconds a receiver waits after an error it cannot name, so that a broken socket does not spin."""
PASSING_ERRORS = frozenset(
    (errno.EAGAIN, errno.EINTR, errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ECONNRESET)
)

Receive = Callable[[int], list[Received]]
"""`DatagramSocket.receive`."""
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
        self._sockets: dict[Listener, list[DatagramSocket]] = {}
        self._senders: dict[str, DatagramSocket] = {}
        """The socket that sends for a listener, by the listener's text."""
        self._outboxes: dict[int, Outbox] = {}
        """Those of the receivers, by the number of the thread."""
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
                self._senders[listener.text] = sockets[0]
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
                    opened.receive,
                    listener,
                    handle,
                    self._gives_way,
                    self.settings.receive_buffer,
                    self._send_kept,
                )
                thread = LastingThread(self._run, f"{listener.text}#{number}", (receiver,))
                self._receivers.append(receiver)
                self._threads.append(thread)
        for thread in self._threads:
            thread.start()

    def send(self, data: bytes, destination: Destination, on_error: ErrorCallback | None = None) -> None:
        """Send one datagram now or tell `on_error` why not, before this returns.

        On a receiver's thread both come later, with the other datagrams that were taken together.
        """
        try:
            sender = self._sender_for(destination)
        except TransportError as error:
            self._failed(destination, on_error, error)
            return
        outbox = self._outboxes.get(get_ident())
        if outbox is None:
            failed = sender.send([(data, destination.host, destination.port)])
            if failed:
                self._failed(destination, on_error, failed[0][1])
            else:
                self._sent.count_message("sent", len(data))
            return
        while outbox.socket is not sender:
            if outbox.socket is None:
                outbox.socket = sender
            else:
                self._send_all(outbox)  # who hears of a failure may keep something at once, for whichever socket
        outbox.add(data, destination, on_error)

    def stop(self, timeout: float = 5.0) -> list[str]:
        """Stop receiving and close the sockets; returns the names of threads still busy after `timeout`."""
        for receiver in self._receivers:
            receiver.stop()
        for sockets in list(self._sockets.values()):
            for each in sockets:
                wake_receiver(each.opened)
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

    def _run(self, receiver: "UdpReceiver") -> None:
        thread = get_ident()
        self._outboxes[thread] = Outbox()
        try:
            receiver.run()
        finally:
            self._send_kept()
            del self._outboxes[thread]

    def _send_kept(self) -> None:
        """Send what this receiver's thread has kept, and what is kept because some of it could not be sent."""
        outbox = self._outboxes[get_ident()]
        while outbox.socket is not None:
            self._send_all(outbox)

    def _send_all(self, outbox: Outbox) -> None:
        sender = outbox.socket
        assert sender is not None
        datagrams, destinations, callbacks = outbox.take()
        failures = sender.send(datagrams)
        octets = sum([len(datagram[0]) for datagram in datagrams])
        for place, error in failures:
            octets -= len(datagrams[place][0])
            self._failed(destinations[place], callbacks[place], error)
        self._sent.count_messages("sent", len(datagrams) - len(failures), octets)

    def _failed(self, destination: Destination, on_error: ErrorCallback | None, error: Exception) -> None:
        self._sent.count(f"send_errors.{error_name(error)}")
        report_error(on_error, send_failure(destination, error))

    def _sender_for(self, destination: Destination) -> DatagramSocket:
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
            for sender in self._sockets.popitem()[1]:
                sender.opened.close()


class UdpReceiver:
    """Reads one socket in its own thread."""

    def __init__(
        self,
        receive: Receive,
        listener: Listener,
        handle: Callable[[Packet], None],
        gives_way: GivesWay | None = None,
        most_waiting: int = RECEIVE_BUFFER,
        send_kept: Callable[[], None] | None = None,
    ) -> None:
        """`most_waiting`: bytes that may wait because they give way; `send_kept` sends what this thread has kept."""
        self.listener = listener
        self.counters = Counters()
        self.busy_since = 0.0
        """When the datagram came that is being handled, 0 while none is."""
        self._receive = receive
        self._handle = handle
        self._gives_way = gives_way
        self._send_kept = send_kept
        self._backlog = Backlog(most_waiting)
        self._is_stopping = False
        self._age = 0.0  # seconds the last datagram had waited in the system's buffer
        self._kept_since = 0.0  # when what is to be sent was last sent

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
                self._take(0, None)

    def take_turns(self) -> None:
        """Empty the system's buffer without waiting for more, then pass on some of what gave way."""
        ends_at = _monotonic() + EMPTYING
        while self._take(_DONTWAIT, self._gives_way) and not self._is_stopping:
            if _monotonic() > ends_at:
                break
        else:
            self._age = 0.0  # what comes next is not late because this was
        now = _monotonic()
        ends_at = now + TURN
        while self._backlog and now <= ends_at and not self._is_stopping:
            self._pass_on(self._backlog.take(), now)
            now = _monotonic()
        self._send_what_is_kept()

    def _take(self, flags: int, gives_way: GivesWay | None) -> bool:
        """Receive what waits and pass on what does not give way; False when nothing came."""
        try:
            taken = self._receive(flags)
        except OSError as error:
            self._receive_failed(error)
            return error.errno != errno.EAGAIN
        came = self._kept_since = _monotonic()
        for data, host, port, age in taken:
            if self._is_stopping:
                break
            if host:
                self._age = age
                self._received(data, host, port, came - age, gives_way)
        self._send_what_is_kept()
        return True

    def _received(
        self, data: bytes, host: str, port: int, received_at: float, gives_way: GivesWay | None
    ) -> None:
        self.counters.count_message("received", len(data))
        if len(data) <= 4 or (data[0] in KEEP_ALIVE_BYTES and not data.strip(KEEP_ALIVE_BYTES)):
            self.counters.count("dropped.keep_alive")
            return
        packet = Packet(data, host, port, self.listener, 0, received_at)
        if gives_way is None or not gives_way(data):
            self._pass_on(packet, _monotonic())
            return
        packet.gave_way = True
        dropped = self._backlog.add(packet)
        if dropped:
            self.counters.count("dropped.backlog", dropped)

    def _pass_on(self, packet: Packet, now: float) -> None:
        if now - self._kept_since > KEPT:
            self._send_what_is_kept()
            self._kept_since = now
        self.busy_since = now
        try:
            self._handle(packet)
        except BaseException:  # the receiver: not even a handle that exits takes the listener with it
            self.counters.count("dropped.handle_failed")
            logger.exception(
                "%s: handling a datagram from %s port %d failed",
                self.listener.text, packet.source_host, packet.source_port,
            )  # fmt: skip
        self.busy_since = 0.0

    def _send_what_is_kept(self) -> None:
        if self._send_kept is not None:
            self._send_kept()

    def _receive_failed(self, error: OSError) -> None:
        if self._is_stopping or error.errno == errno.EAGAIN:
            return
        self.counters.count(f"receive_errors.{error_name(error)}")
        if error.errno not in PASSING_ERRORS:
            time.sleep(PAUSE_AFTER_ERROR)


def bind_listener(wanted: Listener, settings: UdpSettings) -> tuple[Listener, list[DatagramSocket]]:
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
    return dataclasses.replace(wanted, port=port), [DatagramSocket(opened) for opened in sockets]


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
