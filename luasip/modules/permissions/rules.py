"""Files of rules that allow or deny: `"left", … EXCEPT "…" : "right", … EXCEPT "…"`.

A rule matches a pair of URIs when its left side matches the first and its right side the second. Each expression is a
quoted POSIX extended regular expression, upper and lower case alike, or ALL. Knows no message.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from luasip.errors import PatternError
from luasip.kemi.posix_regex import compile_posix

_TOKEN = re.compile(r'\s*(?:"([^"]*)"|(ALL|EXCEPT)(?!\w)|([,:])|(#.*)|(\S))')

Patterns = tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class Side:
    """Expressions of which one must match, and others of which none may."""

    any_of: Patterns
    none_of: Patterns = ()

    def matches(self, text: str) -> bool:
        """Whether a URI fits."""
        return _some(self.any_of, text) and not _some(self.none_of, text)


@dataclass(frozen=True, slots=True)
class Rule:
    """One line."""

    left: Side
    right: Side

    def matches(self, first: str, second: str) -> bool:
        """Whether a pair of URIs fits."""
        return self.left.matches(first) and self.right.matches(second)


def read_rules(text: str, path: str) -> list[Rule]:
    """The rules of a file. Raises ValueError with file and line."""
    rules: list[Rule] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            tokens = _tokens(line)
            if not tokens:
                continue
            if tokens.count(":") != 1:
                raise ValueError("one ':' between two lists expected")
            middle = tokens.index(":")
            rules.append(Rule(_side(tokens[:middle]), _side(tokens[middle + 1 :])))
        except (ValueError, PatternError) as error:
            raise ValueError(f"{path}:{number}: {error}") from error
    return rules


def is_allowed(allow: Iterable[Rule], deny: Iterable[Rule], first: str, second: str) -> bool:
    """What a pair of files says: what the first allows, and what the second does not deny."""
    if any(rule.matches(first, second) for rule in allow):
        return True
    return not any(rule.matches(first, second) for rule in deny)


def _tokens(line: str) -> list[str]:
    """ALL, EXCEPT, ",", ":", and expressions with a quotation mark before them."""
    tokens: list[str] = []
    at = 0
    while (match := _TOKEN.match(line, at)) is not None:
        at = match.end()
        quoted, word, mark, comment, other = match.groups()
        if other is not None:
            raise ValueError(f"{other!r} is not expected here")
        if comment is None:
            tokens.append(f'"{quoted}' if quoted is not None else word or mark)
    return tokens


def _side(tokens: list[str]) -> Side:
    if "EXCEPT" not in tokens:
        return Side(_patterns(tokens))
    at = tokens.index("EXCEPT")
    return Side(_patterns(tokens[:at]), _patterns(tokens[at + 1 :]))


def _patterns(tokens: list[str]) -> Patterns:
    if len(tokens) % 2 == 0 or any(token != "," for token in tokens[1::2]):
        raise ValueError("expressions separated by commas expected")
    found: list[re.Pattern[str]] = []
    for token in tokens[::2]:
        if token != "ALL" and not token.startswith('"'):
            raise ValueError(f"{token!r} is no expression")
        found.append(compile_posix("" if token == "ALL" else token[1:], "i"))
    return tuple(found)


def _some(patterns: Patterns, text: str) -> bool:
    return any(pattern.search(text) for pattern in patterns)
