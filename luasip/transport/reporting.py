"""What a transport tells others: counters, and messages that could not be sent.

Knows no sockets.
"""

import logging

from luasip.lock import new_lock
from luasip.transport.packet import ErrorCallback

logger = logging.getLogger("luasip.transport")


class _Passed:
    """Messages that went one way."""

    __slots__ = ("messages", "octets")

    def __init__(self) -> None:
        self.messages = 0
        self.octets = 0


class Counters:
    """Named counts that only grow; safe from any thread."""

    __slots__ = ("_counts", "_lock", "_received", "_sent")

    def __init__(self) -> None:
        self._lock = new_lock()
        self._counts: dict[str, int] = {}
        self._received = _Passed()
        self._sent = _Passed()

    def count(self, name: str, amount: int = 1) -> None:
        """Add `amount` to `name`."""
        with self._lock:
            self._counts[name] = self._counts.get(name, 0) + amount

    def count_message(self, direction: str, size: int) -> None:
        """Count one message of `size` bytes; `direction` is "received" or "sent"."""
        self.count_messages(direction, 1, size)

    def count_messages(self, direction: str, number: int, size: int) -> None:
        """Count `number` messages of `size` bytes together."""
        passed = self._sent if direction == "sent" else self._received
        with self._lock:
            passed.messages += number
            passed.octets += size

    def values(self) -> dict[str, int]:
        """All counts by name: "messages_received", "bytes_received", the same "_sent", and those of `count`."""
        with self._lock:
            counts = dict(self._counts)
            for direction, passed in (("received", self._received), ("sent", self._sent)):
                if passed.messages:
                    counts[f"messages_{direction}"] = passed.messages
                    counts[f"bytes_{direction}"] = passed.octets
        return counts


def report_error(on_error: ErrorCallback | None, error: Exception) -> None:
    """Tell the owner of a message; what the owner raises is logged, for the caller is often a loop."""
    if on_error is None:
        return
    try:
        on_error(error)
    except Exception:  # the owner's fault: the others must be told, and the loop goes on
        logger.exception("on_error failed while it was told: %s", error)
