"""Floods of log records: the first of a kind pass, the rest is counted and told in one line.

Knows neither handlers nor threads; the clock is an argument.
"""

import logging
import threading
import time
from collections.abc import Callable

MAX_KINDS = 10_000
"""Kinds told apart at one time; what comes beyond passes uncounted, so that the table stays bounded."""


class FloodGate:
    """Lets `limit` records of one kind through in `interval` seconds and counts the others.

    A kind is a logger, a level and the wording before its arguments are put in; a record that is nothing but
    its argument ("%s") is its own kind.
    """

    def __init__(self, limit: int, interval: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.suppressed = 0
        self.limit = limit
        self.interval = interval
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: dict[tuple[str, int, str], list[float]] = {}
        """Kind → [when its interval began, records in it]."""

    def admits(self, record: logging.LogRecord) -> bool:
        """Whether `record` may pass."""
        if not self.limit:
            return True
        key = (record.name, record.levelno, _wording(record))
        now = self._clock()
        with self._lock:
            kind = self._kinds.get(key)
            if kind is None:
                if len(self._kinds) >= MAX_KINDS:
                    return True
                kind = self._kinds[key] = [now, 0]
            kind[1] += 1
            if kind[1] <= self.limit:
                return True
            self.suppressed += 1
            return False

    def summaries(self, at_end: bool = False) -> list[logging.LogRecord]:
        """A record for every flood whose interval is over, `at_end` for all; their counting starts anew."""
        now, limit = self._clock(), self.limit
        with self._lock:
            kinds = self._kinds.items()
            over = {key: seen for key, seen in kinds if at_end or now - seen[0] >= self.interval}
            for key in over:
                del self._kinds[key]
        return [
            made_record(name, level, f"suppressed {int(count) - limit} more in {now - began:.1f} s: {text}")
            for (name, level, text), (began, count) in over.items()
            if count > limit
        ]


def _wording(record: logging.LogRecord) -> str:
    args = record.args
    if record.msg == "%s" and isinstance(args, tuple) and len(args) == 1 and isinstance(args[0], str):
        return args[0]
    return str(record.msg)


def made_record(name: str, level: int, text: str) -> logging.LogRecord:
    """A record of the log's own, its text as it is."""
    record = logging.LogRecord(name, level, "", 0, text, None, None)
    record.message = text
    return record
