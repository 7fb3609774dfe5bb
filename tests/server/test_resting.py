"""luasip/server/transactions/resting.py: when transactions are put to rest, and which timers that spares."""

import math

import pytest

from luasip.server.timers import Timers
from luasip.server.transactions.resting import PAUSE, REST_AFTER, RestQueue
from luasip.server.transactions.transaction import Transaction
from luasip.transaction.server import NonInviteServer
from luasip.transaction.timers import TransactionTimers
from tests.server.transactions_bench import transaction


class Bench:
    """A queue in virtual time."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.timers = Timers(lambda: self.now)
        self.rested: list[Transaction] = []
        self.queue = RestQueue(self.timers, self.rest)
        self.failing: Transaction | None = None

    def rest(self, transaction: Transaction) -> None:
        transaction.rests_at = math.inf
        self.rested.append(transaction)
        if transaction is self.failing:
            raise ValueError("cannot rest")

    def add(self, *transactions: Transaction) -> None:
        for each in transactions:
            self.queue.add(each)

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.timers.run_due()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_each_rests_when_its_time_has_come(bench: Bench) -> None:
    first, second = transaction(branch="1"), transaction(branch="2")
    bench.add(first)
    assert first.rests_at == bench.now + REST_AFTER
    bench.advance(0.5)
    bench.add(second)
    assert len(bench.timers) == 1
    bench.advance(0.5)
    assert bench.rested == [first]
    bench.advance(0.49)
    assert bench.rested == [first]
    bench.advance(0.01)
    assert bench.rested == [first, second]
    assert len(bench.timers) == 0


def test_the_queue_starts_again_after_it_was_empty(bench: Bench) -> None:
    for count in (1, 2):
        bench.add(transaction(branch=str(count)))
        bench.advance(REST_AFTER)
        assert (len(bench.rested), len(bench.timers)) == (count, 0)


def test_what_is_due_nearly_at_once_is_taken_together(bench: Bench) -> None:
    for number in range(10):
        bench.add(transaction(branch=str(number)))
        bench.now += PAUSE / 20
    bench.now += REST_AFTER - PAUSE / 2 + PAUSE / 100
    bench.timers.run_due()
    assert len(bench.rested) == 1
    bench.advance(PAUSE / 2)
    assert len(bench.rested) == 1
    bench.advance(PAUSE / 2)
    assert len(bench.rested) == 10


def test_one_that_fails_does_not_hold_back_the_others(bench: Bench) -> None:
    one, other = transaction(branch="1"), transaction(branch="2")
    bench.failing = one
    bench.add(one, other)
    bench.advance(REST_AFTER)
    assert bench.rested == [one, other]


def test_a_look_that_is_cut_off_is_not_the_last(bench: Bench) -> None:
    """As when the timer thread dies in it."""
    reads = iter((False, False, True))  # by the timers, for the look after this one, by this one

    def clock() -> float:
        if next(reads, False):
            raise SystemExit
        return bench.now

    one = transaction()
    bench.add(one)
    bench.timers.clock = clock
    bench.advance(REST_AFTER)
    assert bench.rested == []
    bench.advance(REST_AFTER)
    assert bench.rested == [one]
    assert len(bench.timers) == 0


@pytest.mark.parametrize(
    ("fires_in", "stays"), [(0.5, True), (REST_AFTER, False), (5.0, False), (math.inf, False)]
)
def test_a_timer_stays_only_when_something_happens_before_the_rest(
    bench: Bench, fires_in: float, stays: bool
) -> None:
    resting = transaction()
    resting.machine = NonInviteServer(TransactionTimers(), False, bench.now)
    resting.machine.timer_at = bench.now + fires_in
    entry = resting.timer_entry = bench.timers.after(0.2, lambda: None)
    bench.add(resting)
    assert (entry.action is not None) == stays
    assert (resting.timer_entry is entry) == stays
