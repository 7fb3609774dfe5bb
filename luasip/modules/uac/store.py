"""The uacreg table in a database, in Kamailio's schema. Every method blocks and raises StorageError."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import Select, select

from luasip.modules.uac.account import Account
from luasip.storage.database import Database
from luasip.storage.tables import uacreg_table

COLUMNS: Final = tuple(field.name for field in fields(Account))
_NUMBERS: Final = frozenset(("expires", "flags", "reg_delay"))


class AccountStore:
    """The accounts of one table."""

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._table = uacreg_table(table)

    def create(self) -> None:
        """Make the table where there is none."""
        self._database.create_table(self._table)

    def load(self) -> list[Account]:
        """All accounts."""
        return [_account(row) for row in self._database.stream(self._select())]

    def find(self, l_uuid: str) -> Account | None:
        """One account, None when there is none."""
        rows = self._database.execute(self._select().where(self._table.c["l_uuid"] == l_uuid)).rows
        return _account(rows[0]) if rows else None

    def _select(self) -> Select[Any]:
        return select(*[self._table.c[name] for name in COLUMNS]).order_by(self._table.c["id"])


def _account(row: Iterable[Any]) -> Account:
    values = {
        name: int(value or 0) if name in _NUMBERS else str(value or "")
        for name, value in zip(COLUMNS, row, strict=True)
    }
    return Account(**values)  # type: ignore[arg-type]
