"""Looks again and again whether the server lives, and tells the service manager only then: it restarts a dead one.

Knows no thread; whoever has time calls `look`.
"""

import logging
import time
from collections.abc import Callable

from luasip.control.service_manager import ServiceManager
from luasip.server.health import Health

log = logging.getLogger("luasip.server")

LOOK_AFTER = 10.0
"""Seconds between two looks when nobody waits for a sign of life."""


class Watchdog:
    """One server's. `look` is called by one thread."""

    def __init__(
        self, manager: ServiceManager, health: Health, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._manager = manager
        self._health = health
        self._clock = clock
        self._after = manager.watchdog / 3 if manager.watchdog else LOOK_AFTER
        self._look_at = 0.0
        self._told: list[str] = []
        self._told_beside: list[str] = []

    def look(self) -> None:
        """Look, when it is time."""
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + self._after
        faults = self._health.faults()
        if not faults and self._manager.watchdog:
            self._manager.tell("WATCHDOG=1")
        if faults != self._told:
            self._told = faults
            if faults:
                log.critical("the server does not live: %s", "; ".join(faults))
            else:
                log.warning("the server lives again")
        self._look_beside()

    def _look_beside(self) -> None:
        ailments = self._health.ailments()
        if ailments != self._told_beside:
            self._told_beside = ailments
            if ailments:
                log.error("SIP goes on, but %s", "; ".join(ailments))
            else:
                log.warning("all threads move again")
