"""log.* and Kamailio's dbg.*: the log while the server runs: its levels, and what it lost."""

import logging
import threading
from typing import Any, Final

from luasip.errors import CommandError
from luasip.kemi.declare import command
from luasip.server.logs import LEVELS, Logging

ROOT: Final = "luasip"

_BY_NUMBER: Final = (("crit", -2), ("err", -1), ("warn", 0), ("notice", 1), ("info", 2), ("dbg", 3))
"""Kamailio's numbers of levels."""


class LogCommands:
    """Commands about the log. Changes last until they are taken back or the server stops."""

    def __init__(self, log: Logging | None) -> None:
        """`log` is None where records are written by somebody else."""
        self._log = log
        self._lock = threading.Lock()
        self._before: dict[str, int] = {}

    @command("log.levels")
    def levels(self) -> list[dict[str, Any]]:
        """The loggers that exist, and the level each has now; `set` where it has one of its own."""
        names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] == ROOT]
        return [
            {"logger": name, "level": _name_of(logger.getEffectiveLevel()), "set": bool(logger.level)}
            for name in sorted(names)
            for logger in (logging.getLogger(name),)
        ]

    @command("log.set_level")
    def set_level(self, logger: str, level: str) -> None:
        """Set the level of one logger and those below it that have none of their own.

        Args:
            logger: a module such as "tm", or a logger such as "luasip.transport"; "luasip" for all.
            level: dbg, info, notice, warn, err, crit, alert.
        """
        number = LEVELS.get(level.lower())
        if number is None:
            raise CommandError(400, f"level {level!r}: {', '.join(LEVELS)}")
        self._set(_full(logger), number)

    @command("log.reset_level")
    def reset_level(self, logger: str) -> None:
        """Give a logger the level it had at the start.

        Args:
            logger: as for log.set_level.
        """
        name = _full(logger)
        with self._lock:
            if name in self._before:
                logging.getLogger(name).setLevel(self._before.pop(name))

    @command("log.state")
    def state(self) -> dict[str, int]:
        """Records that wait to be written, that were dropped because too many waited, and that floods held back."""
        log = self._log
        if log is None:
            return {"waiting": 0, "dropped": 0, "suppressed": 0}
        return {"waiting": log.waiting, "dropped": log.dropped, "suppressed": log.suppressed}

    @command("dbg.set_mod_level")
    def set_module_level(self, module: str, level: int) -> None:
        """Set the level of one module.

        Args:
            module: its name, "core" for the server.
            level: Kamailio's number, -2 (crit) to 3 (dbg).
        """
        name = next((name for name, number in _BY_NUMBER if number == max(-2, min(3, level))), "info")
        self._set(_of_module(module), LEVELS[name])

    @command("dbg.get_mod_level")
    def module_level(self, module: str) -> int:
        """The level of one module, as Kamailio's number.

        Args:
            module: its name, "core" for the server.
        """
        level = logging.getLogger(_of_module(module)).getEffectiveLevel()
        return max((number for name, number in _BY_NUMBER if LEVELS[name] >= level), default=-2)

    @command("dbg.reset_mod_level")
    def reset_module_level(self, module: str) -> None:
        """Give a module the level it had at the start.

        Args:
            module: its name, "core" for the server.
        """
        self.reset_level(_of_module(module))

    def _set(self, name: str, level: int) -> None:
        logger = logging.getLogger(name)
        with self._lock:
            self._before.setdefault(name, logger.level)
            logger.setLevel(level)


def _full(logger: str) -> str:
    """The whole name of a logger that exists. Raises CommandError."""
    there = logging.root.manager.loggerDict
    for name in (logger, f"{ROOT}.{logger}"):
        if name in there:
            return name
    raise CommandError(404, f"no logger {logger!r}: log.levels shows those there are")


def _of_module(module: str) -> str:
    return ROOT if module == "core" else _full(module)


def _name_of(level: int) -> str:
    """The shortest name of a level, or its number."""
    found = [name for name, number in LEVELS.items() if number == level]
    return min(found, key=len) if found else str(level)
