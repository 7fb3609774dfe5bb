"""A location table in a database: rows ↔ contacts.

Every method blocks and raises StorageError. Knows neither the contacts in memory nor SIP.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, distinct, func, or_, select

from luasip.modules.usrloc.contact import ALL_METHODS, Q_UNSPECIFIED, Contact
from luasip.storage.database import Database, Transaction
from luasip.storage.tables import LOCATION_COLUMNS, location_table

_SIGN = 0x80000000


class LocationStore:
    """The table `name` of `database`, created when it is not there."""

    def __init__(
        self,
        database: Database,
        name: str,
        *,
        use_domain: bool = False,
        column_names: Mapping[str, str] | None = None,
        expires_type: int = 0,
    ) -> None:
        self._database = database
        self._table = location_table(name, column_names or {}, expires_type)
        self._use_domain = use_domain
        self._as_number = bool(expires_type)
        column = self._table.c
        self._select = select(*[column[key] for key in LOCATION_COLUMNS])
        self._insert = self._table.insert()
        self._update = self._table.update().where(column["ruid"] == bindparam("b_ruid"))
        self._delete = delete(self._table).where(column["ruid"] == bindparam("b_ruid"))

    def create(self) -> None:
        """Create the table unless it exists."""
        self._database.create_table(self._table)

    def load(self) -> Iterator[Contact]:
        """Every contact of the table."""
        for row in self._database.stream(self._select):
            yield self._contact(row)

    def contacts(self, aor: str) -> list[Contact]:
        """The contacts of one address of record."""
        return self._query(self._has_aor(aor))

    def contact(self, ruid: str) -> Contact | None:
        """The contact with this ruid."""
        return next(iter(self._query(self._table.c["ruid"] == ruid)), None)

    def expired(self, before: float) -> list[Contact]:
        """Contacts that have ended at this time (seconds since the epoch)."""
        expires = self._table.c["expires"]
        return self._query(and_(expires <= self._time(int(before)), expires > self._time(0)))

    def write(
        self, inserted: Iterable[Contact], updated: Iterable[Contact], deleted: Iterable[Contact]
    ) -> None:
        """Make all changes in one transaction; they are on the disk when this returns."""
        with self._database.transaction() as transaction:
            self._write(transaction, inserted, updated, deleted)

    def replace(self, written: list[Contact], deleted: list[str]) -> None:
        """Write contacts whether they are in the table or not, and delete others by ruid, in one
        transaction.
        """
        gone = [{"b_ruid": ruid} for ruid in (*deleted, *(contact.ruid for contact in written))]
        with self._database.transaction() as transaction:
            if gone:
                transaction.execute(self._delete, gone)
            if written:
                transaction.execute(self._insert, [self._row(contact) for contact in written])

    def count_contacts(self, now: float, expired: bool = False) -> int:
        """How many contacts are valid at `now`, or have expired."""
        return self._number(select(func.count()).select_from(self._table).where(self._valid(now, expired)))

    def count_users(self, now: float) -> int:
        """How many addresses of record have a valid contact at `now`."""
        column = self._table.c
        key = column["username"] + "@" + func.coalesce(column["domain"], "")
        return self._number(select(func.count(distinct(key))).where(self._valid(now, False)))

    def _write(
        self,
        transaction: Transaction,
        inserted: Iterable[Contact],
        updated: Iterable[Contact],
        deleted: Iterable[Contact],
    ) -> None:
        # Deletions first: a new row may not meet the one it replaces.
        for contact in deleted:
            transaction.execute(self._delete, {"b_ruid": contact.ruid})
        for contact in updated:
            row = self._row(contact)
            if transaction.execute(self._update, {**row, "b_ruid": contact.ruid}).affected == 0:
                transaction.execute(self._insert, row)
        rows = [self._row(contact) for contact in inserted]
        if rows:
            transaction.execute(self._insert, rows)

    def _query(self, condition: ColumnElement[bool]) -> list[Contact]:
        return [self._contact(row) for row in self._database.execute(self._select.where(condition)).rows]

    def _number(self, statement: Any) -> int:
        return int(self._database.execute(statement).rows[0][0])

    def _has_aor(self, aor: str) -> ColumnElement[bool]:
        username, domain = self._split(aor)
        column = self._table.c
        if self._use_domain:
            return and_(column["username"] == username, column["domain"] == domain)
        return and_(column["username"] == username)

    def _valid(self, now: float, expired: bool) -> ColumnElement[bool]:
        expires = self._table.c["expires"]
        permanent, present = self._time(0), self._time(int(now))
        if expired:
            return and_(expires > permanent, expires <= present)
        return or_(expires == permanent, expires > present)

    def _split(self, aor: str) -> tuple[str, str | None]:
        if not self._use_domain:
            return aor, None
        username, _, domain = aor.rpartition("@")
        return username, domain

    def _time(self, seconds: int) -> Any:
        return seconds if self._as_number else datetime.fromtimestamp(seconds)

    def _row(self, contact: Contact) -> dict[str, Any]:
        username, domain = self._split(contact.aor)
        return {
            "ruid": contact.ruid,
            "username": username,
            "domain": domain,
            "contact": contact.uri,
            "received": contact.received or None,
            "path": contact.path or None,
            "expires": self._time(contact.expires),
            "q": -1.0 if contact.q == Q_UNSPECIFIED else contact.q / 1000,
            "callid": contact.call_id,
            "cseq": contact.cseq - 2 * (contact.cseq & _SIGN),
            "last_modified": self._time(contact.last_modified),
            "flags": contact.flags,
            "cflags": contact.cflags - 2 * (contact.cflags & _SIGN),
            "user_agent": contact.user_agent,
            "socket": contact.socket or None,
            "methods": contact.methods - 2 * (contact.methods & _SIGN),
            "instance": contact.instance or None,
            "reg_id": contact.reg_id,
            "server_id": contact.server_id,
            "connection_id": contact.connection_id,
            "keepalive": contact.keepalive,
            "partition": 0,
        }

    def _contact(self, row: tuple[Any, ...]) -> Contact:
        username, domain = row[1], row[2] or ""
        aor = f"{username}@{domain}" if self._use_domain and username else username or domain
        return Contact(
            aor,
            row[0],
            row[3],
            expires=_seconds(row[6]),
            q=Q_UNSPECIFIED if row[7] is None or row[7] < 0 else round(row[7] * 1000),
            call_id=row[8],
            cseq=row[9] & 0xFFFFFFFF,
            received=row[4] or "",
            path=row[5] or "",
            flags=row[11] or 0,
            cflags=row[12] & 0xFFFFFFFF,
            # Many contacts share these texts, so they are kept once.
            user_agent=sys.intern(row[13]),
            socket=sys.intern(row[14] or ""),
            methods=ALL_METHODS if row[15] is None else row[15] & 0xFFFFFFFF,
            instance=row[16] or "",
            reg_id=row[17] or 0,
            server_id=row[18] or 0,
            connection_id=-1 if row[19] is None else row[19],
            keepalive=row[20] or 0,
            last_modified=_seconds(row[10]),
        )


def _seconds(value: Any) -> int:
    return int(value.timestamp()) if isinstance(value, datetime) else int(value or 0)
