"""The cfgutils module: helps for scripts, and RPC commands for the global flags and the probability."""

import hashlib
import random
import threading
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from luasip.errors import CommandError, SettingsError
from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.declare import Module, command, function, variable
from luasip.kemi.operation import Operation, RunRoute, Sleep
from luasip.modules.cfgutils.core_hash import core_hash
from luasip.modules.cfgutils.locks import KeyLocks

_ALL_FLAGS: Final = 0xFFFFFFFF


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
        initial_gflags: int = 0
        """Global flags at the start, as a bit mask."""
        hash_file: str = ""
        """File whose MD5 sum is taken at the start, for cfgutils.get_config_hash and check_config_hash."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self.settings = settings
        self._services = services
        self._probability = settings.initial_probability
        self._lock = threading.Lock()
        self._flags = settings.initial_gflags & _ALL_FLAGS
        self._file_sum = ""
        self._random = random.Random()
        self._locks = KeyLocks(services, settings.lock_set_size)

    def start(self) -> None:
        """Take the sum of hash_file. Raises SettingsError when it cannot be read."""
        if self.settings.hash_file:
            try:
                self._file_sum = _sum_of(self.settings.hash_file)
            except OSError as error:
                raise SettingsError([f"modules.cfgutils.hash_file: {error}"]) from error

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
        with self._lock:
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
        with self._lock:
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
        with self._lock:
            return self._probability

    # Others

    @function()
    def core_hash(self, ctx: RouteContext, s1: str, s2: str, sz: int) -> int:
        """Kamailio's hash of one or two texts: a number, the same for the same texts.

        Args:
            s1: first text.
            s2: second text, "" for none.
            sz: 2 to the power of this many values; 2 values for 0 and below.
        Returns: the number, from 1.
        """
        return core_hash(s1, s2, 1 << (sz & 31) if sz > 0 else 2) + 1

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

    @variable("RANDOM")
    def random_number(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$RANDOM: a number by chance, from 0 to 2147483647."""
        with self._lock:
            return self._random.randrange(1 << 31)

    # RPC

    @command("cfgutils.set_gflag")
    def set_flags(self, flags: int) -> None:
        """Set the global flags of a bit mask."""
        with self._lock:
            self._flags |= _mask(flags)

    @command("cfgutils.reset_gflag")
    def reset_flags(self, flags: int) -> None:
        """Reset the global flags of a bit mask."""
        with self._lock:
            self._flags &= ~_mask(flags)

    @command("cfgutils.is_gflag")
    def has_flags(self, flags: int) -> str:
        """TRUE when all global flags of a bit mask are set, else FALSE."""
        mask = _mask(flags)
        return "TRUE" if self._flags & mask == mask else "FALSE"

    @command("cfgutils.get_gflags")
    def get_flags(self) -> str:
        """The global flags, as "0xHEX (decimal)"."""
        return f"0x{self._flags:X} ({self._flags})"

    @command("cfgutils.rand_set_prob")
    def set_probability(self, percent: int) -> None:
        """Set the probability of rand_event."""
        value = _integer(percent)
        if not 0 <= value <= 100:
            raise CommandError(500, "Invalid Percent")
        with self._lock:
            self._probability = value

    @command("cfgutils.rand_reset_prob")
    def reset_probability(self) -> None:
        """Set the probability of rand_event back to the setting."""
        with self._lock:
            self._probability = self.settings.initial_probability

    @command("cfgutils.rand_get_prob")
    def get_probability(self) -> str:
        """The probability of rand_event."""
        return f"actual probability: {self._probability} percent"

    @command("cfgutils.get_config_hash")
    def get_file_sum(self) -> str:
        """MD5 sum that hash_file had at the start."""
        return self._file_sum

    @command("cfgutils.check_config_hash")
    def check_file_sum(self) -> str:
        """Whether hash_file is still as it was at the start."""
        if not self.settings.hash_file:
            raise CommandError(500, "No hash file")
        try:
            same = _sum_of(self.settings.hash_file) == self._file_sum
        except OSError:
            raise CommandError(500, "Failed to hash the file") from None
        return "Identical hash" if same else "Different hash"


def _sum_of(path: str) -> str:
    return hashlib.md5(Path(path).read_bytes(), usedforsecurity=False).hexdigest()


def _mask(flags: object) -> int:
    return _integer(flags) & _ALL_FLAGS


def _integer(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise CommandError(500, "Invalid Parameters") from None
