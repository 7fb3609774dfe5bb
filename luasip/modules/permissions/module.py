"""The permissions module: asking the tables about a message, and the RPC commands.

The tables are read from files or the database at the start and at a reload; only allow_trusted with db_mode 0 asks
the database in a route, and suspends it meanwhile.
"""

import logging
import threading
from pathlib import Path
from typing import Any

from luasip.errors import CommandError, SettingsError, SipError, StorageError
from luasip.kemi.context import RouteContext, Services, Suspending
from luasip.kemi.declare import Module, command, function
from luasip.kemi.operation import Call
from luasip.modules.permissions.addresses import AddressTable, Entry, address_table, read_address, read_rows
from luasip.modules.permissions.rules import Rule, is_allowed, read_rules
from luasip.modules.permissions.settings import LOAD_ADDRESSES, LOAD_TRUSTED, PermissionsSettings
from luasip.modules.permissions.store import PermissionsStore
from luasip.modules.permissions.trusted import Peer, peers

log = logging.getLogger("luasip.permissions")


class Permissions(Module):
    """permissions: which addresses and callers are let in."""

    name = "permissions"

    Settings = PermissionsSettings
    changeable = ("peer_tag_mode", "reload_delta", "allow_suffix", "deny_suffix")

    def __init__(self, settings: PermissionsSettings, services: Services) -> None:
        """Raises SettingsError."""
        problems = []
        if settings.peer_tag_avp and not settings.peer_tag_avp.startswith("$avp("):
            problems.append(
                f"modules.permissions.peer_tag_avp: {settings.peer_tag_avp!r} is no AVP ($avp(name))"
            )
        if settings.db_mode not in (0, 1):
            problems.append(f"modules.permissions.db_mode: {settings.db_mode} is not 0 or 1")
        if problems:
            raise SettingsError(problems)
        self.settings = settings
        self._services = services
        self._store: PermissionsStore | None = None
        self._addresses = AddressTable()
        self._trusted: dict[str, list[Peer]] = {}
        self._lock = threading.Lock()
        self._reloaded_at: float | None = None

    def start(self) -> None:
        """Load the tables. Raises StorageError: a server that does not know whom to trust must not start."""
        settings = self.settings
        if settings.db_url:
            self._store = PermissionsStore(self._services.databases.open(settings.db_url), settings)
        if settings.load_backends & LOAD_ADDRESSES:
            self._load_addresses()
        if settings.load_backends & LOAD_TRUSTED and settings.db_mode == 1:
            self._load_trusted()

    def _load_addresses(self) -> None:
        path = self.settings.address_file
        longest = bool(self.settings.subnet_match_mode)
        try:
            if path:
                self._addresses = address_table(read_rows(Path(path).read_text("latin-1"), path), longest)
            elif self._store is not None:
                self._addresses = address_table(self._store.addresses(), longest)
        except (OSError, ValueError) as error:
            raise StorageError(f"permissions: addresses are not loaded: {error}") from error

    def _load_trusted(self) -> None:
        if self._store is None:
            return
        try:
            self._trusted = peers(self._store.trusted())
        except ValueError as error:
            raise StorageError(f"permissions: trusted peers are not loaded: {error}") from error

    # Addresses

    @function()
    def allow_source_address(self, ctx: RouteContext, addr_group: int) -> int:
        """Whether the message came from an address of a group.

        Args:
            addr_group: the group.
        Returns: 1 it did, -1 not.
        """
        return self._allow(ctx, self._source(ctx, addr_group))

    @function()
    def allow_address(self, ctx: RouteContext, addr_group: int, ips: str, port: int) -> int:
        """Whether an address or name is in a group.

        Args:
            addr_group: the group.
            ips: IP address, or a name as it stands in the table.
            port: the port; entries with port 0 are for any.
        Returns: 1 it is, -1 not.
        """
        return self._allow(ctx, self._addresses.find(ips, port, addr_group))

    @function()
    def allow_source_address_group(self, ctx: RouteContext) -> int:
        """The group of the address the message came from.

        Returns: the group, -1 when there is none.
        """
        return self._group(ctx, self._source(ctx, None))

    @function()
    def allow_address_group(self, ctx: RouteContext, _addr: str, _port: int) -> int:
        """The group of an address or name.

        Args:
            _addr: IP address, or a name as it stands in the table.
            _port: the port; entries with port 0 are for any.
        Returns: the group, -1 when there is none.
        """
        return self._group(ctx, self._addresses.find(_addr, _port, None))

    def _source(self, ctx: RouteContext, group: int | None) -> Entry | None:
        address = read_address(ctx.source.host)
        return None if address is None else self._addresses.find_address(address, ctx.source.port, group)

    def _allow(self, ctx: RouteContext, entry: Entry | None) -> int:
        return -1 if entry is None or not self._leave_tag(ctx, entry.tag) else 1

    def _group(self, ctx: RouteContext, entry: Entry | None) -> int:
        return -1 if entry is None or not self._leave_tag(ctx, entry.tag) else entry.group

    def _leave_tag(self, ctx: RouteContext, tag: str) -> bool:
        """Add an entry's tag to peer_tag_avp."""
        if not tag or not self.settings.peer_tag_avp:
            return True
        return self._services.variables.set(ctx, self.settings.peer_tag_avp, tag)

    # Trusted peers

    @function(suspends=True)
    def allow_trusted(self, ctx: RouteContext) -> Suspending:
        """Whether the message came from a trusted peer: source address, protocol, From and Request-URI.

        With db_mode 0 the database is asked, and the route is suspended meanwhile.

        Returns: 1 it did (with peer_tag_mode 1 how many entries match), -1 not, or the database did not answer.
        """
        source = ctx.source.host
        if self.settings.db_mode == 1:
            return self._match_trusted(ctx, self._trusted.get(source, []))
        store = self._store
        if store is None:
            log.error("permissions: allow_trusted needs modules.permissions.db_url")
            return -1
        answer = yield Call("sql", lambda: peers(store.trusted_at(source)))
        if not isinstance(answer, dict):
            log.error("permissions: trusted peers at %s are not known: %s", source, answer)
            return -1
        return self._match_trusted(ctx, answer.get(source, []))

    def _match_trusted(self, ctx: RouteContext, known: list[Peer]) -> int:
        protocol = ctx.source.listener.protocol
        sender: str | None = None
        uri: str | None = None
        if ctx.is_request:
            try:
                sender = ctx.request.from_.uri_text
            except SipError:
                return -1
            uri = ctx.request.request_uri
        found = 0
        for peer in known:
            if not peer.fits(protocol, sender, uri):
                continue
            if not self._leave_tag(ctx, peer.tag):
                return -1
            found += 1
            if not self.settings.peer_tag_mode:
                break
        return found or -1

    # Commands

    @command("permissions.addressReload")
    def reload_addresses(self) -> str:
        """Load the addresses again. When something is wrong with them the old ones stay."""
        self._check_reload()
        if not self.settings.address_file and self._store is None:
            raise CommandError(500, "Reload failed.")
        try:
            self._load_addresses()
        except StorageError as error:
            log.error("%s", error)
            raise CommandError(500, "Reload failed.") from error
        return "Reload OK"

    @command("permissions.trustedReload")
    def reload_trusted(self) -> str:
        """Load the trusted peers again (db_mode 1). When something is wrong with them the old ones stay."""
        self._check_reload()
        if self._store is None or self.settings.db_mode != 1:
            raise CommandError(500, "Reload failed.")
        try:
            self._load_trusted()
        except StorageError as error:
            log.error("%s", error)
            raise CommandError(500, "Reload failed.") from error
        return "Reload OK"

    def _check_reload(self) -> None:
        now = self._services.now()
        with self._lock:
            if self._reloaded_at is not None and now < self._reloaded_at + self.settings.reload_delta:
                raise CommandError(500, "ongoing reload")
            self._reloaded_at = now

    @command("permissions.addressDump")
    def dump_addresses(self) -> list[dict[str, Any]]:
        """The single addresses."""
        return [_shown(entry) for entry in self._addresses.all_hosts()]

    @command("permissions.subnetDump")
    def dump_networks(self) -> list[dict[str, Any]]:
        """The networks."""
        return [_shown(entry) for entry in self._addresses.all_networks()]

    @command("permissions.domainDump")
    def dump_names(self) -> list[dict[str, Any]]:
        """The names."""
        return [_shown(entry) for entry in self._addresses.all_names()]

    @command("permissions.trustedDump")
    def dump_trusted(self) -> list[dict[str, Any]]:
        """The trusted peers that are loaded (db_mode 1)."""
        if self.settings.db_mode != 1:
            raise CommandError(500, "No trusted table")
        return [_shown_peer(peer) for same in self._trusted.values() for peer in same]

    @command("permissions.testUri")
    def test_uri(self, basename: str, uri: str, contact: str) -> str:
        """What the files of rules BASENAME.allow and BASENAME.deny say about a URI and a contact."""
        allow = self._rules(basename + self.settings.allow_suffix)
        deny = self._rules(basename + self.settings.deny_suffix)
        return "Allowed" if is_allowed(allow, deny, uri, contact) else "Denied"

    @command("permissions.allowUri")
    def allow_uri(self, basename: str, uri: str, contact: str) -> str:
        """The same as permissions.testUri."""
        return self.test_uri(basename, uri, contact)

    def _rules(self, path: str) -> list[Rule]:
        """The rules of a file; none when it is not there."""
        try:
            return read_rules(Path(path).read_text("latin-1"), path)
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise CommandError(500, str(error)) from error


def _shown(entry: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {"port": entry.port, "tag": entry.tag or "NULL"}
    if not read_address(entry.host):
        return {"group": entry.group, "item": {"domain_name": entry.host, **item}}
    return {"group": entry.group, "item": {"ip": entry.host, "mask": entry.mask, **item}}


def _shown_peer(peer: Peer) -> dict[str, Any]:
    return {
        "item": {
            "ip": peer.source,
            "proto": peer.protocol,
            "pattern": peer.from_pattern or "NULL",
            "ruri_pattern": peer.ruri_pattern or "NULL",
            "tag": peer.tag or "NULL",
            "priority": peer.priority,
        }
    }
