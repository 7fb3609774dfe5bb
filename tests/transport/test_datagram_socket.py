"""Datagrams received and sent one by one, in Python, and several at one time, by datagrams.c."""

import errno
import importlib.util
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest

from luasip.errors import TransportError
from luasip.transport import datagram_socket
from luasip.transport.datagram_socket import SO_TIMESTAMPNS, DatagramSocket, age_of
from tests.built import IS_COMPILED, extension

AT_ONCE = 16
"""The most that datagrams.c takes in one call."""


def test_the_compiled_build_has_it() -> None:
    assert not IS_COMPILED or importlib.util.find_spec("luasip.transport.datagrams") is not None


@pytest.fixture(scope="module")
def datagrams(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """datagrams.c; LUASIP_DATAGRAMS names a build of it to take."""
    folder = tmp_path_factory.mktemp("datagrams")
    return extension("luasip.transport.datagrams", folder, given=os.environ.get("LUASIP_DATAGRAMS", ""))


@pytest.fixture(params=["python", "c"])
def ways(request: pytest.FixtureRequest, datagrams: ModuleType) -> Iterator[str]:
    """How it is done."""
    together = datagrams if request.param == "c" else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datagram_socket, "_receive", getattr(together, "receive", None))
        patch.setattr(datagram_socket, "_send", getattr(together, "send", None))
        yield request.param


Make = Callable[[str], DatagramSocket]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes bound sockets."""
    made: list[socket.socket] = []

    def one(host: str) -> DatagramSocket:
        opened = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        made.append(opened)
        opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 5, 0))
        opened.bind((host, 0))
        return DatagramSocket(opened)

    yield one
    for opened in made:
        opened.close()


def place(one: DatagramSocket) -> tuple[str, int]:
    host, port = one.opened.getsockname()[:2]
    return host, port


def receive(one: DatagramSocket, count: int) -> list[tuple[bytes, str, int, float]]:
    found: list[tuple[bytes, str, int, float]] = []
    while len(found) < count:
        found += one.receive(0)
    return found


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("count", [1, 3, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE])
def test_all_come_whole_in_order_and_say_where_from(ways: str, make: Make, host: str, count: int) -> None:
    here, there = make(host), make(host)
    contents = [b"%d:" % number + bytes(range(256)) * (number % 5) for number in range(count)]
    assert here.send([(content, *place(there)) for content in contents]) == []
    found = receive(there, count)
    assert [data for data, *_ in found] == contents
    assert {(source, port) for _, source, port, _ in found} == {place(here)}


def test_what_waits_is_taken_together(datagrams: ModuleType, make: Make) -> None:
    here, there = make("127.0.0.1"), make("127.0.0.1")
    here.send([(b"x", *place(there))] * (AT_ONCE + 2))
    taken = [datagrams.receive(there.opened.fileno(), 0) for _ in range(2)]
    assert [len(each) for each in taken] == [AT_ONCE, 2]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.0", "127.10.200.99", "127.255.255.254"])
def test_addresses_are_spelt_as_usual(ways: str, make: Make, host: str) -> None:
    there = make("127.0.0.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((host, 0) if host != "127.0.0.0" else ("127.0.0.9", 0))
        sender.sendto(b"x", place(there))
        assert receive(there, 1)[0][1] == sender.getsockname()[0]


def test_it_says_how_long_a_datagram_has_waited(ways: str, make: Make) -> None:
    here, there = make("127.0.0.1"), make("127.0.0.1")
    here.send([(b"x", *place(there))])
    time.sleep(0.2)
    assert 0.2 <= receive(there, 1)[0][3] < 5.0
    here.send([(b"x", *place(there))])
    assert receive(there, 1)[0][3] < 0.2


def test_an_empty_datagram_and_the_longest(ways: str, make: Make) -> None:
    here, there = make("127.0.0.1"), make("127.0.0.1")
    longest = b"l" * 65507  # what is left of 65,535 bytes behind the headers of IP and UDP
    assert here.send([(b"", *place(there)), (longest, *place(there))]) == []
    assert [data for data, *_ in receive(there, 2)] == [b"", longest]


def test_none_that_waits_is_told_at_once_when_asked_not_to_wait(ways: str, make: Make) -> None:
    with pytest.raises(BlockingIOError):
        make("127.0.0.1").receive(socket.MSG_DONTWAIT)


def test_a_signal_does_not_end_the_wait(ways: str, make: Make) -> None:
    """A thread that runs Lua gets one for each 20 ms of CPU time."""
    here, there = make("127.0.0.1"), make("127.0.0.1")
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: heard.append(number))
    try:
        with ThreadPoolExecutor(1) as pool:
            thread = pool.submit(threading.get_ident).result()
            waiting = pool.submit(there.receive, 0)
            for _ in range(5):
                time.sleep(0.01)
                signal.pthread_kill(thread, signal.SIGUSR1)
            here.send([(b"x", *place(there))])
            assert waiting.result()[0][0] == b"x"
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert heard


def test_a_socket_that_was_shut_down_gives_a_datagram_without_host(ways: str, make: Make) -> None:
    one = make("127.0.0.1")
    with pytest.raises(OSError, match=os.strerror(errno.ENOTCONN)):
        one.opened.shutdown(socket.SHUT_RDWR)  # and yet it is
    assert one.receive(0)[0][:3] == (b"", "", 0)


def test_a_closed_socket_is_told(ways: str, make: Make) -> None:
    one = make("127.0.0.1")
    one.opened.close()
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        one.receive(0)
    [(number, error)] = one.send([(b"x", "127.0.0.1", 5060)])
    assert number == 0
    assert str(error) == f"[Errno {errno.EBADF}] {os.strerror(errno.EBADF)}"


def test_one_that_cannot_be_sent_does_not_keep_the_others(ways: str, make: Make) -> None:
    here, there = make("127.0.0.1"), make("127.0.0.1")
    host, port = place(there)
    faulty = [
        (b"x" * 70_000, host, port),
        (b"x", "nowhere.example", port),
        (b"x", host, 70_000),
        (b"x", host, -1),
        (b"x", host, 0),
        (b"x", "", port),
        (b"x", "127.0.0.1\0", port),
    ]
    mixed = [one for number, bad in enumerate(faulty) for one in ((b"%d" % number, host, port), bad)]
    failures = here.send(mixed)
    assert sorted(at for at, _ in failures) == list(range(1, 2 * len(faulty), 2))
    told = {mixed[at][1:]: error for at, error in failures if len(mixed[at][0]) == 1}
    assert isinstance(told["nowhere.example", port], TransportError)
    assert isinstance(told[host, 70_000], TransportError)
    assert str(told[host, 0]) == f"[Errno {errno.EINVAL}] {os.strerror(errno.EINVAL)}"
    assert "Message too long" in str(dict(failures)[1])
    assert [data for data, *_ in receive(there, len(faulty))] == [b"%d" % n for n in range(len(faulty))]


def test_addresses_in_brackets_and_zones_are_for_python(ways: str, make: Make) -> None:
    here, there = make("::1"), make("::1")
    port = place(there)[1]
    assert here.send([(b"1", "[::1]", port), (b"2", "0:0:0:0:0:0:0:1", port)]) == []
    assert sorted(data for data, *_ in receive(there, 2)) == [b"1", b"2"]
    [(_, error)] = here.send([(b"x", "fe80::1%nowhere", port)])
    assert isinstance(error, TransportError)
    assert "nowhere" in str(error)


@pytest.mark.parametrize("code", [errno.EWOULDBLOCK, errno.ENOBUFS])
def test_a_full_socket_is_told(code: int) -> None:
    class Full:
        def fileno(self) -> int:
            return -1

        def sendto(self, *arguments: Any) -> int:
            raise OSError(code, os.strerror(code))

    full: Any = Full()
    [(_, error)] = DatagramSocket(full).send([(b"x", "[::1]", 5060)])
    assert str(error) == f"[Errno {code}] {os.strerror(code)}"


@pytest.mark.parametrize(
    "arguments",
    [(), (1,), (1, 2, 3), ("x", 0), (1, "x"), (2**70, 0)],
)
def test_receive_refuses_other_arguments(datagrams: ModuleType, arguments: tuple[Any, ...]) -> None:
    with pytest.raises((TypeError, OverflowError)):
        datagrams.receive(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [(), (1,), (1, []), ("x", ()), (1, (b"",)), (1, ((b"", "h"),)), (1, (("", "h", 1),)), (1, ((b"", 1, 1),)),
     (1, ((b"", "h", "1"),))],
)  # fmt: skip
def test_send_refuses_other_arguments(datagrams: ModuleType, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        datagrams.send(*arguments)


@pytest.mark.parametrize("port", [2**40, -(2**70)])
def test_a_port_that_is_none_is_left_to_python(datagrams: ModuleType, make: Make, port: int) -> None:
    assert datagrams.send(make("127.0.0.1").opened.fileno(), ((b"x", "127.0.0.1", port),)) == [(0, -1)]


@pytest.mark.parametrize(
    ("ago", "expected"), [(0.0, 0.0), (1.5, 1.5), (59.0, 59.0), (86400.0, 0.0), (-86400.0, 0.0)]
)
def test_age_of_a_datagram(ago: float, expected: float) -> None:
    """Beyond a minute, and before it came, it is the clock that has jumped."""
    seconds, fraction = divmod(time.time() - ago, 1)
    stamp = struct.pack("ll", int(seconds), int(fraction * 1e9))
    assert abs(age_of([(socket.SOL_SOCKET, 35, stamp)]) - expected) < 0.2
    assert age_of([(socket.SOL_SOCKET, 1, stamp)]) == age_of([]) == 0.0
