"""The settings in force: those of the start, and what commands and a changed settings file have made of them since.

What may change says the declaration `changeable` of a section or a module. Sections are values and replaced whole;
the Settings of a module is one object that the module reads at each use, so its fields are assigned.
"""

import dataclasses
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from luasip.errors import SettingsError
from luasip.kemi.declare import Module
from luasip.server.setting_groups import ABSENT, Group, Key, full_name, groups_of, with_values
from luasip.server.settings import Settings

Read = Callable[[], Settings]
Check = Callable[[Settings], object]


@dataclasses.dataclass(frozen=True, slots=True)
class Adopted:
    """What reading the settings file again has changed, and how to take it back."""

    changed: tuple[str, ...] = ()
    """Settings that have another value now, as "modules.tm.fr_timer"."""
    restart: tuple[str, ...] = ()
    """Settings that have another value in the file, and will have it with the next start."""
    before: Mapping[Key, Any] = dataclasses.field(default_factory=dict)
    file_before: Mapping[Key, Any] = dataclasses.field(default_factory=dict)


class RunningSettings:
    """Any thread. `now` is what holds; values of modules are in their Settings objects, which it names."""

    def __init__(self, settings: Settings) -> None:
        self.now = settings
        self._modules: dict[str, Module] = {}
        self._effect: Callable[[Settings], None] = lambda _: None
        self._lock = threading.RLock()
        self._file = _values(groups_of(settings).values())
        """What the file said when it was last read."""

    def belong_to(self, modules: Sequence[Module], effect: Callable[[Settings], None]) -> None:
        """Say whom the settings are for: modules in their order, and what gives sections to the server's parts."""
        self._modules = {loaded.key: module for loaded, module in zip(self.now.modules, modules, strict=True)}
        self._effect = effect

    @property
    def groups(self) -> dict[str, Group]:
        """Every group of settings, with the values that hold now."""
        return groups_of(self.now)

    def file_value(self, key: Key) -> Any:
        """What the file says of a setting."""
        return self._file.get(key, ABSENT)

    def differing(self) -> list[Key]:
        """The settings that commands have given another value than the file."""
        return [key for key, value in self._changeable().items() if self.file_value(key) != value]

    def change(self, changes: Mapping[Key, Any]) -> None:
        """Give settings other values, all or none. SettingsError of a module that refuses its own."""
        with self._lock:
            before = {key: self.groups[key[0]].values.get(key[1], ABSENT) for key in changes}
            try:
                self._assign(changes)
            except SettingsError:
                self._assign(before)
                raise

    def adopt(self, read: Read, check: Check) -> Adopted:
        """Read the settings file again and make what may change hold. SettingsError: nothing was changed.

        Args:
            read: reads and checks the file.
            check: looks at what only modules know; asked when something has changed. Raises SettingsError.
        """
        with self._lock:
            settings = read()
            groups = groups_of(settings)
            wanted = _values(groups.values())
            if wanted != self._file:
                check(settings)
            now = self.groups
            changeable = self._changeable(now) | self._changeable(groups)
            changes = {
                key: wanted.get(key, ABSENT)
                for key in changeable
                if key[0] in now and key[0] in groups and wanted.get(key, ABSENT) != self.file_value(key)
            }
            before = {key: now[key[0]].values.get(key[1], ABSENT) for key in changes}
            self.change(changes)
            file_before, self._file = self._file, wanted
            changed = tuple(self._shown(key) for key in changes)
            return Adopted(changed, self._restart(now, groups), before, file_before)

    def give_back(self, adopted: Adopted) -> None:
        """Undo what `adopt` did."""
        with self._lock:
            self._assign(adopted.before)
            self._file = dict(adopted.file_before)

    def _restart(self, now: Mapping[str, Group], wanted: Mapping[str, Group]) -> tuple[str, ...]:
        """What takes a start: modules to be loaded or not, then single settings."""
        coming = [f"modules.{name}" for name in [*wanted, *now] if (name in wanted) != (name in now)]
        return (
            *dict.fromkeys(coming),
            *(
                self._shown((name, key))
                for name, group in wanted.items()
                for key, value in group.values.items()
                if name in now and key not in group.changeable and now[name].values.get(key, ABSENT) != value
            ),
        )

    def _changeable(self, groups: Mapping[str, Group] | None = None) -> dict[Key, Any]:
        found = self.groups if groups is None else groups
        return {
            (name, key): group.values[key]
            for name, group in found.items()
            for key in group.values
            if key in group.changeable
        }

    def _shown(self, key: Key) -> str:
        return full_name(key, self._modules)

    def _assign(self, changes: Mapping[Key, Any]) -> None:
        """Modules first: only they can refuse. Those already changed are the caller's to change back."""
        by_group: dict[str, dict[str, Any]] = {}
        for (group, name), value in changes.items():
            by_group.setdefault(group, {})[name] = value
        settings = self.now
        for group, values in by_group.items():
            if group in self._modules:
                self._assign_module(group, values)
            else:
                settings = with_values(settings, group, values)
        if settings is not self.now:
            self.now = settings
            self._effect(settings)

    def _assign_module(self, key: str, values: Mapping[str, Any]) -> None:
        module = self._modules[key]
        held = next(loaded.settings for loaded in self.now.modules if loaded.key == key)
        try:
            made = dataclasses.replace(held, **values)  # checks itself as at the start
            for field in dataclasses.fields(held):
                setattr(held, field.name, getattr(made, field.name))
            module.settings_changed()
        except SettingsError:
            raise
        except ValueError as error:
            raise SettingsError([f"modules.{key}: {error}"]) from None


def _values(groups: Iterable[Group]) -> dict[Key, Any]:
    return {(group.name, name): value for group in groups for name, value in group.values.items()}
