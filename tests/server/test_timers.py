"""luasip/server/timers.py: what is due and in which order, by a clock the test moves, and once with the real thread."""

import logging
import math
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from luasip.server.timers import SPAN, SWEPT_FROM, Timers


class Bench:
    """Timers whose actions leave their names."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers = Timers(lambda: self.now)
        self.ran: list[str] = []

    def name(self, name: str) -> Callable[[], None]:
        return lambda: self.ran.append(name)

    def advance(self, seconds: float) -> list[str]:
        self.now += seconds
        self.timers.run_due()
        ran, self.ran = self.ran, []
        return ran


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def running() -> Iterator[Timers]:
    """Timers with their thread and the real clock."""
    timers = Timers()
    timers.start("timers-test")
    yield timers
    timers.stop()


def test_earliest_first_and_equal_instants_in_the_order_asked(bench: Bench) -> None:
    for instant, name in ((103.0, "c"), (101.0, "a"), (103.0, "d"), (102.0, "b"), (50.0, "past")):
        bench.timers.at(instant, bench.name(name))
    assert bench.advance(0) == ["past"]
    assert bench.advance(1.5) == ["a"]
    assert bench.advance(1.5) == ["b", "c", "d"]
    assert bench.timers.run_due() == 0


def test_what_is_wanted_soon_goes_before_what_is_due(bench: Bench) -> None:
    bench.timers.after(0, bench.name("due"))
    bench.timers.soon(bench.name("soon 1"))
    bench.timers.soon(bench.name("soon 2"))
    assert len(bench.timers) == 3
    assert bench.timers.run_due() == 3
    assert bench.ran == ["soon 1", "soon 2", "due"]
    assert len(bench.timers) == 0


def test_what_an_action_asks_for_runs_too_if_it_is_due(bench: Bench) -> None:
    bench.timers.soon(lambda: bench.timers.soon(bench.name("soon")))
    bench.timers.after(0, lambda: bench.timers.after(0, bench.name("at once")))
    bench.timers.after(0, lambda: bench.timers.after(1, bench.name("later")))
    assert bench.advance(0) == ["soon", "at once"]
    assert bench.advance(1) == ["later"]


def test_cancelled(bench: Bench) -> None:
    entries = [bench.timers.after(seconds, bench.name(str(seconds))) for seconds in (1, 2, 3)]
    entries[0].cancel()
    entries[1].cancel()
    assert len(bench.timers) == 1
    assert bench.timers.next_at() == 103.0
    assert bench.advance(3) == ["3"]
    entries[2].cancel()  # too late, and harmless
    assert bench.timers.next_at() is None


def test_cancelled_by_an_action_before_it(bench: Bench) -> None:
    second = bench.timers.after(2, bench.name("second"))
    bench.timers.after(1, second.cancel)
    assert bench.advance(5) == []


def test_the_order_holds_across_spans(bench: Bench) -> None:
    bench.timers.run_due()  # from here on what is not due in this span is put aside
    later = [(seconds, f"{number}") for number, seconds in enumerate((0.1, SPAN * 2, SPAN, 0.1, SPAN * 2, 60))]
    for seconds, name in later:
        bench.timers.after(seconds, bench.name(name))
    assert bench.timers.next_at() == 100.1
    assert bench.advance(0.1) == ["0", "3"]
    assert bench.timers.next_at() == 100.0 + SPAN
    assert bench.advance(SPAN * 2) == ["2", "1", "4"]
    assert bench.timers.next_at() == 160.0
    bench.timers.after(1, bench.name("asked later, due before"))
    assert bench.advance(60) == ["asked later, due before", "5"]


def test_what_is_never_due(bench: Bench) -> None:
    bench.timers.at(math.inf, bench.name("never"))
    assert bench.timers.next_at() == math.inf
    assert bench.advance(1e9) == []


def test_next_at(bench: Bench) -> None:
    assert bench.timers.next_at() is None
    bench.timers.after(2, bench.name("a"))
    assert bench.timers.next_at() == 102.0
    bench.timers.soon(bench.name("b"))
    assert bench.timers.next_at() == 100.0


def test_an_action_that_fails_is_logged_and_the_rest_runs(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError("no such key 'x'")

    bench.timers.soon(fail)
    bench.timers.after(0, fail)
    bench.timers.after(0, bench.name("rest"))
    with caplog.at_level(logging.ERROR, "luasip.timers"):
        assert bench.advance(0) == ["rest"]
    assert [record.getMessage() for record in caplog.records] == ["a timed action failed"] * 2
    assert "no such key 'x'" in caplog.text


def test_the_thread_runs_what_is_soon_and_what_is_due(running: Timers) -> None:
    soon, due = threading.Event(), threading.Event()
    names: list[str] = []
    running.soon(lambda: names.append(threading.current_thread().name))
    running.soon(soon.set)
    running.after(0.01, due.set)
    assert soon.wait(5)
    assert due.wait(5)
    assert names == ["timers-test"]


def test_an_earlier_instant_wakes_the_waiting_thread(running: Timers) -> None:
    later, idle, earlier = threading.Event(), threading.Event(), threading.Event()
    running.after(3600, later.set)
    running.soon(idle.set)
    assert idle.wait(5)
    running.after(0.01, earlier.set)
    assert earlier.wait(5)
    assert not later.is_set()


def test_a_failing_action_does_not_end_the_thread(running: Timers, caplog: pytest.LogCaptureFixture) -> None:
    after = threading.Event()
    running.soon(lambda: 1 // 0)
    running.soon(after.set)
    assert after.wait(5)
    assert "ZeroDivisionError" in caplog.text


def test_stop_ends_the_thread_and_forgets_the_rest() -> None:
    before = threading.active_count()
    timers = Timers()
    timers.start()
    began, go_on = threading.Event(), threading.Event()
    ran: list[str] = []

    def action() -> None:
        began.set()
        go_on.wait(5)
        ran.append("the one it was in")

    timers.soon(action)
    timers.soon(lambda: ran.append("one more"))
    assert began.wait(5)
    stopper = threading.Thread(target=timers.stop)
    stopper.start()
    while not vars(timers)["_stopping"]:
        pass
    go_on.set()
    stopper.join(5)
    assert ran == ["the one it was in"]
    assert threading.active_count() == before


def test_stop_from_an_action_and_without_a_thread() -> None:
    timers = Timers()
    timers.start()
    ended = threading.Event()

    def action() -> None:
        timers.stop()
        ended.set()

    timers.soon(action)
    assert ended.wait(5)
    Timers().stop()


def test_cancelled_entries_far_ahead_do_not_stay() -> None:
    timers = Timers(lambda: 0.0)
    ran: list[int] = []
    for number in range(3 * SWEPT_FROM):
        timers.after(86400.0, lambda: ran.append(0)).cancel()
        if number % SWEPT_FROM == 0:
            timers.at(-float(number), partial(ran.append, number))
    held = sum(len(span) for span in vars(timers)["_far"].values()) + len(vars(timers)["_heap"])
    assert held <= SWEPT_FROM + 3
    timers.run_due()
    assert ran == [2 * SWEPT_FROM, SWEPT_FROM, 0]
