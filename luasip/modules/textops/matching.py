"""Patterns and edits of message parts for textops and textopsx: where a pattern matches, and splices for it.

Patterns are POSIX extended regular expressions that ignore case and take each line by itself, as Kamailio's
are. A pattern that cannot be compiled is logged and matches nothing.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from luasip.errors import PatternError
from luasip.kemi.context import RouteContext
from luasip.kemi.posix_regex import compile_posix
from luasip.kemi.transformations.substitution import Substitution, parse_substitution

_logger = logging.getLogger("luasip.textops")

BY_LINE: Final = "in"
"""Case ignored, each line by itself."""
WHOLE: Final = "i"
"""Case ignored, line ends as any other character."""
EXACT: Final = ""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the message text: `text`, which begins at offset `start`."""

    start: int
    text: str


def whole_message(ctx: RouteContext) -> Region:
    """Everything, the start line included."""
    return Region(0, ctx.message.text)


def headers_and_body(ctx: RouteContext) -> Region:
    """Everything behind the start line."""
    return Region(ctx.message.headers_start, ctx.message.text[ctx.message.headers_start :])


def headers_only(ctx: RouteContext) -> Region:
    """The header lines."""
    message = ctx.message
    return Region(message.headers_start, message.text[message.headers_start : message.headers_end])


def body_only(ctx: RouteContext) -> Region:
    """The body as received."""
    return Region(ctx.message.body_start, ctx.message.body)


def pattern(text: str, flags: str = BY_LINE) -> re.Pattern[str] | None:
    """The compiled expression; None when it is empty or cannot be compiled (logged)."""
    if not text:
        return None
    try:
        return compile_posix(text, flags)
    except PatternError as error:
        _logger.error("%s", error)
        return None


def substitution(text: str) -> Substitution | None:
    """The parsed /pattern/replacement/flags; None when it is malformed (logged)."""
    try:
        return parse_substitution(text)
    except PatternError as error:
        _logger.error("%s", error)
        return None


def matches(text: str, expression: str, flags: str = BY_LINE) -> bool:
    """Whether the expression matches somewhere in `text`."""
    compiled = pattern(expression, flags)
    return compiled is not None and compiled.search(text) is not None


def replace_matches(
    ctx: RouteContext, region: Region, expression: str, text: str, *, every: bool, flags: str = BY_LINE
) -> int:
    """Replace the first match in a region, or every one, by `text`. 1, or -1 when there is none."""
    compiled = pattern(expression, flags)
    if compiled is None:
        return -1
    return _splice(ctx, region, ((m.start(), m.end(), text) for m in compiled.finditer(region.text)), every)


def replace_text(ctx: RouteContext, region: Region, key: str, text: str, mode: str) -> int:
    """Replace the first occurrence of `key` in a region, or with mode "a" every one. 1, or -1 when there is none."""
    if not key:
        return -1
    found = ((m.start(), m.end(), text) for m in re.finditer(re.escape(key), region.text))
    return _splice(ctx, region, found, mode[:1].lower() == "a")


def append_to_match(ctx: RouteContext, region: Region, expression: str, text: str) -> int:
    """Insert `text` behind the first match in a region. 1, or -1 when there is none."""
    compiled = pattern(expression)
    match = None if compiled is None else compiled.search(region.text)
    if match is None:
        return -1
    ctx.edits.insert(region.start + match.end(), text)
    return 1


def substitute_matches(ctx: RouteContext, region: Region, expression: str) -> int:
    """Carry out a sed-like expression on a region. 1, or -1 when it is malformed or matches nothing."""
    parsed = substitution(expression)
    if parsed is None:
        return -1
    return _splice(ctx, region, _replacements(ctx, parsed, region.text), parsed.replace_all)


def substituted(ctx: RouteContext, text: str, expression: str) -> str | None:
    """`text` after a sed-like expression; None when it is malformed or matches nothing."""
    parsed = substitution(expression)
    if parsed is None:
        return None
    return parsed.apply(text, lambda part: ctx.services.variables.expand(ctx, part))


def _replacements(ctx: RouteContext, parsed: Substitution, text: str) -> Iterator[tuple[int, int, str]]:
    pieces = [
        part if isinstance(part, int) else ctx.services.variables.expand(ctx, part)
        for part in parsed.replacement
    ]
    for match in parsed.pattern.finditer(text):
        yield (
            match.start(),
            match.end(),
            "".join(_group(match, piece) if isinstance(piece, int) else piece for piece in pieces),
        )


def _group(match: re.Match[str], number: int) -> str:
    return (match.group(number) or "") if number <= match.re.groups else ""


def _splice(ctx: RouteContext, region: Region, found: Iterator[tuple[int, int, str]], every: bool) -> int:
    code = -1
    for start, end, text in found:
        ctx.edits.replace(region.start + start, region.start + end, text)
        code = 1
        if not every:
            break
    return code
