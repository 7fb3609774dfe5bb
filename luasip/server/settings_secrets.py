"""Secrets in the settings file that do not stand in it: `${NAME}` from the environment, `${file:PATH}` from a file.
A path may have `$NAME` in it, as systemd's `${file:$CREDENTIALS_DIRECTORY/NAME}`.

What was filled in never shows in a problem; it is told as it is written in the file.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

_REFERENCE: Final = re.compile(r"\$(\$)?\{([^}]*)\}")
_FILE: Final = "file:"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VARIABLE: Final = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
_SHORTEST_HIDDEN: Final = 3
"""Shorter values are no secrets, and would be found everywhere."""


class References:
    """Fills the references of one settings file in, and hides what they stand for."""

    def __init__(self, folder: Path, environment: Mapping[str, str] = os.environ) -> None:
        """`folder` is where relative file names start."""
        self._folder = folder
        self._environment = environment
        self._hidden: dict[str, str] = {}
        """Value → reference."""

    def fill(self, table: dict[str, Any], problems: list[str]) -> dict[str, Any]:
        """The table with every reference in its values filled in; adds what there is not to `problems`."""
        return {key: self._filled(value, key, problems) for key, value in table.items()}

    def hide(self, problems: Iterable[str]) -> list[str]:
        """The problems with references in place of what they stand for."""
        hidden = []
        for problem in problems:
            for value, reference in sorted(self._hidden.items(), key=lambda item: -len(item[0])):
                problem = problem.replace(value, reference).replace(repr(value)[1:-1], reference)
            hidden.append(problem)
        return hidden

    def _filled(self, value: Any, place: str, problems: list[str]) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(inner, f"{place}.{key}", problems) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner, f"{place}[{index}]", problems) for index, inner in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            return _REFERENCE.sub(lambda found: self._value_of(found, place, problems), value)
        return value

    def _value_of(self, found: re.Match[str], place: str, problems: list[str]) -> str:
        if found[1]:
            return found[0][1:]
        try:
            value = self._read(found[2])
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            problems.append(
                f"{place}: {found[0]}: {reason}; allowed: ${{NAME}}, ${{file:PATH}}, $${{ for ${{"
            )
            return ""
        if len(value) >= _SHORTEST_HIDDEN:
            self._hidden[value] = found[0]
        return value

    def _read(self, name: str) -> str:
        if name.startswith(_FILE):
            try:
                path = _VARIABLE.sub(lambda found: self._variable(found[1]), name.removeprefix(_FILE))
                return (self._folder / path).read_text("utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                raise ValueError("the file is not UTF-8") from None
        if not _NAME.fullmatch(name):
            raise ValueError("no name of a variable of the environment")
        return self._variable(name)

    def _variable(self, name: str) -> str:
        if name not in self._environment:
            raise ValueError(f"{name} is not in the environment")
        return self._environment[name]
