"""The header lines of a message: a table of numbers says where they stand, an object is made of one that is asked for.

Half of the lines of a message nobody asks for, and a row of numbers takes a fifth of the memory of an object. A table
is written by `scan` (see `scanners`) when the message is a usual one, and by `pack` otherwise. It must not know what
stands in the lines.

A number has four bytes, the lowest byte first. A table begins with those about the whole message; but for the first two
only `scan` writes them, where something else than 0 stands there:

    body_start, content_length (-1: not known), codes of the names that stand in more than one line (three, 0 when no
    more), headers_start, method_end (of a response: its status), uri_end (of a response: 0), length of the longest
    line, bits of the values that were found to be usual, and where their parts stand:
    Via: end of the host, ";branch=", port + 1 or 0; From, To: end of the display name, "<", and ">", this one counted
    from the start of the value; CSeq: number, start of the method; Max-Forwards

After these there is a byte for each code of a name (luasip.sip.header_names): the number of the first line with that
name, 0 when there is none, FAR when it is not below that. Then a row for each line, known by its offset in the table:

    code of its name, start, value_start, value_end, end
"""

import struct
from typing import TYPE_CHECKING, Final

from librt.strings import read_i32_le

from luasip.native import mypyc_attr
from luasip.sip.grammar import SPACE, unfold
from luasip.sip.header_names import NAMED

if TYPE_CHECKING:
    from mypy_extensions import i32, i64  # see luasip.sip.grammar

BODY_START: Final = 0
CONTENT_LENGTH: Final = 4
REPEATED: Final = 8
HEADERS_START: Final = 20
METHOD_END: Final = 24
STATUS: Final = 24
URI_END: Final = 28
LONGEST_LINE: Final = 32
FOUND: Final = 36
VIA_HOST_END: Final = 40
VIA_BRANCH: Final = 44
VIA_PORT: Final = 48
FROM_PARTS: Final = 52
TO_PARTS: Final = 64
CSEQ_NUMBER: Final = 76
CSEQ_METHOD: Final = 80
HOPS: Final = 84
"""Offsets of these numbers."""

HAS_LENGTH: Final = 1 << 1
HAS_VIA: Final = 1 << 2
HAS_FROM: Final = 1 << 3
HAS_TO: Final = 1 << 4
HAS_CALL_ID: Final = 1 << 5
HAS_CSEQ: Final = 1 << 6
HAS_HOPS: Final = 1 << 7
HAS_FROM_URI: Final = 1 << 8
HAS_TO_URI: Final = 1 << 9
"""Bits of FOUND."""

FIRST: Final = 88
"""Offset of the bytes about the first lines."""

LINES: Final = FIRST + 128
"""Offset of the first line's row."""

ROW: Final = 20
"""Bytes of a row."""

FAR: Final = 255

LARGEST: Final = (1 << 31) - 1
"""The largest number a row can hold."""


def pack(body_start: int, lines: list[int]) -> bytes:
    """The table with these rows, of which nothing but where the lines stand is known."""
    first = bytearray(LINES - FIRST)
    for number, code in enumerate(lines[::5], 1):
        if not first[code]:
            first[code] = min(number, FAR)
    head = [body_start, -1, *[0] * (FIRST // 4 - 2)]
    return struct.pack(f"<{FIRST // 4}i", *head) + first + struct.pack(f"<{len(lines)}i", *lines)


def next_row(table: bytes, code: int, row: int = 0) -> int:
    """The first row behind `row` of a line whose name has this code, 0 when there is none."""
    index: i64 = LINES
    if row != 0:
        index = row + ROW
    else:
        number: i64 = table[FIRST + code]
        if number == 0:
            return 0
        if number != FAR:
            return index + (number - 1) * ROW
    wanted: i32 = code
    end: i64 = len(table)
    while index < end:
        if read_i32_le(table, index) == wanted:
            return index
        index += ROW
    return 0


def count_lines(table: bytes) -> int:
    """How many header lines there are."""
    return (len(table) - LINES) // ROW


def number_at(table: bytes, offset: int) -> int:
    """The number at one of the offsets above."""
    return read_i32_le(table, offset)


def body_start(table: bytes) -> int:
    """Offset of the body, behind the empty line."""
    return read_i32_le(table, BODY_START)


def content_length(table: bytes) -> int:
    """Content-Length when it has been read, else -1."""
    return read_i32_le(table, CONTENT_LENGTH)


def repeated_in(table: bytes) -> tuple[str, ...]:
    """The keys that stand in more than one line, as the first row says."""
    keys: tuple[str, ...] = ()
    for place in range(REPEATED, HEADERS_START, 4):
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


@mypyc_attr(acyclic=True)
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
    for row in range(LINES, len(table), ROW):
        key = key_at(text, table, row)
        if key not in seen:
            seen.add(key)
        elif key not in repeated:
            repeated.append(key)
    return tuple(repeated)
