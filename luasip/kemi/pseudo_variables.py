"""Pseudo-variables: `$ru`, `$hdr(X-Key)`, `$(fu{uri.host})` read, set and replaced in texts.

Every module brings its own (`@variable`, `@variable_setter`); this registry knows names, not meanings. A
notation is parsed once and kept as a ready reader, so a read costs one look-up and the module's own method.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from luasip.errors import LuaSIPError, SipError
from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.declare import Module
from luasip.kemi.specification import (
    Argument,
    Specification,
    SpecificationError,
    Template,
    TransformationCall,
    parse_specification,
    parse_template,
    read_specification,
)
from luasip.kemi.transformations.signature import Kind
from luasip.kemi.transformations.strings import to_integer
from luasip.kemi.variable_reading import PlainReader, read

NULL: Final = "<null>"
"""What a null pseudo-variable is in a text."""

_KEPT_READERS: Final = 2048
_KEPT_TEMPLATES: Final = 512
_LONGEST_KEPT: Final = 512
"""Longer texts are parsed each time: they are mostly made by the script for one message."""

Index = int | str | None
Getter = Callable[[RouteContext, str, Index], PvValue]
Setter = Callable[[RouteContext, str, Index, PvValue], bool]
Reader = Callable[[RouteContext], PvValue]
Writer = Callable[[RouteContext, PvValue], bool]
_Piece = str | Reader

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Variable:
    getter: Getter
    setter: Setter | None
    raw_inner: bool


class PseudoVariables:
    """The registry of all modules' pseudo-variables. `add` is for start-up, the rest for any thread."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._variables: dict[str, _Variable] = {}
        self.reader = lru_cache(_KEPT_READERS)(self._make_reader)
        """What reads a notation, for `variable_reading.read`."""
        self._writer = lru_cache(_KEPT_READERS)(self._make_writer)
        self._pieces = lru_cache(_KEPT_TEMPLATES)(self._make_pieces)

    def add(self, module: Module) -> None:
        """Make a module's pseudo-variables known. Raises ValueError when a name is taken."""
        for export in module.variables():
            if export.name in self._variables:
                raise ValueError(f"module {module.name}: ${export.name} is brought by another module already")
            setter = None if export.setter is None else getattr(module, export.setter)
            self._variables[export.name] = _Variable(getattr(module, export.getter), setter, export.raw_inner)
        self.reader.cache_clear()
        self._writer.cache_clear()
        self._pieces.cache_clear()

    def is_known(self, name: str) -> bool:
        """Whether a loaded module brings `$name`."""
        return name in self._variables

    def get(self, ctx: RouteContext, specification: str) -> PvValue:
        """The value of one whole notation; None when it is null, malformed or unknown (the latter two are
        logged).
        """
        value: PvValue = read(self.reader(specification), specification, ctx)
        return value

    def set(self, ctx: RouteContext, specification: str, value: PvValue) -> bool:
        """Assign, None unsets. False (and a log record) when it is malformed, unknown or read-only, or
        refuses.
        """
        return self._writer(specification)(ctx, value)

    def can_set(self, specification: str) -> bool:
        """Whether it may be assigned; a log record says why not."""
        writer = self._writer(specification)
        broken = getattr(writer, "__self__", None)
        if isinstance(broken, _Broken):
            _log.error("%s", broken.complaint)
            return False
        return True

    def unset(self, ctx: RouteContext, specification: str) -> bool:
        """The same as setting None."""
        return self._writer(specification)(ctx, None)

    def is_null(self, ctx: RouteContext, specification: str) -> bool:
        """Whether it has no value."""
        return self.get(ctx, specification) is None

    def expand(self, ctx: RouteContext, text: str) -> str:
        """`text` with every pseudo-variable replaced; null ones give "<null>".

        A "$" that starts no pseudo-variable is logged and stays as it is.
        """
        if "$" not in text:
            return text
        pieces = self._pieces(text) if len(text) <= _LONGEST_KEPT else self._make_pieces(text)
        return _join(ctx, pieces)

    def split_names(self, text: str) -> list[str]:
        """The notations in a list such as "$var(a), $avp(b)". Raises SpecificationError."""
        names: list[str] = []
        at = 0
        while at < len(text):
            if text[at] in " \t\r\n,;":
                at += 1
                continue
            _, end = read_specification(text, at, self.is_known)
            names.append(text[at:end])
            at = end
        return names

    def _make_reader(self, specification: str) -> Reader:
        try:
            return self._compile(parse_specification(specification, self.is_known))
        except LuaSIPError as error:
            return _Broken(f"pseudo-variable {error}").read

    def _make_writer(self, specification: str) -> Writer:
        try:
            return self._compile_writer(specification, parse_specification(specification, self.is_known))
        except LuaSIPError as error:
            return _Broken(f"pseudo-variable {error}").write

    def _make_pieces(self, text: str) -> tuple[_Piece, ...]:
        try:
            return self._compile_template(parse_template(text, self.is_known))
        except LuaSIPError:
            return self._salvage(text)

    def _salvage(self, text: str) -> tuple[_Piece, ...]:
        """The pieces of a text with something in it that is no pseudo-variable."""
        pieces: list[_Piece] = []
        at = 0
        while at < len(text):
            dollar = text.find("$", at)
            if dollar < 0:
                dollar = len(text)
            pieces.append(text[at:dollar])
            at = dollar
            if dollar < len(text):
                try:
                    specification, at = read_specification(text, dollar, self.is_known)
                    pieces.append(self._compile_inside(specification))
                except LuaSIPError as error:
                    _log.error("in a text: %s", error)
                    pieces.append("$")
                    at = dollar + 1
        return tuple(piece for piece in pieces if piece != "")

    def _find(self, specification: Specification) -> _Variable:
        variable = self._variables.get(specification.name)
        if variable is None:
            raise SpecificationError(f"${specification.name}", "unknown pseudo-variable")
        return variable

    def _compile(self, specification: Specification) -> Reader:
        if specification.name == "$":
            return _constant("$")
        variable = self._find(specification)
        inner, index = self._inner(variable, specification), self._index(specification)
        reader = _make_base_reader(variable.getter, inner, index)
        for call in specification.transformations:
            reader = self._transformed(reader, call)
        return reader

    def _compile_inside(self, specification: Specification) -> Reader:
        """For one that stands inside something else: a malformed header makes only itself null."""
        try:
            return _guarded(self._compile(specification), f"${specification.name}")
        except SpecificationError as error:
            return _Broken(str(error)).read

    def _compile_writer(self, text: str, specification: Specification) -> Writer:
        if specification.name == "$" or specification.transformations:
            return _Broken(f"pseudo-variable {text!r} cannot be set").write
        variable = self._find(specification)
        setter = variable.setter
        if setter is None:
            return _Broken(f"pseudo-variable {text!r} is read-only").write
        inner, index = self._inner(variable, specification), self._index(specification)
        return _make_writer(setter, inner, index, text)

    def _compile_template(self, template: Template) -> tuple[_Piece, ...]:
        return tuple(part if isinstance(part, str) else self._compile_inside(part) for part in template)

    def _inner(self, variable: _Variable, specification: Specification) -> str | tuple[_Piece, ...]:
        if variable.raw_inner or all(isinstance(part, str) for part in specification.inner_template):
            literal = "".join(part for part in specification.inner_template if isinstance(part, str))
            return (specification.inner or "") if variable.raw_inner else literal
        return self._compile_template(specification.inner_template)

    def _index(self, specification: Specification) -> Index | Reader:
        index = specification.index
        return self._compile_inside(index) if isinstance(index, Specification) else index

    def _transformed(self, reader: Reader, call: TransformationCall) -> Reader:
        apply, takes_any = call.transformation.apply, call.transformation.takes_any
        arguments = [
            self._argument(a, k) for a, k in zip(call.arguments, call.transformation.parameters, strict=False)
        ]
        expands = call.transformation.expands

        def transformed(ctx: RouteContext) -> PvValue:
            value: PvValue = reader(ctx)
            if not takes_any:
                if value is None:
                    return None
                value = str(value)
            given = [argument(ctx) for argument in arguments]
            if None in given:
                return None
            if expands:
                given = [lambda text: self.expand(ctx, text), value, *given]  # type: ignore[list-item]
            else:
                given.insert(0, value)
            result: PvValue = apply(*given)
            return result

        return transformed

    def _argument(self, argument: Argument, kind: Kind) -> Reader:
        if not isinstance(argument, Specification):
            return _constant(argument)
        read = self._compile_inside(argument)
        if kind is Kind.NUMBER:
            return lambda ctx: to_integer(read(ctx))
        return lambda ctx: None if (value := read(ctx)) is None else str(value)


class _Broken:
    """Stands in for what cannot be read or set; says so each time it is used."""

    def __init__(self, complaint: str) -> None:
        self.complaint = complaint

    def read(self, ctx: RouteContext) -> PvValue:
        _log.error("%s", self.complaint)
        return None

    def write(self, ctx: RouteContext, value: PvValue) -> bool:
        _log.error("%s", self.complaint)
        return False


def _constant(value: str | int) -> Reader:
    return lambda ctx: value


def _make_base_reader(getter: Getter, inner: str | tuple[_Piece, ...], index: Index | Reader) -> Reader:
    if isinstance(inner, str) and not callable(index):
        return PlainReader(getter, inner, index)
    return lambda ctx: getter(ctx, _text(ctx, inner), _position(ctx, index))


def _text(ctx: RouteContext, inner: str | tuple[_Piece, ...]) -> str:
    return inner if isinstance(inner, str) else _join(ctx, inner)


def _position(ctx: RouteContext, index: Index | Reader) -> Index:
    return (to_integer(index(ctx)) or 0) if callable(index) else index


def _guarded(reader: Reader, name: str) -> Reader:
    return lambda ctx: read(reader, name, ctx)


def _make_writer(setter: Setter, inner: str | tuple[_Piece, ...], index: Index | Reader, text: str) -> Writer:
    def write(ctx: RouteContext, value: PvValue) -> bool:
        try:
            return setter(ctx, _text(ctx, inner), _position(ctx, index), value)
        except SipError as error:
            _log.error("%s cannot be set: %s", text, error)
            return False

    return write


def _join(ctx: RouteContext, pieces: tuple[_Piece, ...]) -> str:
    parts: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(piece)
        else:
            value = piece(ctx)
            parts.append(NULL if value is None else str(value))
    return "".join(parts)
