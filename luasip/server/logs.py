"""Logging: one record an event, with the SIP message it is about, and never in the way of the server.

A record goes through a bounded queue to one thread, which writes it to standard error and to a rotating file.
When the queue is full records are dropped and counted. What is logged, and why, is not known here.
"""

import contextlib
import copy
import logging
import logging.handlers
import queue
import sys
import time
from pathlib import Path
from typing import Any, Final, TextIO

from luasip.errors import SettingsError, SipError
from luasip.server.log_floods import FloodGate, made_record
from luasip.server.log_format import JsonFormatter, TextFormatter
from luasip.server.log_handlers import FileSink, Sink, StreamSink
from luasip.server.settings_sections import LogSettings
from luasip.server.working import work
from luasip.sip.message import Request
from luasip.transport.lasting_thread import LastingThread

NOTICE: Final = 25
ALERT: Final = 55
LEVELS: Final = {
    "dbg": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "notice": NOTICE,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "err": logging.ERROR,
    "error": logging.ERROR,
    "crit": logging.CRITICAL,
    "critical": logging.CRITICAL,
    "alert": ALERT,
}
"""Level by the name a setting or Kamailio uses."""

_END: Final = object()
"""The last thing put into the queue."""


def _fields() -> dict[str, str]:
    """What this thread works on, by the names of FIELDS; only what is known."""
    now = work()
    message, transaction = now.message, now.transaction
    found = {"call_id": "", "method": "", "callback": now.callback, "transaction": ""}
    if message is not None:
        with contextlib.suppress(SipError):  # a message whose CSeq or Call-ID cannot be read has none to show
            found["method"] = message.method if isinstance(message, Request) else message.cseq.method
            found["call_id"] = message.call_id
    if transaction is not None:
        found["method"] = found["method"] or transaction.method
        found["call_id"] = found["call_id"] or transaction.call_id
        found["transaction"] = f"{transaction.id_index}:{transaction.id_label}"
    return {name: value for name, value in found.items() if value}


def setup(settings: LogSettings, stream: TextIO | None = None) -> "Logging":
    """Begin to log, to `stream` for standard error. SettingsError when the file cannot be written."""
    return Logging(settings, stream)


class Logging:
    """The running log. The `luasip` loggers have the level of the settings, other libraries warn only."""

    def __init__(self, settings: LogSettings, stream: TextIO | None = None) -> None:
        handlers = self._handlers = _handlers(settings, sys.stderr if stream is None else stream)
        records = self._records = queue.Queue[Any](settings.queue)
        self._floods = FloodGate(settings.repeat_limit, settings.repeat_interval)
        self._entry = _Entry(records, self._floods)
        self._writer = _Writer(records, self._entry, self._floods, handlers)
        self._levels: dict[str, str] = {}
        self._before: dict[str, int] = {}
        logging.addLevelName(NOTICE, "NOTICE")
        logging.addLevelName(ALERT, "ALERT")
        self._use_levels(settings)
        self._writer.start()
        logging.getLogger().addHandler(self._entry)

    def use(self, settings: LogSettings) -> None:
        """Other levels, looks and limits from now on; where records go and how many may wait stays as it is."""
        for handler in self._handlers:
            handler.setFormatter(_formatter(settings))
            if isinstance(handler, FileSink):
                handler.maxBytes, handler.backupCount = settings.size, settings.backups
        self._floods.limit, self._floods.interval = settings.repeat_limit, settings.repeat_interval
        self._use_levels(settings)

    def _use_levels(self, settings: LogSettings) -> None:
        """Levels that are as they were in the settings stay as they are: a command may have changed them."""
        levels: dict[str, str] = {"": "warning", "luasip": settings.level, **settings.levels}
        for name in self._levels.keys() | levels.keys():
            if self._levels.get(name) != levels.get(name):
                logger = logging.getLogger(name)
                self._before.setdefault(name, logger.level)
                logger.setLevel(LEVELS[levels[name]] if name in levels else self._before[name])
        self._levels = levels

    @property
    def dropped(self) -> int:
        """Records lost because the queue was full, since the start."""
        return self._entry.dropped

    @property
    def suppressed(self) -> int:
        """Records held back in floods, since the start."""
        return self._floods.suppressed

    @property
    def waiting(self) -> int:
        """Records that wait to be written."""
        return self._records.qsize()

    def shutdown(self, timeout: float = 5.0) -> None:
        """Write what waits, `timeout` seconds at most, and stop. A second call does nothing."""
        logging.getLogger().removeHandler(self._entry)
        self._writer.finish(timeout)
        for name, level in self._before.items():
            logging.getLogger(name).setLevel(level)


def _handlers(settings: LogSettings, stream: TextIO) -> list[Sink]:
    handlers: list[Sink] = []
    if settings.stderr:
        handlers.append(StreamSink(stream))
    if settings.file:
        try:
            Path(settings.file).parent.mkdir(parents=True, exist_ok=True)
            handlers.append(FileSink(settings.file, settings.size, settings.backups))
        except OSError as error:
            raise SettingsError([f"server.log.file: cannot be written: {error}"]) from None
    for handler in handlers:
        handler.setFormatter(_formatter(settings))
    return handlers


def _formatter(settings: LogSettings) -> logging.Formatter:
    return JsonFormatter() if settings.format == "json" else TextFormatter()


class _Entry(logging.handlers.QueueHandler):
    """Where records enter, in the thread that logs: adds what the thread works on, and never waits."""

    def __init__(self, records: "queue.Queue[Any]", floods: FloodGate) -> None:
        super().__init__(records)
        self.dropped = 0
        self._floods = floods

    def handle(self, record: logging.LogRecord) -> Any:
        """Stop floods before a record costs anything."""
        return super().handle(record) if self._floods.admits(record) else False

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """A copy that holds text only: the arguments may change before the writer comes to it."""
        prepared = copy.copy(record)
        prepared.message = prepared.msg = record.getMessage()
        prepared.args = None
        if record.exc_info and not record.exc_text:
            prepared.exc_text = logging.Formatter().formatException(record.exc_info)
        prepared.exc_info = None
        for name, value in _fields().items():
            setattr(prepared, name, value)
        return prepared

    def enqueue(self, record: logging.LogRecord) -> None:
        """Put a record into the queue, or count it as dropped."""
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            self.dropped += 1


class _Writer:
    """The thread that writes. Only `finish` ends it; a place that fails is told of in the others."""

    CHECK_AFTER = 0.5
    """Seconds without a record after which floods and drops are looked at."""

    def __init__(
        self, records: "queue.Queue[Any]", entry: _Entry, floods: FloodGate, handlers: list[Sink]
    ) -> None:
        self._records = records
        self._entry = entry
        self._floods = floods
        self._handlers = handlers
        self._told_dropped = 0
        self._checked_at = 0.0
        self._thread = LastingThread(self._run, "log-writer")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def finish(self, timeout: float) -> None:
        """Write what is queued, then close the handlers; a writer that is stuck keeps them."""
        with contextlib.suppress(queue.Full):  # a writer that is stuck is left alone
            self._records.put(_END, timeout=timeout)
        self._thread.join(timeout)
        if not self._thread.is_alive():
            for handler in self._handlers:
                handler.close()

    def _run(self) -> None:
        while True:
            try:
                record = self._records.get(timeout=self.CHECK_AFTER)
            except queue.Empty:
                record = None
            if record is _END:
                break
            if record is not None:
                self._write(record)
            self._check()
        self._tell(at_end=True)

    def _check(self) -> None:
        now = time.monotonic()
        if now - self._checked_at >= self.CHECK_AFTER:
            self._checked_at = now
            self._tell()

    def _tell(self, at_end: bool = False) -> None:
        for record in self._floods.summaries(at_end):
            self._write(record)
        dropped = self._entry.dropped - self._told_dropped
        if dropped:
            self._told_dropped += dropped
            text = f"{dropped} log records were dropped because the log could not keep up"
            self._write(made_record("luasip.log", logging.WARNING, text))

    def _write(self, record: logging.LogRecord) -> None:
        for handler in self._handlers:
            news = handler.write(record)
            if news:
                told = made_record("luasip.log", logging.ERROR, news)
                for other in self._handlers:
                    if not other.failure:
                        other.handle(told)
