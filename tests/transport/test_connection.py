import contextlib
import fcntl
import select
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from luasip.errors import TransportError
from luasip.sip.parser import Limits
from luasip.transport.connection import (
    Connection,
    ConnectionGone,
    ConnectionLimits,
    Peer,
    State,
    is_connected,
)
from luasip.transport.packet import Listener
from luasip.transport.reporting import Counters
from luasip.transport.wire import FramedWire
from tests.transport.wait import message, read_exactly

LIMITS = ConnectionLimits(
    write_buffer=1000,
    connect_timeout=5.0,
    first_message_timeout=30.0,
    partial_message_timeout=10.0,
    write_timeout=8.0,
    idle_timeout=100.0,
)


@dataclass
class Pair:
    """A connection over one end of a socket pair, and the other end."""

    ours: socket.socket
    theirs: socket.socket
    counters: Counters = field(default_factory=Counters)
    told: list[Exception] = field(default_factory=list)

    def connection(self, inbound: bool = True) -> Connection:
        peer = Peer("tcp", "192.0.2.1", 6000, Listener("tcp", "127.0.0.1", 5060), inbound)
        return Connection(1, self.ours, FramedWire(Limits()), peer, LIMITS, self.counters, 0.0)

    def open(self) -> Connection:
        connection = self.connection()
        connection.on_event(select.EPOLLOUT, 0.0)
        assert connection.state == State.OPEN
        return connection

    def fill(self) -> None:
        """Make the socket take no more bytes."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.ours.send(b"." * 65536)

    def drain(self) -> bytes:
        """All the other end can read."""
        data = b""
        try:
            while part := self.theirs.recv(1 << 20):
                data += part
        except BlockingIOError:
            pass
        return data


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    with ours, theirs:
        yield Pair(ours, theirs)


def test_messages_wait_until_the_connection_is_open(pair: Pair) -> None:
    connection = pair.connection()
    assert connection.write(b"one", None, 0.0) is None
    assert connection.write(b"two", None, 0.0) is None
    assert (connection.state, connection.queued_bytes, pair.drain()) == (State.CONNECTING, 6, b"")
    connection.on_event(select.EPOLLOUT, 1.0)
    assert (connection.state, connection.queued_bytes, pair.drain()) == (State.OPEN, 0, b"onetwo")
    assert pair.counters.values() == {"messages_sent": 2, "bytes_sent": 6}


def test_the_rest_leaves_when_there_is_room(pair: Pair) -> None:
    connection = pair.open()
    pair.fill()
    connection.write(b"rest", None, 1.0)
    assert connection.queued_bytes == 4
    pair.drain()
    connection.on_event(select.EPOLLOUT, 2.0)
    assert (connection.queued_bytes, pair.drain()) == (0, b"rest")


def test_what_more_follows_waits_for_it_or_for_push() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as ours,
        listening.accept()[0] as theirs,
    ):
        ours.setblocking(False)
        connection = Pair(ours, theirs).open()
        assert connection.write(b"one", None, 0.0, True) is None
        assert unsent(ours) == 3
        assert connection.write(b"two", None, 0.0) is None
        assert (unsent(ours), read_exactly(theirs, 6)) == (0, b"onetwo")
        assert connection.write(b"three", None, 0.0, True) is None
        assert unsent(ours) == 5
        connection.push()
        assert (unsent(ours), read_exactly(theirs, 5)) == (0, b"three")


def unsent(opened: socket.socket) -> int:
    """Bytes the system has taken for a socket and has not begun to send (SIOCOUTQNSD, tcp(7))."""
    return int.from_bytes(fcntl.ioctl(opened, 0x894B, bytes(4)), sys.byteorder)


def test_push_has_nothing_to_do_elsewhere(pair: Pair) -> None:
    connection = pair.open()
    connection.push()
    assert connection.write(b"one", None, 0.0, True) is None
    connection.push()  # this socket keeps nothing and knows no option of TCP
    assert (connection.state, pair.drain()) == (State.OPEN, b"one")
    connection.write(b"two", None, 0.0, True)
    connection.fail(OSError("broken"))
    connection.push()


def test_too_much_while_connecting(pair: Pair) -> None:
    connection = pair.connection()
    assert connection.write(b"x" * 900, pair.told.append, 0.0) is None
    error = connection.write(b"y" * 900, pair.told.append, 0.0)
    assert isinstance(error, TransportError)
    assert not isinstance(error, ConnectionGone)
    assert connection.is_closed
    assert len(connection.take_callbacks()) == 1
    assert connection.take_callbacks() == []
    assert pair.counters.values() == {"closed.write_buffer": 1}


def test_many_tiny_messages_count_for_more_than_their_bytes(pair: Pair) -> None:
    connection = pair.open()
    pair.fill()
    written = 0
    while connection.write(b"x", None, 0.0) is None:
        written += 1
    assert written == 15
    assert connection.is_closed


def test_pongs_nobody_reads_fill_the_buffer_too(pair: Pair) -> None:
    connection = pair.open()
    pair.fill()
    for _ in range(20):
        pair.theirs.send(b"\r\n\r\n")
        connection.on_event(select.EPOLLIN, 0.0)
    assert "write buffer full" in str(connection.failure)


def test_nothing_is_taken_after_the_end(pair: Pair) -> None:
    connection = pair.open()
    connection.fail(OSError("broken"))
    connection.fail(OSError("again"))
    assert str(connection.failure) == "tcp:192.0.2.1:6000: broken"
    assert isinstance(connection.write(b"x", None, 0.0), ConnectionGone)
    assert connection.on_event(select.EPOLLIN | select.EPOLLOUT, 0.0) == []
    assert pair.drain() == b""


def test_a_peer_that_has_gone_gives_the_message_back(pair: Pair) -> None:
    connection = pair.open()
    pair.theirs.close()
    assert isinstance(connection.write(b"x", pair.told.append, 0.0), ConnectionGone)
    assert connection.is_closed
    assert connection.take_callbacks() == []


def test_end_of_stream(pair: Pair) -> None:
    connection = pair.open()
    pair.theirs.send(message())
    pair.theirs.shutdown(socket.SHUT_WR)
    assert connection.on_event(select.EPOLLIN, 0.0) == [message()]
    assert connection.on_event(select.EPOLLIN, 0.0) == []
    assert "closed by the peer" in str(connection.failure)


def test_close_after_queue_while_connecting(pair: Pair) -> None:
    connection = pair.connection()
    connection.write(b"last", None, 0.0)
    connection.close_after_queue()
    assert not connection.is_closed
    assert not connection.takes_messages
    assert isinstance(connection.write(b"more", None, 0.0), ConnectionGone)
    connection.on_event(select.EPOLLOUT, 0.0)
    assert connection.is_closed
    assert pair.drain() == b"last"


def test_deadline_while_connecting(pair: Pair) -> None:
    connection = pair.connection(inbound=False)
    assert (connection.overdue(4.9), connection.overdue(5.0)) == ("", "connect")


def test_deadline_of_the_first_message(pair: Pair) -> None:
    connection = pair.open()
    assert (connection.overdue(29.9), connection.overdue(30.0)) == ("", "message")
    pair.theirs.send(b"\r\n\r\n")
    connection.on_event(select.EPOLLIN, 20.0)
    assert (connection.overdue(119.9), connection.overdue(120.0)) == ("", "idle")


def test_deadline_of_a_part_runs_from_its_first_byte(pair: Pair) -> None:
    connection = pair.open()
    pair.theirs.send(message())
    connection.on_event(select.EPOLLIN, 1.0)
    for now, part in ((40.0, message()[:10]), (45.0, message()[10:20])):
        pair.theirs.send(part)
        connection.on_event(select.EPOLLIN, now)
    assert (connection.overdue(49.9), connection.overdue(50.0)) == ("", "message")
    pair.theirs.send(message()[20:] + message()[:5])
    assert connection.on_event(select.EPOLLIN, 49.0) == [message()]
    assert (connection.overdue(58.9), connection.overdue(59.0)) == ("", "message")


def test_deadline_of_waiting_bytes_moves_with_progress(pair: Pair) -> None:
    connection = pair.open()
    pair.theirs.send(message())
    connection.on_event(select.EPOLLIN, 0.0)
    pair.fill()
    connection.write(b"a" * 100, None, 1.0)
    connection.write(b"b" * 100, None, 6.0)
    assert (connection.overdue(8.9), connection.overdue(9.0)) == ("", "write")
    pair.drain()
    connection.on_event(select.EPOLLOUT, 8.0)
    assert connection.overdue(50.0) == ""


def test_an_event_before_the_connection_is_made_changes_nothing(pair: Pair) -> None:
    with socket.socket() as unconnected:
        pair.ours.close()
        pair.ours = unconnected
        connection = pair.connection(inbound=False)
        assert connection.on_event(select.EPOLLOUT, 0.0) == []
        assert connection.state == State.CONNECTING
        assert not is_connected(unconnected)


def test_is_connected_passes_other_errors_on() -> None:
    closed: Any = socket.socket()
    closed.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        is_connected(closed)
