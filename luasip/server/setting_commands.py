"""cfg.*: reading settings, and changing those that may change while the server runs.

Names are Kamailio's "group name": a module, or a section such as server.overload, and one of its settings. `core debug`
is the log level. A change is checked as the settings file is, holds until the next start or until the file says
something else of it, and never reaches the file.
"""

import logging
import re
import threading
from collections.abc import Sequence
from typing import Any, Final, get_type_hints

from pydantic import TypeAdapter, ValidationError

from luasip.errors import CommandError, SettingsError
from luasip.kemi.declare import command
from luasip.kemi.field_docs import field_documentation
from luasip.kemi.log_levels import NOTICE
from luasip.server.running_settings import RunningSettings
from luasip.server.setting_groups import Group
from luasip.server.settings_problems import describe
from luasip.server.settings_values import DefineValue

log = logging.getLogger("luasip.settings")

CORE: Final = "core"
DEBUG: Final = "debug"

NO_LEVEL: Final = -1000
"""Stands for a level that was not given."""

SCRIPT: Final = "script"
"""The group whose settings hold for what a reload makes: they change by the file and a reload."""

_PASSWORD: Final = re.compile(r"(://[^:@/\s]*:)\S*@")
"""The password in a URL."""

_SECRET: Final = re.compile(r"(?!.*_(?:column\w*|avp|file)$).*(?:password|passwd|secret|token)|credential$")
"""Names of settings that are secrets."""

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

    def __init__(self, running: RunningSettings) -> None:
        self._running = running
        self._lock = threading.Lock()
        self._level_before: int | None = None
        """The log level before it was changed."""

    @command("cfg.list")
    def list_names(self, group: str = "") -> list[str]:
        """The settings that may change while the server runs, as "group: name".

        Args:
            group: only those of this module or section.
        """
        return [f"{found}: {name}" for found, name in self._changeable() if group in ("", found)]

    @command("cfg.get")
    def get(self, group: str, name: str = "") -> Any:
        """The value of a setting, or all of a module or section.

        Args:
            group: the module, or the section such as server.overload.
            name: the setting, changeable or not; without it all are shown.
        """
        if group == CORE and name in ("", DEBUG):
            level = self._debug()
            return level if name else {DEBUG: level}
        values = {_shown(key): value for key, value in self._group(group, "variable").values.items()}
        if not name:
            return {key: without_passwords(key, value) for key, value in values.items()}
        if name not in values:
            raise CommandError(400, "Failed to get the variable")
        return without_passwords(name, values[name])

    @command("cfg.help")
    def help(self, group: str, name: str) -> str:
        """What a setting means.

        Args:
            group: the module or section.
            name: the setting.
        """
        if (group, name) == (CORE, DEBUG):
            return "Log level: 3 debug, 2 information, 1 notice, 0 warnings, -1 errors."
        found = self._group(group, "variable description")
        text = "" if found.kind is None else field_documentation(found.kind).get(_held(found, name))
        if not text:
            raise CommandError(400, "Failed to get the variable description")
        return text

    @command("cfg.set")
    def set(self, group: str, name: str, value: Any) -> None:
        """Change a setting until the next start.

        Args:
            group: the module or section.
            name: the setting, one of cfg.list.
            value: its new value.
        """
        if (group, name) not in self._changeable():
            raise CommandError(400, self._why_not(group, name))
        if group == CORE:
            self._set_debug(value)
        else:
            found = self._running.groups[group]
            self._change(group, _held(found, name), self._checked(found, name, value))
        log.warning("setting %s.%s is %r now", group, name, without_passwords(name, value))

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
        """Give a setting the value it has in the settings file.

        Args:
            group: the module or section.
            name: the setting.
        """
        if group == CORE:
            self._reset_debug()
            return
        found = self._running.groups.get(group)
        key = (group, name if found is None else _held(found, name))
        if key in self._running.differing():
            self._change(*key, self._running.file_value(key))

    @command("corex.debug")
    def debug(self, level: int = NO_LEVEL) -> dict[str, int]:
        """The log level, as `core debug`; with a level that becomes it.

        Args:
            level: 3 debug, 2 information, 1 notice, 0 warnings, -1 errors.
        """
        old = self._debug()
        if level == NO_LEVEL:
            return {"debug": old}
        self._set_debug(level)
        return {"old": old, "new": self._debug()}

    @command("cfg.diff")
    def differences(self) -> list[dict[str, Any]]:
        """The settings that commands have given another value than the settings file."""
        found = [
            {
                "group": group,
                "name": _shown(name),
                "started_with": without_passwords(name, self._running.file_value((group, name))),
                "value": self.get(group, _shown(name)),
            }
            for group, name in self._running.differing()
        ]
        before = self._level_before
        if before is not None:
            level = {"group": CORE, "name": DEBUG, "started_with": _debug_of(before), "value": self._debug()}
            found.append(level)
        return found

    def _changeable(self) -> Sequence[tuple[str, str]]:
        found = [
            (group.name, _shown(name))
            for group in self._running.groups.values()
            if group.name != SCRIPT
            for name in group.values
            if name in group.changeable
        ]
        return [(CORE, DEBUG), *found]

    def _why_not(self, group: str, name: str) -> str:
        found = self._running.groups.get(group)
        if found is None or _held(found, name) not in found.values:
            return "Failed to set the variable"
        if group == SCRIPT:
            return f"{group}.{name} takes effect with a reload: change it in the settings file"
        return f"{group}.{name} takes effect with the next start only: change it in the settings file"

    def _group(self, name: str, wanted: str) -> Group:
        found = self._running.groups.get(name)
        if found is None:
            raise CommandError(400, f"Failed to get the {wanted}")
        return found

    def _checked(self, group: Group, name: str, value: Any) -> Any:
        if group.kind is None:
            hint: Any = DefineValue
        else:
            hint = get_type_hints(group.kind, include_extras=True)[_held(group, name)]
        adapter: TypeAdapter[Any] = TypeAdapter(hint)
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            raise CommandError(
                400, "; ".join(describe(error, adapter.json_schema(), (group.name, name)))
            ) from None

    def _change(self, group: str, name: str, value: Any) -> None:
        try:
            self._running.change({(group, name): value})
        except SettingsError as error:
            raise CommandError(400, "; ".join(error.problems)) from None

    def _debug(self) -> int:
        return _debug_of(logging.getLogger("luasip").level)

    def _set_debug(self, value: Any) -> None:
        try:
            level = max(-3, min(3, int(value)))
        except (TypeError, ValueError):
            raise CommandError(400, f"core.debug: {value!r} is not an integer") from None
        logger = logging.getLogger("luasip")
        with self._lock:
            if self._level_before is None:
                self._level_before = logger.level
            logger.setLevel(_LEVELS[level])

    def _reset_debug(self) -> None:
        with self._lock:
            if self._level_before is not None:
                logging.getLogger("luasip").setLevel(self._level_before)
            self._level_before = None


def _debug_of(level: int) -> int:
    return max((number for number, known in _LEVELS.items() if known >= level), default=-3)


def _shown(name: str) -> str:
    """A setting's name as the file has it: what is a Python keyword has an underscore behind it here."""
    return name.rstrip("_")


def _held(group: Group, name: str) -> str:
    return f"{name}_" if f"{name}_" in group.values else name


def without_passwords(name: str, value: Any) -> Any:
    """A setting's value as it may be shown: with "***" for passwords, also those in URLs."""
    if _SECRET.match(name):
        return "***" if value else ""
    if isinstance(value, list | tuple):
        return [without_passwords(name, item) for item in value]
    if isinstance(value, dict):
        return {str(key): without_passwords(str(key), item) for key, item in value.items()}
    if isinstance(value, str):
        return _PASSWORD.sub(r"\1***@", value)
    return value if isinstance(value, int | float) or value is None else str(value)
