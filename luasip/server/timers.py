"""Things to do later: SIP timers, deadlines of suspended routes, completions handed over by other threads.

In production one thread runs what is due; in tests nobody does but the test, which moves a clock of its own. Actions
run outside the lock, one at a time.

Nearly every SIP timer is cancelled long before it is due. So only what is due soon is kept in order, in a heap; what is
due later lies in the spans of time it is due in, and most of it is found cancelled when its span begins.
"""

import heapq
import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Any, Final, cast

from luasip.lock import new_lock
from luasip.server.working import Work, work
from luasip.transport.lasting_thread import LastingThread

log = logging.getLogger("luasip.timers")

GRAIN: Final = 0.005
"""Seconds the thread sleeps at least: one waking for all that comes due meanwhile, instead of one for each."""

SPAN: Final = 0.25
"""Seconds of the spans in which lies what is due later."""

SWEPT_FROM: Final = 1000
"""New entries after which cancelled ones are taken out, or as many as are pending if that is more: a wait of a day that
ended after a second would stay for the day."""

_NEVER: Final = math.inf
_LATEST: Final = 4e9
"""Instants from here on lie in one last span; no thread can sleep for much longer."""
_LAST_SPAN: Final = int(_LATEST / SPAN)

# Not looked up each time.
_heappush: Final = heapq.heappush
_heappop: Final = heapq.heappop

Clock = Callable[[], float]
Action = Callable[[], object]


class Entry:
    """One pending action; cancelled entries stay until they come up or are swept."""

    __slots__ = ("action", "at")

    def __init__(self, at: float, action: Action) -> None:
        self.at = at
        self.action: Action | None = action

    def cancel(self) -> None:
        """Forget the action. Has no effect once it has begun."""
        self.action = None


class Timers:
    """Pending actions and the queue of immediate ones."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.clock = clock
        self._lock = new_lock()
        self._changed = threading.Condition(cast(Any, self._lock))
        self._sleeps_until = -_NEVER
        """When the thread wakes by itself; in the past while it is awake."""
        self._heap: list[tuple[float, int, Entry]] = []
        """What is due before the instant `_far_from`."""
        self._far_from = -_NEVER
        self._far: dict[int, list[Entry]] = {}
        """What is due from then on, by the number of its span, in the order asked for."""
        self._ready: list[Action] = []
        self._unswept = 0  # entries made since the last sweep
        self._sweep_after = SWEPT_FROM
        self._last_number = 0
        self._stopping = False
        self._own_thread: threading.Thread | None = None

    def at(self, instant: float, action: Action) -> Entry:
        """Run `action` at the monotonic instant `instant`, or at once when that is past."""
        entry = Entry(instant, action)
        with self._lock:
            if instant < self._far_from:
                self._push(entry)
            else:
                number = int(instant / SPAN) if instant < _LATEST else _LAST_SPAN
                span = self._far.get(number)
                if span is None:
                    self._far[number] = [entry]
                else:
                    span.append(entry)
            self._unswept += 1
            if self._unswept > self._sweep_after:
                self._sweep()
            if instant < self._sleeps_until:
                self._wake()
        return entry

    def after(self, seconds: float, action: Action) -> Entry:
        """Run `action` in `seconds`."""
        return self.at(self.clock() + seconds, action)

    def soon(self, action: Action) -> None:
        """Run `action` as soon as the thread is free, after those handed over earlier."""
        with self._lock:
            self._ready.append(action)
            self._wake()

    def next_at(self) -> float | None:
        """Instant of the earliest pending action, None when there is none."""
        with self._lock:
            if self._ready:
                return self.clock()
            self._drop_cancelled()
            if self._heap:
                return self._heap[0][0]
            for number in sorted(self._far):
                pending = [entry.at for entry in self._far[number] if entry.action is not None]
                if pending:
                    return min(pending)
            return None

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
            pending = sum(1 for _, _, entry in self._heap if entry.action is not None)
            pending += sum(1 for span in self._far.values() for entry in span if entry.action is not None)
            return len(self._ready) + pending

    def start(self, name: str = "timers") -> None:
        """Start the thread."""
        self._own_thread = LastingThread(self._loop, name)
        self._own_thread.start()

    def stop(self) -> None:
        """End the thread after the action it is in; pending actions are forgotten."""
        with self._lock:
            self._stopping = True
            self._wake()
        if self._own_thread is not None and self._own_thread is not threading.current_thread():
            self._own_thread.join(5.0)

    def _loop(self) -> None:
        # Ends only by stop(): _run lets no exception through.
        while True:
            with self._lock:
                while (wait := self._seconds_to_wait()) != 0.0 and not self._stopping:
                    self._changed.wait(wait)
                self._sleeps_until = -_NEVER
                if self._stopping:
                    return
            self.run_due()

    def _wake(self) -> None:
        """Let the thread look anew if it sleeps. The lock is held."""
        if self._sleeps_until > -_NEVER:
            self._sleeps_until = -_NEVER
            self._changed.notify()

    def _seconds_to_wait(self) -> float | None:
        """0.0 when something is due, None when nothing is pending. The lock is held."""
        if self._ready:
            return 0.0
        now = self.clock()
        self._bring_near(now)
        self._drop_cancelled()
        if self._heap:
            next_at = self._heap[0][0]
        elif self._far:
            next_at = min(self._far) * SPAN
        else:
            self._sleeps_until = _NEVER
            return None
        self._sleeps_until = next_at
        wait = next_at - now
        return 0.0 if wait <= 0.0 else max(wait, GRAIN)

    def _push(self, entry: Entry) -> None:
        number = self._last_number = self._last_number + 1
        _heappush(self._heap, (entry.at, number, entry))

    def _bring_near(self, now: float) -> None:
        """Put into the heap what is due in this span of time. The lock is held."""
        if now < self._far_from:
            return
        this = int(now / SPAN)
        for number in [number for number in self._far if number <= this]:
            for entry in self._far.pop(number):
                if entry.action is not None:
                    self._push(entry)
        self._far_from = (this + 1) * SPAN

    def _drop_cancelled(self) -> None:
        while self._heap and self._heap[0][2].action is None:
            _heappop(self._heap)

    def _sweep(self) -> None:
        """Take the cancelled entries out. The lock is held."""
        self._heap = [item for item in self._heap if item[2].action is not None]
        heapq.heapify(self._heap)
        left = len(self._heap)
        for number, span in list(self._far.items()):
            pending = [entry for entry in span if entry.action is not None]
            left += len(pending)
            if pending:
                self._far[number] = pending
            else:
                del self._far[number]
        self._unswept = 0
        self._sweep_after = max(SWEPT_FROM, left)

    def _take(self) -> list[Action]:
        """All immediate actions, else the first that is due; empty when there is none."""
        with self._lock:
            if self._stopping:
                return []
            if self._ready:
                ready, self._ready = self._ready, []
                return ready
            now = self.clock()
            self._bring_near(now)
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
