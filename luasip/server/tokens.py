"""Unguessable text for tags and branches. Each draw is a system call, so many characters are drawn in advance."""

import os
import string
from typing import Final

from luasip.lock import new_lock

ALPHABET: Final = string.digits + string.ascii_lowercase
DRAWN: Final = 1024
"""Characters drawn at a time."""

_TO_TOKEN: Final = bytes(ord(ALPHABET[byte % 36]) for byte in range(256))


class Tokens:
    """Gives each character out once. Any thread."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._drawn = ""
        self._given = 0

    def take(self, length: int = 16) -> str:
        """Unguessable text of `length` characters from [0-9a-z]."""
        with self._lock:
            start = self._given
            if start + length > len(self._drawn):
                self._drawn = _draw(max(DRAWN, length))
                start = 0
            self._given = start + length
            return self._drawn[start : start + length]


def _draw(length: int) -> str:
    return os.urandom(length).translate(_TO_TOKEN).decode("ascii")
