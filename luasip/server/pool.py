"""Bounded pools of threads for calls that block.

A pool takes at most `threads` running and `queue` waiting calls; one more is refused at once. Nothing here knows
what the calls do or who waits for them.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Size of one pool."""

    threads: int = 8
    queue: int = 1000
    """Calls that may wait for a thread."""
    deadline: float = 10.0
    """Seconds after which a call counts as failed, waiting time included."""


class Pool:
    """A named pool. Threads are made when they are first needed."""

    def __init__(self, name: str, settings: PoolSettings) -> None:
        self.name = name
        self.settings = settings
        self._lock = threading.Lock()
        self._pending = 0
        self.calls = 0
        self.rejected = 0
        self._executor = ThreadPoolExecutor(settings.threads, thread_name_prefix=f"pool-{name}")

    def submit(self, function: Callable[[], Any], done: Callable[[Any], object]) -> bool:
        """Run `function` on a thread and hand its result, or the exception it raised, to `done` there.

        Returns False, having done nothing, when the pool is full.
        """
        with self._lock:
            if self._pending >= self.settings.threads + self.settings.queue:
                self.rejected += 1
                return False
            self._pending += 1
            self.calls += 1
        self._executor.submit(self._run, function, done)
        return True

    @property
    def pending(self) -> int:
        """Calls running and waiting."""
        with self._lock:
            return self._pending

    def stop(self) -> None:
        """Refuse new calls, drop waiting ones; running ones end by themselves."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _run(self, function: Callable[[], Any], done: Callable[[Any], object]) -> None:
        result: Any
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 - the pool thread: the failure is the call's result
            result = error
        finally:
            with self._lock:
                self._pending -= 1
        done(result)


class ImmediatePool(Pool):
    """A pool without threads: each call runs at once where it is submitted. For servers in virtual time."""

    def submit(self, function: Callable[[], Any], done: Callable[[Any], object]) -> bool:
        """Run `function` now; never full."""
        with self._lock:
            self._pending += 1
            self.calls += 1
        self._run(function, done)
        return True
