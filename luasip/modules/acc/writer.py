"""From the journal into the database: batch after batch on the pool "sql", again and again when the database is away.

What `add` has taken is in the journal, so that neither a route nor a receiver ever waits for the database and a
process that dies loses nothing. A record the database refuses, while it takes later ones, is set aside in a journal of
its own and tried again at the next start. Knows no SIP and no settings.
"""

import json
import logging
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from luasip.errors import StorageError
from luasip.kemi.context import Services
from luasip.kemi.operation import TIMED_OUT
from luasip.kemi.retrying import pause_after
from luasip.modules.acc.store import AccountingStore, Entry
from luasip.storage.journal import SUFFIX, Journal

log = logging.getLogger("luasip.acc")

_POOL: Final = "sql"
_BATCH: Final = 500
"""Records written in one transaction at most."""
_GATHERING: Final = 0.1
"""Seconds records are gathered before they are written."""
_TURN: Final = 1.0
"""Seconds after which a thread of the pool is given back."""
_LONGEST_PAUSE: Final = 30.0
_LONGEST_STOP: Final = 5.0
_LONGEST_REFUSAL: Final = 10.0
"""Seconds for which records are tried one by one while none is taken."""
_TIDY: Final = 65536
"""Bytes of a segment from which on it is deleted as soon as all of it is written."""
_IN_MEMORY: Final = 10_000
"""Records kept in memory while the journal cannot be written."""
_HOUR: Final = 3600.0


class RecordWriter:
    """One journal, one database. Every method may be called from any thread."""

    def __init__(self, folder: Path, store: AccountingStore, services: Services) -> None:
        """Open the journal. Raises StorageError."""
        self._store = store
        self._services = services
        self._journal = Journal(folder)
        try:
            self._refused = Journal(folder / "refused")
            _move_segments(self._refused.folder, folder)
        except (StorageError, OSError) as error:
            self._journal.close()
            raise StorageError(f"acc: {error}") from error
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._offsets: dict[str, int] = {}
        self._finished: list[str] = []
        self._added = 0
        self._awake = False
        self._stopped = False
        self._failures = 0
        self._unwritten: deque[str] = deque()

    def start(self) -> None:
        """Begin with what an earlier process left."""
        self._services.every(1.0, self._keep, "acc.journal")
        self._wake()

    def add(self, table: str, row: dict[str, Any]) -> bool:
        """Take a record; it is safe when this returns. False when it could only be kept in memory."""
        line = Entry.text(table, row)
        try:
            self._journal.append(line)
        except StorageError as error:
            self._keep_in_memory(line, error)
            return False
        finally:
            with self._lock:
                self._added += 1
            self._wake()
        return True

    def stop(self) -> None:
        """Write what is left, as far as the database takes it in a few seconds; the journal keeps the rest."""
        with self._lock:
            self._stopped = True
        self._save_unwritten()
        if self._writing.acquire(timeout=_LONGEST_STOP):
            try:
                self._write_until(self._services.now() + _LONGEST_STOP)
                self._delete_written()
                self._store.forget(self._finished)
            except StorageError as error:
                log.warning("acc: what the database has not got stays in %s: %s", self._journal.folder, error)
            finally:
                self._writing.release()
        self._refused.close()
        self._journal.close()

    def state(self) -> dict[str, int]:
        """Bytes that wait in the journal, bytes set aside, and failures in a row. Raises StorageError."""
        waiting = sum(
            self._journal.size(segment) - self._offsets.get(segment, 0) for segment in self._journal.segments()
        )
        refused = sum(self._refused.size(segment) for segment in self._refused.segments())
        return {"waiting": waiting, "refused": refused, "failures": self._failures}

    # Taking turns

    def _wake(self) -> None:
        with self._lock:
            if self._awake or self._stopped:
                return
            self._awake = True
        self._services.after(_GATHERING, self._hand_over)

    def _hand_over(self) -> None:
        if not self._services.run_in_pool(_POOL, self._turn, self._turn_ended, _HOUR):
            self._services.after(1.0, self._hand_over)

    def _turn(self) -> int | None:
        """What was added before when all of it is written; None when there is more."""
        if not self._writing.acquire(blocking=False):
            return None
        try:
            with self._lock:
                added = self._added
                if self._stopped:
                    return added
            return added if self._write_until(self._services.now() + _TURN) else None
        finally:
            self._writing.release()

    def _turn_ended(self, result: Any) -> None:
        if isinstance(result, BaseException) or result is TIMED_OUT:
            self._failures += 1
            pause = pause_after(self._failures, 1.0, _LONGEST_PAUSE)
            log.error("acc: records wait in %s: %s", self._journal.folder, result)
            self._services.after(pause, self._hand_over)
            return
        if self._failures:
            log.warning("acc: the database takes records again")
            self._failures = 0
        with self._lock:
            self._awake = result is None or (result != self._added and not self._stopped)
            again = self._awake
        if again:
            self._services.after(_GATHERING, self._hand_over)

    def _keep(self) -> None:
        """Housekeeping: what was taken is to outlive a power failure too."""
        self._save_unwritten()
        try:
            self._journal.sync()
        except StorageError as error:
            log.error("acc: %s", error)

    # When the disk is full

    def _keep_in_memory(self, line: str, error: StorageError) -> None:
        with self._lock:
            self._unwritten.append(line)
            lost = len(self._unwritten) > _IN_MEMORY
            if lost:
                self._unwritten.popleft()
        if lost:
            self._services.count("acc:lost")
        log.critical("acc: records are kept in memory only%s: %s", " and the oldest are lost" * lost, error)

    def _save_unwritten(self) -> None:
        while True:
            with self._lock:
                if not self._unwritten:
                    return
                line = self._unwritten.popleft()
            try:
                self._journal.append(line)
            except StorageError as error:
                with self._lock:
                    self._unwritten.appendleft(line)
                log.critical("acc: records are kept in memory only: %s", error)
                return
            with self._lock:
                self._added += 1
            self._wake()

    # Writing: one thread at a time, _writing is held

    def _write_until(self, ends_at: float) -> bool:
        """Write what the journal holds; whether that was all. Raises StorageError."""
        for segment in self._journal.segments():
            ended = not self._journal.grows(segment)
            while lines := self._journal.read(segment, self._offsets.get(segment, 0), _BATCH):
                self._write_lines(segment, lines)
                if self._services.now() >= ends_at:
                    return False
            if ended:
                self._remove(segment, -1)
            elif self._journal.size(segment) >= _TIDY:
                self._remove(segment, self._offsets.get(segment, 0))
        return True

    def _delete_written(self) -> None:
        """At the end: no segment stays of which everything is written."""
        for segment in self._journal.segments():
            self._remove(segment, self._offsets.get(segment, 0))

    def _remove(self, segment: str, at_offset: int) -> None:
        if self._journal.remove(segment, at_offset) and self._offsets.pop(segment, None) is not None:
            self._finished.append(segment)

    def _write_lines(self, segment: str, lines: list[tuple[int, str]]) -> None:
        entries = [entry for entry in (_entry(*line) for line in lines) if entry is not None]
        end = lines[-1][0]
        try:
            forgotten, self._finished = self._finished, []
            try:
                written = self._store.write(segment, end, entries, forgotten)
            except StorageError:
                self._finished = forgotten
                raise
            self._services.count("acc:db_written", written)
            self._offsets[segment] = end
        except StorageError:
            if not self._store.is_there():
                raise
            self._write_one_by_one(segment, entries)
            self._offsets[segment] = end

    def _write_one_by_one(self, segment: str, entries: list[Entry]) -> None:
        """The database is there and refuses the batch. Raises StorageError when it refuses to the last."""
        refused: list[tuple[Entry, StorageError]] = []
        ends_at = self._services.now() + _LONGEST_REFUSAL
        for entry in entries:
            if refused and self._services.now() >= ends_at:
                break  # each refusal takes long: it is locked rather than picky
            set_aside = refused.copy()
            try:
                self._write_one(segment, entry, lambda found=set_aside: self._set_aside(found))  # type: ignore[misc]
            except StorageError as error:
                if not self._store.is_there():
                    raise
                refused.append((entry, error))
                continue
            refused.clear()
            ends_at = self._services.now() + _LONGEST_REFUSAL
            self._services.count("acc:db_written")
            self._offsets[segment] = entry.offset
        if refused:
            raise refused[-1][1]

    def _write_one(self, segment: str, entry: Entry, before_commit: Callable[[], None]) -> None:
        try:
            self._store.write(segment, entry.offset, [entry], before_commit=before_commit)
        except StorageError:
            shorter = self._store.shortened(entry)
            if shorter == entry:
                raise
            self._store.write(segment, entry.offset, [shorter], before_commit=before_commit)
            log.warning("acc: a record for table %s was cut to the length of its columns", entry.table)

    def _set_aside(self, refused: list[tuple[Entry, StorageError]]) -> None:
        for entry, error in refused:
            self._refused.append(Entry.text(entry.table, entry.row))
            self._services.count("acc:db_refused")
            log.error("acc: a record is set aside in %s: %s", self._refused.folder, error)
        if refused:
            self._refused.sync()


def _entry(offset: int, line: str) -> Entry | None:
    try:
        return Entry.read(offset, line)
    except (ValueError, json.JSONDecodeError):
        log.error("acc: a line of the journal cannot be read: %.200s", line)
        return None


def _move_segments(source: Path, target: Path) -> None:
    for file in source.iterdir():
        if file.suffix == SUFFIX:
            file.rename(target / file.name)
