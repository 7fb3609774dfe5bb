import pytest

from luasip.transport.backlog import OVERHEAD, Backlog
from luasip.transport.packet import Listener, Packet


def packet(data: bytes) -> Packet:
    return Packet(data, "192.0.2.1", 5060, Listener("udp", "127.0.0.1", 5060), 0, 0.0)


def test_in_the_order_they_came() -> None:
    backlog = Backlog(10_000)
    assert not backlog
    assert [backlog.add(packet(data)) for data in (b"a", b"b")] == [0, 0]
    assert len(backlog) == 2
    assert [backlog.take().data, backlog.take().data] == [b"a", b"b"]
    assert not backlog
    with pytest.raises(IndexError):
        backlog.take()


def test_the_oldest_are_dropped_when_it_is_too_much() -> None:
    backlog = Backlog(3 * (OVERHEAD + 10))
    assert [backlog.add(packet(b"%010d" % number)) for number in range(5)] == [0, 0, 0, 1, 1]
    assert backlog.add(packet(b"x" * (OVERHEAD + 20))) == 2
    assert [backlog.take().data[-1:] for _ in range(len(backlog))] == [b"4", b"x"]
    assert backlog.add(packet(b"y" * 10_000)) == 1  # larger than all that may wait
    assert not backlog
