"""Things to do later: SIP timers, deadlines of suspended routes, completions handed over by other threads.

One heap under one lock. In production one thread runs what is due; in tests nobody does but the test, which moves
a clock of its own. Actions run outside the lock, one at a time.
"""

import heapq
import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from luasip.kemi.lock import entered
from luasip.server.working import Work, work
from luasip.transport.lasting_thread import LastingThread

log = logging.getLogger("luasip.timers")

GRAIN: Final = 0.005
"""Seconds the thread sleeps at least: one waking for all that comes due meanwhile, instead of one for each."""

SWEPT_FROM: Final = 1000
"""Entries from which on cancelled ones are taken out of the heap, each time it has doubled: a wait of a day that ended
after a second would stay for the day."""

# Not looked up each time.
_heappush: Final = heapq.heappush
_heappop: Final = heapq.heappop

Clock = Callable[[], float]
Action = Callable[[], object]


class Entry:
    """One pending action; cancelled entries stay in the heap until they come up or it is swept."""

    __slots__ = ("action", "at")

    def __init__(self, at: float, action: Action) -> None:
        self.at = at
        self.action: Action | None = action

    def cancel(self) -> None:
        """Forget the action. Has no effect once it has begun."""
        self.action = None


class Timers:
    """The heap of pending actions and the queue of immediate ones."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.clock = clock
        lock = threading.Lock()
        self._lock = entered(lock)
        self._changed = threading.Condition(lock)
        self._heap: list[tuple[float, int, Entry]] = []
        self._ready: list[Action] = []
        self._swept_at = SWEPT_FROM
        self._last_number = 0
        self._stopping = False
        self._own_thread: threading.Thread | None = None

    def at(self, instant: float, action: Action) -> Entry:
        """Run `action` at the monotonic instant `instant`, or at once when that is past."""
        entry = Entry(instant, action)
        with self._lock:
            heap = self._heap
            earliest = not heap or instant < heap[0][0]
            number = self._last_number = self._last_number + 1
            _heappush(heap, (instant, number, entry))
            if len(heap) > self._swept_at:
                self._sweep()
            if earliest:
                self._changed.notify()
        return entry

    def after(self, seconds: float, action: Action) -> Entry:
        """Run `action` in `seconds`."""
        return self.at(self.clock() + seconds, action)

    def soon(self, action: Action) -> None:
        """Run `action` as soon as the thread is free, after those handed over earlier."""
        with self._lock:
            self._ready.append(action)
            self._changed.notify()

    def next_at(self) -> float | None:
        """Instant of the earliest pending action, None when there is none."""
        with self._lock:
            if self._ready:
                return self.clock()
            self._drop_cancelled()
            return self._heap[0][0] if self._heap else None

    def run_due(self) -> int:
        """Run everything due now; returns how many actions ran."""
        ran = 0
        now = work()
        while actions := self._take():
            for action in actions:
                if self._stopping:
                    return ran
                self._run(action, now)
                ran += 1
        return ran

    def __len__(self) -> int:
        with self._lock:
            return len(self._ready) + sum(1 for _, _, entry in self._heap if entry.action is not None)

    def start(self, name: str = "timers") -> None:
        """Start the thread."""
        self._own_thread = LastingThread(self._loop, name)
        self._own_thread.start()

    def stop(self) -> None:
        """End the thread after the action it is in; pending actions are forgotten."""
        with self._lock:
            self._stopping = True
            self._changed.notify()
        if self._own_thread is not None and self._own_thread is not threading.current_thread():
            self._own_thread.join(5.0)

    def _loop(self) -> None:
        # Ends only by stop(): _run lets no exception through.
        while True:
            with self._lock:
                while (wait := self._seconds_to_wait()) != 0.0 and not self._stopping:
                    self._changed.wait(wait)
                if self._stopping:
                    return
            self.run_due()

    def _seconds_to_wait(self) -> float | None:
        """0.0 when something is due, None when nothing is pending. The lock is held."""
        if self._ready:
            return 0.0
        self._drop_cancelled()
        if not self._heap:
            return None
        wait = self._heap[0][0] - self.clock()
        return 0.0 if wait <= 0.0 else max(wait, GRAIN)

    def _drop_cancelled(self) -> None:
        while self._heap and self._heap[0][2].action is None:
            _heappop(self._heap)

    def _sweep(self) -> None:
        """Take the cancelled entries out. The lock is held."""
        self._heap = [item for item in self._heap if item[2].action is not None]
        heapq.heapify(self._heap)
        self._swept_at = max(SWEPT_FROM, 2 * len(self._heap))

    def _take(self) -> list[Action]:
        """All immediate actions, else the first that is due; empty when there is none."""
        with self._lock:
            if self._stopping:
                return []
            if self._ready:
                ready, self._ready = self._ready, []
                return ready
            now = self.clock()
            heap = self._heap
            while heap and heap[0][0] <= now:
                action = _heappop(heap)[2].action
                if action is not None:
                    return [action]
            return []

    def _run(self, action: Action, now: Work) -> None:
        try:
            action()
        except BaseException:  # the timer thread: not even an action that exits takes the others with it
            log.exception("a timed action failed")
        now.bind(None, "", None)
