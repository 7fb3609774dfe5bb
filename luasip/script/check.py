"""Finds mistakes in a route script before it runs: the script's half of `luasip check`.

The script is loaded as the server would load it, and its files are read for calls that cannot work.
"""

import logging
import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from luasip.errors import ScriptError
from luasip.kemi.declare import Export, Module
from luasip.kemi.operation import Operation
from luasip.script.bridge import full_name
from luasip.script.explain import Names, nearest_name
from luasip.script.reading import Call, Reading, read
from luasip.script.runtime import Runtime, ScriptOptions
from luasip.script.shims import signature

CALLBACK_ARGUMENTS: Final = {
    "KSR.tm.t_on_failure": 0,
    "KSR.tm.t_on_reply": 0,
    "KSR.tm.t_on_branch": 0,
    "KSR.tm.t_on_branch_failure": 0,
    "KSR.tmx.t_continue": 2,
    "KSR.async.route": 0,
    "KSR.async.ms_route": 0,
    "KSR.async.task_route": 0,
    "KSR.async.task_group_route": 0,
    "KSR.http_async_client.query": 1,
    "KSR.http_async_client.send": 1,
    "KSR.http_async_client.send_xdata": 1,
    "KSR.app_lua.run": 0,
    "KSR.app_lua.run_p1": 0,
    "KSR.app_lua.run_p2": 0,
    "KSR.app_lua.run_p3": 0,
}
"""Which argument of a function is the name of a Lua function."""

_PLACE = re.compile(r"^(.*?):(\d+): (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake. `line` is 0 when it is about the whole file."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


def check_script(
    path: Path,
    modules: Sequence[Module],
    known_modules: Sequence[type[Module]] = (),
    *,
    lua: str = "lua54",
    required: Sequence[str] = (),
) -> list[Problem]:
    """Every mistake found in the script and the files of its folder that it requires, ordered by place.

    `required` are the functions the script must define.
    The script's main chunk runs, with what it does. Raises SettingsError when there is no such Lua.
    """
    runtime = Runtime(
        ScriptOptions(path, lua=lua),
        modules,
        block=_refuse,
        log=logging.getLogger(__name__),
        known_modules=known_modules,
    )
    problems: set[Problem] = set()
    try:
        runtime.load()
    except ScriptError as error:
        problems.add(_load_problem(path, error))
    checker = _Checker(runtime, modules, known_modules, _read_files(path, runtime.files))
    checker.loaded = not problems
    if checker.loaded:
        problems.update(Problem(str(path), 0, f"no function {name}") for name in required if not runtime.has(name))
    problems.update(checker.problems())
    return sorted(problems)


def check_loaded(
    runtime: Runtime, modules: Sequence[Module], known_modules: Sequence[type[Module]] = ()
) -> list[Problem]:
    """What check_script finds in a script that is loaded already. The runtime must not be in use yet."""
    checker = _Checker(runtime, modules, known_modules, _read_files(runtime.options.path, runtime.files))
    checker.loaded = True
    return sorted(set(checker.problems()))


def _refuse(generator: Generator[Operation, Any, Any], operation: Operation) -> Any:
    raise RuntimeError("nothing runs while a script is checked")


def _load_problem(path: Path, error: ScriptError) -> Problem:
    if place := _PLACE.match(error.message):
        return Problem(place[1], int(place[2]), place[3])
    return Problem(str(path), 0, error.message)


def _read_files(path: Path, opened: set[Path]) -> dict[str, Reading]:
    """The script, what it opened in its folder, and what those files require there."""
    readings: dict[str, Reading] = {}
    wanted = sorted(file for file in opened if file.is_relative_to(path.parent))
    while wanted:
        file = wanted.pop()
        if str(file) in readings or not file.is_file():
            continue
        reading = readings[str(file)] = read(file.read_text("latin-1"))
        for name in reading.required:
            inner = name.replace(".", "/")
            wanted += [path.parent / f"{inner}.lua", path.parent / inner / "init.lua"]
    return readings


@lru_cache(maxsize=16)
def _exports(modules: tuple[type[Module], ...]) -> dict[str, Export]:
    """The functions by "KSR.module.name". Kept, because every reload asks for them; not to be changed."""
    return {full_name(module, export.name): export for module in modules for export in module.exports()}


class _Checker:
    def __init__(
        self,
        runtime: Runtime,
        modules: Sequence[Module],
        known_modules: Sequence[type[Module]],
        readings: dict[str, Reading],
    ) -> None:
        self.runtime = runtime
        self.loaded = False
        self.readings = readings
        self.names = Names(modules, known_modules)
        self.exports = _exports((*known_modules, *(type(module) for module in modules)))
        self.mentioned = set().union(*(reading.mentioned for reading in readings.values()))
        self.functions = set().union(*(reading.functions for reading in readings.values()))

    def problems(self) -> Iterator[Problem]:
        for file, reading in self.readings.items():
            for call in reading.calls:
                for message in self._call(call):
                    yield Problem(file, call.line, message)
            if self.loaded:
                for name, line in reading.globals_in_functions:
                    if not self.runtime.has_global(name):
                        message = f"new global '{name}' in a function: routes share globals, make it local"
                        yield Problem(file, line, message)

    def _call(self, call: Call) -> Iterator[str]:
        full = f"{call.table}.{call.function}"
        export = self.exports.get(full)
        if message := self._missing(call, full, export):
            yield message
        elif export:
            required = sum(not parameter.optional for parameter in export.parameters)
            if call.arguments < required and not call.open_ended:
                plural = "" if call.arguments == 1 else "s"
                yield f"{signature(export, full)} expected, got {call.arguments} argument{plural}"
            callback = call.literals.get(CALLBACK_ARGUMENTS.get(full, -1), "")
            if callback and not self._is_function(callback):
                close = nearest_name(callback, self.functions)
                guess = f", did you mean {close}?" if close else ""
                yield f"{full}: there is no function {callback}{guess}"

    def _missing(self, call: Call, full: str, export: Export | None) -> str:
        """What is wrong with the name; "" also where the script asks for it, as in `if KSR.tm then`."""
        if full in self.mentioned or call.table in self.mentioned:
            return ""
        if message := self.names.missing_module(call.table):
            return f"{full}: {message}"
        if export:
            return ""
        if call.table not in self.names.known:
            guess = self.names.nearest_module(call.table)
            return f"there is no module {call.table}" + (f", did you mean {guess}?" if guess else "")
        guess = self.names.nearest(call.table, call.function)
        return f"there is no {full}" + (f", did you mean {guess}?" if guess else "")

    def _is_function(self, name: str) -> bool:
        return self.runtime.has(name) or (not self.loaded and name in self.functions)
