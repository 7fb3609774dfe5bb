"""Locks: one thread at a time, whatever happens inside."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from luasip.lock import ReentrantLock, new_lock, new_reentrant_lock

Lock = AbstractContextManager[Any, Any]


def is_free(lock: Lock) -> bool:
    """Whether another thread gets in at once."""
    inside = threading.Event()

    def enter() -> None:
        with lock:
            inside.set()

    thread = threading.Thread(target=enter, daemon=True)
    thread.start()
    free = inside.wait(0.05)
    if free:
        thread.join()
    return free


@pytest.mark.parametrize("make", [new_lock, new_reentrant_lock, ReentrantLock])
def test_who_is_inside_keeps_others_out(make: Callable[[], Lock]) -> None:
    lock = make()
    assert is_free(lock)
    with lock:
        assert not is_free(lock)
    assert is_free(lock)


@pytest.mark.parametrize("make", [new_lock, new_reentrant_lock, ReentrantLock])
def test_an_exception_leaves_it(make: Callable[[], Lock]) -> None:
    lock = make()
    with pytest.raises(ValueError, match="inside"), lock:
        raise ValueError("inside")
    assert is_free(lock)


@pytest.mark.parametrize("make", [new_reentrant_lock, ReentrantLock])
def test_a_reentrant_one_is_entered_again(make: Callable[[], Lock]) -> None:
    lock = make()
    with lock:
        with lock, lock:
            pass
        assert not is_free(lock)
    assert is_free(lock)


@pytest.mark.parametrize("make", [new_reentrant_lock, ReentrantLock])
def test_a_reentrant_one_is_awaited_for_a_limited_time(make: Callable[[], ReentrantLock]) -> None:
    lock = make()
    entered, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            entered.set()
            done.wait(5.0)

    holder = threading.Thread(target=hold)
    holder.start()
    assert entered.wait(5.0)
    assert not lock.acquire(timeout=0.01)
    done.set()
    assert lock.acquire(timeout=5.0)
    holder.join()
    assert lock.acquire(timeout=0.0)
    lock.release()
    assert not is_free(lock)
    lock.release()
    assert is_free(lock)
