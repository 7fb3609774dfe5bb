import pytest

from luasip.server.light_sources import FEW
from luasip.server.overload import (
    DROP,
    PASS,
    REFUSE,
    Overload,
    OverloadLimits,
    gives_way,
    is_new,
    is_probe,
)

NEW = b"INVITE sip:bob@example.com SIP/2.0\r\nTo: <sip:bob@example.com>\r\n\r\n"
WITHIN = b"INFO sip:bob@example.com SIP/2.0\r\nt : <sip:bob@example.com>;x=y;tag=1\r\n\r\n"
PROBE = b"OPTIONS sip:example.com SIP/2.0\r\nTo: <sip:example.com>\r\n\r\n"
RESPONSE = b"SIP/2.0 200 OK\r\nTo: <sip:b@h>\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (NEW, True),
        (b"\r\n" + NEW, True),
        (PROBE, True),
        (NEW.replace(b"To:", b"Toll: ;tag=1\r\nTo:"), True),
        (NEW.replace(b"INVITE", b"REGISTER"), True),
        (NEW.replace(b"INVITE", b"SUBSCRIBE"), True),
        (NEW.replace(b"bob@", b"vintage@"), True),
        (NEW + b"To: <sip:in@the.body>;tag=1", True),
        (WITHIN.replace(b"t : ", b"To: "), False),
        (WITHIN.replace(b"t : ", b"To: ").replace(b";tag=", b"; TAG ="), False),
        (WITHIN + b"x\r\nTo: <sip:in@the.body>\r\n", False),
        (WITHIN, False),
        (WITHIN.replace(b"t : ", b"TO:"), False),
        (RESPONSE, False),
        (b"sip/2.0 200 OK\r\n\r\n", False),
        *[(NEW.replace(b"INVITE", method), False) for method in (b"ACK", b"CANCEL", b"BYE", b"PRACK")],
    ],
)
def test_is_new(data: bytes, expected: bool) -> None:
    assert is_new(data) is expected


@pytest.mark.parametrize("data", [NEW, WITHIN, RESPONSE, PROBE])
def test_what_is_new_gives_way(data: bytes) -> None:
    assert gives_way(data) is is_new(data)


def test_a_cancel_does_not_overtake_its_invite() -> None:
    assert gives_way(NEW.replace(b"INVITE", b"CANCEL"))


def test_is_probe() -> None:
    assert is_probe(PROBE)
    assert not is_probe(PROBE.replace(b"sip:example", b"sip:bob@example", 1))
    assert not is_probe(NEW)


class Held:
    """What a server holds."""

    def __init__(self, **limits: float) -> None:
        self.transactions = 0
        self.suspended = 0
        chosen = OverloadLimits(**limits)  # type: ignore[arg-type]
        self.told: list[str] = []
        self.overload = Overload(
            chosen, lambda: self.transactions, lambda: self.suspended, 50, self.told.append
        )

    def judge(self, age: float, now: float, data: bytes = NEW, host: str = "192.0.2.1") -> int:
        return self.overload.judge(data, age, now, host)

    def flood(self, age: float, now: float) -> None:
        """Let the address ask for much."""
        for _ in range(FEW):
            self.judge(age, now)


def test_a_short_jam_is_no_overload() -> None:
    held = Held(late=0.1, patience=0.5)
    assert [held.judge(0.3, 10.0 + step / 10) for step in range(5)] == [PASS] * 5
    assert held.judge(0.05, 10.5) == PASS
    assert held.judge(0.3, 10.6) == PASS


def test_what_stays_late_is_refused_then_dropped_until_it_is_in_time() -> None:
    held = Held(late=0.1, patience=0.5, refusals=2)
    assert held.judge(0.2, 10.0) == PASS
    assert [held.judge(0.2, 10.6) for _ in range(4 + FEW)] == [PASS] * FEW + [REFUSE, REFUSE, DROP, DROP]
    assert held.judge(0.2, 10.6, WITHIN) == held.judge(0.2, 10.6, RESPONSE) == PASS
    assert held.judge(0.02, 10.7) == PASS
    assert held.judge(0.2, 11.2) == REFUSE  # a relapse
    assert (held.overload.refused, held.overload.dropped) == (3, 2)
    assert held.told == [
        "overload: messages wait 0.20 s, 0 transactions, 0 suspended routes; what begins something new is refused"
    ]
    assert [held.judge(0.0, 20.0), held.judge(0.2, 30.0)] == [PASS, PASS]  # long ago


@pytest.mark.parametrize(
    ("age", "taken"), [(0.0, 80), (0.02, 80), (0.04, 45), (0.06, 20), (0.08, 5), (0.1, 0), (0.5, 0)]
)
def test_the_longer_the_wait_the_fewer_are_taken(age: float, taken: int) -> None:
    held = Held(late=0.1, patience=0.0)
    held.flood(0.2, 10.0)
    assert abs([held.judge(age, 10.0) for _ in range(80)].count(PASS) - taken) <= 1
    assert [held.judge(age, 10.0, WITHIN) for _ in range(20)] == [PASS] * 20


@pytest.mark.parametrize(("age", "taken"), [(0.04, 29), (0.06, 8)])
def test_it_goes_on_while_messages_wait_for_half_of_what_is_late(age: float, taken: int) -> None:
    held = Held(late=0.1, patience=0.0)
    held.judge(0.2, 0.0)
    found = []
    for second in range(30):
        held.flood(age, float(second))
        found.append(held.judge(age, float(second)))
    assert abs(found.count(PASS) - taken) <= 2


def test_monitors_are_answered() -> None:
    held = Held(late=0.1, patience=0.0, refusals=0, probes=2)
    held.flood(0.2, 10.0)
    assert [held.judge(0.2, 10.0, PROBE) for _ in range(3)] == [PASS, PASS, DROP]
    assert held.judge(0.2, 11.0, PROBE) == PASS


def test_who_asks_for_little_is_served_beside_who_asks_for_much() -> None:
    held = Held(late=0.1, patience=0.0)
    found = []
    for second in range(5):
        held.flood(0.2, float(second))
        found.append([held.judge(0.2, float(second), host="192.0.2.2") for _ in range(FEW + 1)])
    assert [verdicts[:FEW] for verdicts in found] == [[PASS] * FEW] * 5
    assert all(verdicts[FEW] != PASS for verdicts in found)


def test_full_tables() -> None:
    held = Held(transactions=3, refusals=100)
    held.transactions = 2
    assert held.judge(0.0, 1.0) == PASS
    held.transactions = 3
    assert held.judge(0.0, 1.0) == REFUSE
    assert held.judge(0.0, 1.0, WITHIN) == PASS
    held.transactions, held.suspended = 0, 50
    assert held.judge(0.0, 1.0) == REFUSE
    held.suspended = 49
    assert held.judge(0.0, 1.0) == PASS


@pytest.mark.parametrize("most", [1, 2, 3, 10, 49, 1000])
def test_tables_do_not_overflow_though_they_are_seldom_looked_at(most: int) -> None:
    looks = 0

    def transactions() -> int:
        nonlocal looks
        looks += 1
        return taken

    taken = 0
    overload = Overload(OverloadLimits(transactions=most), transactions, lambda: 0, 5000, lambda _: None)
    while overload.judge(NEW, 0.0, 1.0, "192.0.2.1") == PASS:
        taken += 1
    assert taken == most
    assert looks < 25


def test_what_went_before_does_not_hide_that_new_requests_wait() -> None:
    held = Held(late=0.1, patience=0.5)
    held.flood(0.3, 10.0)
    for step in range(6):
        assert held.judge(0.0, 10.0 + step / 10, RESPONSE) == PASS
    held.flood(0.3, 10.6)
    assert held.judge(0.3, 10.6) == REFUSE


def test_two_short_jams_are_no_overload() -> None:
    held = Held(late=0.1, patience=0.5)
    assert [held.judge(0.3, at) for at in (10.0, 20.0, 20.4, 30.0)] == [PASS] * 4
    held.flood(0.3, 30.6)
    assert held.judge(0.3, 30.6) == REFUSE


def test_limits_may_be_switched_off() -> None:
    held = Held(late=0.0, patience=0.0, transactions=0)
    held.transactions = 10**6
    assert held.judge(9.0, 1.0) == PASS
