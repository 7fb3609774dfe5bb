"""The header lines of a message: a table of numbers says where they stand, an object is made of one that is asked for.

Half of the lines of a message nobody asks for, and a row of numbers takes a fifth of the memory of an object. A table
is written by scanning.c, where it was built and the message is a usual one, and by `pack` otherwise. It must not know
what stands in the lines.

A row is five numbers of four bytes, the lowest byte first. The first row is about all lines:

    body_start, content_length (-1: not known), and codes of the names that stand in more than one line, 0 when no more

and one row follows for each line, known by its offset in the table:

    code of its name (luasip.sip.header_names), start, value_start, value_end, end
"""

import struct
from typing import TYPE_CHECKING, Final

from librt.strings import read_i32_le

from luasip.sip.grammar import SPACE, unfold
from luasip.sip.header_names import NAMED

if TYPE_CHECKING:
    from mypy_extensions import i32, i64  # see luasip.sip.grammar

ROW: Final = 20
"""Bytes of a row, and so the offset of the first line's."""

LARGEST: Final = (1 << 31) - 1
"""The largest number a row can hold."""


def pack(numbers: list[int]) -> bytes:
    """The table with these numbers, row after row."""
    return struct.pack(f"<{len(numbers)}i", *numbers)


def next_row(table: bytes, code: int, row: int = 0) -> int:
    """The first row behind `row` of a line whose name has this code, 0 when there is none."""
    wanted: i32 = code
    index: i64 = row + ROW
    end: i64 = len(table)
    while index < end:
        if read_i32_le(table, index) == wanted:
            return index
        index += ROW
    return 0


def body_start(table: bytes) -> int:
    """Offset of the body, behind the empty line."""
    return read_i32_le(table, 0)


def content_length(table: bytes) -> int:
    """Content-Length when it has been read, else -1."""
    return read_i32_le(table, 4)


def repeated_in(table: bytes) -> tuple[str, ...]:
    """The keys that stand in more than one line, as the first row says."""
    keys: tuple[str, ...] = ()
    for place in range(8, ROW, 4):
        code = read_i32_le(table, place)
        if code == 0:
            break
        keys = (*keys, NAMED[code])
    return keys


def code_of(table: bytes, row: int) -> int:
    """The code of the line's name, 0 when it is none of the known ones."""
    return read_i32_le(table, row)


def start_of(table: bytes, row: int) -> int:
    """Offset of the line in the text."""
    return read_i32_le(table, row + 4)


def value_start_of(table: bytes, row: int) -> int:
    """Offset of the raw value; white space around the value is left out."""
    return read_i32_le(table, row + 8)


def value_end_of(table: bytes, row: int) -> int:
    """Offset behind the raw value, line folds inside it included."""
    return read_i32_le(table, row + 12)


def end_of(table: bytes, row: int) -> int:
    """Offset behind the line end of the last line the header field stands on."""
    return read_i32_le(table, row + 16)


class HeaderLine:
    """One header field as it stands in the message.

    It holds the text and where it stands in it; half of the values of a message nobody reads.

    Attributes:
        key: canonical name ("via").
        start, end: the whole field in `Message.text`; `end` is behind the CRLF of its last folded line.
        value_start, value_end: the raw value in `Message.text`, line folds inside it included; white space around it
            is left out.
    """

    __slots__ = ("_text", "_value", "end", "key", "start", "value_end", "value_start")

    def __init__(self, text: str, key: str, start: int, value_start: int, value_end: int, end: int) -> None:
        self._text = text
        self._value: str | None = None
        self.key = key
        self.start = start
        self.value_start = value_start
        self.value_end = value_end
        self.end = end

    @property
    def name(self) -> str:
        """The name as on the wire ("v")."""
        return self._text[self.start : self._text.find(":", self.start)].rstrip(SPACE)

    @property
    def value(self) -> str:
        """The value, unfolded and stripped."""
        value = self._value
        if value is None:
            value = self._value = unfold(self._text[self.value_start : self.value_end])
        return value

    def __repr__(self) -> str:
        return f"HeaderLine({self.name!r}, {self.value!r})"


def key_at(text: str, table: bytes, row: int) -> str:
    """The key of the line in this row."""
    code = code_of(table, row)
    if code:
        return NAMED[code]
    start = start_of(table, row)
    return text[start : text.find(":", start)].rstrip(SPACE).lower()


def repeated_keys(text: str, table: bytes) -> tuple[str, ...]:
    """The keys that stand in more than one line, in the order of their second lines."""
    seen: set[str] = set()
    repeated: list[str] = []
    for row in range(ROW, len(table), ROW):
        key = key_at(text, table, row)
        if key not in seen:
            seen.add(key)
        elif key not in repeated:
            repeated.append(key)
    return tuple(repeated)
