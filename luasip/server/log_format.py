"""What a log record looks like: a line of text for people, or one JSON object a line.

Knows nothing of queues, files or settings.
"""

import json
import logging
import time
from typing import Final

from luasip.kemi.wire_text import from_wire

FIELDS: Final = ("call_id", "method", "callback", "transaction")
"""What a record may be about; attributes of the record that are set when they are known."""

SHOWN_FIRST: Final = ("method", "call_id", "callback", "transaction")


class TextFormatter(logging.Formatter):
    """`2026-01-31T12:00:00.123+00:00 WARNING luasip.transport [method call-id callback]: text`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and indented lines for a traceback."""
        values = [readable(getattr(record, name)) for name in SHOWN_FIRST if hasattr(record, name)]
        about = f" [{' '.join(values)}]" if values else ""
        head = f"{_timestamp(record)} {record.levelname} {record.name}{about}: "
        text = readable(record.getMessage())
        if record.exc_text:
            text += "\n" + readable(record.exc_text)
        return (head + text).rstrip("\n").replace("\n", "\n    ")


class JsonFormatter(logging.Formatter):
    """A JSON object a line: time, level, logger, message, thread, and where known FIELDS and traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The object as one line."""
        fields = {
            "time": _timestamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": readable(record.getMessage()),
            "thread": record.threadName,
        }
        fields |= {name: readable(getattr(record, name)) for name in FIELDS if hasattr(record, name)}
        if record.exc_text:
            fields["traceback"] = readable(record.exc_text)
        return json.dumps(fields, ensure_ascii=False)


def _timestamp(record: logging.LogRecord) -> str:
    """Local time with milliseconds and offset, as RFC 3339 has it."""
    offset = time.strftime("%z", time.localtime(record.created))
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(record.created))
    return f"{seconds}.{int(record.msecs):03}{offset[:3]}:{offset[3:]}"


_CONTROLS = {code: f"\\x{code:02x}" for code in [*range(32), *range(127, 160)] if code not in (9, 10)}


def readable(text: str) -> str:
    """Wire text (a character a byte) as the UTF-8 text it most likely is; control characters are escaped.

    Tab and newline stay. What a peer sent can neither forge a record (further lines are indented) nor move a
    terminal's cursor.
    """
    text = from_wire(text)
    return text if text.isprintable() else text.translate(_CONTROLS)
