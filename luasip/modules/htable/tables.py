"""What all of htable's functions stand on: the tables by their names."""

import logging
import threading
from typing import Final

from luasip.errors import SettingsError, StorageError
from luasip.kemi.context import Services
from luasip.kemi.declare import Module
from luasip.modules.htable.settings import Definition, HtableSettings, parse_definition
from luasip.modules.htable.store import HtableStore
from luasip.modules.htable.table import HashTable

_log = logging.getLogger(__name__)

RECORD: Final = "htable.record"

LOOK_AGAIN: Final = 60.0
"""Seconds after which a timer_interval of 0 is looked at again."""
"""Attribute of an expired event's context: (key, value)."""


class Tables(Module):
    """The tables, their housekeeping and their databases."""

    def __init__(self, settings: HtableSettings, services: Services) -> None:
        """Raises SettingsError with every mistake in the definitions."""
        self.settings = settings
        self._services = services
        self._tables: dict[str, HashTable] = {}
        self._stores: dict[str, HtableStore] = {}
        self._loaded: set[str] = set()
        self._reloaded_at: dict[str, float] = {}
        self._lock = threading.Lock()
        problems: list[str] = []
        for index, text in enumerate(settings.htable):
            try:
                self._define(parse_definition(text))
            except ValueError as error:
                problems.append(f"modules.htable.htable[{index}]: {error}")
        if problems:
            raise SettingsError(problems)

    def _define(self, definition: Definition) -> None:
        if definition.name in self._tables:
            raise ValueError(f"table {definition.name!r} is defined twice")
        if definition.dbtable and not self.settings.db_url:
            raise ValueError(f"table {definition.name!r} has a dbtable but there is no db_url")
        self._tables[definition.name] = HashTable(definition, self._services.wall_clock)

    def start(self) -> None:
        """Load the tables and begin housekeeping. Raises StorageError."""
        for name, table in self._tables.items():
            if table.definition.dbtable:
                self._stores[name] = self._store(table.definition)
                self.load(name)
        self._services.every(self._interval, self._tick, "htable")
        if self.settings.event_callback:
            self._services.run_event(self.settings.event_callback, "htable:mod-init")

    def _interval(self) -> float:
        return float(self.settings.timer_interval) if self.settings.timer_interval > 0 else LOOK_AGAIN

    def _tick(self) -> None:
        if self.settings.timer_interval > 0:
            self.clean()

    def stop(self) -> None:
        """Write the tables with dbmode 1."""
        for name, table in self._tables.items():
            # A table that could not be loaded would overwrite what it should have loaded.
            if table.definition.dbmode and name in self._loaded:
                try:
                    self._stores[name].save(table)
                except StorageError as error:
                    _log.error("htable: table %s is not written: %s", name, error)

    def table(self, name: str) -> HashTable | None:
        """The table with this name."""
        return self._tables.get(name)

    def load(self, name: str) -> None:
        """Replace a table's content by its database's. Raises StorageError."""
        now = self._services.wall_clock()
        self._tables[name].replace(self._stores[name].load(now))
        with self._lock:
            self._loaded.add(name)
            self._reloaded_at[name] = now

    def clean(self) -> None:
        """Remove expired items, tell of them, and reload the tables whose time has come; what the timer
        does.
        """
        for name, table in self._tables.items():
            ended = table.expire()
            if self.settings.event_callback:
                for record in ended:
                    self._event(f"htable:expired:{name}", {RECORD: record})
            if table.definition.reloadat and name in self._stores:
                self._reload_when_due(table)

    def _reload_when_due(self, table: HashTable) -> None:
        if self._services.wall_clock() - self._reloaded_at.get(table.name, 0.0) < table.definition.reloadat:
            return
        try:
            self.load(table.name)
        except StorageError as error:
            _log.error("htable: table %s is not reloaded: %s", table.name, error)
            return
        self._event(f"htable:reloaded:{table.name}", {})

    def _event(self, event: str, attributes: dict[str, object]) -> None:
        if self.settings.event_callback:
            self._services.run_event(self.settings.event_callback, event, attributes=attributes)

    def _store(self, definition: Definition) -> HtableStore:
        return HtableStore(
            self._services.databases.open(self.settings.db_url),
            definition,
            columns=self.settings.column_names(),
            with_expires=bool(self.settings.db_expires),
            size_suffix=self.settings.array_size_suffix,
        )
