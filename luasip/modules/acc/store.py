"""Accounting records in a database, in Kamailio's schema, each exactly once.

How far a segment of the journal has been written stands in a table beside them, `luasip_journal`, and changes in the
transaction that inserts the rows: what was committed is known after a crash on either side. Every method blocks and
raises StorageError.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Double, Integer, MetaData, String, Table, select
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table
from sqlalchemy.types import TypeEngine

from luasip.errors import StorageError
from luasip.storage.database import Database, Transaction
from luasip.storage.tables import accounting_table, call_records_table, time_type

EXTRA_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Entry:
    """A row for a table, and the offset behind it in its segment."""

    offset: int
    table: str
    row: Mapping[str, Any]

    @staticmethod
    def text(table: str, row: Mapping[str, Any]) -> str:
        """The journal's line for a row."""
        return json.dumps([table, row], separators=(",", ":"))

    @classmethod
    def read(cls, offset: int, line: str) -> "Entry":
        """From the journal's line. Raises ValueError."""
        found = json.loads(line)
        if not (
            isinstance(found, list)
            and len(found) == 2
            and isinstance(found[0], str)
            and isinstance(found[1], dict)
        ):
            raise ValueError("not a row of acc")
        return cls(offset, found[0], found[1])


@dataclass(frozen=True, slots=True)
class CallTable:
    """The table of call records: its name, the columns of start, end and duration, and those of the settings."""

    name: str
    times: tuple[str, str, str]
    further: tuple[str, ...]


class AccountingStore:
    """The tables of one database."""

    def __init__(
        self,
        database: Database,
        columns: Mapping[str, str],
        further: Iterable[str],
        calls: CallTable | None = None,
    ) -> None:
        """`columns` are the columns' names by Kamailio's, `further` those of the settings."""
        self._database = database
        self._columns = dict(columns)
        self._further = tuple(further)
        self._calls = calls
        self._progress = Table(
            "luasip_journal",
            MetaData(),
            Column("segment", String(64), primary_key=True),
            Column("position", BigInteger, nullable=False),
        )

    def is_there(self) -> bool:
        """Whether the database answers."""
        try:
            self._database.execute("select 1")
        except StorageError:
            return False
        return True

    def write(
        self,
        segment: str,
        offset: int,
        entries: Sequence[Entry],
        forgotten: Sequence[str] = (),
        before_commit: Callable[[], None] = lambda: None,
    ) -> int:
        """Insert those entries of a segment that are not there yet, all or none; returns how many.

        Args:
            offset: up to where the segment is written then.
            forgotten: segments that are no more.
        """
        self._database.create_table(self._progress)
        for name in {entry.table for entry in entries}:
            self._make_table(name, next(entry.row for entry in entries if entry.table == name))
        names = self._progress.c
        mine = names["segment"] == segment
        with self._database.transaction() as transaction:
            found = transaction.execute(select(names["position"]).where(mine).with_for_update()).rows
            new = [entry for entry in entries if not found or entry.offset > found[0][0]]
            self._insert(transaction, new)
            if not found:
                transaction.execute(self._progress.insert(), {"segment": segment, "position": offset})
            elif offset > found[0][0]:
                transaction.execute(self._progress.update().where(mine), {"position": offset})
            for gone in forgotten:
                transaction.execute(self._progress.delete().where(names["segment"] == gone))
            before_commit()
        return len(new)

    def forget(self, segments: Sequence[str]) -> None:
        """Forget how far segments that are no more were written."""
        if segments:
            self._database.execute(self._progress.delete().where(self._progress.c["segment"].in_(segments)))

    def shortened(self, entry: Entry) -> Entry:
        """The entry with its texts cut to what the table's columns hold."""
        lengths = self._database.text_lengths(entry.table)
        row = {
            name: value[: lengths[name]] if isinstance(value, str) and name in lengths else value
            for name, value in entry.row.items()
        }
        return Entry(entry.offset, entry.table, row)

    def _insert(self, transaction: Transaction, entries: Sequence[Entry]) -> None:
        """One statement for what has the same table and columns."""
        alike: dict[tuple[str, tuple[str, ...]], list[dict[str, Any]]] = {}
        for entry in entries:
            row = dict(entry.row)
            for column in self._time_columns(entry.table):
                if column in row:
                    row[column] = datetime.fromtimestamp(int(row[column]))
            alike.setdefault((entry.table, tuple(row)), []).append(row)
        for (name, columns), rows in alike.items():
            times = self._time_columns(name)
            types: list[Any] = [
                sql_column(column, time_type()) if column in times else sql_column(column)
                for column in columns
            ]
            transaction.execute(sql_table(name, *types).insert(), rows)

    def _make_table(self, name: str, row: Mapping[str, Any]) -> None:
        """Make a table where there is none; `row` says what further columns hold."""
        calls = self._calls
        if calls is not None and calls.name == name:
            further = {column: _type_of(row.get(column)) for column in calls.further}
            self._database.create_table(call_records_table(name, calls.times, further))
            return
        further = {column: _type_of(row.get(column)) for column in self._further}
        self._database.create_table(accounting_table(name, self._columns, further))

    def _time_columns(self, table: str) -> tuple[str, ...]:
        calls = self._calls
        return calls.times[:2] if calls is not None and calls.name == table else (self._columns["time"],)


def _type_of(value: Any) -> TypeEngine[Any]:
    if isinstance(value, float):
        return Double()
    return Integer() if isinstance(value, int) else String(EXTRA_LENGTH)
