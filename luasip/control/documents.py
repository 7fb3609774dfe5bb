"""Cuts a stream of bytes into JSON documents, wherever their lines end: the clients of FIFOs and UNIX streams.

Kamailio's clients write a call over several lines and send no length, so that only the brackets tell where it ends.
"""

import re
from typing import Final

_MARK: Final = re.compile(rb'\\.|["{}\[\]]', re.DOTALL)
_BEGIN: Final = re.compile(rb"[{\[]")


class DocumentTooLong(Exception):
    """More bytes than allowed without the end of a document."""


class DocumentReader:
    """The reading half of one stream. What stands between documents, such as line ends, is passed over."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.reset()

    def reset(self) -> None:
        """Forget what has been read of the current document."""
        self._buffer = bytearray()
        self._depth = 0
        self._scanned = 0
        self._in_text = False

    @property
    def in_document(self) -> bool:
        """Whether a document has begun and not ended."""
        return self._depth > 0

    def feed(self, data: bytes) -> list[bytes]:
        """The documents that `data` completes. Raises DocumentTooLong, and begins anew."""
        self._buffer += data
        found: list[bytes] = []
        while (document := self._next()) is not None:
            found.append(document)
        if len(self._buffer) > self._limit:
            self.reset()
            raise DocumentTooLong(f"no end of a document within {self._limit} bytes")
        return found

    def _next(self) -> bytes | None:
        buffer = self._buffer
        if not self._depth:
            begin = _BEGIN.search(buffer)
            if begin is None:
                buffer.clear()
                return None
            del buffer[: begin.start()]
            self._scanned = 0
            self._in_text = False
        end = self._find_end()
        if not end:
            return None
        document = bytes(buffer[:end])
        del buffer[:end]
        self._scanned = 0
        return document

    def _find_end(self) -> int:
        """Offset behind the document that the buffer begins with, 0 when it is not complete."""
        for mark in _MARK.finditer(self._buffer, self._scanned):
            self._scanned = mark.end()
            sign = mark[0]
            if sign == b'"':
                self._in_text = not self._in_text
            elif self._in_text or sign[:1] == b"\\":
                continue
            elif sign in b"{[":
                self._depth += 1
            else:
                self._depth -= 1
                if not self._depth:
                    return mark.end()
        if not self._buffer.endswith(b"\\"):  # an escape may be cut in two
            self._scanned = len(self._buffer)
        return 0
