"""What textopsx's header expressions name: values in comma lists, whole headers, and parameters in them, by offset.

An expression is NAME, NAME[index] or NAME[*], each with or without ".PARAMETER"; values count from 1, from
-1 for the last. An underscore in a name stands for a dash unless there is a header so called. Pure: nothing
is changed here.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from luasip.errors import HeaderError
from luasip.kemi.current import header_lines
from luasip.sip.message import HeaderLine, Message
from luasip.sip.params import split_items

_EXPRESSION: Final = re.compile(r"\s*([^\s\[\].]+)\s*(?:\[\s*(\*|-?\d{1,4})\s*\])?\s*(?:\.\s*(\S+))?\s*")
_SCHEME: Final = re.compile(r"[^\s=,\"]+[ \t]+(?=[^\s=,\"]+\s*=)")


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression. `index` is None when none was given; `every` is true for [*]."""

    name: str
    index: int | None
    every: bool
    parameter: str


@dataclass(frozen=True, slots=True)
class Value:
    """One value at `start`..`end` of the message text; `line` is the header it stands in."""

    line: HeaderLine
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ParameterPlace:
    """A parameter: `start` is behind what precedes its delimiter, `equals` behind its name, `end` behind its value."""

    start: int
    equals: int
    end: int


def parse_expression(message: Message, text: str) -> Expression | None:
    """The expression in `text`, None when it is none. Index 0 counts as none."""
    match = _EXPRESSION.fullmatch(text)
    if match is None:
        return None
    name, index, parameter = match.groups()
    if "_" in name and not header_lines(message, name):
        name = name.replace("_", "-")
    number = int(index) if index and index != "*" else 0
    return Expression(name, number or None, index == "*", parameter or "")


def values_of(message: Message, name: str) -> list[Value]:
    """Every comma-separated value of the headers called `name`; a header that cannot be split is one value."""
    found: list[Value] = []
    for line in header_lines(message, name):
        try:
            ranges = split_items(message.text, ",", line.value_start, line.value_end, line.name)
        except HeaderError:
            ranges = [(line.value_start, line.value_end)]
        found.extend(Value(line, start, end) for start, end in ranges if start < end)
    return found


def headers_of(message: Message, name: str) -> list[Value]:
    """Every header called `name`, its whole value as one: for Authorization and the like."""
    return [Value(line, line.value_start, line.value_end) for line in header_lines(message, name)]


def pick(values: list[Value], index: int) -> Value | None:
    """The value with a number from 1, or from -1 for the last; None when there is none."""
    position = index - 1 if index > 0 else index
    return values[position] if -len(values) <= position < len(values) else None


def parameters_of(text: str, value: Value, name: str) -> list[ParameterPlace]:
    """Places of the ;parameters called `name` behind a name-addr or token."""
    try:
        items = split_items(text, ";", value.start, value.end, value.line.name)
    except HeaderError:
        return []
    return _places(text, items, name)


def comma_parameters_of(text: str, value: Value, name: str) -> list[ParameterPlace]:
    """Places of the parameters called `name` in "Scheme a=b, c=d". A first one starts behind the scheme."""
    scheme = _SCHEME.match(text, value.start, value.end)
    start = scheme.end() if scheme else value.start
    try:
        items = split_items(text, ",", start, value.end, value.line.name)
    except HeaderError:
        return []
    return _places(text, [(start, start), *items], name)


def _places(text: str, items: list[tuple[int, int]], name: str) -> list[ParameterPlace]:
    found = []
    for (_, before), (start, end) in pairwise(items):
        key = text[start:end].partition("=")[0]
        if key.strip().lower() == name.lower():
            found.append(ParameterPlace(before, start + len(key.rstrip()), end))
    return found
