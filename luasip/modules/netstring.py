"""Netstrings: frames in a byte stream, each as "5:hello,". What evapi and luasip.jsonrpc speak.

Pure: bytes in, frames out. Knows no connection and nothing of what is inside a frame.
"""

from typing import Final

from luasip.errors import FramingError

BLANK: Final = b" \t\r\n"
"""What may stand between frames, as Kamailio's evapi allows."""

MOST_DIGITS: Final = 20
"""Digits of a length, leading zeros included."""

_COLON: Final = ord(":")
_COMMA: Final = ord(",")


def netstring(payload: bytes) -> bytes:
    """The frame around `payload`."""
    return b"%d:%b," % (len(payload), payload)


class NetstringReader:
    """Cuts one stream into frames. Not for two threads at once.

    Lengths may have leading zeros, and frames may be empty.
    """

    __slots__ = ("_buffer", "_fault", "_limit", "_payload_at", "_size")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._payload_at = 0  # offset of the payload, 0 while its length is incomplete
        self._size = 0
        self._fault = ""

    @property
    def pending(self) -> int:
        """Bytes held that belong to no frame yet; never more than the limit and what one `feed` brought."""
        return len(self._buffer)

    @property
    def lost(self) -> bool:
        """True when the stream cannot be read any further: the next `feed` raises."""
        return self._fault != ""

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that `data` completes, in order.

        Raises FramingError when the stream is lost: a length that is no number, a payload of more bytes than the
        limit, no comma behind it. Frames completed before the fault are returned first, and the error follows
        at the next call (`lost` tells).
        """
        if self._fault:
            raise FramingError(self._fault)
        self._buffer += data
        frames: list[bytes] = []
        start = 0
        try:
            while (stop := self._frame_end(start)) > 0:
                frames.append(bytes(self._buffer[self._payload_at : stop - 1]))
                start, self._payload_at = stop, 0
        except FramingError as error:
            self._fault = str(error)
            self._buffer.clear()
            if not frames:
                raise
            return frames
        if start:
            del self._buffer[:start]
            self._payload_at = max(0, self._payload_at - start)
        return frames

    def _frame_end(self, start: int) -> int:
        """Offset behind the frame that begins at `start`, 0 while it is incomplete."""
        buffer = self._buffer
        if not self._payload_at and not self._read_length(start):
            return 0
        stop = self._payload_at + self._size
        if len(buffer) <= stop:
            return 0
        if buffer[stop] != _COMMA:
            raise FramingError(f"no comma behind a frame of {self._size} bytes but {_shown(buffer, stop)}")
        return stop + 1

    def _read_length(self, start: int) -> bool:
        """Read "5:"; False while it is incomplete. Blanks before it are dropped."""
        buffer = self._buffer
        at = start
        while at < len(buffer) and buffer[at] in BLANK:
            at += 1
        if at > start:
            del buffer[start:at]
        colon = buffer.find(_COLON, start, start + MOST_DIGITS + 1)
        digits = bytes(buffer[start : start + MOST_DIGITS + 1] if colon < 0 else buffer[start:colon])
        if len(digits) > MOST_DIGITS or not (digits.isdigit() or (colon < 0 and not digits)):
            raise FramingError(f"a length is expected, not {_shown(buffer, start)}")
        self._size = int(digits or b"0")
        if self._size > self._limit:
            raise FramingError(f"frame of {self._size} bytes, {self._limit} are allowed")
        if colon < 0:
            return False
        self._payload_at = colon + 1
        return True


def _shown(buffer: bytearray, at: int) -> str:
    return repr(buffer[at : at + 24].decode("latin-1"))
