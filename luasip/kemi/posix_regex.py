"""POSIX extended regular expressions, as Kamailio's functions take them, compiled to Python patterns.

The dialect is that of glibc's regcomp(REG_EXTENDED) over bytes: a backslash inside brackets is an ordinary
character, `[[:alpha:]]` is a class, a second quantifier repeats the first one's match, `(?` is an error and
an unmatched `)` is a literal. One thing differs: of several alternatives that match at the same place Python
takes the first one written, POSIX the longest. Whether a text matches is the same; only what `\\0` holds
after `a|ab` is not. This file knows nothing of pseudo-variables or messages.
"""

import re
from functools import lru_cache
from typing import Final

from luasip.errors import PatternError

_CLASSES: Final = {
    "alpha": "A-Za-z",
    "digit": "0-9",
    "alnum": "A-Za-z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r" \t\n\r\f\v",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "print": r"\x20-\x7e",
    "graph": r"\x21-\x7e",
    "cntrl": r"\x00-\x1f\x7f",
    "xdigit": "0-9A-Fa-f",
}
_GNU_ESCAPES: Final = {
    "w": r"\w",
    "W": r"\W",
    "s": r"\s",
    "S": r"\S",
    "b": r"\b",
    "B": r"\B",
    "<": r"\b(?=\w)",
    ">": r"\b(?<=\w)",
    "`": r"\A",
    "'": r"\Z",
}
_BOUND: Final = re.compile(r"\{(\d*)(?:(,)(\d*))?\}")
_MOST_REPETITIONS: Final = 32767


@lru_cache(maxsize=1024)
def compile_posix(pattern: str, flags: str = "") -> re.Pattern[str]:
    """The Python pattern for a POSIX extended regular expression over wire text.

    Args:
        pattern: the expression, one character a byte.
        flags: "i" ignores the case of ASCII letters (REG_ICASE); "n" keeps `.` and `[^…]` off newlines and
            lets `^` and `$` match at each line (REG_NEWLINE).

    Raises PatternError, which names the pattern and what is wrong with it.
    """
    python = _Translation(pattern, "n" in flags).run()
    options = re.ASCII
    if "i" in flags:
        options |= re.IGNORECASE
    options |= re.MULTILINE if "n" in flags else re.DOTALL
    try:
        return re.compile(python, options)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(pattern, str(error)) from None


class _Translation:
    """One run over a pattern. `out` holds finished pieces; `last` is where the latest repeatable piece
    starts.
    """

    def __init__(self, pattern: str, newline: bool) -> None:
        self.pattern = pattern
        self.newline = newline
        self.at = 0
        self.out: list[str] = []
        self.last: int | None = None
        self.quantified = False
        self.groups: list[int] = []

    def run(self) -> str:
        """The whole pattern in Python's dialect."""
        while self.at < len(self.pattern):
            self._step(self.pattern[self.at])
        if self.groups:
            raise PatternError(self.pattern, "'(' is never closed")
        return "".join(self.out)

    def _step(self, char: str) -> None:
        if char == "[":
            self._atom(self._bracket())
        elif char == "\\":
            self._escape()
        elif char in "*+?" or (char == "{" and _BOUND.match(self.pattern, self.at)):
            self._quantifier(char)
        else:
            self.at += 1
            self._ordinary(char)

    def _ordinary(self, char: str) -> None:
        if char == "(":
            self.groups.append(len(self.out))
            self.out.append("(")
            self.last = None
        elif char == ")" and self.groups:
            start = self.groups.pop()
            self.out.append(")")
            self.last, self.quantified = start, False
        elif char == "|":
            self.out.append("|")
            self.last = None
        elif char == "^":
            self.out.append("^" if self.newline else r"\A")
            self.last = None
        elif char == "$":
            self._atom("$" if self.newline else r"\Z")
        else:
            self._atom("." if char == "." else re.escape(char))

    def _atom(self, text: str) -> None:
        self.last, self.quantified = len(self.out), False
        self.out.append(text)

    def _escape(self) -> None:
        if self.at + 1 >= len(self.pattern):
            raise PatternError(self.pattern, "trailing backslash")
        char = self.pattern[self.at + 1]
        self.at += 2
        if char.isdigit() and char != "0":
            self._atom(f"(?:\\{char})")
        else:
            self._atom(_GNU_ESCAPES.get(char) or re.escape(char))

    def _quantifier(self, char: str) -> None:
        text = char
        if char == "{":
            text = self._bound()
        else:
            self.at += 1
        if self.last is None:
            raise PatternError(self.pattern, f"nothing to repeat before {char!r} at {self.at - 1}")
        if self.quantified:
            self.out.insert(self.last, "(?:")
            self.out.append(")")
            # Pieces after an open group moved by one; groups still open start before self.last and stay
            # valid.
        self.out.append(text)
        self.quantified = True

    def _bound(self) -> str:
        match = _BOUND.match(self.pattern, self.at)
        assert match is not None
        low, comma, high = match.groups()
        self.at = match.end()
        least, most = int(low or 0), int(high) if high else None
        if least > _MOST_REPETITIONS or (most is not None and not least <= most <= _MOST_REPETITIONS):
            raise PatternError(self.pattern, f"invalid bound {match.group()}")
        if not low and not comma:
            raise PatternError(self.pattern, "invalid bound {}")
        return f"{{{least}{comma or ''}{'' if most is None else most}}}"

    def _bracket(self) -> str:
        """The bracket expression that starts at `at`; leaves `at` behind it."""
        text, at = self.pattern, self.at + 1
        negated = text.startswith("^", at)
        at += negated
        parts: list[str] = []
        first = True
        while first or not text.startswith("]", at):
            if at >= len(text):
                raise PatternError(text, "'[' is never closed")
            part, at = self._bracket_item(at)
            parts.append(part)
            first = False
        self.at = at + 1
        newline = r"\n" if negated and self.newline else ""
        return f"[{'^' if negated else ''}{''.join(parts)}{newline}]"

    def _bracket_item(self, at: int) -> tuple[str, int]:
        """One class, range or character of a bracket expression, and where the next one starts."""
        text = self.pattern
        if text.startswith("[:", at):
            end = text.find(":]", at)
            members = _CLASSES.get(text[at + 2 : end]) if end > 0 else None
            if members is None:
                raise PatternError(text, "unknown character class")
            return members, end + 2
        low, at = self._bracket_character(at)
        if not text.startswith("-", at) or text.startswith("-]", at) or at + 1 >= len(text):
            return re.escape(low), at
        high, at = self._bracket_character(at + 1)
        if high < low:
            raise PatternError(text, f"range {low}-{high} is the wrong way round")
        return f"{re.escape(low)}-{re.escape(high)}", at

    def _bracket_character(self, at: int) -> tuple[str, int]:
        for opening, closing in (("[.", ".]"), ("[=", "=]")):
            if self.pattern.startswith(opening, at):
                end = self.pattern.find(closing, at + 2)
                if end != at + 3:
                    raise PatternError(self.pattern, "collating elements of one character only")
                return self.pattern[at + 2], end + 2
        if at >= len(self.pattern):
            raise PatternError(self.pattern, "'[' is never closed")
        return self.pattern[at], at + 1
