"""A table's content in a database, in Kamailio's schema.

Every method blocks and raises StorageError.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnClause, column, select
from sqlalchemy import table as sql_table

from luasip.modules.htable.settings import Definition
from luasip.modules.htable.table import HashTable, Scalar
from luasip.storage.database import Database
from luasip.storage.tables import htable_table

Loaded = list[tuple[str, Scalar, float]]
"""(key, value, seconds since the epoch at which it ends, 0.0 for autoexpire's time)."""


class HtableStore:
    """The rows behind one HashTable."""

    def __init__(
        self,
        database: Database,
        definition: Definition,
        *,
        columns: Mapping[str, str],
        with_expires: bool,
        size_suffix: str,
    ) -> None:
        self._database = database
        self._definition = definition
        self._table = htable_table(definition.dbtable, columns)
        self._with_expires = with_expires and definition.autoexpire > 0
        self._size_suffix = size_suffix

    def load(self, now: float) -> Loaded:
        """What the table holds; items that ended before `now` (seconds since the epoch) are left out."""
        if self._definition.cols:
            return self._load_packed()
        self._database.create_table(self._table)
        names = self._table.c
        statement = select(
            names["key_name"], names["key_type"], names["value_type"], names["key_value"], names["expires"]
        ).order_by(names["key_name"], names["id"])
        return self._read(self._database.stream(statement), now)

    def save(self, table: HashTable) -> None:
        """Replace the rows by what `table` holds. Tables with `cols` are never written."""
        if self._definition.cols:
            return
        self._database.create_table(self._table)
        rows = [
            {
                "key_name": key,
                "key_type": 0,
                "value_type": 1 if isinstance(item.value, int) else 0,
                "key_value": str(item.value),
                "expires": int(item.expires_at) if self._with_expires else 0,
            }
            for key, item in table.items()
        ]
        with self._database.transaction() as transaction:
            transaction.execute(self._table.delete())
            if rows:
                transaction.execute(self._table.insert(), rows)

    def _load_packed(self) -> Loaded:
        """`cols` mode: the first column is the key, the others joined are the value."""
        definition = self._definition
        columns: list[ColumnClause[Any]] = [column(name) for name in definition.cols]
        statement = select(*columns).select_from(sql_table(definition.dbtable)).order_by(columns[0])
        loaded: Loaded = []
        for key, *values in self._database.stream(statement):
            texts = [definition.colnull if value is None else str(value) for value in values]
            loaded.append((str(key), definition.coldelim.join(texts), 0.0))
        return loaded

    def _read(self, rows: Iterable[tuple[Any, ...]], now: float) -> Loaded:
        loaded: Loaded = []
        sizes: dict[str, int] = {}
        for name, key_type, value_type, text, expires in rows:
            expires_at = float(expires or 0) if self._with_expires else 0.0
            if 0.0 < expires_at < now:
                continue
            key = name
            if key_type == 1:
                sizes[name] = sizes.get(name, 0) + 1
                key = f"{name}[{sizes[name] - 1}]"
            loaded.append((key, _number(text) if value_type == 1 else str(text), expires_at))
        loaded += [(f"{name}{self._size_suffix}", size, 0.0) for name, size in sizes.items()]
        return loaded


def _number(text: Any) -> int:
    try:
        return int(text)
    except ValueError:
        return 0
