"""Usual messages and values read by regular expressions: what scanning.c does, where that was not built.

It must not decide what is wrong with a message: as scanning.c it leaves what is unusual to `parser`, `message` and
`values`. It leaves them a little more, messages with a line that goes on. Nothing an expression has taken is tried in
another way (`++`, `*+`), so that no message takes more time than its length.
"""

import re
import struct
from functools import lru_cache
from typing import Final

from luasip.sip.grammar import TOKEN, WORD
from luasip.sip.header_lines import (
    FIRST,
    HAS_CALL_ID,
    HAS_CSEQ,
    HAS_FROM,
    HAS_FROM_URI,
    HAS_HOPS,
    HAS_LENGTH,
    HAS_TO,
    HAS_TO_URI,
    HAS_VIA,
    LINES,
)
from luasip.sip.header_names import (
    CALL_ID,
    CODES,
    CONTENT_LENGTH,
    CSEQ,
    FROM,
    MAX_FORWARDS,
    SPELLINGS,
    TO,
    VIA,
    canonical,
)

_TOKEN: Final = f"[{re.escape(TOKEN)}]++"
_TEXT: Final = r"[^\x00-\x08\x0a-\x1f\x7f]*+"
"""Anything without a control character; TAB is none."""

_START: Final = re.compile(
    rf'(?:({_TOKEN}) ([^\x00-\x20\x7f<>"]++) SIP/2\.0|SIP/2\.0 ([1-6][0-9][0-9]) {_TEXT})\r\n'
)
_LINE: Final = re.compile(rf"({_TOKEN}):([ \t]*+)({_TEXT})\r\n|[\s\S]++")
"""A header line, in which nothing goes on; or all that is left, when it does not begin with one."""

_VIA: Final = re.compile(
    rf"SIP/2\.0/(?:UDP|TCP) ((?:[A-Za-z0-9_-]++\.?)++)(?::([1-9][0-9]{{0,4}}))?(;branch=){_TOKEN}"
)
_NAME_ADDR: Final = re.compile(
    r'(?:("[^"\\\n]*+")[ \t]*+|[^<\x00-\x1f\x7f",;]*+)'  # the display name
    rf"<([^:> \t<]*+:[^> \t<]*+)>(?:;tag={_TOKEN})?"
)
_URI: Final = re.compile(
    r"sip:(?:[A-Za-z0-9._!~*'()&=+$/-]++@)?((?:[A-Za-z0-9_-]++\.?)++)(?::([1-9][0-9]{0,4}))?"
)
"""One that `uri` would take."""
_CALL_ID: Final = re.compile(rf"[{re.escape(WORD)}]*+@?[{re.escape(WORD)}]*+")
_CSEQ: Final = re.compile(rf"([0-9]{{1,9}}+) {_TOKEN}")
_SHORT_NUMBER: Final = re.compile("[0-9]{1,9}")

_KNOWN: Final[dict[str, int]] = {spelling: CODES[key] for spelling, key in SPELLINGS.items()}

_MOST_LINES: Final = 128
_LONGEST_HOST: Final = 255
_LONGEST_VALUE: Final = 0xFFFF
_MOST_PORT: Final = 0xFFFF
_MOST_HOPS: Final = 255
_NO_PARTS: Final = (0, 0, 0)
"""Compared by value: compiled, a tuple of numbers is no object."""


def scan(text: str) -> bytes | None:
    """The table (luasip.sip.header_lines) of a usual message, None for any other."""
    start_line = _START.match(text)
    if start_line is None:
        return None
    start = headers_start = start_line.end()
    end = text.find("\r\n\r\n", start - 2) + 2
    if end < 2:
        return None
    first = bytearray(LINES - FIRST)
    values: dict[int, tuple[str, int]] = {}
    repeated: list[int] = []
    unknown: set[str] = set()
    rows: list[int] = []
    longest = 0
    lines = _LINE.findall(text, start, end)
    if len(lines) > _MOST_LINES:
        return None
    for number, (name, space, value) in enumerate(lines, 1):
        if not name:
            return None
        value_start = start + len(name) + 1 + len(space)
        value_end = value_start + len(value)
        following = value_end + 2
        if following - start > longest:
            longest = following - start
        if value and value[-1] in " \t":
            value = value.rstrip(" \t")
            value_end = value_start + len(value)
        code = _KNOWN.get(name)
        if code is None:
            key = canonical(name)
            code = CODES.get(key, 0)
            if not code:
                if key in unknown:
                    return None
                unknown.add(key)
        if not first[code]:
            first[code] = number
            values[code] = value, value_start
        elif code and code not in repeated:
            repeated.append(code)
        rows += (code, start, value_start, value_end, following)
        start = following
    if len(repeated) > len(_NO_PARTS) or CONTENT_LENGTH in repeated:
        return None
    length = values.get(CONTENT_LENGTH)
    if length is not None and _SHORT_NUMBER.fullmatch(length[0]) is None:
        return None
    places = start_line.end(1), start_line.end(2)
    if places[0] < 0:
        places = int(start_line[3]), 0
    return _layout(len(rows)).pack(
        end + 2,
        -1 if length is None else int(length[0]),
        *repeated,
        *_NO_PARTS[len(repeated) :],
        headers_start,
        *places,
        max(longest - 2, 0),
        *_parts_of(values),
        first,
        *rows,
    )


@lru_cache(maxsize=_MOST_LINES)
def _layout(numbers: int) -> struct.Struct:
    """That of a table with so many numbers in its rows."""
    return struct.Struct(f"<{FIRST // 4}i{LINES - FIRST}s{numbers}i")


def _parts_of(values: dict[int, tuple[str, int]]) -> tuple[int, ...]:
    """What the table says of the first values of these names, from FOUND on."""
    found = HAS_LENGTH if CONTENT_LENGTH in values else 0
    hops = 0
    via_parts = from_parts = to_parts = _NO_PARTS
    cseq_parts = (0, 0)
    if VIA in values:
        via_parts = _via_parts(*values[VIA])
        if via_parts != _NO_PARTS:
            found |= HAS_VIA
    if FROM in values:
        from_parts, usual = _address(*values[FROM], HAS_FROM, HAS_FROM_URI)
        found |= usual
    if TO in values:
        to_parts, usual = _address(*values[TO], HAS_TO, HAS_TO_URI)
        found |= usual
    call_id = values.get(CALL_ID)
    if call_id is not None and call_id[0] and _CALL_ID.fullmatch(call_id[0]):
        found |= HAS_CALL_ID
    if CSEQ in values:
        text, start = values[CSEQ]
        cseq = _CSEQ.fullmatch(text)
        if cseq is not None:
            cseq_parts = int(cseq[1]), start + cseq.end(1) + 1
            found |= HAS_CSEQ
    max_forwards = values.get(MAX_FORWARDS)
    if max_forwards is not None and _SHORT_NUMBER.fullmatch(max_forwards[0]):
        hops = int(max_forwards[0])
        if hops <= _MOST_HOPS:
            found |= HAS_HOPS
    return (found, *via_parts, *from_parts, *to_parts, *cseq_parts, hops)


def _address(text: str, start: int, value_bit: int, uri_bit: int) -> tuple[tuple[int, int, int], int]:
    """What the table says of a From or To that stands at `start`: its numbers, and which of its bits are set."""
    parts = _name_addr_parts(text, start)
    if parts == _NO_PARTS:
        return parts, 0
    is_usual = _is_usual_uri(text, parts[1] + 1 - start, parts[2])
    return parts, value_bit | uri_bit if is_usual else value_bit


def _via_parts(text: str, start: int) -> tuple[int, int, int]:
    """The numbers of a usual Via that stands at `start`, _NO_PARTS for any other."""
    found = _VIA.fullmatch(text)
    if found is None:
        return _NO_PARTS
    begin, host_end = found.span(1)
    port = int(found[2] or -1)
    if host_end - begin > _LONGEST_HOST or port > _MOST_PORT:
        return _NO_PARTS
    return start + host_end, start + found.start(3), port + 1


def _name_addr_parts(text: str, start: int) -> tuple[int, int, int]:
    """The numbers of a usual From or To that stands at `start`, _NO_PARTS for any other."""
    found = _NAME_ADDR.fullmatch(text)
    if found is None:
        return _NO_PARTS
    opened, closed = found.span(2)
    name_end = found.end(1)
    return start + (opened - 1 if name_end < 0 else name_end), start + opened - 1, closed


def _is_usual_uri(text: str, start: int, end: int) -> bool:
    found = _URI.fullmatch(text, start, end)
    return found is not None and found.end(1) - found.start(1) <= _LONGEST_HOST and int(found[2] or 0) <= _MOST_PORT


def name_addr(text: str) -> int:
    """End of the display name | "<" << 16 | ">" << 32 of a usual value, -1 for any other."""
    return _packed(_name_addr_parts(text, 0)) if len(text) <= _LONGEST_VALUE else -1


def via(text: str) -> int:
    """End of the host | ";branch=" << 16 | port + 1 << 32 of a usual value, -1 for any other."""
    return _packed(_via_parts(text, 0)) if len(text) <= _LONGEST_VALUE else -1


def _packed(parts: tuple[int, int, int]) -> int:
    return -1 if parts == _NO_PARTS else parts[0] | parts[1] << 16 | parts[2] << 32
