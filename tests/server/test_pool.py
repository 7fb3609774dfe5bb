"""luasip/server/pool.py: threads made when needed, what becomes of results, the end. Late and stuck calls are in
test_lua_pool.py."""

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from luasip.server.pool import ENDED, ImmediatePool, Job, Pool, PoolSettings
from luasip.transport import lasting_thread


class Results:
    """What calls gave, in the order they ended."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._more = threading.Condition()

    def __call__(self, value: Any) -> None:
        with self._more:
            self.values.append(value)
            self._more.notify_all()

    def wait_for(self, count: int) -> list[Any]:
        with self._more:
            assert self._more.wait_for(lambda: len(self.values) >= count, 5.0), self.values
            return self.values


@pytest.fixture
def results() -> Results:
    return Results()


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool("sql", PoolSettings(2, 1))
    yield pool
    pool.stop()


def threads_of(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith(f"pool-{name}-")]


def ends(pool: Pool, calls: list[Callable[[], Any]], results: Results) -> list[Any]:
    for number, call in enumerate(calls, 1):
        assert pool.submit(Job(call, results))
        results.wait_for(number)
    return results.values


def test_threads_are_made_when_needed_and_used_again(results: Results) -> None:
    pool = Pool("made-when-needed", PoolSettings(4, 10))
    assert threads_of(pool.name) == []
    ends(pool, [threading.get_ident] * 5, results)
    assert 1 <= len(threads_of(pool.name)) <= 4
    assert (pool.calls, pool.rejected) == (5, 0)
    pool.stop()
    for thread in threads_of(pool.name):
        thread.join(5)
    assert threads_of(pool.name) == []


@pytest.mark.parametrize("error", [ValueError("v"), KeyboardInterrupt(), SystemExit(3)])
def test_what_a_call_raises_is_its_result(pool: Pool, results: Results, error: BaseException) -> None:
    def fail() -> None:
        raise error

    assert ends(pool, [fail, lambda: "next"], results) == [error, "next"]


def test_a_result_nobody_can_take_is_logged(
    pool: Pool, results: Results, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(value: Any) -> None:
        raise LookupError("nobody there")

    with caplog.at_level(logging.ERROR, "luasip.pool"):
        for _ in range(3):
            while not pool.submit(Job(lambda: 1, refuse)):
                pass
        while pool.pending:
            pass
    assert caplog.messages == ["pool sql: a result was lost"] * 3
    assert ends(pool, [lambda: "alive"], results) == ["alive"]


def test_never_more_at_once_than_threads_and_none_lost(results: Results) -> None:
    pool = Pool("busy", PoolSettings(3, 1000))
    lock, now, most = threading.Lock(), [0], [0]

    def call() -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        with lock:
            now[0] -= 1

    for _ in range(500):
        assert pool.submit(Job(call, results))
    results.wait_for(500)
    assert 1 <= most[0] <= 3
    assert len(threads_of(pool.name)) <= 3
    pool.stop()


def test_the_thread_that_worked_last_is_woken_first(results: Results) -> None:
    pool = Pool("warm", PoolSettings(3, 10))
    together = threading.Barrier(3)
    for _ in range(3):
        pool.submit(Job(together.wait, results))
    results.wait_for(3)
    seats = pool._idle
    wait_until(lambda: len(seats) == 3)
    expected = seats[-1]
    ends_again = Results()
    for number in range(1, 6):
        pool.submit(Job(threading.get_ident, ends_again))
        ends_again.wait_for(number)
        wait_until(lambda: len(seats) == 3)
    assert seats[-1] is expected
    assert len(set(ends_again.values)) == 1
    pool.stop()


class DeathBed:
    """A lock; who acquires it dies of what another thread may raise there."""

    def __init__(self, lock: Any) -> None:
        self.release = lock.release
        self._acquire = lock.acquire

    def acquire(self) -> None:
        self._acquire()
        raise SystemExit


def test_a_thread_that_dies_where_it_sleeps_loses_no_call(
    results: Results, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lasting_thread, "RESTART_AFTER", 0.0)
    pool = Pool("mortal", PoolSettings(1, 10))
    ends(pool, [threading.get_ident] * 2, results)
    wait_until(lambda: bool(pool._idle))
    seat: Any = pool._idle[0]
    sound, seat.sleeping = seat.sleeping, DeathBed(seat.sleeping)
    ends_again = Results()
    for number in range(1, 6):  # the first finds it asleep where it was
        assert pool.submit(Job(threading.get_ident, ends_again))
        ends_again.wait_for(number)
        wait_until(lambda: bool(pool._idle))
    assert set(ends_again.values) == set(results.values)
    assert pool.pending == 0
    assert "has died and is started again" in caplog.text
    seat.sleeping = sound
    pool.stop()


def test_stop_drops_what_waits_and_refuses_what_comes(results: Results) -> None:
    pool = Pool("stopped", PoolSettings(1, 5))
    began, over = threading.Event(), threading.Event()

    def call() -> str:
        began.set()
        over.wait(5)
        return "ran"

    running = Job(call, results)
    assert pool.submit(running)
    assert began.wait(5)
    waiting = Job(lambda: "waited", results)
    assert pool.submit(waiting)
    pool.stop()
    assert not pool.submit(Job(lambda: "late", results))
    assert pool.rejected == 1
    assert not pool.drop(waiting)
    over.set()
    assert results.wait_for(1) == ["ran"]
    for thread in threads_of(pool.name):
        thread.join(5)
    assert (results.values, running.state, pool.pending) == (["ran"], ENDED, 0)
    assert threads_of(pool.name) == []


def test_the_pool_of_virtual_time_runs_each_call_at_once(results: Results) -> None:
    pool = ImmediatePool("sql", PoolSettings(0, 0))
    assert pool.submit(Job(lambda: threading.current_thread(), results))
    assert pool.submit(Job(lambda: 1 // 0, results))
    assert results.values[0] is threading.current_thread()
    assert isinstance(results.values[1], ZeroDivisionError)
    assert pool.calls == 2


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("waited in vain")


def test_another_size_while_it_works(results: Results) -> None:
    pool = Pool("resized", PoolSettings(1, 10))
    go_on = threading.Event()
    for _ in range(4):
        assert pool.submit(Job(go_on.wait, results))
    wait_until(lambda: pool.load == (1, 3))
    pool.use(PoolSettings(3, 10))
    wait_until(lambda: pool.load == (3, 1))
    pool.use(PoolSettings(1, 2))
    assert not pool.submit(Job(go_on.wait, results))
    go_on.set()
    results.wait_for(4)
    wait_until(lambda: len(threads_of(pool.name)) == 1)
    assert pool.submit(Job(lambda: "after", results))
    assert results.wait_for(5)[-1] == "after"
    pool.stop()


def test_threads_that_wait_end_when_they_are_too_many(results: Results) -> None:
    pool = Pool("shrunk", PoolSettings(4, 10))
    together = threading.Barrier(4)
    for _ in range(4):
        pool.submit(Job(together.wait, results))
    results.wait_for(4)
    assert len(threads_of(pool.name)) == 4
    pool.use(PoolSettings(2, 10))
    wait_until(lambda: len(threads_of(pool.name)) == 2)
    assert pool.submit(Job(lambda: "after", results))
    assert results.wait_for(5)[-1] == "after"
    pool.stop()
