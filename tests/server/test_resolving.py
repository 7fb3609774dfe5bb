"""luasip/server/resolving.py: what is kept, how long, and how much of it."""

import pytest

from luasip.errors import TransportError
from luasip.server.resolving import CachingResolver
from luasip.transport.resolver import NextHop


class Bench:
    """A resolver over a name service that counts what it is asked; `missing` does not exist."""

    def __init__(self, size: int = 2, keep_for: float = 10.0, keep_failure_for: float = 3.0) -> None:
        self.now = 0.0
        self.asked: list[str] = []
        self.missing = "none.example"
        self._resolver = CachingResolver(size, keep_for, keep_failure_for, lambda: self.now, self._look_up)

    def _look_up(self, host: str, port: int, protocol: str) -> list[NextHop]:
        self.asked.append(host)
        if host == self.missing:
            raise TransportError(f"{host!r} has no address")
        return [NextHop(protocol, f"192.0.2.{len(self.asked)}", port or 5060)]

    def hosts(self, host: str, port: int = 0, protocol: str = "udp") -> list[str]:
        return [hop.host for hop in self._resolver.resolve(host, port, protocol)]


def test_an_answer_is_kept_for_its_time() -> None:
    bench = Bench()
    assert bench.hosts("a.example") == bench.hosts("A.Example") == ["192.0.2.1"]
    bench.now = 9.9
    assert bench.hosts("a.example") == ["192.0.2.1"]
    bench.now = 10.0
    assert bench.hosts("a.example") == ["192.0.2.2"]
    assert bench.asked == ["a.example", "a.example"]


def test_port_and_protocol_are_part_of_the_question() -> None:
    bench = Bench(size=10)
    bench.hosts("a.example")
    bench.hosts("a.example", 5070)
    bench.hosts("a.example", 5070, "tcp")
    assert len(bench.asked) == 3


def test_a_failure_is_raised_once_and_then_known() -> None:
    bench = Bench()
    with pytest.raises(TransportError, match=r"'none\.example' has no address"):
        bench.hosts("none.example")
    assert bench.hosts("none.example") == []
    bench.now = 3.0
    with pytest.raises(TransportError):
        bench.hosts("none.example")


def test_a_name_that_comes_into_being_is_found() -> None:
    bench = Bench()
    bench.missing = "new.example"
    with pytest.raises(TransportError):
        bench.hosts("new.example")
    bench.missing = ""
    assert bench.hosts("new.example") == []
    bench.now = 3.0
    assert bench.hosts("new.example") == bench.hosts("new.example") == ["192.0.2.2"]


def test_the_oldest_answer_makes_room() -> None:
    bench = Bench(size=2)
    for host in ("a", "b", "c", "b", "c", "a"):
        bench.hosts(host)
    assert bench.asked == ["a", "b", "c", "a"]


@pytest.mark.parametrize(("size", "keep_for"), [(0, 10.0), (2, 0.0)])
def test_nothing_kept(size: int, keep_for: float) -> None:
    bench = Bench(size, keep_for)
    bench.hosts("a")
    bench.hosts("a")
    assert bench.asked == ["a", "a"]


def test_failures_not_kept() -> None:
    bench = Bench(keep_failure_for=0.0)
    for _ in range(2):
        with pytest.raises(TransportError):
            bench.hosts("none.example")
