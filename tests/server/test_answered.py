"""luasip/server/transactions/answered.py: how long answers are kept. What they are for is in tests/scenarios."""

from luasip.server.timers import Timers
from luasip.server.transactions.answered import SWEEP_AFTER, Answered, AnsweredTable


class Bench:
    """A table in virtual time."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.timers = Timers(lambda: self.now)
        self.table = AnsweredTable(self.timers)

    def add(self, key: str, seconds: float) -> None:
        self.table.add(Answered(key, "", None, self.now + seconds))

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.timers.run_due()


def test_each_is_kept_until_its_time_is_over() -> None:
    bench = Bench()
    bench.add("short", 0.5)
    bench.add("long", 2.5)
    bench.advance(SWEEP_AFTER)
    assert bench.table.find("short") is None
    assert bench.table.find("long") is not None
    for _ in range(2):
        bench.advance(SWEEP_AFTER)
    assert (len(bench.table), len(bench.timers)) == (0, 0)


def test_what_replaces_another_is_kept_as_long_as_itself() -> None:
    bench = Bench()
    bench.add("key", 0.5)
    bench.add("key", 1.5)
    bench.advance(SWEEP_AFTER)
    assert bench.table.find("key") is not None
    bench.advance(SWEEP_AFTER)
    assert bench.table.find("key") is None


def test_a_sweep_that_is_cut_off_is_not_the_last() -> None:
    """As when the timer thread dies in it."""
    bench = Bench()
    reads = iter((False, False, True))  # by the timers, for the sweep after this one, by this one

    def clock() -> float:
        if next(reads, False):
            raise SystemExit
        return bench.now

    bench.add("key", 0.5)
    bench.timers.clock = clock
    bench.advance(SWEEP_AFTER)
    assert len(bench.table) == 1
    bench.advance(2 * SWEEP_AFTER)
    assert (len(bench.table), len(bench.timers)) == (0, 0)
