"""Makes Lua's error messages say what to do about modules that are not loaded and misspelt functions.

Works on text only, after the error; what a script sees in pcall is Lua's own message.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from luasip.kemi.declare import Module

_KINDS = "(?:field|global|local|upvalue|method)"
_NIL_FIELD = re.compile(rf"attempt to (index|call) (?:a nil value \()?{_KINDS} '([^']+)'")
_TABLE_CALL = re.compile(rf"attempt to call (?:a table value \()?{_KINDS} '([^']+)'")
_PLACE = re.compile(r"^(.*?):(\d+): ")
_SHORTENED = re.compile(r"\.\.\.([^\n:]{50,60})(?=:)")
"""A file name cut by Lua; how much is left depends on its version."""


class Names:
    """What scripts may call: functions by "KSR.module", of the loaded and of all known modules."""

    def __init__(self, loaded: Iterable[Module], known: Sequence[type[Module]]) -> None:
        self.loaded = _functions(tuple(type(module) for module in loaded))
        self.known = _functions(tuple(known)) | self.loaded

    def missing_module(self, table: str) -> str:
        """"module kx is not loaded: …" for the table "KSR.kx", "" when it is loaded or unknown."""
        if table in self.loaded or table not in self.known:
            return ""
        name = table.partition(".")[2]
        return f"module {name} is not loaded: add it to [modules] load"

    def nearest(self, table: str, function: str) -> str:
        """"KSR.tm.t_relay" for ("KSR.tm", "t_rely"): the best guess, "" when there is none."""
        if close := nearest_name(function, self.known.get(table, ())):
            return f"{table}.{close}"
        for other, names in self.known.items():
            if function in names:
                return f"{other}.{function}"
        return ""

    def nearest_module(self, table: str) -> str:
        """"KSR.tm" for "KSR.tmm", "" when nothing is near."""
        return nearest_name(table, [name for name in self.known if "." in name], 0.7)


def nearest_name(name: str, candidates: Iterable[str], cutoff: float = 0.6) -> str:
    """The candidate most like `name`, of equals the one that begins like it longest; "" when none is near."""
    close = difflib.get_close_matches(name, list(candidates), 5, cutoff)
    return max(
        close,
        key=lambda other: (
            difflib.SequenceMatcher(a=other, b=name).ratio(),
            _same_beginning(name, other),
        ),
        default="",
    )


def _same_beginning(one: str, other: str) -> int:
    """How many first characters are equal."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


@lru_cache(maxsize=16)
def _functions(modules: tuple[type[Module], ...]) -> dict[str, list[str]]:
    """Kept, because every runtime and every reload asks for them; not to be changed."""
    found: dict[str, list[str]] = {"KSR": [], "luasip": []}
    for module in modules:
        table = f"{module.namespace}.{module.name}" if module.name else module.namespace
        found.setdefault(table, []).extend(export.name for export in module.exports())
    return found


def whole_file_names(message: str, files: Iterable[Path]) -> str:
    """Lua's shortened "...long/path/route.lua:" written out."""
    paths = [str(file) for file in files]

    def whole(match: re.Match[str]) -> str:
        return next((path for path in paths if path.endswith(match[1])), match[0])

    return _SHORTENED.sub(whole, message)


def explain(message: str, names: Names, sources: Mapping[str, str]) -> str:
    """`message` with a hint added where one is certain or near.

    Args:
        sources: text of the script's files by path, to see which call the line of the message makes.
    """
    if "a table value" in message and (match := _TABLE_CALL.search(message)):
        table = f"KSR.{match[1]}"
        hint = f"{table} is a module: call one of its functions" if table in names.loaded else ""
    elif match := _NIL_FIELD.search(message):
        hint = _nil_hint(match[1], match[2], _line(message, sources), names)
    else:
        hint = ""
    return f"{message} ({hint})" if hint else message


def _line(message: str, sources: Mapping[str, str]) -> str:
    place = _PLACE.match(message)
    if not place or place[1] not in sources:
        return ""
    lines = sources[place[1]].split("\n")
    number = int(place[2])
    return lines[number - 1] if number <= len(lines) else ""


def _nil_hint(what: str, field: str, line: str, names: Names) -> str:
    for namespace in ("KSR", "luasip"):
        if hint := names.missing_module(f"{namespace}.{field}"):
            return hint
    if what == "index":
        guess = names.nearest_module(f"KSR.{field}") if f"KSR.{field}" in line else ""
        return f"did you mean {guess}?" if guess else ""
    table = _called_table(line, field)
    if not table:
        return ""
    guess = names.nearest(table, field)
    return f"there is no {table}.{field}" + (f", did you mean {guess}?" if guess else "")


def _called_table(line: str, field: str) -> str:
    """The table a source line calls `field` of: "KSR.tm", "KSR", "" when it is none of ours."""
    match = re.search(rf"\b((?:KSR|luasip)(?:\s*\.\s*\w+)?)\s*[.:]\s*{re.escape(field)}\b", line)
    return re.sub(r"\s", "", match[1]) if match else ""
