"""statistics: counters of the script's own beside the server's."""

import logging
from dataclasses import dataclass, field

from luasip.errors import SettingsError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, function

log = logging.getLogger("luasip.statistics")

GROUP = "script"
"""The group of names without one."""


class Statistics(Module):
    """statistics: counters of the script's own."""

    name = "statistics"

    @dataclass
    class Settings:
        """Which counters there are."""

        variable: list[str] = field(default_factory=list)
        """Names, each "NAME" or "GROUP:NAME"; with "/no_reset" behind it, reset_stat leaves it as it is. The group is
        "script" where none is named."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._services = services
        self._own: dict[str, str] = {}
        """Full names by the names of the settings."""
        self._kept: set[str] = set()
        for text in settings.variable:
            self._declare(text)

    def _declare(self, text: str) -> None:
        name, slash, flag = text.strip().partition("/")
        if not name or (slash and flag != "no_reset"):
            raise SettingsError(
                [f'modules.statistics.variable: {text!r}: "NAME" or "NAME/no_reset" expected']
            )
        full = name if ":" in name else f"{GROUP}:{name}"
        self._own[name] = self._own[full] = full
        if slash:
            self._kept.add(full)

    def start(self) -> None:
        """Begin at 0."""
        for full in set(self._own.values()):
            self._services.count(full, 0)

    @function()
    def update_stat(self, ctx: RouteContext, sname: str, sval: int) -> int:
        """Add to a counter.

        Args:
            sname: its name, or "group:name".
            sval: how much, also below zero.
        Returns: 1, -1 when there is no such counter.
        """
        full = self._find(sname)
        if not full:
            return -1
        self._services.count(full, sval)
        return 1

    @function()
    def reset_stat(self, ctx: RouteContext, sname: str) -> int:
        """Set a counter to zero, unless it was declared with no_reset.

        Args:
            sname: its name, or "group:name".
        Returns: 1, -1 when there is no such counter.
        """
        full = self._find(sname)
        if not full:
            return -1
        if full not in self._kept:
            # What others add meanwhile must not be lost, so the value is subtracted, not overwritten.
            self._services.count(full, -(self._services.statistic(full) or 0))
        return 1

    def _find(self, name: str) -> str:
        full = self._own.get(name)
        if full is None:
            suffix = f":{name}"
            known = self._services.all_statistics()
            full = name if name in known else next((key for key in known if key.endswith(suffix)), "")
            if not full:
                log.error(
                    "statistics: there is no counter %r (a line for modules.statistics.variable?)", name
                )
        return full
