"""luasip/server/log_floods.py: which records pass, with a clock the test sets."""

import logging

import pytest

from luasip.server import log_floods
from luasip.server.log_floods import FloodGate


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def record(text: str, *args: object, name: str = "luasip", level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord(name, level, "", 0, text, args, None)


def test_limit_in_an_interval() -> None:
    clock = Clock()
    gate = FloodGate(2, 1.0, clock)
    assert [gate.admits(record("a %d", n)) for n in range(4)] == [True, True, False, False]
    assert gate.summaries() == []
    clock.now += 1.0
    (summary,) = gate.summaries()
    assert summary.getMessage() == "suppressed 2 more in 1.0 s: a %d"
    assert (summary.name, summary.levelno) == ("luasip", logging.INFO)
    assert gate.admits(record("a %d", 5))
    assert gate.suppressed == 2


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (record("a %d", 1), record("a %d", 2), True),
        (record("a"), record("b"), False),
        (record("a"), record("a", name="other"), False),
        (record("a"), record("a", level=logging.ERROR), False),
        (record("%s", "script text"), record("%s", "script text"), True),
        (record("%s", "one"), record("%s", "another"), False),
        (record("%s", 1), record("%s", 2), True),
    ],
)
def test_kinds(first: logging.LogRecord, second: logging.LogRecord, same: bool) -> None:
    gate = FloodGate(1, 1.0, Clock())
    assert gate.admits(first)
    assert gate.admits(second) is not same


def test_quiet_kinds_are_forgotten_without_a_word() -> None:
    clock = Clock()
    gate = FloodGate(2, 1.0, clock)
    gate.admits(record("a"))
    clock.now += 5
    assert gate.summaries() == []
    assert [gate.admits(record("a")) for _ in range(3)] == [True, True, False]


def test_at_end_every_flood_is_told() -> None:
    gate = FloodGate(1, 60.0, Clock())
    gate.admits(record("a"))
    gate.admits(record("a"))
    (summary,) = gate.summaries(at_end=True)
    assert summary.getMessage() == "suppressed 1 more in 0.0 s: a"


def test_no_limit() -> None:
    gate = FloodGate(0, 1.0, Clock())
    assert all(gate.admits(record("a")) for _ in range(1000))


def test_the_table_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_floods, "MAX_KINDS", 3)
    gate = FloodGate(1, 1.0, Clock())
    for name in "abcde":
        assert gate.admits(record(name))
    assert gate.admits(record("e"))
    assert not gate.admits(record("a"))
