"""[modules]: which KEMI modules are loaded, and their settings checked against what each module declares.

A module's Settings is a plain dataclass with Kamailio's modparam names; its annotations say what is allowed.
"""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from luasip.errors import SettingsError
from luasip.kemi.declare import Module, module_key
from luasip.server.settings_problems import describe, nearest, shown, unknown_key

ALWAYS_LOADED = frozenset(("core", "pv", "hdr", "x"))
"""Scripts may rely on these without asking for them, as in Kamailio."""

NOT_BY_DEFAULT = frozenset(
    (
        *("auth", "auth_db", "dialog", "domain", "evapi"),
        *("nathelper", "permissions", "ratelimit", "rtpengine", "rtpproxy", "uac"),
    )
)
"""Scripts ask whether these are loaded and act otherwise then, and uac changes From and To by what stands in Routes;
evapi opens a socket, domain a database. So they load only when named."""

_CONFIG = ConfigDict(allow_inf_nan=False)


@dataclasses.dataclass(frozen=True, slots=True)
class LoadedModule:
    """A module to be loaded: its key in the settings file, its class and an instance of its Settings."""

    key: str
    type: type[Module]
    settings: Any


def read_modules(
    table: object, available: Sequence[type[Module]], problems: list[str]
) -> tuple[LoadedModule, ...]:
    """The modules of a [modules] table in the order of `available`; adds what is wrong to `problems`."""
    known = {module_key(module): module for module in available}
    if not isinstance(table, Mapping):
        problems.append(f"modules: wrong type ({shown(table)}); allowed: a table")
        return ()
    wanted = _read_load(table.get("load"), known, problems)
    tables: dict[str, Mapping[str, Any]] = {}
    for key, value in table.items():
        if key == "load":
            continue
        if key not in known:
            names = ", ".join(sorted(known))
            problems.append(f"modules.{key}: no such module{nearest(key, known)}; allowed: load, {names}")
        elif not isinstance(value, Mapping):
            problems.append(f"modules.{key}: wrong type ({shown(value)}); allowed: a table of its settings")
        else:
            tables[key] = value
    own = {key for key, module in known.items() if module.namespace == "luasip"}
    loaded = _with_used(wanted | set(tables) | own | (ALWAYS_LOADED & set(known)), known)
    return tuple(
        LoadedModule(key, module, _read_settings(key, module, tables.get(key, {}), problems))
        for key, module in known.items()
        if key in loaded
    )


def _read_load(value: object, known: Mapping[str, type[Module]], problems: list[str]) -> set[str]:
    if value is None:
        return set(known) - NOT_BY_DEFAULT
    if not isinstance(value, list):
        problems.append(f"modules.load: wrong type ({shown(value)}); allowed: a list of module names")
        return set()
    names: set[str] = set()
    for index, name in enumerate(value):
        if isinstance(name, str) and name in known:
            names.add(name)
        else:
            hint = nearest(name, known) if isinstance(name, str) else ""
            wrong = f"no such module{hint} ({shown(name)})"
            problems.append(f"modules.load[{index}]: {wrong}; allowed: {', '.join(sorted(known))}")
    return names


def _with_used(names: set[str], known: Mapping[str, type[Module]]) -> set[str]:
    """`names` and every module they cannot work without."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(known[name].uses)
    return found


def _read_settings(key: str, module: type[Module], table: Mapping[str, Any], problems: list[str]) -> Any:
    """An instance of the module's Settings; the default one where something is wrong."""
    hints = get_type_hints(module.Settings, include_extras=True) if table else {}
    names = declared(module.Settings)
    values: dict[str, Any] = {}
    before = len(problems)
    for name, value in table.items():
        path = ("modules", key, name)
        if name not in names:
            problems.append(unknown_key(path, names))
            continue
        hint = hints[names[name]]
        adapter: TypeAdapter[Any] = TypeAdapter(hint, config=_CONFIG)
        try:
            values[names[name]] = adapter.validate_python(_as_list(value, hint))
        except ValidationError as error:
            problems.extend(describe(error, adapter.json_schema(), path))
    missing = [name for name in _needed(module.Settings) if name.rstrip("_") not in table]
    problems.extend(f"modules.{key}.{name}: missing; this module needs it" for name in missing)
    if len(problems) > before:
        return None
    return _construct(key, module, values, problems)


@functools.lru_cache(maxsize=256)
def declared(kind: type[Any]) -> dict[str, str]:
    """The fields of a module's Settings by the names in the file; not to be changed.

    A modparam that is a Python keyword has an underscore behind it in the dataclass ("return_").
    """
    return {field.name.rstrip("_"): field.name for field in dataclasses.fields(kind) if field.init}


@functools.lru_cache(maxsize=256)
def _needed(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a module's Settings that have no default."""
    return tuple(
        field.name
        for field in dataclasses.fields(kind)
        if field.init and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )


def _construct(key: str, module: type[Module], values: dict[str, Any], problems: list[str]) -> Any:
    """Settings may check themselves in __post_init__ by ValueError, or by SettingsError with whole lines."""
    try:
        return module.Settings(**values)
    except SettingsError as error:
        problems.extend(error.problems)
    except ValueError as error:
        problems.append(f"modules.{key}: {error}")
    return None


def _as_list(value: Any, hint: Any) -> Any:
    """A repeatable modparam that is given once may be written without brackets."""
    while get_origin(hint) is not None and not isinstance(get_origin(hint), type):
        hint = get_args(hint)[0]  # Annotated[list[str], …]
    return [value] if isinstance(value, str | int | float) and get_origin(hint) in (list, tuple) else value
