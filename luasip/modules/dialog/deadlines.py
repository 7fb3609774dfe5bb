"""When something is to be done about which dialog: a heap, and one timer for its first entry.

An entry that was put off stays where it is and is looked at again when it comes up; a dialog's own `due_at` counts.
"""

import heapq
import itertools
import threading
from collections.abc import Callable

from luasip.kemi.context import Services
from luasip.modules.dialog.dialog import Dialog


class Deadlines:
    """Calls `due(dialog)` on the timer thread when a dialog's `due_at` has come."""

    def __init__(self, services: Services, due: Callable[[Dialog], None]) -> None:
        self._services = services
        self._due = due
        self._heap: list[tuple[float, int, Dialog]] = []
        self._order = itertools.count()
        self._armed_at = 0.0
        """When the timer fires that was set last, 0.0 when none is."""
        self._lock = threading.Lock()

    def set(self, dialog: Dialog, at: float) -> None:
        """Have a dialog looked at then, and no sooner."""
        with self._lock:
            sooner = not dialog.due_at or at < dialog.due_at
            dialog.due_at = at
            if sooner:
                heapq.heappush(self._heap, (at, next(self._order), dialog))
            wait = self._arm()
        self._start(wait)

    def _arm(self) -> float | None:
        """Seconds until the timer that has to be started, None when none has to. The lock is held."""
        if not self._heap:
            return None
        at = self._heap[0][0]
        if self._armed_at and self._armed_at <= at:
            return None
        self._armed_at = at
        return max(0.0, at - self._services.now())

    def _start(self, wait: float | None) -> None:
        if wait is not None:
            self._services.after(wait, self.run)

    def run(self) -> None:
        """Look at everything that is due."""
        now = self._services.now()
        due: list[Dialog] = []
        with self._lock:
            self._armed_at = 0.0
            while self._heap and self._heap[0][0] <= now:
                _, _, dialog = heapq.heappop(self._heap)
                if dialog.due_at > now:
                    heapq.heappush(self._heap, (dialog.due_at, next(self._order), dialog))
                elif dialog.due_at:
                    dialog.due_at = 0.0
                    due.append(dialog)
        try:
            for dialog in due:
                self._due(dialog)
        finally:
            with self._lock:
                wait = self._arm()
            self._start(wait)
