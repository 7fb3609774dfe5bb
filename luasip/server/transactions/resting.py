"""Transactions with their final response, until they are put to rest.

All of them wait equally long, so they stand in a queue with one timer for all, where each had two of its own: that of
its machines, which need not come any more, and that of its rest. This file knows no machine and no message.
"""

import logging
import math
from collections import deque
from collections.abc import Callable
from typing import Final

from luasip.kemi.lock import new_lock
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
        self._is_watched = False

    def add(self, transaction: Transaction) -> None:
        """Put a transaction to rest some time from now, timers that are due later are not awaited. Its lock is held."""
        at = transaction.rests_at = self._timers.clock() + REST_AFTER
        entry = transaction.timer_entry
        if entry is not None and transaction.timer_at() >= at:
            entry.cancel()
            transaction.timer_entry = None
        with self._lock:
            self._waiting.append(transaction)
            starts, self._is_watched = not self._is_watched, True
        if starts:
            self._timers.at(at, self._look)

    def _look(self) -> None:
        """Take those out whose time has come."""
        now = self._timers.clock()
        due: list[Transaction] = []
        next_at = math.inf
        with self._lock:
            waiting = self._waiting
            while waiting:
                next_at = waiting[0].rests_at
                if next_at > now:
                    break
                due.append(waiting.popleft())
            goes_on = self._is_watched = bool(waiting)
        if goes_on:
            self._timers.at(max(next_at, now + PAUSE), self._look)
        for transaction in due:
            try:
                self._rest(transaction)
            except BaseException:  # the timer thread: the others that are due must not wait for ever
                log.exception("a transaction was not put to rest")
