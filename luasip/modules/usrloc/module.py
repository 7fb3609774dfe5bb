"""The usrloc module: tables, housekeeping and RPC commands.

It exports nothing to Lua; registrar and others work on its tables. Knows no SIP message.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

from luasip.errors import CommandError, SettingsError, StorageError
from luasip.kemi.context import Services
from luasip.kemi.declare import Module, command
from luasip.modules.usrloc.contact import Contact, Contacts, placed
from luasip.modules.usrloc.dump import MAXIMUM_Q, dump_contact, dump_table
from luasip.modules.usrloc.matching import Matching
from luasip.modules.usrloc.settings import UsrlocSettings
from luasip.modules.usrloc.store import LocationStore
from luasip.modules.usrloc.table import DbMode, LocationTable

_log = logging.getLogger(__name__)

_COMMAND_CALL_ID = "ul.add@luasip"
_COMMAND_USER_AGENT = "LuaSIP RPC"

ExpiredListener = Callable[[str, Contact], None]
"""Told the table's name and the contact after it has been removed."""

LOOK_AGAIN: Final = 60.0
"""Seconds after which a timer_interval of 0 is looked at again."""


class Usrloc(Module):
    """usrloc: which contacts an address of record has registered."""

    name = "usrloc"

    Settings = UsrlocSettings
    changeable = ("timer_interval", "cseq_delay", "close_expired_tcp", "db_timer_clean", "rm_expired_delay")

    def __init__(self, settings: UsrlocSettings, services: Services) -> None:
        """Raises SettingsError for a mode there is not."""
        _check(settings)
        self.settings = settings
        self.mode = DbMode(settings.db_mode)
        self.matching = Matching(settings)
        self._services = services
        self._tables: dict[str, LocationTable] = {}
        self._stores: dict[str, LocationStore] = {}
        self._lock = threading.Lock()
        self._listeners: list[ExpiredListener] = []
        self._lost: set[int] = set()
        self._ruid_prefix = ""
        self._ruid_number = 0

    def start(self) -> None:
        """Open the database, load the tables and begin housekeeping. Raises StorageError."""
        self._prefix()
        for name in self.settings.preload:
            table = self._make_table(name)
            if self.mode is DbMode.LOAD_ONLY or (self._remembers and self.settings.db_load):
                number = table.load(self._is_ours)
                _log.info("usrloc: %d contacts loaded from table %s", number, name)
        self._services.every(self._interval, self._tick, "usrloc")
        if self.settings.handle_lost_tcp and self.mode is not DbMode.DATABASE_ONLY:
            self._services.on_connection_closed(self._on_connection_closed)

    def stop(self) -> None:
        """Write what the database does not know yet."""
        self._flush()

    @property
    def _remembers(self) -> bool:
        return self.mode in (DbMode.WRITE_THROUGH, DbMode.WRITE_BACK)

    # ── for other modules ──────────────────────────────────────────────────────────────────────────────────

    @property
    def nat_flag(self) -> int:
        """nat_bflag as a mask, 0 for none."""
        return 1 << self.settings.nat_bflag if self.settings.nat_bflag >= 0 else 0

    def table(self, name: str) -> LocationTable | None:
        """The table with this name; None when it needs a database and is not preloaded."""
        table = self._tables.get(name)
        if table is None and name and self.mode is DbMode.MEMORY:
            table = self._make_table(name)
        return table

    def tables(self) -> list[LocationTable]:
        """All tables."""
        return list(self._tables.values())

    def on_expired(self, listener: ExpiredListener) -> None:
        """Have `listener` told of every contact that is removed because it expired."""
        self._listeners.append(listener)

    def new_ruid(self) -> str:
        """A ruid no other contact has."""
        with self._lock:
            self._ruid_number += 1
            number = self._ruid_number
        return f"{self._ruid_prefix}{number:x}"

    def settings_changed(self) -> None:
        """Refuse values there are not."""
        _check(self.settings)

    def _interval(self) -> float:
        return float(self.settings.timer_interval) if self.settings.timer_interval > 0 else LOOK_AGAIN

    def _tick(self) -> None:
        if self.settings.timer_interval > 0:
            self.clean()

    def clean(self) -> None:
        """Remove expired contacts and write what is waiting; what the timer does."""
        now = self._services.wall_clock()
        with self._lock:
            lost, self._lost = self._lost, set()
        for table in self.tables():
            try:
                expired = table.expire(now, self.settings.rm_expired_delay, lost)
            except StorageError as error:
                _log.error("usrloc: table %s: expired contacts stay: %s", table.name, error)
                continue
            self._tell_expired(table, expired)
        self._flush()

    def end(self, table: LocationTable, contact: Contact) -> None:
        """Remove a contact before its time, as if it had expired. Raises StorageError."""
        table.change(contact.aor, lambda contacts: tuple(c for c in contacts if c.ruid != contact.ruid))
        self._tell_expired(table, [contact])

    def _tell_expired(self, table: LocationTable, expired: list[Contact]) -> None:
        if expired:
            self._services.count(f"usrloc:{table.name}-expires", len(expired))
        for contact in expired:
            if self.settings.close_expired_tcp and contact.connection_id > 0:
                self._services.close_connection(contact.connection_id)
            for listener in self._listeners:
                listener(table.name, contact)

    def _on_connection_closed(self, connection_id: int) -> None:
        # Kept until the timer, as in Kamailio: one walk over the contacts for all connections.
        with self._lock:
            self._lost.add(connection_id)

    def _flush(self) -> None:
        for table in self.tables():
            try:
                table.flush()
                if self.settings.db_timer_clean and self._remembers:
                    store = self._stores[table.name]
                    store.write((), (), store.expired(self._services.wall_clock()))
            except StorageError as error:
                _log.error("usrloc: table %s is not written: %s", table.name, error)

    def _make_table(self, name: str) -> LocationTable:
        store = self._make_store(name) if self.mode is not DbMode.MEMORY else None
        made = LocationTable(
            name,
            self.mode,
            store,
            newest_first=bool(self.settings.desc_time_order),
            count=self._services.count,
        )
        with self._lock:
            if store is not None:
                self._stores[name] = store
            return self._tables.setdefault(name, made)

    def _make_store(self, name: str) -> LocationStore:
        store = LocationStore(
            self._services.databases.open(self.settings.db_url),
            name,
            use_domain=bool(self.settings.use_domain),
            column_names=self.settings.column_names(),
            expires_type=self.settings.expires_type,
        )
        store.create()
        return store

    def _is_ours(self, contact: Contact) -> bool:
        if not self.settings.skip_remote_socket or not contact.socket:
            return True
        return any(listener.text == contact.socket for listener in self._services.listeners)

    def _prefix(self) -> None:
        # The start's time and a random part keep ruids of two servers, or of two starts, apart.
        token = self._services.random_token(6)
        self._ruid_prefix = f"uloc-{int(self._services.wall_clock()):x}-{token}-"

    # ── RPC ────────────────────────────────────────────────────────────────────────────────────────────────

    @command("ul.dump")
    def dump(self, mode: str = "") -> dict[str, Any]:
        """Everything in the location tables; with "brief" only the addresses of record."""
        now = self._services.wall_clock()
        return {"Domains": [dump_table(table, mode == "brief", now) for table in self.tables()]}

    @command("ul.lookup")
    def lookup(self, table: str, aor: str) -> dict[str, Any]:
        """The valid contacts of one address of record."""
        found, key = self._command_table(table), self._command_aor(aor)
        now = self._services.wall_clock()
        contacts = found.contacts(key)
        if not contacts:
            raise CommandError(500, "AOR not found in location table")
        valid = [{"Contact": dump_contact(found, one, now)} for one in contacts if one.is_valid(now)]
        if not valid:
            raise CommandError(500, "AOR has no contacts")
        return {"AoR": key, "Contacts": valid}

    @command("ul.rm")
    def remove(self, table: str, aor: str) -> None:
        """Delete an address of record with all its contacts."""
        self._command_table(table).change(self._command_aor(aor), lambda _contacts: ())

    @command("ul.rm_contact")
    def remove_contact(self, table: str, aor: str, contact: str) -> None:
        """Delete one contact, given by its URI."""
        found, key = self._command_table(table), self._command_aor(aor)

        def edit(contacts: Contacts) -> Contacts:
            if not contacts:
                raise CommandError(404, "AOR not found")
            left = tuple(other for other in contacts if other.uri != contact)
            if len(left) == len(contacts):
                raise CommandError(404, "Contact not found")
            return left

        found.change(key, edit)

    @command("ul.flush")
    def flush(self) -> None:
        """Write to the database what it does not know yet."""
        for table in self.tables():
            table.flush()

    @command("ul.add")
    def add(
        self,
        table: str,
        aor: str,
        contact: str,
        expires: int,
        q: float,
        path: str,
        flags: int,
        cflags: int,
        methods: int,
    ) -> None:
        """Add a contact, or update the one with this URI; expires 0 makes it permanent, path "0" or
        "." means none.
        """
        found, key = self._command_table(table), self._command_aor(aor)
        now = int(self._services.wall_clock())
        added = Contact(
            key,
            self.new_ruid(),
            contact,
            expires=now + expires if expires else 0,
            q=min(max(round(q * MAXIMUM_Q), -1), MAXIMUM_Q),
            call_id=_COMMAND_CALL_ID,
            cseq=1,
            path="" if path in ("0", ".") else path,
            flags=flags,
            cflags=cflags,
            user_agent=_COMMAND_USER_AGENT,
            methods=methods & 0xFFFFFFFF,
            last_modified=now,
        )

        def edit(contacts: Contacts) -> Contacts:
            known = next((other for other in contacts if other.uri == contact), None)
            if known is not None:
                added.ruid = known.ruid
            return placed(contacts, added, found.newest_first)

        found.change(key, edit)

    @command("ul.db_users")
    def db_users(self, table: str) -> int:
        """How many addresses of record have a valid contact in the database."""
        return self._command_store(table).count_users(self._services.wall_clock())

    @command("ul.db_contacts")
    def db_contacts(self, table: str) -> int:
        """How many valid contacts the database holds."""
        return self._command_store(table).count_contacts(self._services.wall_clock())

    @command("ul.db_expired_contacts")
    def db_expired_contacts(self, table: str) -> int:
        """How many expired contacts the database holds."""
        return self._command_store(table).count_contacts(self._services.wall_clock(), expired=True)

    def _command_table(self, name: str) -> LocationTable:
        table = self._tables.get(name)
        if table is None:
            raise CommandError(500, "Domain not found")
        return table

    def _command_store(self, name: str) -> LocationStore:
        if self.mode is DbMode.MEMORY:
            raise CommandError(500, "Command is not supported in db_mode=0")
        store = self._stores.get(name)
        if store is None:
            raise CommandError(500, "Failed to use table")
        return store

    def _command_aor(self, aor: str) -> str:
        if self.settings.use_domain:
            if "@" not in aor:
                raise CommandError(500, "Domain missing in AOR")
        else:
            aor = aor.partition("@")[0]
        return aor.lower()


def _check(settings: UsrlocSettings) -> None:
    problems = list(_problems(settings))
    if problems:
        raise SettingsError(problems)


def _problems(settings: UsrlocSettings) -> Iterator[str]:
    allowed = {"db_mode": (0, 4), "matching_mode": (0, 3), "nat_bflag": (-1, 31), "expires_type": (0, 1)}
    for key, (lowest, highest) in allowed.items():
        value = getattr(settings, key)
        if not lowest <= value <= highest:
            yield f"modules.usrloc.{key}: {value} is not a number from {lowest} to {highest}"
    if settings.rm_expired_delay and settings.db_mode != DbMode.DATABASE_ONLY:
        yield "modules.usrloc.rm_expired_delay: needs db_mode 3"
