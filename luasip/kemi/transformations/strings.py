"""`{s.…}`: cutting, changing and measuring text.

All are pure functions of wire text and take time linear in it. None stands for "cannot be done", which makes
the pseudo-variable null.
"""

import math
import time
from typing import Final

_WHITE: Final = " \t\r\n"
_REMOVED_SPACE: Final = {ord(char): None for char in _WHITE}
_BRACKETS: Final = {"(": ")", "[": "]", "{": "}", "<": ">"}
_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER: Final = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_LONGEST_RESULT: Final = 65535
"""Characters `{s.prefixes}` and `{s.replace}` may give: what grows with the square of its input needs a
bound.
"""


def to_integer(value: str | int | None) -> int | None:
    """The int a decimal text stands for; None when it is none."""
    if isinstance(value, int) or value is None:
        return value
    digits = value[1:] if value[:1] in ("-", "+") else value
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        return None
    return int(value)


def length(text: str) -> int:
    """{s.len}"""
    return len(text)


def lower(text: str) -> str:
    """{s.tolower}, ASCII letters only."""
    return text.translate(_LOWER)


def upper(text: str) -> str:
    """{s.toupper}, ASCII letters only."""
    return text.translate(_UPPER)


def substring(text: str, offset: int, size: int) -> str | None:
    """{s.substr,offset,size}: a negative offset counts from the end, size 0 goes to the end."""
    if size < 0:
        return None
    if offset >= 0:
        if offset >= len(text):
            return None
        return text[offset : offset + size] if size else text[offset:]
    if -offset > len(text):
        return None
    start = len(text) + offset
    return text[start : start + size] if size else text[start:]


def select(text: str, index: int, separator: str) -> str:
    """{s.select,index,separator}: a field, counted from the end when negative, "" when there is none."""
    fields = _white_fields(text) if separator == "\\s" else text.split(separator)
    return fields[index] if -len(fields) <= index < len(fields) else ""


def select_white(text: str, index: int) -> str:
    """{s.selectsw,index}: a field between white space characters."""
    return select(text, index, "\\s")


def _white_fields(text: str) -> list[str]:
    for char in "\t\r\n":
        text = text.replace(char, " ")
    return text.split(" ")


def strip(text: str, count: int) -> str:
    """{s.strip,count} takes characters off the start."""
    return text[count:] if count > 0 else text


def strip_tail(text: str, count: int) -> str:
    """{s.striptail,count} takes characters off the end."""
    return text[: max(len(text) - count, 0)] if count > 0 else text


def strip_to(text: str, char: str) -> str | None:
    """{s.stripto,char}: from the first such character on, "" when there is none."""
    if not char:
        return None
    at = text.find(char[0])
    return text[at:] if at >= 0 else ""


def prefixes(text: str, most: int = 0) -> str | None:
    """{s.prefixes[,most]}: "1,12,123" of "123"."""
    return _prefixes(text, most, "")


def quoted_prefixes(text: str, most: int = 0) -> str | None:
    """{s.prefixes.quoted[,most]}: "'1','12','123'" of "123"."""
    return _prefixes(text, most, "'")


def _prefixes(text: str, most: int, quote: str) -> str | None:
    count = min(most, len(text)) if most > 0 else len(text)
    if count * (count // 2 + (3 if quote else 1)) > _LONGEST_RESULT:
        return None
    return ",".join(f"{quote}{text[: size + 1]}{quote}" for size in range(count))


def replace(text: str, match: str, replacement: str) -> str | None:
    """{s.replace,match,replacement}"""
    if not match:
        return None
    if text.count(match) * len(replacement) > _LONGEST_RESULT + len(text):
        return None
    return text.replace(match, replacement)


def remove(text: str, match: str) -> str | None:
    """{s.rm,match}: takes every occurrence out; \\n \\r \\t \\\\ stand for their characters."""
    match = _unescape(match)
    return text.replace(match, "") if match else None


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    parts: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            at += 1
            parts.append({"n": "\n", "r": "\r", "t": "\t"}.get(text[at], text[at]))
        else:
            parts.append(text[at])
        at += 1
    return "".join(parts)


def trim(text: str) -> str:
    """{s.trim}"""
    return text.strip(_WHITE)


def trim_right(text: str) -> str:
    """{s.rtrim}"""
    return text.rstrip(_WHITE)


def trim_left(text: str) -> str:
    """{s.ltrim}"""
    return text.lstrip(_WHITE)


def remove_white(text: str) -> str:
    """{s.rmws}: no blank, tab or line end anywhere."""
    return text.translate(_REMOVED_SPACE)


def unfold(text: str) -> str:
    """{s.rmhdws}: line ends go; the white space that follows one becomes one blank."""
    return _unfold(text, " ")


def join_lines(text: str) -> str:
    """{s.rmhlws}: line ends and the white space that follows them go."""
    return _unfold(text, "")


def _unfold(text: str, gap: str) -> str:
    lines = text.replace("\r", "\n").split("\n")
    parts = [lines[0]]
    for line in lines[1:]:
        rest = line.lstrip(" \t")
        parts.append(gap + rest if len(rest) < len(line) else rest)
    return "".join(parts)


def unquote(text: str) -> str:
    """{s.unquote}: without the double or single quotes around it."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def unbracket(text: str) -> str:
    """{s.unbracket}: without the (), [], {} or <> around it."""
    if len(text) >= 2 and _BRACKETS.get(text[0]) == text[-1]:
        return text[1:-1]
    return text


def count(text: str, char: str) -> int | None:
    """{s.count,char}"""
    return text.count(char[0]) if char else None


def before(text: str, char: str) -> str | None:
    """{s.before,char}: up to the first such character, all when there is none."""
    return text.partition(char[0])[0] if char else None


def after(text: str, char: str) -> str | None:
    """{s.after,char}: behind the first such character, "" when there is none."""
    return text.partition(char[0])[2] if char else None


def before_last(text: str, char: str) -> str | None:
    """{s.rbefore,char}: up to the last such character, all when there is none."""
    if not char:
        return None
    head, found, tail = text.rpartition(char[0])
    return head if found else tail


def after_last(text: str, char: str) -> str | None:
    """{s.rafter,char}: behind the last such character, "" when there is none."""
    if not char:
        return None
    _, found, tail = text.rpartition(char[0])
    return tail if found else ""


def lines_indented_by_blanks(text: str, size: int, padding: int) -> str | None:
    """{s.fmtlines,size,padding}: lines of `size` characters, all but the first after `padding` blanks."""
    return _format_lines(text, size, " " * min(padding, _LONGEST_RESULT))


def lines_indented_by_tabs(text: str, size: int, padding: int) -> str | None:
    """{s.fmtlinet,size,padding}: the same with tabs."""
    return _format_lines(text, size, "\t" * min(padding, _LONGEST_RESULT))


def _format_lines(text: str, size: int, padding: str) -> str | None:
    if size <= 0 or len(text) + math.ceil(len(text) / size) * (2 + len(padding)) > _LONGEST_RESULT:
        return None
    return f"\r\n{padding}".join(text[at : at + size] for at in range(0, len(text), size))


def numeric(text: str) -> str:
    """{s.numeric}: only the digits."""
    return "".join(char for char in text if "0" <= char <= "9")


def character_at(text: str, index: int) -> str:
    """{s.charat,index}: "" outside the text."""
    return text[index] if 0 <= index < len(text) else ""


def byte_at(text: str, index: int) -> int:
    """{s.byteat,index}: -1 outside the text."""
    return ord(text[index]) if 0 <= index < len(text) else -1


def format_time(value: str | int | None, pattern: str) -> str | None:
    """{s.ftime,pattern}: seconds since the epoch by strftime, local time."""
    seconds = to_integer(value)
    if seconds is None:
        return None
    try:
        return time.strftime(pattern.replace("\0", ""), time.localtime(seconds))
    except (ValueError, OverflowError, OSError):
        return None
