"""Locks that scripts take on the slot of a key: sht_lock and sht_unlock.

A lock belongs to one run of a callback, which may take it again. Whoever has to wait is suspended, never its
thread. A lock that is never given back, because its callback ended without, is taken over after a while.
"""

import threading
from typing import Final

from luasip.kemi.context import RouteContext, Services

HELD_AT_MOST: Final = 10.0
"""Seconds after which a lock counts as forgotten."""

WAIT: Final = 0.05
"""Seconds after which a waiter looks again, should it have missed being woken."""


class _Held:
    __slots__ = ("depth", "owner", "since")

    def __init__(self, owner: RouteContext, since: float) -> None:
        self.owner = owner
        self.since = since
        self.depth = 1


class SlotLocks:
    """Who holds which slot."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()

    def take(self, slot: str, ctx: RouteContext) -> bool:
        """Take the lock of `slot` for `ctx`. False when another run holds it."""
        now = self._services.now()
        with self._lock:
            held = self._held.get(slot)
            if held is not None and held.owner is ctx:
                held.depth += 1
                return True
            if held is not None and now - held.since < HELD_AT_MOST:
                return False
            self._held[slot] = _Held(ctx, now)
            return True

    def give_back(self, slot: str, ctx: RouteContext) -> bool:
        """Give the lock of `slot` back and wake those who wait for it. False when `ctx` does not hold it."""
        with self._lock:
            held = self._held.get(slot)
            if held is None or held.owner is not ctx:
                return False
            held.depth -= 1
            if held.depth:
                return True
            del self._held[slot]
        self._services.notify(f"htable.lock:{slot}", True)
        return True
