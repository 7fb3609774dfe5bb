"""Reading the settings file: TOML in, one checked Settings value out, or every mistake at once.

Only this package reads settings; everything below is handed plain values.
"""

import os.path
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from luasip.control.settings import ControlSettings
from luasip.errors import SettingsError
from luasip.kemi.declare import Module, module_key
from luasip.modules import MODULES
from luasip.server.pool import PoolSettings
from luasip.server.settings_control import read_control
from luasip.server.settings_files import writable_for_all
from luasip.server.settings_modules import LoadedModule, read_modules
from luasip.server.settings_problems import describe, unknown_key
from luasip.server.settings_secrets import References
from luasip.server.settings_sections import (
    Document,
    KemiSettings,
    LogSettings,
    ScriptSettings,
    ServerSettings,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one server."""

    file: Path
    """The settings file, absolute."""
    server: ServerSettings
    script: ScriptSettings
    """`path` is absolute."""
    kemi: KemiSettings
    modules: tuple[LoadedModule, ...]
    """In the order in which they start."""
    define: dict[str, str]
    pools: dict[str, PoolSettings]
    """By name: sql, http, lua, dns, control."""
    control: ControlSettings = field(default_factory=ControlSettings)
    """Paths are absolute."""

    @property
    def log(self) -> LogSettings:
        """[server.log]; `file` is absolute or ""."""
        return self.server.log

    def module(self, key: str) -> LoadedModule | None:
        """The loaded module `key` ("core" for KSR itself), None when it is not loaded."""
        return next((module for module in self.modules if module.key == key), None)


def load_settings(path: str | Path, modules: Sequence[type[Module]] = MODULES) -> Settings:
    """Read and check a settings file. Raises SettingsError with every problem, each naming file and key."""
    file = Path(path)
    problems: list[str] = []
    references = References(file.resolve().parent)
    table = references.fill(_read_toml(file), problems)
    problems += writable_for_all(file.absolute())
    module_table = table.pop("modules", {})
    folder = file.resolve().parent
    _check_paths(table, folder, problems)
    document = _read_document(table, problems)
    loaded = read_modules(module_table, modules, problems)
    control = ControlSettings() if document is None else read_control(document.control, folder, problems)
    if document is None or problems:
        raise SettingsError([f"{file}: {problem}" for problem in references.hide(problems)])
    document = _with_absolute_paths(document, folder)
    return Settings(
        file.resolve(),
        document.server,
        document.script,
        document.kemi,
        loaded,
        document.define,
        _pools(document),
        control,
    )


def _pools(document: Document) -> dict[str, PoolSettings]:
    return {name: getattr(document.pools, name).settings for name in type(document.pools).model_fields}


def script_settings_only(path: str | Path, modules: Sequence[type[Module]] = MODULES) -> Settings | None:
    """What a file that load_settings refuses says about its script; the rest is default, all modules loaded.

    None when it names no script that exists. An unknown Lua version is the default one.
    """
    file = Path(path)
    try:
        section = _read_toml(file).get("script")
    except SettingsError:
        return None
    values = section if isinstance(section, dict) else {}
    named = values.get("path")
    script = Path(_absolute(file.resolve().parent, named)) if isinstance(named, str) else None
    if script is None or not script.is_file():
        return None
    try:
        checked = ScriptSettings(path=script, lua=values.get("lua", "lua54"))
    except ValidationError:
        checked = ScriptSettings(path=script)
    document = Document(script=checked)
    loaded = read_modules({module_key(module): {} for module in modules}, modules, [])
    return Settings(file.resolve(), document.server, checked, document.kemi, loaded, {}, _pools(document))


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"{file}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise SettingsError([f"{file}: byte {error.start} is not UTF-8; allowed: TOML in UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{file}: not TOML: {error}"]) from None


def _read_document(table: dict[str, Any], problems: list[str]) -> Document | None:
    for name in [name for name in table if name not in Document.model_fields]:
        problems.append(unknown_key((name,), [*Document.model_fields, "modules"]))
        del table[name]
    try:
        return Document.model_validate(table)
    except ValidationError as error:
        problems.extend(describe(error, Document.model_json_schema()))
        return None


def _check_paths(table: dict[str, Any], folder: Path, problems: list[str]) -> None:
    """Look for what must exist, in the unchecked table, so that it is reported with the other mistakes."""
    for section, key, exists, kind in (
        ("script", "path", Path.is_file, "file"),
        ("server", "directory", Path.is_dir, "folder"),
    ):
        values = table.get(section)
        value = values.get(key) if isinstance(values, dict) else None
        if isinstance(value, str) and value and not exists(folder / value):
            problems.append(
                f"{section}.{key}: no such {kind} ({value!r}); allowed: a {kind}, looked for from {folder}"
            )
        elif isinstance(value, str) and value and kind == "file":
            problems += [f"{section}.{key}: {problem}" for problem in writable_for_all(folder / value)]


def _with_absolute_paths(document: Document, folder: Path) -> Document:
    """The document with its paths made absolute."""
    server, script = document.server, document.script
    directory = _absolute(folder, server.directory) if server.directory else ""
    log_file = _absolute(folder, server.log.file) if server.log.file else ""
    log = server.log.model_copy(update={"file": log_file})
    return document.model_copy(
        update={
            "server": server.model_copy(update={"directory": directory, "log": log}),
            "script": script.model_copy(update={"path": Path(_absolute(folder, script.path))}),
        }
    )


def _absolute(folder: Path, path: str | Path) -> str:
    return os.path.normpath(folder / path)
