"""Locks that compiled code enters without looking up names.

`with` on a lock of `threading` finds its methods by name each time, and a message passes more than a hundred of them.
On this class compiled code calls them directly, for half the price. In plain Python it would cost more, so there the
lock of `threading` itself is used.
"""

import threading
from _thread import RLock, allocate_lock
from collections.abc import Callable
from types import FunctionType
from typing import Final, cast


class Lock:
    """Entered with `with`."""

    __slots__ = ("_acquire", "_release")

    def __init__(self, acquire: Callable[[], bool], release: Callable[[], None]) -> None:
        self._acquire = acquire
        self._release = release

    def __enter__(self) -> None:
        self._acquire()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._release()


# What threading.Lock and threading.RLock lead to, each transaction has one.
_new_lock: Final = allocate_lock
_new_reentrant_lock: Final = RLock

_IS_COMPILED: Final = not isinstance(Lock.__enter__, FunctionType)


def new_lock() -> Lock:
    """A lock that the thread which holds it must not enter again."""
    return entered(_new_lock())


def new_reentrant_lock() -> Lock:
    """A lock that the thread which holds it may enter again."""
    return entered(_new_reentrant_lock())


def entered(lock: "threading.Lock | threading.RLock") -> Lock:
    """A way to enter a lock of `threading` that others use too, as a Condition does."""
    return Lock(lock.acquire, lock.release) if _IS_COMPILED else cast(Lock, lock)
