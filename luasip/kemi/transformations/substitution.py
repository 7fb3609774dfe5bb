"""`{re.subst,/pattern/replacement/flags}` and the sed-like expressions of textops: find and replace.

The pattern is a POSIX extended regular expression. In the replacement \\0 to \\9 are the match and its
groups, \\n \\r \\t the characters, and pseudo-variables are replaced by the caller's function, once for each
match. Flags: i ignores case, g replaces all matches, s lets `.` match line ends and `^` `$` only the ends of
the text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from luasip.errors import PatternError
from luasip.kemi.posix_regex import compile_posix

_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Substitution:
    """A parsed expression. `replacement` holds group numbers and texts in which pseudo-variables are still
    unread.
    """

    pattern: re.Pattern[str]
    replacement: tuple[str | int, ...]
    replace_all: bool

    def apply(self, text: str, expand: Callable[[str], str]) -> str | None:
        """`text` with the first match (or all) replaced; None when there is no match."""
        pieces = [part if isinstance(part, int) else expand(part) for part in self.replacement]

        def written(match: re.Match[str]) -> str:
            return "".join(_group(match, piece) if isinstance(piece, int) else piece for piece in pieces)

        result, count = self.pattern.subn(written, text, count=0 if self.replace_all else 1)
        return result if count else None


def _group(match: re.Match[str], number: int) -> str:
    return (match.group(number) or "") if number <= match.re.groups else ""


@lru_cache(maxsize=512)
def parse_substitution(expression: str) -> Substitution:
    """The expression "/pattern/replacement/flags"; any first character may be the delimiter. Raises
    PatternError.
    """
    text = expression.strip(" \t\r\n")
    if len(text) < 3:
        raise PatternError(expression, "expected /pattern/replacement/flags")
    delimiter = text[0]
    fields = _split(text[1:], delimiter)
    if len(fields) != 3:
        raise PatternError(expression, f"expected three {delimiter!r}")
    pattern, replacement, flags = fields
    if flags.strip("gis"):
        raise PatternError(expression, f"unknown flags {flags!r}")
    options = ("i" if "i" in flags else "") + ("" if "s" in flags else "n")
    compiled = compile_posix(pattern.replace(f"\\{delimiter}", delimiter), options)
    return Substitution(compiled, _parse_replacement(replacement, delimiter), "g" in flags)


def _split(text: str, delimiter: str) -> list[str]:
    """Cut at the first two delimiters that no backslash precedes."""
    fields: list[str] = []
    start = at = 0
    while at < len(text) and len(fields) < 2:
        if text[at] == "\\":
            at += 1
        elif text[at] == delimiter:
            fields.append(text[start:at])
            start = at + 1
        at += 1
    return [*fields, text[start:]]


def _parse_replacement(text: str, delimiter: str) -> tuple[str | int, ...]:
    parts: list[str | int] = []
    literal: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        following = text[at + 1 : at + 2]
        if char == "\\" and following:
            at += 1
            if following.isascii() and following.isdigit():
                parts.append("".join(literal))
                parts.append(int(following))
                literal = []
            else:
                literal.append(_escaped(following, delimiter))
        else:
            literal.append(char)
        at += 1
    parts.append("".join(literal))
    return tuple(part for part in parts if part != "")


def _escaped(char: str, delimiter: str) -> str:
    """What a backslash and `char` stand for; an escaped "$" must not start a pseudo-variable."""
    if char == "$":
        return "$$"
    return _CONTROLS.get(char, char)


def substitute(expand: Callable[[str], str], text: str, expression: str) -> str | None:
    """{re.subst,…}: unchanged when nothing matches, None when the expression is malformed (logged by the
    caller).
    """
    result = parse_substitution(expression).apply(text, expand)
    return text if result is None else result
