"""One wait of one task: completion and deadline race to end it. Knows neither tasks nor what is waited for."""

from collections.abc import Callable
from typing import Any

from luasip.lock import Lock
from luasip.server.timers import Entry


class Wait:
    """What resumes a task: the first of completion and deadline wins, the other finds it taken.

    It is called when its time is over.
    """

    __slots__ = ("_deadline", "_lock", "_resume", "_taken", "late", "on_taken")

    def __init__(self, resume: Callable[[Any], None], lock: Lock) -> None:
        """`lock` may be that of other waits too."""
        self._lock = lock
        self._resume = resume
        self._taken = False
        self._deadline: Entry | None = None
        self.late: Any = None
        """What it ends with when its time is over."""
        self.on_taken: Callable[[], None] | None = None

    def __call__(self) -> None:
        self.take(self.late)

    def limit(self, deadline: Entry) -> None:
        """Cancel this timer entry once the wait is over, which it may be already."""
        with self._lock:
            self._deadline = deadline
            taken = self._taken
        if taken:
            deadline.cancel()

    def expire(self) -> None:
        """Do now what was to be done at the deadline."""
        with self._lock:
            action = None if self._deadline is None else self._deadline.action
        if action is not None:
            action()

    def take(self, value: Any) -> bool:
        """End it with this value; False when it has ended already."""
        with self._lock:
            if self._taken:
                return False
            self._taken = True
            deadline = self._deadline
        if deadline is not None:
            deadline.cancel()
        on_taken, self.on_taken = self.on_taken, None
        if on_taken is not None:
            on_taken()
        self._resume(value)
        return True
