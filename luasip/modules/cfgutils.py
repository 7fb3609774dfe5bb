"""cfgutils: waiting, locks by key, chance, and other small helps for scripts."""

import itertools
import logging
import random
import threading
import zlib
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.kemi.operation import TIMED_OUT, Event, Operation, RunRoute, Sleep

log = logging.getLogger("luasip.cfgutils")

LONGEST_LOCK_WAIT = 60.0
"""Seconds a route waits for a lock; it then goes on with -1."""


class Cfgutils(Module):
    """cfgutils: helps for scripts."""

    name = "cfgutils"

    @dataclass
    class Settings:
        """Parameters of cfgutils."""

        lock_set_size: int = 0
        """2 to the power of this many locks; 0: no locks."""
        initial_probability: int = 10
        """Percent for rand_event."""
        hash_file: str = ""
        """Accepted for Kamailio's sake."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self.settings = settings
        self._services = services
        self._probability = settings.initial_probability
        self._chance = threading.Lock()
        self._random = random.Random()
        self._locks = KeyLocks(services, settings.lock_set_size)

    # Waiting

    @function(suspends=True)
    def sleep(self, ctx: RouteContext, v: int) -> Generator[Operation, Any, int]:
        """Wait some seconds. The route is suspended; other messages are handled.

        Args:
            v: seconds.
        Returns: 1.
        """
        yield Sleep(max(0.0, float(v)))
        return 1

    @function(suspends=True)
    def usleep(self, ctx: RouteContext, v: int) -> Generator[Operation, Any, int]:
        """Wait some microseconds. The route is suspended; other messages are handled.

        Args:
            v: microseconds.
        Returns: 1.
        """
        yield Sleep(max(0.0, v / 1e6))
        return 1

    # Locks

    @function(suspends=True)
    def lock(self, ctx: RouteContext, lkey: str) -> Generator[Operation, Any, int]:
        """Take the lock of a key; a route that must wait is suspended.

        A lock still held when its route ends is released, and that is logged.

        Args:
            lkey: any text; keys may share a lock, as in Kamailio. Taking a lock twice in one route does not block.
        Returns: 1, or -1 without lock_set_size or when it was not to be had within a minute.
        """
        return (yield from self._locks.take(ctx, lkey))

    @function()
    def trylock(self, ctx: RouteContext, lkey: str) -> int:
        """Take the lock of a key if it is free.

        Args:
            lkey: any text.
        Returns: 1 taken, -1 busy or no lock_set_size.
        """
        return self._locks.try_to_take(ctx, lkey)

    @function()
    def unlock(self, ctx: RouteContext, lkey: str) -> int:
        """Release the lock of a key.

        Args:
            lkey: the text given to lock.
        Returns: 1, or -1 when it is not held or there is no lock_set_size.
        """
        return self._locks.release(lkey)

    @function(suspends=True)
    def lock_key2(self, ctx: RouteContext, lkey: str, lkey2: str) -> Generator[Operation, Any, int]:
        """Take the lock of a key made of two parts.

        Args:
            lkey: first part.
            lkey2: second part.
        Returns: as lock.
        """
        return (yield from self._locks.take(ctx, lkey + lkey2))

    @function()
    def trylock_key2(self, ctx: RouteContext, lkey: str, lkey2: str) -> int:
        """Take the lock of a key made of two parts if it is free.

        Args:
            lkey: first part.
            lkey2: second part.
        Returns: as trylock.
        """
        return self._locks.try_to_take(ctx, lkey + lkey2)

    @function()
    def unlock_key2(self, ctx: RouteContext, lkey: str, lkey2: str) -> int:
        """Release the lock of a key made of two parts.

        Args:
            lkey: first part.
            lkey2: second part.
        Returns: as unlock.
        """
        return self._locks.release(lkey + lkey2)

    # Chance

    @function()
    def rand_event(self, ctx: RouteContext) -> int:
        """True by chance, with the probability that is set.

        Returns: 1 or -1.
        """
        with self._chance:
            return 1 if self._random.random() * 100 < self._probability else -1

    @function()
    def rand_set_prob(self, ctx: RouteContext, percent_par: int) -> int:
        """Set the probability of rand_event.

        Args:
            percent_par: 0 to 100.
        Returns: 1, or -1 for other numbers.
        """
        if not 0 <= percent_par <= 100:
            return -1
        with self._chance:
            self._probability = percent_par
        return 1

    @function()
    def rand_reset_prob(self, ctx: RouteContext) -> int:
        """Set the probability of rand_event back to the setting.

        Returns: 1.
        """
        return self.rand_set_prob(ctx, self.settings.initial_probability)

    @function()
    def rand_get_prob(self, ctx: RouteContext) -> int:
        """The probability of rand_event.

        Returns: percent.
        """
        with self._chance:
            return self._probability

    # Others

    @function()
    def core_hash(self, ctx: RouteContext, s1: str, s2: str, sz: int) -> int:
        """A number made of one or two texts, the same for the same texts.

        Args:
            s1: first text.
            s2: second text, "" for none.
            sz: 2 to the power of this many values, 0 for any.
        Returns: the number, from 1 (Kamailio adds one so that it is never false).
        """
        number = zlib.crc32((s1 + s2).encode("latin-1"))
        return (number % (1 << sz) if 0 < sz < 31 else number & 0x3FFFFFFF) + 1

    @function()
    def check_route_exists(self, ctx: RouteContext, route: str) -> int:
        """Whether the script has a function of this name.

        Args:
            route: name of a global Lua function.
        Returns: 1 or -1.
        """
        return 1 if self._services.has_callback(route) else -1

    @function(suspends=True)
    def route_if_exists(self, ctx: RouteContext, route: str) -> Generator[Operation, Any, int]:
        """Call a function of the script if it is there.

        Args:
            route: name of a global Lua function.
        Returns: 1 when it was called and ended well, -1 when not.
        """
        if not self._services.has_callback(route):
            return -1
        return 1 if (yield RunRoute(route, ctx)) else -1


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
