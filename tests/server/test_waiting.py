"""luasip/server/waiting.py: the first of completion and deadline wins."""

import threading
from typing import Any

import pytest

from luasip.lock import new_lock
from luasip.server.timers import Timers
from luasip.server.waiting import Wait


def test_the_first_value_resumes_and_the_others_find_it_taken() -> None:
    got: list[Any] = []
    wait = Wait(got.append, new_lock())
    wait.on_taken = lambda: got.append("taken")
    assert wait.take(1)
    assert not wait.take(2)
    assert got == ["taken", 1]


@pytest.mark.parametrize("value_first", [True, False])
def test_the_deadline_is_cancelled_by_the_value_whichever_comes_first(value_first: bool) -> None:
    timers, got = Timers(lambda: 0.0), list[Any]()
    wait = Wait(got.append, new_lock())
    if value_first:
        wait.take(1)
    wait.limit(timers.at(5.0, lambda: wait.take("late")))
    if not value_first:
        wait.take(1)
    assert got == [1]
    assert timers.next_at() is None


def test_expire_does_what_was_to_be_done_at_the_deadline() -> None:
    timers, got = Timers(lambda: 0.0), list[Any]()
    wait = Wait(got.append, new_lock())
    wait.expire()  # no deadline
    wait.limit(timers.at(5.0, lambda: wait.take("late")))
    wait.expire()
    wait.expire()
    assert got == ["late"]
    assert timers.next_at() is None


def test_one_of_many_threads_wins() -> None:
    for _ in range(20):
        got: list[Any] = []
        wait, ready, won = Wait(got.append, new_lock()), threading.Barrier(4), list[bool]()

        def take(wait: Wait = wait, ready: threading.Barrier = ready, won: list[bool] = won) -> None:
            ready.wait(5)
            won.append(wait.take(1))

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        assert got == [1]
        assert sorted(won) == [False, False, False, True]


def test_called_when_its_time_is_over() -> None:
    got: list[Any] = []
    wait = Wait(got.append, new_lock())
    wait.late = "late"
    wait()
    wait()
    assert got == ["late"]
