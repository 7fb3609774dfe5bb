"""counters: counters of the script's own, by group, and the RPC commands that read all counters."""

import logging
from dataclasses import dataclass, field

from luasip.errors import CommandError, SettingsError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, command, function

log = logging.getLogger("luasip.counters")


class Counters(Module):
    """counters: counters of the script's own, by group."""

    name = "counters"

    @dataclass
    class Settings:
        """Which counters there are."""

        script_cnt_grp_name: str = "script"
        """Group of counters that name none."""
        script_counter: list[str] = field(default_factory=list)
        """Counters, each "[GROUP.]NAME", and behind a space or colon a description."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._services = services
        self._group = settings.script_cnt_grp_name
        self._descriptions: dict[str, str] = {}
        for text in settings.script_counter:
            name, mark, description = text.partition(":")
            if not mark:
                name, _, description = text.partition(" ")
            if not name.strip(" ."):
                raise SettingsError([f'modules.counters.script_counter: {text!r}: "[GROUP.]NAME" expected'])
            self._descriptions[self._full(name.strip())] = description.strip() or "custom script counter."

    def start(self) -> None:
        """Begin at 0."""
        for full in self._descriptions:
            self._services.count(full, 0)

    @function()
    def inc(self, ctx: RouteContext, sname: str) -> int:
        """Add one to a counter.

        Args:
            sname: its name, or "group.name".
        Returns: 1, -1 when there is no such counter.
        """
        return self.add(ctx, sname, 1)

    @function()
    def add(self, ctx: RouteContext, sname: str, v: int) -> int:
        """Add to a counter.

        Args:
            sname: its name, or "group.name".
            v: how much, also below zero.
        Returns: 1, -1 when there is no such counter.
        """
        full = self._find(sname)
        if not full:
            return -1
        self._services.count(full, v)
        return 1

    @function()
    def reset(self, ctx: RouteContext, sname: str) -> int:
        """Set a counter to zero.

        Args:
            sname: its name, or "group.name".
        Returns: 1, -1 when there is no such counter.
        """
        full = self._find(sname)
        if not full:
            return -1
        self._clear(full)
        return 1

    @command("cnt.get")
    def get(self, group: str, name: str = "") -> int | dict[str, int]:
        """The value of a counter, or of all of a group."""
        return self._value(group, name) if name else self.group_values(group)

    @command("cnt.get_raw")
    def get_raw(self, group: str, name: str) -> int:
        """The value of a counter."""
        return self._value(group, name)

    @command("cnt.reset")
    def reset_counter(self, group: str, name: str) -> None:
        """Set a counter to zero."""
        self._value(group, name)
        self._clear(f"{group}:{name}")

    @command("cnt.grps_list")
    def groups(self) -> list[str]:
        """The groups of counters."""
        return sorted({name.partition(":")[0] for name in self._services.all_statistics()})

    @command("cnt.list_groups")
    def list_groups(self) -> list[str]:
        """The groups of counters."""
        return self.groups()

    @command("cnt.var_list")
    def names(self, group: str) -> list[str]:
        """The counters of a group."""
        return list(self.group_values(group))

    @command("cnt.list_vars")
    def list_names(self, group: str) -> list[str]:
        """The counters of a group."""
        return self.names(group)

    @command("cnt.grp_get_all")
    def group_values(self, group: str) -> dict[str, int]:
        """The counters of a group with their values."""
        parts = ((name.partition(":"), value) for name, value in self._services.all_statistics().items())
        return {name: value for (own, _, name), value in sorted(parts) if own == group}

    @command("cnt.get_vars")
    def group_variables(self, group: str) -> dict[str, int]:
        """The counters of a group with their values."""
        return self.group_values(group)

    @command("cnt.help")
    def describe(self, group: str, name: str) -> str:
        """What a counter counts."""
        self._value(group, name)
        description = self._descriptions.get(f"{group}:{name}")
        if description is None:
            raise CommandError(400, f"no description for counter {group}.{name}")
        return description

    def _value(self, group: str, name: str) -> int:
        values = self._services.all_statistics()
        if f"{group}:{name}" not in values:
            raise CommandError(400, f"non-existent counter {group}.{name}")
        return values[f"{group}:{name}"]

    def _full(self, name: str) -> str:
        group, dot, rest = name.partition(".")
        return f"{group}:{rest}" if dot else f"{self._group}:{name}"

    def _find(self, name: str) -> str:
        full = self._full(name)
        if full in self._descriptions or full in self._services.all_statistics():
            return full
        log.error("counters: there is no counter %r (a line for modules.counters.script_counter?)", name)
        return ""

    def _clear(self, full: str) -> None:
        # What others add meanwhile must not be lost, so the value is subtracted, not overwritten.
        self._services.count(full, -(self._services.all_statistics().get(full, 0)))
