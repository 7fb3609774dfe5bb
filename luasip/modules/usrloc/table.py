"""The contacts of one location table, in memory, in a database, or in both.

Readers take no lock: an address of record's contacts are one immutable tuple that an edit replaces. Edits
of one address of record happen one at a time, and what they do is on the disk (where db_mode says so)
before it is seen. Knows no SIP message and no Lua.
"""

import enum
import sys
from collections.abc import Callable, Iterator, Set

from luasip.errors import StorageError
from luasip.lock import Lock, new_lock
from luasip.modules.usrloc.contact import MEMORY_ONLY, Change, Contact, Contacts, ordered
from luasip.modules.usrloc.store import LocationStore


class DbMode(enum.IntEnum):
    """Kamailio's db_mode: where the contacts are."""

    MEMORY = 0
    WRITE_THROUGH = 1
    """In memory and, before anybody is told, in the database."""
    WRITE_BACK = 2
    """In memory; the database follows by the timer and at the end."""
    DATABASE_ONLY = 3
    LOAD_ONLY = 4
    """Read at start, never written."""


Edit = Callable[[Contacts], Contacts]
"""Gives the contacts an address of record is to have from those it has. May raise to refuse."""


class LocationTable:
    """One table, `location` by default.

    Attributes:
        name: the table's name.
        writes_block: `change` waits for the database, so it belongs in a pool.
        reads_block: `contacts` and `contact` do as well.
    """

    def __init__(
        self,
        name: str,
        mode: DbMode = DbMode.MEMORY,
        store: LocationStore | None = None,
        *,
        newest_first: bool = False,
        count: Callable[[str, int], None] | None = None,
    ) -> None:
        """`store` is needed in every mode but MEMORY; `count(statistic, amount)` is told of changes."""
        self.name = name
        self.newest_first = newest_first
        self.reads_block = mode is DbMode.DATABASE_ONLY
        self.writes_block = mode in (DbMode.WRITE_THROUGH, DbMode.DATABASE_ONLY)
        self._remembers = mode in (DbMode.WRITE_THROUGH, DbMode.WRITE_BACK)
        self._store = store
        self._count = count
        self._contacts: dict[str, Contacts] = {}
        self._aor_by_ruid: dict[str, str] = {}
        self._locks = [new_lock() for _ in range(64)]
        self._pending: dict[str, Contact | None] = {}
        """ruid → contact to write, None to delete: what the database does not know yet."""
        self._pending_lock = new_lock()
        self._flush_lock = new_lock()

    def load(self, accept: Callable[[Contact], bool] | None = None) -> int:
        """Read the contacts `accept` takes, or all, into memory; returns how many. Raises StorageError."""
        assert self._store is not None, "a table without a store has nothing to load"
        found: dict[str, list[Contact]] = {}
        number = 0
        for contact in self._store.load():
            if accept is not None and not accept(contact):
                continue
            number += 1
            # Connections do not outlive the server that wrote the row.
            contact.connection_id = -1
            found.setdefault(contact.aor, []).append(contact)
            self._aor_by_ruid[contact.ruid] = contact.aor
        for aor, contacts in found.items():
            for contact in contacts:
                contact.aor = aor
            self._contacts[aor] = (
                ordered(contacts, self.newest_first) if len(contacts) > 1 else (contacts[0],)
            )
        self._count_change(len(found), number)
        return number

    def contacts(self, aor: str) -> Contacts:
        """The contacts of an address of record, expired ones included. Raises StorageError where it reads."""
        if self.reads_block:
            assert self._store is not None
            return ordered(self._store.contacts(aor), self.newest_first)
        return self._contacts.get(aor, ())

    def contact(self, ruid: str) -> Contact | None:
        """The contact with this ruid. Raises StorageError where it reads."""
        if self.reads_block:
            assert self._store is not None
            return self._store.contact(ruid)
        aor = self._aor_by_ruid.get(ruid, "")
        return next((contact for contact in self._contacts.get(aor, ()) if contact.ruid == ruid), None)

    def snapshot(self) -> Iterator[tuple[str, Contacts]]:
        """Every address of record with its contacts, as of now. Raises StorageError where it reads."""
        if not self.reads_block:
            yield from self._contacts.copy().items()
            return
        assert self._store is not None
        found: dict[str, list[Contact]] = {}
        for contact in self._store.load():
            found.setdefault(contact.aor, []).append(contact)
        for aor, contacts in found.items():
            yield aor, ordered(contacts, self.newest_first)

    def change(self, aor: str, edit: Edit) -> Contacts:
        """Let `edit` decide what contacts `aor` has, write them, then show them; returns them.

        When `edit` or the database raises, nothing has changed. Raises StorageError.
        """
        with self._lock(aor):
            before = self.contacts(aor)
            after = edit(before)
            change = Change(before, after)
            if change:
                self._write(change)
                self._publish(aor, before, after, change)
            return after

    @property
    def is_stored(self) -> bool:
        """Whether contacts are in the database too."""
        return self._remembers or self.reads_block

    def is_pending(self, contact: Contact) -> bool:
        """Whether the database does not know this contact's present state yet."""
        return contact.ruid in self._pending

    def flush(self) -> None:
        """Write what edits left for later. Raises StorageError and keeps it for the next time."""
        if self._store is None:
            return
        with self._flush_lock:
            with self._pending_lock:
                pending, self._pending = self._pending, {}
            if not pending:
                return
            try:
                self._store.replace(
                    [contact for contact in pending.values() if contact is not None],
                    [ruid for ruid, contact in pending.items() if contact is None],
                )
            except StorageError:
                with self._pending_lock:
                    self._pending = {**pending, **self._pending}
                raise

    def expire(self, now: float, delay: int = 0, lost: Set[int] = frozenset()) -> list[Contact]:
        """Remove the contacts that have ended at `now` (seconds since the epoch) and return them.

        `delay` keeps them that many seconds longer where only the database has them. In memory, contacts of
        the `lost` stream connections have ended too. Raises StorageError when the database holds the only
        copy and fails; otherwise its rows go with `flush`.
        """
        if self.reads_block:
            assert self._store is not None
            expired = self._store.expired(now - delay)
            self._store.write((), (), expired)
            return expired
        ended: list[Contact] = []
        for aor, contacts in self._contacts.copy().items():
            for contact in contacts:
                if 0 < contact.expires <= now or contact.connection_id in lost:
                    ended += self._expire_aor(aor, now, lost)
                    break
        return ended

    def _expire_aor(self, aor: str, now: float, lost: Set[int]) -> list[Contact]:
        with self._lock(aor):
            before = self._contacts.get(aor, ())
            after = tuple(c for c in before if c.is_valid(now) and c.connection_id not in lost)
            change = Change(before, after)
            self._remember(change)
            self._publish(aor, before, after, change)
            return change.deleted

    def _lock(self, aor: str) -> Lock:
        return self._locks[hash(aor) % len(self._locks)]

    def _write(self, change: Change) -> None:
        if not self.writes_block:
            self._remember(change)
            return
        assert self._store is not None
        persistent = [
            [contact for contact in contacts if not contact.flags & MEMORY_ONLY]
            for contacts in (change.inserted, change.updated, change.deleted)
        ]
        self._store.write(*persistent)

    def _remember(self, change: Change) -> None:
        if not self._remembers:
            return
        with self._pending_lock:
            for contact in change.deleted:
                self._pending[contact.ruid] = None
            for contact in (*change.inserted, *change.updated):
                if not contact.flags & MEMORY_ONLY:
                    self._pending[contact.ruid] = contact

    def _publish(self, aor: str, before: Contacts, after: Contacts, change: Change) -> None:
        if self.reads_block:
            return
        for contact in change.deleted:
            self._aor_by_ruid.pop(contact.ruid, None)
        if change.inserted:
            aor = sys.intern(aor)
            for contact in change.inserted:
                self._aor_by_ruid[contact.ruid] = aor
        if after:
            self._contacts[aor] = after
        else:
            self._contacts.pop(aor, None)
        if len(before) != len(after):
            self._count_change((1 if after else 0) - (1 if before else 0), len(after) - len(before))

    def _count_change(self, users: int, contacts: int) -> None:
        if self._count is None:
            return
        if users:
            self._count(f"usrloc:{self.name}-users", users)
        if contacts:
            self._count(f"usrloc:{self.name}-contacts", contacts)
