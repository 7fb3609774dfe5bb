"""Whether the server lives and whether it serves: what a watchdog and a load balancer want to know.

It lives while every thread that SIP depends on moves. It serves while it lives, has started and is not stopping.
Threads beside them are named when they stand still, but no call is ended for their sake.
"""

import time
from collections.abc import Callable, Sequence

from luasip.server.timers import Timers
from luasip.transport.packet import Transport

BEAT_AFTER = 1.0
"""Seconds between two signs of life of the timer thread."""
STALLED_AFTER = 60.0
"""Seconds a thread may spend on one thing: more than any limit of calls that block, by default."""


class Health:
    """Asked from any thread; `begin` once the threads run, `end` when they are about to stop."""

    def __init__(
        self, timers: Timers, transports: Sequence[Transport], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._timers = timers
        self._transports = transports
        self._clock = clock
        self._beat_at = 0.0
        self._state = "the server is starting"
        self.beside: list[Callable[[float], list[str]]] = []
        """Each gives the names of threads that have not moved for so many seconds, and that SIP does not depend on."""

    def begin(self) -> None:
        """The server serves from now on."""
        self._state = ""
        self._beat()

    def end(self) -> None:
        """The server takes nothing new any more."""
        self._state = "the server is stopping"

    def _beat(self) -> None:
        self._beat_at = self._clock()
        if not self._state:
            self._timers.after(BEAT_AFTER, self._beat)

    def faults(self) -> list[str]:
        """Why the server cannot go on by itself; empty while it lives."""
        if self._state:
            return []
        stalled = [
            name
            for transport in self._transports
            for name in getattr(transport, "stalled", _none)(STALLED_AFTER)
        ]
        if self._clock() - self._beat_at > STALLED_AFTER:
            stalled.append("timers")
        return _told(stalled)

    def ailments(self) -> list[str]:
        """What is wrong beside SIP."""
        return [] if self._state else _told([name for look in self.beside for name in look(STALLED_AFTER)])

    def hindrances(self) -> list[str]:
        """Why nothing new should be sent here; empty while the server serves."""
        return [self._state] if self._state else self.faults()


def _told(stalled: list[str]) -> list[str]:
    return [f"thread {name} does not move" for name in stalled]


def _none(limit: float) -> list[str]:
    return []
