"""`?` in SQL text: the one notation for bound values, whatever the driver's own is.

A `?` inside a string, a quoted name or a comment is text; `??` is a question mark for the database (PostgreSQL has
such operators). Knows no connection.
"""

import re
from functools import lru_cache
from typing import Final

_SKIPPED: Final = r"""--[^\n]*|/\*.*?(?:\*/|\Z)|"(?:[^"]|"")*(?:"|\Z)|`[^`]*(?:`|\Z)"""
_STANDARD: Final = re.compile(rf"'(?:[^']|'')*(?:'|\Z)|{_SKIPPED}|\?\?|\?", re.DOTALL)
_BACKSLASHES: Final = re.compile(
    rf"""'(?:[^'\\]|''|\\.)*(?:'|\Z)|"(?:[^"\\]|""|\\.)*(?:"|\Z)|#[^\n]*|{_SKIPPED}|\?\?|\?""", re.DOTALL
)
"""MySQL's strings know the backslash, and its comments may begin with #."""


@lru_cache(512)
def positional(statement: str, dialect: str, marker: str) -> tuple[str, int]:
    """The statement with `marker` ("?" or "%s") for each `?`, and how many there are.

    Args:
        dialect: SQLAlchemy's name of the dialect, "mysql" for one.
        marker: with "%s" every other "%" is doubled, as such drivers want it.
    """
    pattern = _BACKSLASHES if dialect in ("mysql", "mariadb") else _STANDARD
    pieces: list[str] = []
    count = at = 0
    for match in pattern.finditer(statement):
        if not match[0].startswith("?"):
            continue
        pieces.append(_literal(statement[at : match.start()], marker))
        at = match.end()
        if match[0] == "??":
            pieces.append("?")
        else:
            pieces.append(marker)
            count += 1
    pieces.append(_literal(statement[at:], marker))
    return "".join(pieces), count


def _literal(text: str, marker: str) -> str:
    return text.replace("%", "%%") if marker == "%s" else text
