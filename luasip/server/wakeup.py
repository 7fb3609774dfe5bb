"""Waiting for a key: what Event operations wait on and notify() wakes."""

import threading
from collections.abc import Callable
from typing import Any


class WakeUps:
    """Waiters by key. A waiter is a callable that takes the value; it is called at most once, outside the lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters: dict[str, list[Callable[[Any], object]]] = {}
        self._granted: dict[str, Any] = {}
        """Values for waiters that are on their way."""

    def add(self, key: str, waiter: Callable[[Any], object]) -> None:
        """Call `waiter` at the next notify of `key`."""
        with self._lock:
            if key not in self._granted:
                self._waiters.setdefault(key, []).append(waiter)
                return
            value = self._granted.pop(key)
        waiter(value)

    def remove(self, key: str, waiter: Callable[[Any], object]) -> None:
        """Forget a waiter that gave up; no effect when it was woken already."""
        with self._lock:
            waiters = self._waiters.get(key)
            if waiters is None or waiter not in waiters:
                return
            waiters.remove(waiter)
            if not waiters:
                del self._waiters[key]

    def notify(self, key: str, value: Any) -> int:
        """Wake all waiters of `key`; returns how many there were."""
        with self._lock:
            waiters = self._waiters.pop(key, [])
        for waiter in waiters:
            waiter(value)
        return len(waiters)

    def grant(self, key: str, value: Any) -> None:
        """Wake the waiter of `key`, or the one that is about to wait for it."""
        with self._lock:
            waiters = self._waiters.pop(key, None)
            if waiters is None:
                self._granted[key] = value
                return
        for waiter in waiters:
            waiter(value)

    def __len__(self) -> int:
        with self._lock:
            return sum(len(waiters) for waiters in self._waiters.values())
