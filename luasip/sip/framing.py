"""Cuts a byte stream into messages (RFC 3261 §18.3, RFC 5626 §3.5.1): split, coalesced, with keep-alives
between.

It must not know connections or what is inside a message but Content-Length. Streams need CRLF line ends and a
Content-Length in every message: without either nobody can tell where the next message begins. Only a request of HTTP
may leave it out: then it has no body (RFC 9112 §6.3).
"""

from typing import Final

from luasip.errors import FramingError
from luasip.sip.parser import DEFAULT, Limits
from luasip.sip.scanners import message_end

Frame = bytes
"""One whole message, or `PING`."""

PING: Final[Frame] = b"\r\n\r\n"
"""A keep-alive request (RFC 5626 §3.5.1); the answer is `PONG`."""

PONG: Final = b"\r\n"

_HTTP: Final = (b" HTTP/1.1", b" HTTP/1.0")

_LENGTH_NAMES: Final = (b"content-length", b"l")


class StreamFramer:
    """The receiving half of one connection. Not for two threads at once."""

    __slots__ = ("_buffer", "_fault", "_has_start_line", "_limits", "_message_end", "_scanned")

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._scanned = 0  # how far the end of the headers has been looked for
        self._has_start_line = False
        self._message_end = 0  # offset behind the message, 0 while its headers are incomplete
        self._fault = ""

    @property
    def pending(self) -> int:
        """Bytes held that belong to no frame yet."""
        return len(self._buffer)

    @property
    def mid_message(self) -> bool:
        """True when a message has begun and is not complete: the partial-message timeout applies."""
        buffer = self._buffer
        return len(buffer) > 0 and bool(buffer.strip(b"\r\n"))

    @property
    def lost(self) -> bool:
        """True when the stream cannot be read any further: the next `feed` raises."""
        return self._fault != ""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes, in order.

        Raises FramingError when the stream is lost. Frames completed before the fault are returned first,
        and the error follows at the next call (`lost` tells).
        """
        if self._fault:
            raise FramingError(self._fault)
        frames: list[Frame] = []
        if not self._buffer:
            data = self._take_usual(data, frames)
            if not data:
                return frames
        self._buffer += data
        try:
            frame = self._next()
            while frame is not None:
                frames.append(frame)
                frame = self._next()
        except FramingError as error:
            self._fault = str(error)
            self._buffer.clear()
            if not frames:
                raise
        return frames

    def _take_usual(self, data: bytes, frames: list[Frame]) -> bytes:
        """Add the usual messages that `data` begins with, whole, to `frames`; returns what is behind them."""
        if message_end is None:
            return data
        size, at = len(data), 0
        end = message_end(data, 0)
        while at < end <= size and end - at <= self._limits.message:
            if at == 0 and end == size:  # most often: one message a read, which is not copied
                frames.append(data)
                return b""
            frames.append(data[at:end])
            at = end
            end = message_end(data, at)
        return data[at:] if at else data

    def _next(self) -> Frame | None:
        buffer = self._buffer
        if not self._message_end:
            while buffer[:2] == b"\r\n":
                if buffer[:4] == PING:
                    del buffer[:4]
                    return PING
                if len(buffer) < 4 and PING.startswith(bytes(buffer)):
                    return None
                del buffer[:2]
            if not self._find_message_end():
                return None
        if len(buffer) < self._message_end:
            return None
        frame = bytes(buffer[: self._message_end])
        del buffer[: self._message_end]
        self._message_end = self._scanned = 0
        self._has_start_line = False
        return frame

    def _find_message_end(self) -> bool:
        buffer = self._buffer
        if not self._has_start_line:  # looked at also when all headers are there: pieces make no difference
            newline = buffer.find(b"\n", self._scanned)
            self._has_start_line = newline >= 0
            if newline >= 0 and buffer[newline - 1 : newline] != b"\r":
                raise FramingError("start line ends in LF without CR")
        end = buffer.find(b"\r\n\r\n", self._scanned)
        if end < 0:
            self._scanned = max(0, len(buffer) - 3)
            if len(buffer) > self._limits.message:
                raise FramingError(f"no end of headers within {self._limits.message} bytes")
            return False
        self._message_end = end + 4 + read_content_length(bytes(buffer[:end]))
        if self._message_end > self._limits.message:
            raise FramingError(f"message of {self._message_end} bytes, {self._limits.message} are allowed")
        return True


def read_content_length(head: bytes) -> int:
    """Content-Length in the start line and headers `head`. Raises FramingError when absent, conflicting or
    no number.
    """
    if b"\r\n " in head or b"\r\n\t" in head:
        head = head.replace(b"\r\n ", b"  ").replace(b"\r\n\t", b"  ")
    length = -1
    for line in head.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon or name.rstrip(b" \t").lower() not in _LENGTH_NAMES:
            continue
        digits = value.strip(b" \t")
        if not digits.isdigit() or len(digits.lstrip(b"0")) > 9:
            raise FramingError(f"Content-Length is {digits[:32].decode('latin-1')!r}")
        if length not in (-1, int(digits)):
            raise FramingError("conflicting Content-Length headers")
        length = int(digits)
    if length < 0:
        if not _is_http_without_body(head):
            raise FramingError("no Content-Length")
        length = 0
    return length


def _is_http_without_body(head: bytes) -> bool:
    """Whether these are the lines of an HTTP request whose body is not sent in chunks."""
    start_line = head.partition(b"\r\n")[0]
    return start_line.endswith(_HTTP) and b"\r\ntransfer-encoding" not in head.lower()
