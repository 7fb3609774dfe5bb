"""luasip/server/services.py, Housekeeping: periodic work, by a clock the test moves and once with its thread."""

import threading

import pytest

from luasip.server.services import Housekeeping


class Bench:
    """Housekeeping without a thread."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ran: list[str] = []
        self.housekeeping = Housekeeping(lambda: self.now)

    def add(self, seconds: float, name: str) -> None:
        self.housekeeping.add(seconds, lambda: self.ran.append(name), name)

    def advance(self, seconds: float) -> list[str]:
        self.now += seconds
        self.housekeeping.run_due()
        ran, self.ran = self.ran, []
        return ran


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_nothing_runs_before_start(bench: Bench) -> None:
    bench.add(1, "a")
    assert bench.housekeeping.next_at() is None
    assert bench.advance(10) == []
    bench.housekeeping.start(thread=False)
    assert bench.housekeeping.next_at() == 11.0
    assert bench.advance(1) == ["a"]


def test_every_job_at_its_own_pace(bench: Bench) -> None:
    bench.add(2, "a")
    bench.add(3, "b")
    bench.housekeeping.start(thread=False)
    assert [bench.advance(1) for _ in range(6)] == [[], ["a"], ["b"], ["a"], [], ["b", "a"]]


def test_a_job_added_while_running_begins_its_interval_then(bench: Bench) -> None:
    bench.housekeeping.start(thread=False)
    bench.advance(5)
    bench.add(2, "late")
    assert bench.housekeeping.next_at() == 7.0
    assert [bench.advance(1) for _ in range(4)] == [[], ["late"], [], ["late"]]


def test_a_job_that_missed_its_time_runs_once(bench: Bench) -> None:
    bench.add(1, "a")
    bench.housekeeping.start(thread=False)
    assert bench.advance(10) == ["a"]
    assert bench.housekeeping.next_at() == 11.0


def test_a_job_that_fails_is_logged_and_comes_again(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    bench.housekeeping.add(1, fail, "broken")
    bench.add(1, "other")
    bench.housekeeping.start(thread=False)
    assert [bench.advance(1) for _ in range(2)] == [["other"], ["other"]]
    assert "ZeroDivisionError" in caplog.text
    assert len(caplog.records) == 2


def test_the_thread() -> None:
    before = threading.active_count()
    housekeeping, ran = Housekeeping(), threading.Event()
    names: list[str] = []

    def job() -> None:
        names.append(threading.current_thread().name)
        ran.set()

    housekeeping.add(0.01, job, "a")
    housekeeping.add(3600, lambda: None, "never")
    housekeeping.start()
    assert ran.wait(5)
    housekeeping.stop()
    assert set(names) == {"housekeeping"}
    assert threading.active_count() == before


def test_stop_before_start() -> None:
    Housekeeping().stop()
