"""Requests answered a while ago: nothing is left of their transactions but what a repetition of them gets.

RFC 3261 keeps a server transaction for a while after its final response (timers J and L), so that the request, come
again, is not taken for a new one, and the client's, so that the response is not (timer K). That takes little memory.
"""

import threading
from collections import deque
from typing import Final

from luasip.server.timers import Timers
from luasip.transport.packet import Destination

SWEEP_AFTER: Final = 1.0
"""Seconds between two looks for what has ended."""


class Answered:
    """What one request is answered when it comes again, and where; no destination: it is absorbed in silence."""

    __slots__ = ("destination", "text", "until")

    def __init__(self, text: str, destination: Destination | None, until: float) -> None:
        self.text = text
        self.destination = destination
        self.until = until


class AnsweredTable:
    """Those of a server by a key: that of the request, or of the branch its response came from. Any thread."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._lock = threading.Lock()
        self._by_key: dict[str, Answered] = {}
        self._order: deque[tuple[str, Answered]] = deque()
        self._is_swept = False

    def __len__(self) -> int:
        return len(self._by_key)

    def add(self, key: str, answered: Answered) -> None:
        """Keep one until its time is over."""
        with self._lock:
            self._by_key[key] = answered
            self._order.append((key, answered))
            starts, self._is_swept = not self._is_swept, True
        if starts:
            self._timers.after(SWEEP_AFTER, self._sweep)

    def find(self, key: str) -> Answered | None:
        """The one with this key, None when there is none (any more)."""
        return self._by_key.get(key)

    def _sweep(self) -> None:
        """Forget those whose time is over; nearly all are kept equally long, so the oldest come first."""
        now = self._timers.clock()
        with self._lock:
            order = self._order
            while order and order[0][1].until <= now:
                key, answered = order.popleft()
                if self._by_key.get(key) is answered:
                    del self._by_key[key]
            goes_on = self._is_swept = bool(order)
        if goes_on:
            self._timers.after(SWEEP_AFTER, self._sweep)
