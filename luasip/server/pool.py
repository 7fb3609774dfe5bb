"""Bounded pools of threads for calls that block.

A pool takes at most `threads` running and `queue` waiting calls; one more is refused at once. A call that does not
end can be written off: a fresh thread takes the place of the one it holds. Nothing here knows what the calls do or
who waits for them.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from luasip.lock import new_lock
from luasip.server.durations import WAIT_BOUNDS, Durations
from luasip.transport.lasting_thread import LastingThread

log = logging.getLogger("luasip.pool")


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Size of one pool."""

    threads: int = 8
    queue: int = 1000
    """Calls that may wait for a thread."""
    deadline: float = 10.0
    """Seconds after which a call counts as failed, waiting time included."""


WAITING, RUNNING, ENDED, WRITTEN_OFF = range(4)


class Job:
    """A call: `done` gets its result, or the exception it raised, on the thread it ran on."""

    __slots__ = ("done", "function", "state", "submitted_at")

    def __init__(self, function: Callable[[], Any], done: Callable[[Any], object]) -> None:
        self.function = function
        self.done = done
        self.state = WAITING
        self.submitted_at = 0.0

    def run(self) -> None:
        """Carry it out; a failure is its result."""
        result: Any
        try:
            result = self.function()
        except BaseException as error:  # noqa: BLE001 - even an exit of the thread is the result of its call
            result = error
        self.done(result)


class Seat:
    """Where a thread without a call sleeps until it is given one, or is to look what has changed.

    It stays the thread's when the thread dies and is started again: a call may have been given to it meanwhile.
    """

    __slots__ = ("job", "sleeping")

    def __init__(self) -> None:
        self.sleeping = threading.Lock()
        self.sleeping.acquire()
        self.job: Job | None = None
        """The call it was given. The pool's lock is held for a look at it."""


class Pool:
    """A named pool. Threads are made when they are first needed."""

    def __init__(self, name: str, settings: PoolSettings, replaces_stuck: bool = False) -> None:
        """Make a pool without threads yet.

        Args:
            replaces_stuck: calls that do not end may be written off, as many at one time as there are threads.
        """
        self.name = name
        self.settings = settings
        self._replaces_stuck = replaces_stuck
        self._lock = new_lock()
        self._waiting: deque[Job] = deque()
        self._idle: list[Seat] = []
        """Threads without a call: there are none while a call waits. The last to fall asleep is woken first, since
        what it needs is still in the processor's caches."""
        self._threads = 0
        self._started = 0
        self._running = 0
        self._stopped = False
        self.stuck = 0
        """Threads that hold a call which was written off."""
        self.waits = Durations(WAIT_BOUNDS)
        """How long calls waited for their thread."""
        self.calls = 0
        self.rejected = 0

    def use(self, settings: PoolSettings) -> None:
        """Another size from now on: threads that are too many end when their calls have."""
        with self._lock:
            self.settings = settings
            for _ in range(min(len(self._waiting), settings.threads - self._threads)):
                self._start_thread()
            self._wake_all()

    def _most_stuck(self) -> int:
        return self.settings.threads if self._replaces_stuck else 0

    def submit(self, job: Job) -> bool:
        """Run a call on a thread. Returns False, having done nothing, when the pool is full."""
        with self._lock:
            full = self._running + len(self._waiting) >= self.settings.threads + self.settings.queue
            if full or self._stopped:
                self.rejected += 1
                return False
            self.calls += 1
            job.submitted_at = time.monotonic()
            if self._idle:
                seat = self._idle.pop()
                seat.job = job
                self._begin(job)
                seat.sleeping.release()
                return True
            self._waiting.append(job)
            if self._threads < self.settings.threads:
                self._start_thread()
        return True

    def drop(self, job: Job) -> bool:
        """Forget a call that has not begun; False when it has."""
        with self._lock:
            try:
                self._waiting.remove(job)
            except ValueError:
                return False
            return True

    def write_off(self, job: Job) -> bool:
        """Give the place of a call that runs to a fresh thread. False when it has ended or that cannot be done."""
        with self._lock:
            if job.state != RUNNING or self.stuck >= self._most_stuck():
                return False
            job.state = WRITTEN_OFF
            self.stuck += 1
            self._running -= 1
            self._threads -= 1
            if self._waiting and not self._stopped:
                self._start_thread()
            return True

    @property
    def pending(self) -> int:
        """Calls running and waiting, but for those written off."""
        with self._lock:
            return self._running + len(self._waiting)

    @property
    def load(self) -> tuple[int, int]:
        """(calls that run, calls that wait), but for those written off."""
        with self._lock:
            return self._running, len(self._waiting)

    def stop(self) -> None:
        """Refuse new calls, drop waiting ones; running ones end by themselves."""
        with self._lock:
            self._stopped = True
            self._waiting.clear()
            self._wake_all()

    def _wake_all(self) -> None:
        """Have the threads without a call look what has changed. The lock is held."""
        for seat in self._idle:
            seat.sleeping.release()
        self._idle.clear()

    def _begin(self, job: Job) -> None:
        """A thread has this call now. The lock is held."""
        job.state = RUNNING
        self._running += 1

    def _start_thread(self) -> None:
        """The lock is held. A daemon: a call that does not end must not keep the process."""
        self._threads += 1
        self._started += 1
        name = f"pool-{self.name}-{self._started}"
        LastingThread(self._loop, name, (Seat(),)).start()

    def _loop(self, seat: Seat) -> None:
        # Ends by stop(), when there are too many threads, or when the call it was in has been written off.
        while (job := self._next(seat)) is not None:
            self.waits.observe(time.monotonic() - job.submitted_at)
            try:
                job.run()
            except (
                BaseException
            ):  # the pool thread: whoever was to be told failed, and the next call has its turn
                log.exception("pool %s: a result was lost", self.name)
            if not self._ended(job):
                return

    def _next(self, seat: Seat) -> Job | None:
        """The next call, as soon as there is one; None when the thread is to end."""
        while True:
            with self._lock:
                if seat.job is not None:
                    job, seat.job = seat.job, None
                    return job
                if self._stopped or self._threads > self.settings.threads:
                    self._threads -= 1
                    return None
                if self._waiting:
                    job = self._waiting.popleft()
                    self._begin(job)
                    return job
                if seat not in self._idle:
                    self._idle.append(seat)
            seat.sleeping.acquire()

    def _ended(self, job: Job) -> bool:
        """Whether the thread that ran the call still belongs to the pool."""
        with self._lock:
            written_off = job.state == WRITTEN_OFF
            job.state = ENDED
            if written_off:
                self.stuck -= 1
            else:
                self._running -= 1
            return not written_off


class ImmediatePool(Pool):
    """A pool without threads: each call runs at once where it is submitted. For servers in virtual time."""

    def submit(self, job: Job) -> bool:
        """Run the call now; never full."""
        self.calls += 1
        job.run()
        return True
