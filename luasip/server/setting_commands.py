"""cfg.*: reading settings, and changing those that may change while the server runs.

Names are Kamailio's "group name": a module and one of its settings. `core debug` is the log level. A change is checked
as the settings file is, holds until the next start, and never reaches the file.
"""

import dataclasses
import logging
import re
import threading
from collections.abc import Sequence
from typing import Any, Final, get_type_hints

from pydantic import TypeAdapter, ValidationError

from luasip.errors import CommandError, SettingsError
from luasip.kemi.declare import Module, command
from luasip.kemi.field_docs import field_documentation
from luasip.kemi.log_levels import NOTICE
from luasip.server.settings_modules import LoadedModule
from luasip.server.settings_problems import describe

log = logging.getLogger("luasip.settings")

CORE: Final = "core"
DEBUG: Final = "debug"

_PASSWORD: Final = re.compile(r"(://[^:@/\s]*:)\S*@")
"""The password in a URL."""

_LEVELS: Final = {
    -3: logging.CRITICAL,
    -2: logging.CRITICAL,
    -1: logging.ERROR,
    0: logging.WARNING,
    1: NOTICE,
    2: logging.INFO,
    3: logging.DEBUG,
}


class SettingCommands:
    """Commands about settings."""

    def __init__(self, loaded: Sequence[LoadedModule], modules: Sequence[Module]) -> None:
        """`modules` are those of `loaded`, in its order."""
        self._modules = {one.key: (one, module) for one, module in zip(loaded, modules, strict=True)}
        self._lock = threading.Lock()
        self._before: dict[tuple[str, str], Any] = {}
        """What changed settings were at the start."""

    @command("cfg.list")
    def list_names(self, group: str = "") -> list[str]:
        """The settings that may change while the server runs, as "group: name".

        Args:
            group: only those of this module.
        """
        return [f"{key}: {name}" for key, name in self._changeable() if group in ("", key)]

    @command("cfg.get")
    def get(self, group: str, name: str = "") -> Any:
        """The value of a setting, or all of a module.

        Args:
            group: the module.
            name: the setting, changeable or not; without it all are shown.
        """
        if group == CORE and name in ("", DEBUG):
            level = self._debug()
            return level if name else {DEBUG: level}
        settings = self._settings(group)
        names = [field.name for field in dataclasses.fields(settings) if field.init]
        if not name:
            return {one: without_passwords(one, getattr(settings, one)) for one in names}
        if name not in names:
            raise CommandError(400, "Failed to get the variable")
        return without_passwords(name, getattr(settings, name))

    @command("cfg.help")
    def help(self, group: str, name: str) -> str:
        """What a setting means.

        Args:
            group: the module.
            name: the setting.
        """
        if (group, name) == (CORE, DEBUG):
            return "Log level: 3 debug, 2 information, 1 notice, 0 warnings, -1 errors."
        text = field_documentation(type(self._settings(group))).get(name)
        if text is None:
            raise CommandError(400, "Failed to get the variable description")
        return text

    @command("cfg.set")
    def set(self, group: str, name: str, value: Any) -> None:
        """Change a setting until the next start.

        Args:
            group: the module.
            name: the setting, one of cfg.list.
            value: its new value.
        """
        if (group, name) not in self._changeable():
            raise CommandError(400, self._why_not(group, name))
        if group == CORE:
            self._set_debug(value)
        else:
            self._change(group, name, self._checked(group, name, value))
        log.warning("setting %s.%s is %r now", group, name, value)

    @command("cfg.seti")
    def set_integer(self, group: str, name: str, value: int) -> None:
        """Change a setting that is a number; as cfg.set."""
        self.set(group, name, value)

    @command("cfg.sets")
    def set_text(self, group: str, name: str, value: str) -> None:
        """Change a setting that is text; as cfg.set."""
        self.set(group, name, value)

    @command("cfg.set_now_int")
    def set_now_integer(self, group: str, name: str, value: int) -> None:
        """Change a setting that is a number; as cfg.set, which does it now too."""
        self.set(group, name, value)

    @command("cfg.set_now_string")
    def set_now_text(self, group: str, name: str, value: str) -> None:
        """Change a setting that is text; as cfg.set, which does it now too."""
        self.set(group, name, value)

    @command("cfg.reset")
    def reset(self, group: str, name: str) -> None:
        """Give a setting the value it had at the start.

        Args:
            group: the module.
            name: the setting.
        """
        with self._lock:
            if (group, name) not in self._before:
                return
            value = self._before[group, name]
        if group == CORE:
            logging.getLogger("luasip").setLevel(value)
        else:
            self._change(group, name, value)
        with self._lock:
            del self._before[group, name]

    @command("cfg.diff")
    def differences(self) -> list[dict[str, Any]]:
        """The settings that were changed since the start."""
        with self._lock:
            changed = dict(self._before)
        return [
            {
                "group": group,
                "name": name,
                "started_with": without_passwords(name, before) if group != CORE else _debug_of(before),
                "value": self.get(group, name),
            }
            for (group, name), before in changed.items()
        ]

    def _changeable(self) -> list[tuple[str, str]]:
        found = [
            (key, name) for key, (_, module) in self._modules.items() for name in type(module).changeable
        ]
        return [(CORE, DEBUG), *found]

    def _why_not(self, group: str, name: str) -> str:
        found = self._modules.get(group)
        if found is None or not hasattr(found[0].settings, name):
            return "Failed to set the variable"
        return f"{group}.{name} takes effect with the next start only: change it in the settings file"

    def _settings(self, group: str) -> Any:
        found = self._modules.get(group)
        if found is None:
            raise CommandError(400, "Failed to get the variable")
        return found[0].settings

    def _checked(self, group: str, name: str, value: Any) -> Any:
        hint = get_type_hints(type(self._settings(group)), include_extras=True)[name]
        adapter: TypeAdapter[Any] = TypeAdapter(hint)
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            raise CommandError(
                400, "; ".join(describe(error, adapter.json_schema(), (group, name)))
            ) from None

    def _change(self, group: str, name: str, value: Any) -> None:
        """Set it and tell the module; one that refuses keeps the old value."""
        loaded, module = self._modules[group]
        with self._lock:
            before = getattr(loaded.settings, name)
            setattr(loaded.settings, name, value)
            try:
                module.settings_changed()
            except (ValueError, SettingsError) as error:
                setattr(loaded.settings, name, before)
                raise CommandError(400, f"{group}.{name}: {error}") from None
            self._before.setdefault((group, name), before)

    def _debug(self) -> int:
        return _debug_of(logging.getLogger("luasip").level)

    def _set_debug(self, value: Any) -> None:
        try:
            level = max(-3, min(3, int(value)))
        except (TypeError, ValueError):
            raise CommandError(400, f"core.debug: {value!r} is not an integer") from None
        logger = logging.getLogger("luasip")
        with self._lock:
            self._before.setdefault((CORE, DEBUG), logger.level)
        logger.setLevel(_LEVELS[level])


def _debug_of(level: int) -> int:
    return max((number for number, known in _LEVELS.items() if known >= level), default=-3)


def without_passwords(name: str, value: Any) -> Any:
    """A setting's value as it may be shown: with "***" for passwords, also those in URLs."""
    if isinstance(value, list | tuple):
        return [without_passwords(name, item) for item in value]
    if isinstance(value, dict):
        return {str(key): without_passwords(str(key), item) for key, item in value.items()}
    if "password" in name or "secret" in name:
        return "***" if value else ""
    if isinstance(value, str):
        return _PASSWORD.sub(r"\1***@", value)
    return value if isinstance(value, int | float) or value is None else str(value)
