"""kex: the log level at run time, and RPC commands that read and reset statistics."""

import logging
import threading
from collections.abc import Iterable
from typing import Final

from luasip.errors import CommandError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, command, function
from luasip.kemi.log_levels import NOTICE

_LEVELS: Final = {-2: logging.CRITICAL, -1: logging.ERROR, 0: logging.WARNING, 1: NOTICE, 2: logging.INFO}
"""Kamailio's "debug" numbers → Python's levels; greater ones are DEBUG."""


class Kex(Module):
    """kex: log level and statistics."""

    name = "kex"

    def __init__(self, settings: Module.Settings, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._configured: int | None = None

    @function()
    def setdebug(self, ctx: RouteContext, lval: int) -> int:
        """Set the log level of the server, until resetdebug or the next start.

        Args:
            lval: 3 debug, 2 information, 1 notice, 0 warning, -1 error, -2 critical.
        Returns: 1.
        """
        logger = logging.getLogger("luasip")
        with self._lock:
            if self._configured is None:
                self._configured = logger.level
            logger.setLevel(_LEVELS[max(lval, -2)] if lval <= 2 else logging.DEBUG)
        return 1

    @function()
    def resetdebug(self, ctx: RouteContext) -> int:
        """Set the log level back to that of the settings.

        Returns: 1.
        """
        self._reset_level()
        return 1

    def stop(self) -> None:
        """Leave the level as it was found."""
        self._reset_level()

    def _reset_level(self) -> None:
        with self._lock:
            if self._configured is not None:
                logging.getLogger("luasip").setLevel(self._configured)
                self._configured = None

    @command("stats.get_statistics")
    def get_statistics(self, *names: str) -> list[str]:
        """Statistics as "group:name = value": "all", a group as "group:", or single names; several may be given."""
        return [f"{name} = {value}" for name, value in self._chosen(names)]

    @command("stats.fetch")
    def fetch(self, *names: str) -> dict[str, str]:
        """Statistics as texts by "group.name"; names as for stats.get_statistics."""
        return {name.replace(":", ".", 1): str(value) for name, value in self._chosen(names)}

    @command("stats.fetchn")
    def fetch_numbers(self, *names: str) -> dict[str, int]:
        """Statistics as numbers by "group.name"; names as for stats.get_statistics."""
        return {name.replace(":", ".", 1): value for name, value in self._chosen(names)}

    @command("stats.reset_statistics")
    def reset_statistics(self, *names: str) -> None:
        """Set statistics that count to zero; names as for stats.get_statistics."""
        self._reset(names)

    @command("stats.clear_statistics")
    def clear_statistics(self, *names: str) -> list[str] | str:
        """Set statistics that count to zero and show what they were; names as for stats.get_statistics."""
        before = self._reset(names)
        after = self._services.all_statistics()
        shown = [f"{name} = {after.get(name, 0)} ({value})" for name, value in before]
        return shown[0] if len(shown) == 1 else shown

    def _reset(self, names: Iterable[str]) -> list[tuple[str, int]]:
        chosen = self._chosen(names)
        for name, value in chosen:
            # What others add meanwhile must not be lost, so the value is subtracted, not overwritten.
            self._services.count(name, -value)
        return chosen

    def _chosen(self, names: Iterable[str]) -> list[tuple[str, int]]:
        wanted = tuple(names)
        if not wanted:
            raise CommandError(400, "Please provide which stats to retrieve: all, GROUP: or NAME")
        values = sorted(self._services.all_statistics().items())
        if "all" in wanted:
            return values
        return [(full, value) for full, value in values if any(_is_named(full, name) for name in wanted)]


def _is_named(full: str, wanted: str) -> bool:
    group, _, name = full.partition(":")
    return wanted in (full, name, f"{group}:", f"{group}.{name}")
