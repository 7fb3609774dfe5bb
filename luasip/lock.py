"""Locks that cost compiled code next to nothing: a message passes more than a hundred of them.

`with` on a lock of `threading` finds its methods by name each time and reads their arguments. What is compiled takes
the lock of mypyc's own library (librt), which it enters without either, for an eighth of the price.
"""

import _thread
import contextlib
import importlib
import time
from _thread import RLock
from collections.abc import Callable
from types import FunctionType
from typing import Final, cast

from librt.threading import Lock

__all__ = ["Lock", "ReentrantLock", "get_ident", "new_lock", "new_reentrant_lock"]

_LOOK_AFTER: Final = 0.005
"""Seconds between two looks whether a lock that is awaited for a limited time is free."""


class ReentrantLock:
    """Entered with `with`, by the thread that is in it as often as it likes."""

    __slots__ = ("_depth", "_lock", "_owner")

    def __init__(self) -> None:
        self._lock = Lock()
        self._owner = 0
        """The thread that is in it; only that thread finds itself here."""
        self._depth = 0
        """How often it entered beyond the first time."""

    def __enter__(self) -> None:
        me = get_ident()
        if self._owner == me:
            self._depth += 1
        else:
            self._lock.acquire()
            self._owner = me

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._depth:
            self._depth -= 1
        else:
            self._owner = 0
            self._lock.release()

    def acquire(self, *, timeout: float) -> bool:
        """Enter it within so many seconds; whether that was possible."""
        me = get_ident()
        if self._owner == me:
            self._depth += 1
            return True
        until = time.monotonic() + timeout
        while not self._lock.acquire(False):  # the lock knows no timeout itself
            if time.monotonic() >= until:
                return False
            time.sleep(_LOOK_AFTER)
        self._owner = me
        return True

    def release(self) -> None:
        """Leave it once."""
        self.__exit__(None, None, None)


def _identity() -> Callable[[], int]:
    """What numbers threads: own.c where that was built makes no object for it."""
    with contextlib.suppress(ImportError):
        own: Callable[[], int] = importlib.import_module("luasip.own").get_ident
        return own
    return _thread.get_ident


get_ident: Final = _identity()
"""The number of the thread that asks."""

_IS_COMPILED: Final = not isinstance(ReentrantLock.__enter__, FunctionType)


def new_lock() -> Lock:
    """A lock that the thread which holds it must not enter again."""
    return Lock()


def new_reentrant_lock() -> ReentrantLock:
    """A lock that the thread which holds it may enter again."""
    return ReentrantLock() if _IS_COMPILED else cast(ReentrantLock, RLock())
