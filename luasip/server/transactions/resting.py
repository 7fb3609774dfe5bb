"""Transactions with their final response, until they are put to rest.

All of them wait equally long, so they stand in a queue with one timer for all, where each had two of its own: that of
its machines, which need not come any more, and that of its rest. This file knows no machine and no message.
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from luasip.lock import new_lock
from luasip.server.timers import Timers
from luasip.server.transactions.transaction import Transaction

log = logging.getLogger("luasip.tm")

REST_AFTER: Final = 1.0
"""Seconds after its final response from which a transaction is kept only as what a repetition gets: most repetitions
and the ACK have come by then."""
PAUSE: Final = 0.02
"""Seconds at least from one look at the queue to the next: one timer for all that fall due meanwhile."""


class RestQueue:
    """Such transactions, the oldest first; `rest` is called with each on the timer thread. Any thread."""

    def __init__(self, timers: Timers, rest: Callable[[Transaction], None]) -> None:
        self._timers = timers
        self._rest = rest
        self._lock = new_lock()
        self._waiting: deque[Transaction] = deque()
        self._append = self._waiting.append  # looked up once
        self._popleft = self._waiting.popleft
        self._is_watched = False

    def add(self, transaction: Transaction) -> None:
        """Put a transaction to rest some time from now, timers that are due later are not awaited. Its lock is held."""
        at = transaction.rests_at = self._timers.clock() + REST_AFTER
        entry = transaction.timer_entry
        if entry is not None and transaction.timer_at() >= at:
            entry.cancel()
            transaction.timer_entry = None
        with self._lock:
            self._append(transaction)
            starts, self._is_watched = not self._is_watched, True
        if starts:
            self._timers.at(at, self._look)

    def _look(self) -> None:
        """Take those out whose time has come."""
        again = self._timers.after(REST_AFTER, self._look)  # should this look be cut off
        now = self._timers.clock()
        while (transaction := self._take(now)) is not None:
            try:
                self._rest(transaction)
            except BaseException:  # the timer thread: the others that are due must not wait for ever
                log.exception("a transaction was not put to rest")
        with self._lock:
            goes_on = self._is_watched = bool(self._waiting)
            next_at = self._waiting[0].rests_at if goes_on else 0.0
        if goes_on:
            self._timers.at(max(next_at, now + PAUSE), self._look)
        again.cancel()

    def _take(self, now: float) -> Transaction | None:
        """The next one that is due."""
        with self._lock:
            if self._waiting and self._waiting[0].rests_at <= now:
                return self._popleft()
            return None
