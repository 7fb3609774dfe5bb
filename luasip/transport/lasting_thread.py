"""Threads that end only when their work says so: what is not caught in one restarts it, is logged and counted.

A server that has silently lost a receiver or its timers answers nobody and looks alive. Knows nothing of the work.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

logger = logging.getLogger("luasip.threads")

RESTART_AFTER = 0.05
"""Seconds between an end and the new start, so that work that cannot begin does not spin."""


class LastingThread(threading.Thread):
    """A daemon thread whose `work` is begun again when it is left by an exception, SystemExit included.

    It stays the same thread, so what it keeps as its own (a Lua runtime) stays with it.
    """

    def __init__(self, work: Callable[..., object], name: str, arguments: tuple[Any, ...] = ()) -> None:
        super().__init__(name=name, daemon=True)
        self.restarts = 0
        """How often the work was begun again."""
        self._work = work
        self._arguments = arguments

    def run(self) -> None:
        """Work until the work returns."""
        while not self._has_ended():
            self.restarts += 1

    def _has_ended(self) -> bool:
        try:
            self._work(*self._arguments)
        except BaseException:  # what this class is for
            logger.critical("thread %s has died and is started again", self.name, exc_info=True)
            time.sleep(RESTART_AFTER)
            return False
        return True


def is_stalled(thread: threading.Thread, busy_since: float, limit: float) -> bool:
    """Whether a thread has ended, or is busy with one thing (since a monotonic instant, 0: with none) for too long."""
    return not thread.is_alive() or (busy_since > 0.0 and time.monotonic() - busy_since > limit)


def restarts() -> int:
    """How often the threads that run now have been started again."""
    threads = threading.enumerate()
    return sum(thread.restarts for thread in threads if isinstance(thread, LastingThread))
