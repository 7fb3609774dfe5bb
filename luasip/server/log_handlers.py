"""Where log records are written: standard error and a rotating file, each of which may fail for a while.

A disk that is full must not fill standard error with a traceback for every record. Knows no queue and no thread.
"""

import contextlib
import logging
import sys
from typing import TextIO

from concurrent_log_handler import ConcurrentRotatingFileHandler


class Sink(logging.Handler):
    """A place that counts the records it could not write."""

    lost = 0
    """Records that could not be written since it last worked."""
    failure = ""
    """Why; "" while it works."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Count, instead of the traceback on standard error."""
        self.lost += 1
        self.failure = str(sys.exc_info()[1]) or "unknown"

    def write(self, record: logging.LogRecord) -> str:
        """Write a record. What it returns, unless "", is to be said elsewhere: it fails, or works again."""
        before, lost = self.failure, self.lost
        self.handle(record)
        if self.lost > lost:
            return "" if before else f"{self.name} cannot be written: {self.failure}"
        if not before:
            return ""
        self.lost, self.failure = 0, ""
        return f"{self.name} can be written again, {lost} records are missing there"


class StreamSink(Sink, logging.StreamHandler[TextIO]):
    """Standard error."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.set_name("the log on standard error")


class FileSink(Sink, ConcurrentRotatingFileHandler):
    """A file that is put aside when it has reached a size. OSError when it cannot be opened."""

    def __init__(self, path: str, size: int, backups: int) -> None:
        with open(path, "a", encoding="utf-8"):
            pass  # the handler itself opens it with the first record, too late to refuse to start
        super().__init__(path, maxBytes=size, backupCount=backups, encoding="utf-8")
        self.set_name(f"the log file {path}")

    def close(self) -> None:
        """Close it; what cannot be written by now is lost."""
        with contextlib.suppress(OSError):
            super().close()
