import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from luasip.errors import TransportError
from luasip.transport.byte_streams import ByteConnection, ByteStreams
from tests.transport.wait import PATIENCE, read_exactly

LIMIT = 100_000


class Recorder:
    """An owner that keeps what it is told."""

    def __init__(self, on_connected: Callable[[ByteConnection], None] = lambda connection: None) -> None:
        self.on_connected = on_connected
        self.opened: list[ByteConnection] = []
        self.data = b""
        self.ended: list[tuple[ByteConnection, str]] = []
        self.failures: list[str] = []
        self.threads: set[str] = set()
        self._changed = threading.Condition()

    def connected(self, connection: ByteConnection) -> None:
        with self._told():
            self.opened.append(connection)
        self.on_connected(connection)

    def received(self, connection: ByteConnection, data: bytes) -> None:
        with self._told():
            self.data += data

    def closed(self, connection: ByteConnection, why: str) -> None:
        with self._told():
            self.ended.append((connection, why))

    def failed(self, why: str) -> None:
        with self._told():
            self.failures.append(why)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        with self._changed:
            self.threads.add(threading.current_thread().name)
            yield
            self._changed.notify_all()

    def wait(self, condition: Callable[[], object]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), vars(self)


@pytest.fixture
def streams() -> Iterator[ByteStreams]:
    made = ByteStreams()
    yield made
    made.stop()
    assert [thread for thread in threading.enumerate() if thread.name == "byte-streams"] == []


def dialed(streams: ByteStreams, owner: Recorder, limit: int = LIMIT) -> socket.socket:
    """A client's socket, connected to a listener of `owner`."""
    listener = streams.listen("127.0.0.1", 0, owner, limit)
    client = socket.create_connection(("127.0.0.1", listener.port), 3)
    owner.wait(lambda: owner.opened)
    return client


def test_bytes_go_both_ways_on_one_thread(streams: ByteStreams) -> None:
    owner = Recorder()
    with dialed(streams, owner) as client:
        connection = owner.opened[0]
        assert (connection.host, connection.port) == client.getsockname()
        client.sendall(b"hello")
        owner.wait(lambda: owner.data == b"hello")
        assert connection.send(b"wo")
        assert connection.send(b"rld")
        assert read_exactly(client, 5) == b"world"
    owner.wait(lambda: owner.ended)
    assert owner.ended == [(connection, "")]
    assert owner.threads == {"byte-streams"}
    assert not connection.send(b"late")


def test_no_thread_without_a_stream() -> None:
    before = threading.active_count()
    streams = ByteStreams()
    assert threading.active_count() == before
    streams.stop()
    with pytest.raises(TransportError, match="stopping"):
        streams.listen("127.0.0.1", 0, Recorder(), LIMIT)


def test_an_address_that_is_taken(streams: ByteStreams) -> None:
    port = streams.listen("127.0.0.1", 0, Recorder(), LIMIT).port
    with pytest.raises(TransportError, match=f"127.0.0.1:{port}: address already in use"):
        streams.listen("127.0.0.1", port, Recorder(), LIMIT)


def test_ipv6(streams: ByteStreams) -> None:
    owner = Recorder()
    port = streams.listen("::1", 0, owner, LIMIT).port
    other = Recorder()
    streams.connect("::1", port, other, other.failed, LIMIT, 3)
    owner.wait(lambda: owner.opened)
    other.wait(lambda: other.opened)
    assert owner.opened[0].host == other.opened[0].host == "::1"


def test_connecting(streams: ByteStreams) -> None:
    owner = Recorder()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        streams.connect("127.0.0.1", port, owner, owner.failed, LIMIT, 3)
        accepted, _ = server.accept()
        owner.wait(lambda: owner.opened)
        owner.opened[0].send(b"x")
        assert accepted.recv(1) == b"x"
        accepted.close()
        owner.wait(lambda: owner.ended)
    streams.connect("127.0.0.1", port, owner, owner.failed, LIMIT, 3)
    owner.wait(lambda: owner.failures)
    assert owner.failures == ["connection refused"]


def test_a_connection_that_does_not_come_in_time(streams: ByteStreams) -> None:
    owner = Recorder()
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]  # they fill the queue of the listening socket
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        streams.connect("127.0.0.1", full.getsockname()[1], owner, owner.failed, LIMIT, 0.2)
        owner.wait(lambda: owner.failures)
        assert owner.failures == ["no connection within 0.2 s"]
        for one in waiting:
            one.close()


@pytest.mark.parametrize("is_made", [True, False])
def test_a_connection_made_as_its_dialling_is_given_up(streams: ByteStreams, is_made: bool) -> None:
    owner = Recorder()
    with socket.create_server(("127.0.0.1", 0)) as server:
        given_up: list[ByteConnection] = []

        def make() -> None:
            connection = ByteConnection(streams, owner, LIMIT)
            transport = asyncio.get_running_loop().create_connection(
                lambda: connection, *server.getsockname()
            )
            if is_made:
                owner.on_connected = lambda made: made.abandon(owner.failed, "too late")
            else:
                connection.abandon(owner.failed, "too late")
            given_up.append(connection)
            keep.append(asyncio.ensure_future(transport))

        keep: list[object] = []
        streams.listen("127.0.0.1", 0, Recorder(), LIMIT).close()  # the loop runs
        streams.perform(make)
        accepted, _ = server.accept()
        with accepted:
            assert accepted.recv(1) == b""
        if is_made:
            owner.wait(lambda: owner.ended)
            assert (owner.failures, owner.ended) == ([], [(given_up[0], "too late")])
        else:
            assert (owner.failures, owner.opened, owner.ended) == (["too late"], [], [])


def test_a_peer_that_does_not_read_holds_nobody_up(streams: ByteStreams) -> None:
    owner = Recorder()
    slow = dialed(streams, owner)
    with slow, socket.create_connection((slow.getpeername()), 3) as quick:
        owner.wait(lambda: len(owner.opened) == 2)
        deaf, listening = owner.opened
        sent, began = 0, time.monotonic()
        while deaf.send(b"x" * 10_000):
            sent += 1
        assert time.monotonic() - began < 3
        assert sent >= 10
        assert deaf.overflowed
        owner.wait(lambda: owner.ended)
        assert owner.ended == [(deaf, f"more than {LIMIT} bytes wait for the peer")]
        assert listening.send(b"still here")
        assert quick.recv(100) == b"still here"
        assert not listening.overflowed


def test_what_was_queued_leaves_before_a_close(streams: ByteStreams) -> None:
    def send_and_close(connection: ByteConnection) -> None:
        connection.send(b"x" * 50_000)
        connection.close()

    owner = Recorder(send_and_close)
    with dialed(streams, owner) as client:
        received = b""
        while piece := client.recv(65536):
            received += piece
        assert received == b"x" * 50_000
    owner.wait(lambda: owner.ended)
    assert owner.ended[0][1] == "closed by us"


def test_a_close_does_not_wait_for_a_deaf_peer(streams: ByteStreams) -> None:
    owner = Recorder()
    with dialed(streams, owner, 10_000_000):
        connection = owner.opened[0]
        connection.send(b"x" * 9_000_000)
        began = time.monotonic()
        connection.close()
        connection.close()
        owner.wait(lambda: owner.ended)
        assert time.monotonic() - began < 2
        assert [why for _, why in owner.ended] == ["closed by us"]


def test_a_paused_connection_is_not_read(streams: ByteStreams) -> None:
    owner = Recorder(lambda connection: connection.pause())
    with dialed(streams, owner) as client:
        client.sendall(b"early")
        with socket.create_connection(client.getpeername(), 3):
            owner.wait(lambda: len(owner.opened) == 2)  # the loop has turned since
        assert owner.data == b""
        owner.opened[0].resume()
        owner.wait(lambda: owner.data == b"early")


def test_an_owner_that_fails_costs_its_connection_only(
    streams: ByteStreams, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(connection: ByteConnection) -> None:
        raise ValueError("a fault")

    owner = Recorder(fail)
    with dialed(streams, owner) as client:
        assert client.recv(1) == b""
        owner.wait(lambda: owner.ended)
        assert owner.ended[0][1] == "internal error"
        assert "a fault" in caplog.text
        owner.on_connected = lambda connection: None
        with socket.create_connection(client.getpeername(), 3) as next_one:
            owner.wait(lambda: len(owner.opened) == 2)
            next_one.sendall(b"fine")
            owner.wait(lambda: owner.data == b"fine")


def test_a_closed_listener(streams: ByteStreams) -> None:
    owner = Recorder()
    listener = streams.listen("127.0.0.1", 0, owner, LIMIT)
    with socket.create_connection(("127.0.0.1", listener.port), 3) as client:
        owner.wait(lambda: owner.opened)
        listener.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", listener.port), 3)
        client.sendall(b"lives on")
        owner.wait(lambda: owner.data == b"lives on")


def test_stopping_sends_what_was_queued_and_closes_everything() -> None:
    streams, owner = ByteStreams(), Recorder()
    client = dialed(streams, owner)
    owner.opened[0].send(b"goodbye")
    streams.stop()
    assert client.recv(100) == b"goodbye"
    assert client.recv(100) == b""
    assert len(owner.ended) == 1
    streams.stop()
    assert not owner.opened[0].send(b"late")
    client.close()


def test_stopping_ends_what_still_connects() -> None:
    streams, owner = ByteStreams(), Recorder()
    streams.connect("192.0.2.1", 9, owner, owner.failed, LIMIT, 60)
    began = time.monotonic()
    streams.stop()
    assert time.monotonic() - began < 2
    assert owner.opened == []
