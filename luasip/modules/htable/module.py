"""The htable module: the functions of the files beside this one, put together, and the RPC commands."""

from datetime import datetime
from typing import Any, Final

from luasip.errors import CommandError
from luasip.kemi.declare import command
from luasip.modules.htable.functions import ItemFunctions
from luasip.modules.htable.iterators import IteratorFunctions
from luasip.modules.htable.settings import HtableSettings
from luasip.modules.htable.store import HtableStore
from luasip.modules.htable.table import HashTable, Item, Scalar

_TEXT_FLAG: Final = 2
"""Kamailio's flag of an item that is text."""

_SET: Final = "Ok. Key set to new value."
"""Kamailio's answer."""


class Htable(ItemFunctions, IteratorFunctions):
    """htable: shared tables of keys and values."""

    name = "htable"

    Settings = HtableSettings
    changeable = ("timer_interval", "event_callback")

    @command("htable.get")
    def get(self, table: str, key: str) -> dict[str, Any]:
        """One item: name, value, flags (2 for text) and when it ends."""
        item = self._command_table(table).find(key)
        if item is None:
            raise CommandError(500, "Key name doesn't exist in htable.")
        return {
            "item": {
                "name": key,
                "value": item.value,
                "flags": _TEXT_FLAG if isinstance(item.value, str) else 0,
                "expire": _ends(item),
            }
        }

    @command("htable.sets")
    def sets(self, table: str, key: str, value: str) -> str:
        """Set an item to text."""
        self._command_table(table).set(key, str(value))
        return _SET

    @command("htable.seti")
    def seti(self, table: str, key: str, value: int) -> str:
        """Set an item to an integer."""
        self._command_table(table).set(key, _integer(value))
        return _SET

    @command("htable.setex")
    def setex(self, table: str, key: str, seconds: int) -> str:
        """Set how long an item lives, in a table with autoexpire."""
        found = self._command_table(table)
        if found.find(key) is None:
            raise CommandError(500, "Key name doesn't exist in htable.")
        found.set_life(key, _integer(seconds))
        return "Ok"

    @command("htable.setxs")
    def setxs(self, table: str, key: str, value: str, seconds: int) -> str:
        """Set an item to text and how long it lives."""
        self._command_table(table).set(key, str(value), _integer(seconds))
        return _SET

    @command("htable.setxi")
    def setxi(self, table: str, key: str, value: int, seconds: int) -> str:
        """Set an item to an integer and how long it lives."""
        self._command_table(table).set(key, _integer(value), _integer(seconds))
        return _SET

    @command("htable.delete")
    def delete(self, table: str, key: str) -> str:
        """Remove an item."""
        found = self._command_table(table)
        if found.find(key) is None:
            raise CommandError(404, "Key not found in htable.")
        found.remove(key)
        return "Ok. Key deleted."

    @command("htable.flush")
    def flush(self, table: str) -> str:
        """Remove all items of a table."""
        self._command_table(table).clear()
        return "Ok. Htable flushed."

    @command("htable.dump")
    def dump(self, table: str) -> list[dict[str, Any]]:
        """All items of a table by their slots."""
        found = self._command_table(table)
        slots: dict[int, list[dict[str, Any]]] = {}
        for key, item in found.items():
            shown = {"name": key, "value": item.value, "type": _type(item.value)}
            slots.setdefault(found.slot(key), []).append(shown)
        return [{"entry": slot, "size": len(slots[slot]), "slot": slots[slot]} for slot in sorted(slots)]

    @command("htable.listTables")
    def list_tables(self) -> list[dict[str, Any]]:
        """Every table's definition."""
        return [
            {
                "name": table.name,
                "dbtable": table.definition.dbtable,
                "dbmode": table.definition.dbmode,
                "expire": table.definition.autoexpire,
                "updateexpire": table.definition.updateexpire,
                "size": table.definition.slots,
                "dmqreplicate": table.definition.dmqreplicate,
            }
            for table in self._tables.values()
        ]

    @command("htable.stats")
    def stats(self) -> list[dict[str, Any]]:
        """How many items every table has, in all and in a slot."""
        return [_statistics(table) for table in self._tables.values()]

    @command("htable.reload")
    def reload(self, table: str) -> None:
        """Replace a table's content by its database's."""
        self._command_store(table)
        self.load(table)
        self._event(f"htable:reloaded:{table}", {})

    @command("htable.store")
    def store(self, table: str) -> None:
        """Write a table to its database."""
        self._command_store(table).save(self._command_table(table))

    def _command_table(self, name: str) -> HashTable:
        table = self.table(name)
        if table is None:
            raise CommandError(500, "No such htable")
        return table

    def _command_store(self, name: str) -> HtableStore:
        if not self.settings.db_url:
            raise CommandError(500, "No htable db_url")
        self._command_table(name)
        store = self._stores.get(name)
        if store is None:
            raise CommandError(500, "No database htable")
        return store


def _integer(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise CommandError(500, f"{value!r} is not an integer") from None


def _type(value: Scalar) -> str:
    return "str" if isinstance(value, str) else "int"


def _ends(item: Item) -> str:
    if not item.expires_at:
        return "NEVER"
    return datetime.fromtimestamp(item.expires_at).strftime("%Y-%m-%d %H:%M:%S")


def _statistics(table: HashTable) -> dict[str, Any]:
    sizes: dict[int, int] = {}
    for key, _ in table.items():
        slot = table.slot(key)
        sizes[slot] = sizes.get(slot, 0) + 1
    slots = table.definition.slots
    fewest = min(sizes.values(), default=0) if len(sizes) == slots else 0
    return {
        "name": table.name,
        "slots": slots,
        "all": sum(sizes.values()),
        "min": fewest,
        "max": max(sizes.values(), default=0),
    }
