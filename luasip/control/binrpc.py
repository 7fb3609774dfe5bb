"""Kamailio's binrpc, which kamcmd speaks: packets in, packets out.

A packet is: magic and version in a byte; type, and how many bytes length and cookie have, in a byte; length; cookie;
records. A record is a byte with type and size (or how many bytes the size has), and the value: integers big-endian,
texts with a NUL behind them, numbers times 1000. A name followed by a value is a field of a struct. Text is wire text.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from luasip.control.documents import DocumentTooLong
from luasip.control.registry import Registry
from luasip.errors import CommandError

MAGIC: Final = 0xA1
REQUEST, REPLY, FAULT = 0, 1, 3
INTEGER, TEXT, DOUBLE, STRUCT, ARRAY, NAME = range(6)

INVALID_REQUEST: Final = 400
SMALLEST, GREATEST = -(2**31), 2**31 - 1
DEEPEST: Final = 50


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet, taken apart as far as its head."""

    type: int
    cookie: bytes
    body: bytes


class PacketReader:
    """The reading half of one stream: gives whole packets."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()

    @property
    def in_document(self) -> bool:
        """Whether a packet has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that `data` completes. Raises DocumentTooLong, also for what is no packet."""
        self._buffer += data
        found: list[bytes] = []
        while (size := _size(self._buffer, self._limit)) and len(self._buffer) >= size:
            found.append(bytes(self._buffer[:size]))
            del self._buffer[:size]
        return found


def _size(data: bytes | bytearray, limit: int) -> int:
    """Bytes of the packet `data` begins with, 0 when its head is not there yet. Raises DocumentTooLong."""
    if data and data[0] != MAGIC:
        raise DocumentTooLong("not a packet of binrpc")
    if len(data) < 2:
        return 0
    length_bytes, cookie_bytes = (data[1] >> 2 & 3) + 1, (data[1] & 3) + 1
    if len(data) < 2 + length_bytes:
        return 0
    size = 2 + length_bytes + cookie_bytes + int.from_bytes(data[2 : 2 + length_bytes], "big")
    if size > limit:
        raise DocumentTooLong(f"a packet of {size} bytes, {limit} are allowed")
    return size


def parse(data: bytes) -> Packet:
    """A whole packet, as PacketReader gives it."""
    length_bytes, cookie_bytes = (data[1] >> 2 & 3) + 1, (data[1] & 3) + 1
    body_start = 2 + length_bytes + cookie_bytes
    return Packet(data[1] >> 4, data[2 + length_bytes : body_start], data[body_start:])


def carry_out(registry: Registry, data: bytes) -> bytes:
    """The answer to one packet."""
    packet = parse(data)
    try:
        if packet.type != REQUEST:
            raise CommandError(INVALID_REQUEST, "not a request")
        name, *arguments = list(values(packet.body)) or [""]
        result = registry.call(str(name), arguments)
        # A list is several answers, as Kamailio gives them; nothing to tell is none.
        answers = result if isinstance(result, list) else [] if result is None else [result]
        return build(REPLY, packet.cookie, b"".join(record(answer) for answer in answers))
    except CommandError as error:
        return fault(data, error.code, error.message)


def fault(data: bytes, code: int, message: str) -> bytes:
    """The answer that refuses a packet."""
    return build(FAULT, parse(data).cookie, _integer(code) + _text(TEXT, message))


def build(kind: int, cookie: bytes, body: bytes) -> bytes:
    """A packet."""
    length = _bytes_of(len(body)) or b"\0"
    return bytes([MAGIC, kind << 4 | (len(length) - 1) << 2 | (len(cookie) - 1)]) + length + cookie + body


def values(body: bytes) -> Iterator[str | int | float]:
    """The plain values of a request. Raises CommandError 400 for others and for what cannot be read."""
    at = 0
    while at < len(body):
        kind, size = body[at] & 15, body[at] >> 4 & 7
        at += 1
        if body[at - 1] & 0x80:
            size, at = int.from_bytes(body[at : at + size], "big"), at + size
        value = body[at : at + size]
        at += size
        if at > len(body) or kind not in (INTEGER, TEXT, DOUBLE):
            raise CommandError(INVALID_REQUEST, "the request cannot be read")
        if kind == TEXT:
            yield value.removesuffix(b"\0").decode("latin-1")
        else:
            number = int.from_bytes(value, "big", signed=size >= 4)
            yield number if kind == INTEGER else number / 1000


def record(value: Any, depth: int = 0) -> bytes:
    """A plain value, list or mapping as a record."""
    if isinstance(value, Mapping):
        return _struct(value.items(), depth)
    if isinstance(value, list | tuple):
        return _marks(ARRAY, b"".join(record(item, depth + 1) for item in value if depth < DEEPEST))
    if isinstance(value, int) and SMALLEST <= value <= GREATEST:
        return _integer(int(value))
    if isinstance(value, float) and SMALLEST <= value * 1000 <= GREATEST:
        return _number(DOUBLE, round(value * 1000))
    return _text(TEXT, "" if value is None else str(value))


def _struct(fields: Iterable[tuple[Any, Any]], depth: int) -> bytes:
    inside: list[bytes] = []
    for name, item in fields if depth < DEEPEST else ():
        # kamcmd knows no arrays in structs: as with Kamailio they are structs, in which a name may come again.
        value = (
            _struct(_as_fields(item), depth + 1)
            if isinstance(item, list | tuple)
            else record(item, depth + 1)
        )
        inside.append(_text(NAME, str(name)) + value)
    return _marks(STRUCT, b"".join(inside))


def _as_fields(items: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """The fields of a list's entries where each has one, else the entries by their numbers."""
    for index, item in enumerate(items):
        if isinstance(item, Mapping) and len(item) == 1:
            yield from item.items()
        else:
            yield index, item


def _marks(kind: int, inside: bytes) -> bytes:
    return bytes([kind]) + inside + bytes([kind | 0x80])


def _integer(value: int) -> bytes:
    return _number(INTEGER, value)


def _number(kind: int, value: int) -> bytes:
    data = value.to_bytes(4, "big", signed=True) if value < 0 else _bytes_of(value)
    return bytes([len(data) << 4 | kind]) + data


def _bytes_of(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _text(kind: int, text: str) -> bytes:
    data = text.encode("latin-1", "replace").replace(b"\0", b"?") + b"\0"
    if len(data) <= 7:
        return bytes([len(data) << 4 | kind]) + data
    size = _bytes_of(len(data))
    return bytes([0x80 | len(size) << 4 | kind]) + size + data
