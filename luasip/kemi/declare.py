"""How a KEMI module declares what it offers.

A module is one class. Its methods marked @function, @variable and @command, with their signatures and
docstrings, are the only source for the Lua shims, the argument coercion, the editor stubs, the reference
pages and the RPC help. A parameter or a result without documentation fails when the module is declared.
This file knows no Lua and no server.
"""

import dataclasses
import enum
import functools
import inspect
import types
from collections.abc import Callable, Generator
from typing import Any, ClassVar, TypeVar, Union, get_args, get_origin, get_type_hints

from luasip.kemi.docstring import Docstring, parse_docstring


class Route(enum.IntFlag):
    """The kinds of callback a function may be called from."""

    REQUEST = 1
    REPLY = 2
    """ksr_reply_route: every reply, before the transaction sees it."""
    ONREPLY = 4
    """A reply of a transaction, armed by t_on_reply."""
    FAILURE = 8
    BRANCH = 16
    BRANCH_FAILURE = 32
    ONSEND = 64
    EVENT = 128
    """Event callbacks, timers and other work on a made-up request."""
    ANY = 255


@dataclasses.dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an exported function. `kind` is "str", "int" or "any" (Lua value as it is)."""

    name: str
    kind: str
    documentation: str
    optional: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Export:
    """One exported function: `KSR.<module>.<name>` (module "" is KSR itself)."""

    module: str
    name: str
    attribute: str
    parameters: tuple[Parameter, ...]
    result: str
    """KEMI's result type: "int", "bool", "none" or "xval"."""
    routes: Route
    suspends: bool
    exits: bool
    variadic: bool
    documentation: Docstring
    true_for: str = ""
    """The function only says whether the message has this method."""
    letters: tuple[tuple[str, str], ...] = ()
    """The function only says whether its argument has the letter of the message's method: (method, letter) pairs."""
    level: int = 0
    """The function does nothing where the script's logger leaves out records of this level."""
    only_exits: bool = False
    """The function does nothing but end the route."""
    body: Callable[..., Any] | None = None
    """What the method is: called with the same arguments in its place."""


@dataclasses.dataclass(frozen=True, slots=True)
class VariableExport:
    """One pseudo-variable class: `$name` or `$name(inner)`."""

    name: str
    getter: str
    setter: str | None
    documentation: str
    raw_inner: bool = False
    """The reader gets the inner text as written, pseudo-variables in it left as they are."""


@dataclasses.dataclass(frozen=True, slots=True)
class CommandParameter:
    """One parameter of an RPC command. `kind` is "str", "int", "float" or "any"."""

    name: str
    kind: str
    optional: bool = False
    variadic: bool = False
    """It takes every further argument."""


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """One RPC command, `module.verb`."""

    name: str
    attribute: str
    documentation: Docstring
    parameters: tuple[CommandParameter, ...]

    @property
    def usage(self) -> str:
        """The command with its parameters, as `mqueue.get_size name` or `ul.dump [mode]`."""
        words = [self.name]
        for parameter in self.parameters:
            shown = parameter.name + ("…" if parameter.variadic else "")
            words.append(f"[{shown}]" if parameter.optional else shown)
        return " ".join(words)


_F = TypeVar("_F", bound=Callable[..., Any])


def function(
    routes: Route = Route.ANY,
    *,
    suspends: bool = False,
    exits: bool = False,
    name: str = "",
    true_for: str = "",
    letters: tuple[tuple[str, str], ...] = (),
    level: int = 0,
    only_exits: bool = False,
    body: Callable[..., Any] | None = None,
) -> Callable[[_F], _F]:
    """Export a method to Lua.

    Args:
        routes: where it may be called; elsewhere it is a Lua error that names the route.
        suspends: the method returns a value, or is a generator of Operations (luasip.kemi.operation).
        exits: the route ends after the call, as with KSR.x.exit().
        name: exported name where it is no Python identifier one may use ("not", "is").
        true_for, letters, level, only_exits: what it amounts to where that is so little that Lua can answer by itself;
            see Export.
        body: a function `(module, ctx, …)` the method does nothing but call; it stands in a file that mypyc compiles,
            which a class with declarations cannot, and scripts get there without the method.
    """

    def mark(method: _F) -> _F:
        method.__kemi_function__ = (routes, suspends, exits, name or method.__name__)  # type: ignore[attr-defined]
        method.__kemi_at_once__ = (true_for, letters, level, only_exits, body)  # type: ignore[attr-defined]
        return method

    return mark


def variable(*names: str, raw_inner: bool = False) -> Callable[[_F], _F]:
    """Make a method the reader of `$name`: `(self, ctx, inner: str, index: int | str | None) -> PvValue`.

    `inner` is the text between the parentheses with pseudo-variables in it already replaced ("" when there
    are none), or as written with `raw_inner`; `index` is the `[i]` that followed, "*" for all, None without.
    """

    def mark(method: _F) -> _F:
        method.__kemi_variable__ = names  # type: ignore[attr-defined]
        method.__kemi_variable_raw_inner__ = raw_inner  # type: ignore[attr-defined]
        return method

    return mark


def variable_setter(*names: str) -> Callable[[_F], _F]:
    """Make a method the writer of `$name`: `(self, ctx, inner, index, value) -> bool`; None unsets."""

    def mark(method: _F) -> _F:
        method.__kemi_variable_setter__ = names  # type: ignore[attr-defined]
        return method

    return mark


def command(name: str) -> Callable[[_F], _F]:
    """Offer a method as the RPC command `name`. It takes str/int parameters and returns JSON-like data."""

    def mark(method: _F) -> _F:
        method.__kemi_command__ = name  # type: ignore[attr-defined]
        return method

    return mark


_KINDS: dict[Any, str] = {str: "str", int: "int", Any: "any"}
_COMMAND_KINDS: dict[Any, str] = {str: "str", int: "int", float: "float"}
_RESULTS = {int: "int", bool: "bool", type(None): "none"}


class Module:
    """Base of every KEMI module. One object serves all workers and guards its own state.

    Subclasses set `name`, may hold a dataclass `Settings` (fields are Kamailio's modparams) and name in
    `uses` the modules they are handed as keyword arguments of the same names.
    """

    name: ClassVar[str] = ""
    namespace: ClassVar[str] = "KSR"
    uses: ClassVar[tuple[str, ...]] = ()
    """Modules this one cannot work without; they are constructor arguments."""
    changeable: ClassVar[tuple[str, ...]] = ()
    """Settings that may change while the server runs (cfg.set): those that are read at each use, or acted upon in
    `settings_changed`."""

    @dataclasses.dataclass
    class Settings:
        """No settings."""

    def start(self) -> None:
        """Called once, in the order of loading, after all modules exist and before messages come."""

    def stop(self) -> None:
        """Called once, in reverse order, after the last message."""

    def settings_changed(self) -> None:
        """A setting of `changeable` has a new value. ValueError, told to who asked, puts the old one back."""

    @classmethod
    def exports(cls) -> list[Export]:
        """Every exported function, in the order of definition."""
        return list(_exports(cls))  # type: ignore[arg-type]  # mypy looks at the hash of instances

    @classmethod
    def variables(cls) -> list[VariableExport]:
        """Every pseudo-variable class the module brings."""
        setters = {
            name: attribute
            for attribute, member in _members(cls, "__kemi_variable_setter__")
            for name in member.__kemi_variable_setter__
        }
        found = [
            VariableExport(
                name,
                attribute,
                setters.pop(name, None),
                inspect.getdoc(member) or "",
                member.__kemi_variable_raw_inner__,
            )
            for attribute, member in _members(cls, "__kemi_variable__")
            for name in member.__kemi_variable__
        ]
        if setters:
            raise TypeError(f"{cls.__name__}: setter without reader for ${', $'.join(sorted(setters))}")
        for export in found:
            if not export.documentation:
                raise TypeError(f"{cls.__name__}.{export.getter}: ${export.name} has no documentation")
        return found

    @classmethod
    def commands(cls) -> list[Command]:
        """Every RPC command."""
        return commands_of(cls)


def commands_of(cls: type) -> list[Command]:
    """The RPC commands a class declares with @command, a KEMI module or not."""
    return [
        Command(
            member.__kemi_command__,
            attribute,
            parse_docstring(inspect.getdoc(member) or "", f"{cls.__name__}.{attribute}"),
            _command_parameters(member),
        )
        for attribute, member in _members(cls, "__kemi_command__")
    ]


def _command_parameters(method: Any) -> tuple[CommandParameter, ...]:
    # A method named like a type, such as `list`, hides it where annotations are looked up: only kinds are asked for.
    return tuple(
        CommandParameter(
            parameter.name,
            _COMMAND_KINDS.get(parameter.annotation, "any"),
            parameter.default is not parameter.empty or parameter.kind is parameter.VAR_POSITIONAL,
            parameter.kind is parameter.VAR_POSITIONAL,
        )
        for parameter in list(inspect.signature(method).parameters.values())[1:]
    )


def module_key(module: type[Module]) -> str:
    """A module's name in the settings file and the reference; "core" for KSR, "luasip_sql" for luasip.sql."""
    if module.namespace == "luasip":
        return f"luasip_{module.name}" if module.name else "luasip"
    return module.name or "core"


def _members(cls: type, mark: str) -> list[tuple[str, Any]]:
    """Marked methods in definition order, base classes first."""
    seen: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        for attribute, member in vars(base).items():
            if hasattr(member, mark):
                seen[attribute] = member
    return list(seen.items())


@functools.lru_cache(maxsize=256)
def _exports(cls: type[Module]) -> tuple[Export, ...]:
    """Kept, because every runtime and every reload asks for all of them and a class does not change."""
    found = [_export(cls, attribute, member) for attribute, member in _members(cls, "__kemi_function__")]
    names: set[str] = set()
    for export in found:
        if export.name in names:
            raise TypeError(f"{cls.__name__}: {export.name!r} is exported twice")
        names.add(export.name)
    return tuple(found)


def _export(cls: type[Module], attribute: str, method: Any) -> Export:
    routes, suspends, exits, name = method.__kemi_function__
    where = f"{cls.__name__}.{attribute}"
    documentation = parse_docstring(inspect.getdoc(method) or "", where)
    hints = get_type_hints(method)
    if "return" not in hints:
        raise TypeError(f"{where}: the result has no annotation")
    parameters, variadic = _parameters(where, method, hints, documentation)
    result = _RESULTS.get(_returned_type(hints["return"]), "xval")
    if result != "none" and not documentation.returns:
        raise TypeError(f"{where}: the docstring has no 'Returns:'")
    return Export(
        cls.name, name, attribute, parameters, result, routes, suspends, exits, variadic, documentation,
        *method.__kemi_at_once__,
    )


def _returned_type(annotation: Any) -> Any:
    """What Lua gets: a generator of Operations stands for the value it returns."""
    origin = get_origin(annotation)
    if origin is Generator:
        returned = get_args(annotation)[2]
        return type(None) if returned is None else returned
    if origin in (Union, types.UnionType):
        choices = {_returned_type(choice) for choice in get_args(annotation)}
        return choices.pop() if len(choices) == 1 else Any
    return annotation


def _parameters(
    where: str, method: Any, hints: dict[str, Any], documentation: Docstring
) -> tuple[tuple[Parameter, ...], bool]:
    found: list[Parameter] = []
    documented: set[str] = set()
    variadic = False
    for parameter in list(inspect.signature(method).parameters.values())[2:]:
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            raise TypeError(f"{where}: parameter {parameter.name!r} cannot be given from Lua")
        if parameter.name not in documentation.parameters:
            raise TypeError(f"{where}: parameter {parameter.name!r} is not documented under 'Args:'")
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            variadic = True
            documented.add(parameter.name)
            continue
        kind = _KINDS.get(hints.get(parameter.name))
        if kind is None:
            raise TypeError(f"{where}: parameter {parameter.name!r} must be str, int or Any")
        optional = parameter.default is not inspect.Parameter.empty
        found.append(Parameter(parameter.name, kind, documentation.parameters[parameter.name], optional))
    unknown = set(documentation.parameters) - {p.name for p in found} - documented
    if unknown:
        raise TypeError(f"{where}: 'Args:' documents unknown parameters {sorted(unknown)}")
    return tuple(found), variadic
