"""Header parameters (`;name=value`), comma lists and comma parameters, with respect for quotes and angle
brackets.

It must not know which header it reads: the caller passes the name for the error.
A parameter that appears twice with one value is read once, with two values it is malformed (RFC 3261 §7.3.1).
"""

import sys
from typing import Final

from luasip.errors import HeaderError
from luasip.sip.grammar import (
    SPACE,
    TOKEN_TABLE,
    VISIBLE_TABLE,
    has_control,
    is_made_of,
    is_token,
    quote,
    skip_quoted,
    unquote,
)

__all__ = [
    "parse_comma_params",
    "parse_params",
    "quote",
    "render_param",
    "sole_token",
    "split_items",
    "unquote",
]

_NAMES: Final = ("branch", "received", "rport", "tag", "lr", "r2", "ftag", "transport", "maddr", "ttl", "q", "expires")
_USUAL: Final = {name: sys.intern(name) for name in _NAMES}
"""Names that nearly all parameters have: known to be tokens in lower case."""


def split_items(text: str, separator: str, start: int, end: int, name: str) -> list[tuple[int, int]]:
    """Offsets (start, end) of what `separator` separates in `text[start:end]`; surrounding white space is
    left out.

    Separators inside quoted strings and angle brackets do not count. Raises HeaderError about header `name`
    when a quoted string or a bracket never closes before another separator follows.
    """
    items: list[tuple[int, int]] = []
    item = position = start
    found = text.find(separator, position, end)
    while found >= 0:
        skipped = _skip_enclosed(text, position, found, end, name)
        if skipped < 0:
            items.append(_trim(text, item, found))
            item = position = found + 1
        else:
            position = skipped
        if found < position:
            found = text.find(separator, position, end)
    items.append(_trim(text, item, end))
    return items


def _skip_enclosed(text: str, position: int, stop: int, end: int, name: str) -> int:
    """Offset behind the first quoted string or bracket that opens in `text[position:stop]`, -1 when none
    does.
    """
    quoted = text.find('"', position, stop)
    angle = text.find("<", position, stop if quoted < 0 else quoted)
    if angle >= 0:
        close = text.find(">", angle, end)
        if close < 0:
            raise HeaderError(name, text[position:end], "unclosed <")
        return close + 1
    if quoted >= 0:
        close = skip_quoted(text, quoted, end)
        if close < 0:
            raise HeaderError(name, text[position:end], "unclosed quoted string")
        return close
    return -1


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without the white space and line folds around it."""
    while start < end and text[start] in " \t\r\n":
        start += 1
    while start < end and text[end - 1] in " \t\r\n":
        end -= 1
    return start, end


def parse_params(text: str, start: int = 0, name: str = "parameter") -> dict[str, str]:
    """The parameters in `text[start:]`, which is empty or begins with ";" (RFC 3261 §25.1, generic-param).

    Names in lower case; values as written, quotes kept (see `unquote`); a flag has the value "".
    Raises HeaderError about header `name`.
    """
    params: dict[str, str] = {}
    if start >= len(text):
        return params
    if text.find('"', start) >= 0 or text.find("<", start) >= 0:
        items = split_items(text, ";", start, len(text), name)
        _expect_blank(text, items[0][0], items[0][1], name)
        for first, last in items[1:]:
            _add_param(params, text, first, last, name)
        return params
    semicolon = text.find(";", start)
    if semicolon != start:
        _expect_blank(text, start, semicolon if semicolon >= 0 else len(text), name)
    while semicolon >= 0:
        following = text.find(";", semicolon + 1)
        _add_param(params, text, semicolon + 1, following if following >= 0 else len(text), name)
        semicolon = following
    return params


def sole_token(text: str, start: int, prefix: str) -> str:
    """The value when `text[start:]` is `prefix` and a token, "" otherwise.

    For the one parameter that nearly every Via, From and To has (`prefix` is ";branch=" or ";tag="): no other
    parameter, quote or space can be in a token, so that nothing is left to read.
    """
    value_start = start + len(prefix)
    if text[start:value_start] != prefix:
        return ""
    value = text[value_start:]
    return value if is_made_of(value, TOKEN_TABLE) else ""


def _expect_blank(text: str, start: int, end: int, name: str) -> None:
    if text[start:end].strip(SPACE):
        raise HeaderError(name, text, "text before parameter")


def _add_param(params: dict[str, str], text: str, start: int, end: int, header: str) -> None:
    """Read the parameter `text[start:end]` of `header` into `params`."""
    equals = text.find("=", start, end)
    written = text[start : end if equals < 0 else equals]
    key = _USUAL.get(written)
    if key is None:
        written = written.strip(SPACE)
        if not is_token(written):
            raise HeaderError(header, text, "bad parameter name")
        key = written.lower()
    value = ""
    if equals >= 0:
        value = text[equals + 1 : end]
        if not value or not (value.isalnum() or is_made_of(value, VISIBLE_TABLE)):
            value = value.strip(SPACE)
            if not value or not _is_value(value):
                raise HeaderError(header, text, f"bad value of parameter {key}")
    if params.setdefault(key, value) != value:
        raise HeaderError(header, text, f"parameter {key} given twice")


def _is_value(value: str) -> bool:
    """gen-value: a token, host or quoted string; read liberally as visible text without white space.

    Also a URI in angle brackets, as extensions have it.
    """
    if value[0] == '"':
        return skip_quoted(value, 0, len(value)) == len(value)
    if value[0] == "<":
        return value.find(">") == len(value) - 1 and not has_control(value)
    if "<" in value or ">" in value or '"' in value:
        return False
    return " " not in value and "\t" not in value and not has_control(value)


def render_param(name: str, value: str) -> str:
    """`;name=value`, or `;name` when the value is ""."""
    return f";{name}={value}" if value else f";{name}"


def parse_comma_params(text: str, name: str) -> dict[str, str]:
    """The comma-separated `name=value` list of a challenge or credentials (RFC 7616 §3.3, §3.4), values
    unquoted.

    Names in lower case. Raises HeaderError about header `name`.
    """
    params: dict[str, str] = {}
    for first, last in split_items(text, ",", 0, len(text), name):
        if first == last:
            raise HeaderError(name, text, "empty parameter")
        equals = text.find("=", first, last)
        key = text[first:equals].rstrip(SPACE) if equals >= 0 else ""
        value = text[equals + 1 : last]
        if value.startswith((" ", "\t")):
            value = value.lstrip(SPACE)
        if not is_token(key) or not value or not _is_value(value):
            raise HeaderError(name, text, "bad parameter")
        key = key.lower()
        if key in params:
            raise HeaderError(name, text, f"parameter {key} given twice")
        params[key] = unquote(value)
    return params
