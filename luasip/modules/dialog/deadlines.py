"""When something is to be done about which dialog: a heap, and one timer for its first entry.

An entry that was put off stays where it is and is looked at again when it comes up; a dialog's own `due_at` counts.
"""

import heapq
import itertools
import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from luasip.kemi.context import Services
from luasip.modules.dialog.dialog import Dialog

_TIDY: Final = 256
"""So few entries that do not count are not worth a look at all."""


class Deadlines:
    """Calls `due(dialog)` on the timer thread when a dialog's `due_at` has come."""

    def __init__(self, services: Services, due: Callable[[Dialog], None]) -> None:
        self._services = services
        self._due = due
        self._heap: list[tuple[float, int, Dialog]] = []
        self._order = itertools.count()
        self._stale = 0
        """Entries that no longer count, because their dialog has a sooner one."""
        self._armed_at = 0.0
        """When the timer fires that was set last, 0.0 when none is."""
        self._lock = threading.Lock()

    def set(self, dialog: Dialog, at: float) -> None:
        """Have a dialog looked at then, and no sooner."""
        with self._lock:
            dialog.due_at = at
            if not dialog.queued_at or at < dialog.queued_at:
                self._stale += bool(dialog.queued_at)
                self._push(dialog)
                self._tidy()
            timer_at = self._arm()
        self._start(timer_at)

    def __len__(self) -> int:
        return len(self._heap)

    def _push(self, dialog: Dialog) -> None:
        dialog.queued_at = dialog.due_at
        heapq.heappush(self._heap, (dialog.due_at, next(self._order), dialog))

    def _tidy(self) -> None:
        """Drop the entries of what is due sooner or over, before they outnumber the others. The lock is held."""
        if self._stale > _TIDY and self._stale * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[0] == entry[2].queued_at]
            heapq.heapify(self._heap)
            self._stale = 0

    def _arm(self) -> float:
        """The instant for which a timer has to be started, 0.0 when none has to. The lock is held."""
        if not self._heap:
            return 0.0
        at = self._heap[0][0]
        if self._armed_at and self._armed_at <= at:
            return 0.0
        self._armed_at = at
        return at

    def _start(self, at: float) -> None:
        if at:
            self._services.after(max(0.0, at - self._services.now()), partial(self._fired, at))

    def _fired(self, at: float) -> None:
        """A timer has come to its end; only the one that was started last counts."""
        if at == self._armed_at:
            self.run()

    def run(self) -> None:
        """Look at everything that is due."""
        with self._lock:
            self._armed_at = 0.0
            due = self._take(self._services.now())
        try:
            for dialog in due:
                self._due(dialog)
        finally:
            with self._lock:
                timer_at = self._arm()
            self._start(timer_at)

    def _take(self, now: float) -> list[Dialog]:
        """What is due; what was put off is queued anew. The lock is held."""
        due: list[Dialog] = []
        while self._heap and self._heap[0][0] <= now:
            at, _, dialog = heapq.heappop(self._heap)
            if at != dialog.queued_at:
                self._stale -= 1
            elif dialog.due_at > now:
                self._push(dialog)
            else:
                dialog.queued_at = dialog.due_at = 0.0
                due.append(dialog)
        return due
