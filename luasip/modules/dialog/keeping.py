"""Dialogs over a restart: loading them, having them written, and writing what is left at the end."""

import logging

from luasip.kemi.context import Services
from luasip.modules.dialog.life import Life
from luasip.modules.dialog.settings import DialogSettings
from luasip.modules.dialog.store import DialogStore, Kept
from luasip.modules.dialog.writer import BY_TIMER, DialogWriter

log = logging.getLogger("luasip.dialog")


class Keeping:
    """The database behind the dialogs, where db_mode asks for one."""

    def __init__(self, settings: DialogSettings, services: Services, life: Life) -> None:
        """Raises StorageError when the database cannot be opened."""
        self._settings = settings
        self._services = services
        self._life = life
        self._store = DialogStore(
            services.databases.open(settings.db_url),
            (settings.table_name, settings.vars_table_name),
            settings.column_names,
            settings.variable_column_names,
        )
        self._writer = DialogWriter(settings.db_mode, self._store, life.table, services)

    def start(self) -> None:
        """Load what there is and begin to write. Raises StorageError."""
        self._store.create()
        if not self._settings.db_skip_load:
            log.info("%d dialogs loaded from table %s", self.load(), self._settings.table_name)
        self._life.journal = self._writer
        if self._settings.db_mode == BY_TIMER:
            self._services.every(float(self._settings.db_update_period), self._writer.wake, "dialog.database")

    def load(self, call_id: str = "") -> int:
        """Track the dialogs of a Call-ID, or all, that the database holds; returns how many are new. Blocks. Raises
        StorageError.
        """
        return sum([self._take(kept) for kept in self._store.load(call_id)])

    def _take(self, kept: Kept) -> bool:
        dialog = kept.dialog
        if not dialog.is_answered or not self._life.resume(
            dialog, kept.timeout - self._services.wall_clock()
        ):
            return False
        for name, value in kept.memberships:
            if name in self._life.profiles:
                self._life.profiles.add(dialog, self._life.profiles.key(name, value))
        return True

    @property
    def waiting(self) -> int:
        """How many dialogs the database does not know as they are."""
        return self._writer.waiting

    def stop(self) -> None:
        """Write what the database does not know yet."""
        self._writer.stop()
