import socket
from collections.abc import Iterator

import pytest

from luasip.sip.parser import Limits
from luasip.transport.connection import Connection, ConnectionLimits, Peer
from luasip.transport.connections import MAX_ALIASES, ConnectionTable
from luasip.transport.packet import Listener
from luasip.transport.reporting import Counters
from luasip.transport.wire import FramedWire

LISTENER = Listener("tcp", "127.0.0.1", 5060)


@pytest.fixture
def opened() -> Iterator[socket.socket]:
    with socket.socket() as opened:
        yield opened


def connection(opened: socket.socket, number: int, port: int = 6000, host: str = "192.0.2.1") -> Connection:
    peer = Peer("tcp", host, port, LISTENER, inbound=True)
    return Connection(number, opened, FramedWire(Limits()), peer, ConnectionLimits(), Counters(), 0.0)


def test_found_by_id_and_by_address(opened: socket.socket) -> None:
    table = ConnectionTable(10)
    first = connection(opened, 1)
    assert table.add(first)
    assert table.get(1) is table.find(("tcp", "192.0.2.1", 6000)) is first
    assert table.find(("tcp", "192.0.2.1", 6001)) is None
    assert table.find(("tls", "192.0.2.1", 6000)) is None
    assert table.all() == [first]
    assert len(table) == 1


def test_the_newest_is_found_and_the_older_returns_when_it_goes(opened: socket.socket) -> None:
    table = ConnectionTable(10)
    old, new = connection(opened, 1), connection(opened, 2)
    table.add(old)
    table.add(new)
    address = ("tcp", "192.0.2.1", 6000)
    assert table.find(address) is new
    assert table.remove(new)
    assert table.find(address) is old
    assert table.remove(old)
    assert table.find(address) is None
    assert not table.remove(old)


def test_the_limit(opened: socket.socket) -> None:
    table = ConnectionTable(1)
    first = connection(opened, 1)
    assert table.add(first)
    assert not table.add(connection(opened, 2, 6001))
    table.remove(first)
    assert table.add(connection(opened, 3))


def test_aliases_are_of_the_peers_own_address_and_go_with_it(opened: socket.socket) -> None:
    table = ConnectionTable(10)
    first = connection(opened, 1)
    table.add(first)
    assert table.add_alias(1, 5060)
    assert table.add_alias(1, 5060)
    assert table.find(("tcp", "192.0.2.1", 5060)) is first
    table.remove(first)
    assert table.find(("tcp", "192.0.2.1", 5060)) is None


@pytest.mark.parametrize(("number", "port"), [(2, 5060), (1, 0), (1, 65536), (1, -5)])
def test_an_alias_that_cannot_be(opened: socket.socket, number: int, port: int) -> None:
    table = ConnectionTable(10)
    table.add(connection(opened, 1))
    assert not table.add_alias(number, port)


def test_aliases_are_limited(opened: socket.socket) -> None:
    table = ConnectionTable(10)
    table.add(connection(opened, 1))
    assert [table.add_alias(1, 7000 + number) for number in range(MAX_ALIASES + 2)].count(True) == MAX_ALIASES
