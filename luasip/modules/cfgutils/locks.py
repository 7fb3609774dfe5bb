"""Locks by key for routes. Whoever has to wait is suspended, never its thread. Knows no Lua."""

import itertools
import logging
import threading
import zlib
from collections import deque
from collections.abc import Generator
from typing import Any

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.operation import TIMED_OUT, Event, Operation

log = logging.getLogger("luasip.cfgutils")

LONGEST_LOCK_WAIT = 60.0
"""Seconds a route waits for a lock; it then goes on with -1."""


class KeyLocks:
    """Locks by key for routes: held by a context, waited for without a thread, in the order of asking."""

    def __init__(self, services: Services, size: int) -> None:
        self._services = services
        self._slots = 1 << size if 0 < size < 20 else 0
        self._guard = threading.Lock()
        self._holders: dict[int, RouteContext] = {}
        self._waiting: dict[int, deque[tuple[str, RouteContext]]] = {}
        self._tickets = itertools.count(1)

    def take(self, ctx: RouteContext, key: str) -> Generator[Operation, Any, int]:
        """Take a lock, waiting for it if need be."""
        if not self._slots:
            return -1
        slot = self._slot(key)
        with self._guard:
            if self._take_free(ctx, slot):
                return 1
            ticket = f"cfgutils:lock:{next(self._tickets)}"
            self._waiting.setdefault(slot, deque()).append((ticket, ctx))
        if (yield Event(ticket, LONGEST_LOCK_WAIT)) is not TIMED_OUT:
            return 1
        with self._guard:
            queue = self._waiting.get(slot, deque())
            if (ticket, ctx) in queue:
                queue.remove((ticket, ctx))
                return -1
        # It was handed over in the very moment the wait ended: the wake-up is under way and must not stay.
        yield Event(ticket, 1.0)
        return 1

    def try_to_take(self, ctx: RouteContext, key: str) -> int:
        """Take a lock that is free."""
        if not self._slots:
            return -1
        with self._guard:
            return 1 if self._take_free(ctx, self._slot(key)) else -1

    def release(self, key: str) -> int:
        """Give a lock to the one who has waited longest, or free it."""
        if not self._slots:
            return -1
        return 1 if self._release(self._slot(key)) else -1

    def _slot(self, key: str) -> int:
        return zlib.crc32(key.encode("latin-1")) % self._slots

    def _take_free(self, ctx: RouteContext, slot: int) -> bool:
        """The guard is held. A route that holds the lock already has it again: it would wait for itself for ever."""
        holder = self._holders.get(slot)
        if holder is not None:
            return holder is ctx
        self._hold(ctx, slot)
        return True

    def _hold(self, ctx: RouteContext, slot: int) -> None:
        self._holders[slot] = ctx
        if ctx.at_end is None:
            ctx.at_end = []
        ctx.at_end.append(lambda: self._route_ended(ctx, slot))

    def _release(self, slot: int) -> bool:
        with self._guard:
            if self._holders.pop(slot, None) is None:
                return False
            queue = self._waiting.get(slot)
            if not queue:
                self._waiting.pop(slot, None)
                return True
            ticket, ctx = queue.popleft()
            self._hold(ctx, slot)
        self._services.grant(ticket, True)
        return True

    def _route_ended(self, ctx: RouteContext, slot: int) -> None:
        with self._guard:
            if self._holders.get(slot) is not ctx:
                return
        log.warning("a lock was still held when its route ended; it is released")
        self._release(slot)
