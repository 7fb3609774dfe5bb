"""What a transport tells others: counters, and messages that could not be sent.

Knows no sockets.
"""

import logging
import threading
from typing import Final

from luasip.transport.packet import ErrorCallback

logger = logging.getLogger("luasip.transport")


_NAMES: Final = {
    direction: (f"messages_{direction}", f"bytes_{direction}") for direction in ("received", "sent")
}


class Counters:
    """Named counts that only grow; safe from any thread."""

    __slots__ = ("_counts", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}

    def count(self, name: str, amount: int = 1) -> None:
        """Add `amount` to `name`."""
        with self._lock:
            self._counts[name] = self._counts.get(name, 0) + amount

    def count_message(self, direction: str, size: int) -> None:
        """Count one message of `size` bytes; `direction` is "received" or "sent"."""
        messages, octets = _NAMES[direction]
        counts = self._counts
        with self._lock:
            counts[messages] = counts.get(messages, 0) + 1
            counts[octets] = counts.get(octets, 0) + size

    def values(self) -> dict[str, int]:
        """A copy of all counts."""
        with self._lock:
            return dict(self._counts)


def report_error(on_error: ErrorCallback | None, error: Exception) -> None:
    """Tell the owner of a message; what the owner raises is logged, for the caller is often a loop."""
    if on_error is None:
        return
    try:
        on_error(error)
    except Exception:
        logger.exception("on_error failed while it was told: %s", error)
