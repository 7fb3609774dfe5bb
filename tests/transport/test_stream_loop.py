import logging
import os
import socket
import threading
from time import monotonic
from typing import Any

import pytest

from luasip.sip.parser import Limits
from luasip.transport import stream_loop
from luasip.transport.connection import Connection, ConnectionLimits, Peer
from luasip.transport.connections import ConnectionTable
from luasip.transport.packet import Listener
from luasip.transport.reporting import Counters
from luasip.transport.stream_loop import StreamLoop
from luasip.transport.wire import FramedWire, Wire
from tests.transport.wait import PATIENCE, Collected, message

LISTENER = Listener("tcp", "127.0.0.1", 5060)


class FaultyWire:
    """A wire with a bug."""

    ready = True
    mid_message = False

    def opening(self) -> bytes:
        return b""

    def received(self, data: bytes) -> list[bytes]:
        raise ZeroDivisionError(data)

    def take_output(self) -> bytes:
        return b""

    def encode(self, message: bytes) -> bytes:
        return message


class LoopBench:
    """A running loop with connections over socket pairs."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.table = ConnectionTable(10)
        self.got, self.closed = Collected(), Collected()
        self.loop = StreamLoop(self.table, self.counters, self.accept, 0.05)
        self.loop.closed_listeners.append(self.closed)
        self.thread = threading.Thread(target=self.loop.run, args=(self.got,))

    def accept(self, listener: Listener, opened: socket.socket, host: str, port: int) -> None:
        opened.close()
        raise RuntimeError(f"cannot take {host}:{port}")

    def add(self, number: int, wire: Wire) -> tuple[Connection, socket.socket]:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        peer = Peer("tcp", "192.0.2.1", 6000 + number, LISTENER, inbound=True)
        connection = Connection(number, ours, wire, peer, ConnectionLimits(), self.counters, monotonic())
        self.table.add(connection)
        self.loop.add(connection)
        return connection, theirs

    def stop(self) -> None:
        self.loop.stop(0.0)
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


def test_a_bug_with_one_connection_closes_only_it(caplog: pytest.LogCaptureFixture) -> None:
    bench = LoopBench()
    _, faulty = bench.add(1, FaultyWire())
    _, good = bench.add(2, FramedWire(Limits()))
    bench.thread.start()
    with faulty, good, caplog.at_level(logging.ERROR):
        faulty.send(b"x")
        assert bench.closed.wait() == [1]
        good.send(message())
        assert bench.got.wait_packets()[0].connection_id == 2
        bench.stop()
    assert "ZeroDivisionError" in caplog.text
    assert bench.counters.values()["closed.error"] == 1


def test_a_bug_of_the_loop_does_not_end_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stream_loop, "PAUSE_AFTER_BUG", 0.001)
    bench = LoopBench()
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    bench.loop.listen(LISTENER, listening)
    _, good = bench.add(1, FramedWire(Limits()))
    bench.thread.start()
    with good, socket.create_connection(listening.getsockname()), caplog.at_level(logging.ERROR):
        good.send(message())
        bench.got.wait()
        bench.stop()
    assert "the stream loop failed and goes on" in caplog.text
    assert bench.counters.values()["loop_errors"] == 1


def test_adding_after_the_end_fails_the_connection() -> None:
    bench = LoopBench()
    bench.thread.start()
    bench.stop()
    connection, theirs = bench.add(1, FramedWire(Limits()))
    assert "stopped" in str(connection.failure)
    connection.socket.close()
    theirs.close()
    bench.loop.wake()
    bench.loop.retire(connection)


def test_a_connection_epoll_refuses_is_failed() -> None:
    bench = LoopBench()
    connection, theirs = bench.add(1, FramedWire(Limits()))
    bench.loop.add(connection)
    assert "File exists" in str(connection.failure)
    connection.socket.close()
    theirs.close()
    bench.loop.close()
    bench.loop.close()
    assert bench.closed.items == []


def test_a_slow_handle_makes_nobody_overdue() -> None:
    """A peer whose bytes arrived while another's message was handled must not be taken for silent."""
    limits = ConnectionLimits(first_message_timeout=0.2)
    bench = LoopBench()
    sent_meanwhile = threading.Event()
    got = Collected(lambda packet: packet.connection_id == 1 and sent_meanwhile.wait(0.4) and None)
    ends: list[socket.socket] = []
    for number in (1, 2):
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        ends.append(theirs)
        peer = Peer("tcp", "192.0.2.1", 6000 + number, LISTENER, inbound=True)
        now = monotonic()
        wire: Any = FramedWire(Limits())
        bench.loop.add(Connection(number, ours, wire, peer, limits, bench.counters, now))
    bench.thread = threading.Thread(target=bench.loop.run, args=(got,))
    bench.thread.start()
    with ends[0], ends[1]:
        ends[0].send(message())
        got.wait(1)
        ends[1].send(message())
        assert [packet.connection_id for packet in got.wait_packets(2)] == [1, 2]
        bench.stop()


def test_closing_frees_the_descriptors() -> None:
    before = len(os.listdir("/proc/self/fd"))
    bench = LoopBench()
    assert len(os.listdir("/proc/self/fd")) == before + 2
    bench.loop.close()
    assert len(os.listdir("/proc/self/fd")) == before
