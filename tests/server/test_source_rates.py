from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.server.source_rates import ADDRESSES, TOLD_AFTER, SourceLimits, SourceRates, network64


class Counted:
    """Rates and what they told."""

    def __init__(self, rate: int = 10, burst: int = 20, *exempt: str) -> None:
        self.told: list[str] = []
        networks = tuple(ip_network(text) for text in exempt)
        self.rates = SourceRates(SourceLimits(rate, burst, networks), self.told.append)

    def passed(self, host: str, now: float, sent: int) -> int:
        """How many of so many messages at one instant are let through."""
        return sum(not self.rates.exceeds(host, now) for _ in range(sent))


@pytest.mark.parametrize(
    ("sent", "passed"),
    [
        ([(0.0, 100)], [20]),
        ([(0.0, 20), (0.1, 5), (1.1, 100)], [20, 1, 10]),
        ([(0.0, 20), (100.0, 100)], [20, 20]),
        ([(0.5 * step, 5) for step in range(20)], [5] * 20),
        ([(0.5 * step, 6) for step in range(20)], [6] * 15 + [5] * 5),
    ],
)
def test_a_bucket(sent: list[tuple[float, int]], passed: list[int]) -> None:
    counted = Counted()
    assert [counted.passed("192.0.2.1", 1000.0 + at, number) for at, number in sent] == passed


def test_addresses_do_not_count_for_each_other() -> None:
    counted = Counted()
    assert counted.passed("192.0.2.1", 1.0, 50) == 20
    assert counted.passed("192.0.2.2", 1.0, 50) == 20
    assert counted.rates.dropped == 60


def test_a_network_of_ipv6_is_one_address() -> None:
    counted = Counted()
    assert [counted.passed(f"2001:db8::{last:x}", 1.0, 1) for last in range(30)] == [1] * 20 + [0] * 10
    assert counted.passed("2001:db8:0:1::1", 1.0, 1) == 1


@pytest.mark.parametrize(
    ("host", "passed"),
    [
        ("10.1.2.3", 50),
        ("11.1.2.3", 20),
        ("198.51.100.7", 50),
        ("198.51.100.8", 20),
        ("fd00::1", 50),
        ("2001:db8::1", 20),
        ("2001:db8:5::9", 50),  # the whole /64 is
    ],
)
def test_exempt(host: str, passed: int) -> None:
    counted = Counted(10, 20, "10.0.0.0/8", "198.51.100.7", "fc00::/7", "2001:db8:5::1")
    assert [counted.passed(host, now, 50) for now in (1.0, 1.0)] == [passed, passed if passed == 50 else 0]


def test_any_number() -> None:
    counted = Counted(0)
    assert counted.passed("192.0.2.1", 1.0, 1000) == 1000
    assert len(counted.rates) == 0


def test_told_once_in_a_while() -> None:
    counted = Counted()
    for step in range(int(TOLD_AFTER)):
        counted.passed("192.0.2.1", 1000.0 + step, 100)
    assert counted.told == [
        "192.0.2.1 sends more than 10 messages a second: what is beyond is dropped ([server.sources])"
    ]
    counted.passed("192.0.2.1", 1000.0 + TOLD_AFTER, 100)
    assert len(counted.told) == 2


def test_who_goes_on_is_remembered_and_who_is_silent_is_forgotten() -> None:
    counted = Counted()
    for step in range(10):
        now = 1000.0 + step
        counted.passed("192.0.2.1", now, 100)
        counted.passed(f"192.0.2.{100 + step}", now, 1)
    assert counted.rates.dropped == 80 + 9 * 90
    assert len(counted.rates) < 8


def test_false_senders_cost_bounded_memory_and_stop_nobody_known() -> None:
    counted = Counted()
    counted.passed("192.0.2.1", 1.0, 5)
    for number in range(2 * ADDRESSES):
        assert not counted.rates.exceeds(str(ip_address(0x0B000000 + number)), 1.0)
    assert len(counted.rates) == ADDRESSES
    assert counted.passed("192.0.2.1", 1.0, 100) == 15
    for number in range(3 * ADDRESSES):
        counted.rates.exceeds(str(ip_address(0x0C000000 + number)), 5.0 + number / 1000)
    assert len(counted.rates) <= 2 * ADDRESSES


@given(st.integers(0, 2**128 - 1), st.integers(0, 2**128 - 1))
def test_the_network_of_an_address(number: int, holes: int) -> None:
    for value in (number, number & holes, number & 0xFFFF, number >> 64 << 64):
        address = ip_address(value) if value >= 2**32 else ip_address(value + 2**33)
        assert ip_network(network64(str(address))) == ip_network(f"{address}/64", strict=False)


def test_other_limits_count_everybody_anew() -> None:
    counted = Counted(10, 20)
    assert counted.passed("192.0.2.1", 0.0, 30) == 20
    counted.rates.use(SourceLimits(10, 5, (ip_network("192.0.2.2"),)))
    assert counted.passed("192.0.2.1", 0.0, 30) == 5
    assert counted.passed("192.0.2.2", 0.0, 30) == 30
    counted.rates.use(SourceLimits(0, 5))
    assert counted.passed("192.0.2.1", 0.0, 30) == 30
