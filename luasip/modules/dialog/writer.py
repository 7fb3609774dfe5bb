"""Bringing changes of dialogs into the database without anybody waiting for it.

What changed is remembered by identity and written on the pool `sql`: soon, by the timer, or at the end, as db_mode
says. While the database is away everything stays remembered and is tried again, less and less often.
"""

import logging
import threading
from typing import Any, Final

from luasip.errors import StorageError
from luasip.kemi.context import Services
from luasip.kemi.operation import TIMED_OUT
from luasip.kemi.retrying import pause_after
from luasip.modules.dialog.dialog import Dialog
from luasip.modules.dialog.store import DialogStore, Identity, Rows, rows_of
from luasip.modules.dialog.table import DialogTable

log = logging.getLogger("luasip.dialog")

AT_ONCE: Final = 1
BY_TIMER: Final = 2

_POOL: Final = "sql"
_GATHERING: Final = 0.01
"""Seconds for which changes are gathered, so that calls of one moment make one transaction."""
_BATCH: Final = 500
_LONGEST_PAUSE: Final = 30.0
_HOUR: Final = 3600.0


class DialogWriter:
    """A luasip.modules.dialog.life.Journal."""

    def __init__(self, mode: int, store: DialogStore, table: DialogTable, services: Services) -> None:
        self._mode = mode
        self._store = store
        self._table = table
        self._services = services
        self._pending: dict[Identity, Dialog | None] = {}
        """What the database does not know yet: a dialog to be written, None for one to be deleted."""
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._awake = False
        self._failures = 0

    def changed(self, dialog: Dialog) -> None:
        """A dialog is not as it was."""
        with self._lock:
            self._pending[dialog.identity] = dialog
        if self._mode == AT_ONCE:
            self.wake()

    def removed(self, dialog: Dialog) -> None:
        """A dialog has ended."""
        with self._lock:
            if not dialog.stored:
                self._pending.pop(dialog.identity, None)
                return
            self._pending[dialog.identity] = None
        if self._mode == AT_ONCE:
            self.wake()

    @property
    def waiting(self) -> int:
        """How many dialogs the database does not know as they are."""
        return len(self._pending)

    def wake(self) -> None:
        """Write soon, unless that is under way."""
        with self._lock:
            if self._awake or not self._pending:
                return
            self._awake = True
        self._services.after(_GATHERING, self._hand_over)

    def _hand_over(self) -> None:
        if not self._services.run_in_pool(_POOL, self.write, self._written, _HOUR):
            self._services.after(1.0, self._hand_over)

    def _written(self, result: Any) -> None:
        if isinstance(result, BaseException) or result is TIMED_OUT:
            self._failures += 1
            self._services.count("dialog:db_failed")
            if self._failures == 1:
                log.error("%d dialogs wait for the database: %s", self.waiting, result)
            self._services.after(pause_after(self._failures, 1.0, _LONGEST_PAUSE), self._hand_over)
            return
        if self._failures:
            log.warning("the database takes dialogs again")
            self._failures = 0
        with self._lock:
            self._awake = False
        if self._mode == AT_ONCE:
            self.wake()

    def write(self) -> None:
        """Write everything that waits. Blocks. Raises StorageError and keeps what is not written."""
        with self._writing:
            while True:
                with self._lock:
                    taken = dict(list(self._pending.items())[:_BATCH])
                    for identity, dialog in taken.items():
                        del self._pending[identity]
                        if dialog is not None:
                            dialog.stored = True
                if not taken:
                    return
                is_written = False
                try:
                    self._write(taken)
                    is_written = True
                finally:
                    if not is_written:  # also when the thread is told to die
                        with self._lock:
                            self._pending = {**taken, **self._pending}

    def _write(self, taken: dict[Identity, Dialog | None]) -> None:
        rows = [self._rows(dialog) for dialog in taken.values() if dialog is not None]
        gone = [identity for identity, dialog in taken.items() if dialog is None]
        try:
            self._store.write(rows, gone)
        except StorageError:
            if not self._store.is_there():
                raise
            self._write_one_by_one(rows, gone)

    def _write_one_by_one(self, rows: list[Rows], gone: list[Identity]) -> None:
        """The database is there and refuses the batch: what it refuses alone is not kept."""
        self._store.write((), gone)
        for row in rows:
            try:
                self._write_one(row)
            except StorageError as error:
                if not self._store.is_there():
                    raise
                self._services.count("dialog:db_refused")
                log.error("the database refuses the dialog %s: %s", row.dialog["callid"], error)

    def _write_one(self, row: Rows) -> None:
        try:
            self._store.write((row,), ())
        except StorageError:
            shorter = row.within_columns()
            if shorter == row:
                raise
            self._store.write((shorter,), ())
            log.warning("dialog %s: what is too long for its column is not kept", row.dialog["callid"])

    def _rows(self, dialog: Dialog) -> Rows:
        with self._table.lock:
            left = dialog.timeout_at - self._services.now()
            return rows_of(dialog, self._services.wall_clock() + left)

    def stop(self) -> None:
        """Write what is left, once."""
        try:
            self.write()
        except StorageError as error:
            log.error("%d dialogs are not in the database: %s", self.waiting, error)
