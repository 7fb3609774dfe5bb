"""Functions that find where a user can be reached."""

import ipaddress
from functools import partial
from typing import Final

from luasip.errors import SipError, StorageError
from luasip.kemi.context import RouteContext, Suspending
from luasip.kemi.declare import Route, function
from luasip.kemi.lists import Value, XavpRecord
from luasip.modules.registrar import looking_up
from luasip.modules.registrar.finding import FAILED, FOUND
from luasip.modules.registrar.looking_up import named_by
from luasip.modules.registrar.registration import configuration_of, configured
from luasip.modules.registrar.tables import TableAccess, blocking
from luasip.modules.usrloc import Contact, LocationTable
from luasip.sip.message import Request
from luasip.sip.uri import parse_uri

_ROUTING: Final = Route.REQUEST | Route.FAILURE | Route.EVENT


class LookupFunctions(TableAccess):
    """lookup, registered and their variants."""

    @function(_ROUTING, suspends=True, body=looking_up.lookup)
    def lookup(self, ctx: RouteContext, table: str) -> Suspending:
        """Route the request to the contacts of its Request-URI.

        Args:
            table: location table.
        Returns: 1 found, -1 not registered, -2 no contact accepts the method, -3 error.
        """
        return (yield from self._lookup(ctx, table, "", True))

    @function(_ROUTING, suspends=True)
    def lookup_uri(self, ctx: RouteContext, table: str, uri: str) -> Suspending:
        """Route the request to the contacts of a URI.

        Args:
            table: location table.
            uri: whose contacts; the Request-URI when empty.
        Returns: as lookup.
        """
        return (yield from self._lookup(ctx, table, uri, True))

    @function(_ROUTING, suspends=True)
    def lookup_to_dset(self, ctx: RouteContext, table: str, uri: str) -> Suspending:
        """Add the contacts of a URI as branches and leave the Request-URI as it is.

        Args:
            table: location table.
            uri: whose contacts; the Request-URI when empty.
        Returns: as lookup.
        """
        return (yield from self._lookup(ctx, table, uri, False))

    def _lookup(self, ctx: RouteContext, table_name: str, uri: str, rewrite: bool) -> Suspending:
        table = self._table(table_name)
        if table is None or not isinstance(ctx.message, Request):
            return FAILED
        return (yield from self.look_up(ctx, table, uri or ctx.target.uri, rewrite))

    def look_up(self, ctx: RouteContext, table: LocationTable, uri: str, rewrite: bool) -> Suspending:
        """Route the request to the contacts of `uri`; with `rewrite` the first one takes the Request-URI's place."""
        try:
            named = yield from blocking(table.reads_block, partial(named_by, self._rules, table, uri))
            return looking_up.route_to(self, ctx, named, rewrite)
        except (SipError, StorageError) as error:
            return looking_up.failed(uri, error)

    @function(_ROUTING, suspends=True)
    def lookup_branches(self, ctx: RouteContext, table: str) -> Suspending:
        """Look up the Request-URI and every branch there is.

        Args:
            table: location table.
        Returns: 1 when one of them is registered, otherwise as lookup for the last one.
        """
        earlier = list(ctx.branches)
        outcome = yield from self._lookup(ctx, table, "", True)
        found = outcome > 0
        target = ctx.target
        for branch in earlier:
            if branch.destination_uri or branch.path or branch.send_socket is not None or branch.flags:
                continue
            ctx.target = branch
            outcome = yield from self._lookup(ctx, table, branch.uri, True)
            if outcome > 0:
                found = True
                ctx.branches[ctx.branches.index(branch)] = ctx.target
            ctx.target = target
        return FOUND if found else outcome

    @function(suspends=True)
    def lookup_xavp(self, ctx: RouteContext, utname: str, uri: str, rxname: str, cxname: str) -> Suspending:
        """Put the contacts of a URI into XAVPs.

        Args:
            utname: location table.
            uri: whose contacts.
            rxname: XAVP for the record: aor and count.
            cxname: XAVP with one record a contact: uri, socket and dsturi.
        Returns: 1, -1 when there are none.
        """
        fetched = yield from self._fetch(utname, uri)
        if fetched is None:
            return -1
        aor, contacts = fetched
        records: list[Value] = []
        for contact in contacts:
            record = XavpRecord()
            record.set("uri", contact.uri)
            if contact.socket:
                record.set("socket", contact.socket)
            if contact.received:
                record.set("dsturi", contact.received)
            records.append(record)
        ctx.lists.xavps[cxname] = records + ctx.lists.xavps.get(cxname, [])
        summary = XavpRecord()
        summary.set("aor", aor)
        summary.set("count", len(contacts))
        ctx.lists.xavps.setdefault(rxname, []).insert(0, summary)
        return 1

    @function(suspends=True)
    def registered(self, ctx: RouteContext, table: str) -> Suspending:
        """Whether the user of the Request-URI (on a reply: of To) is registered.

        Args:
            table: location table.
        Returns: 1 registered, -1 not.
        """
        return (yield from self._registered(ctx, table, "", 0, 0))

    @function(suspends=True)
    def registered_uri(self, ctx: RouteContext, table: str, uri: str) -> Suspending:
        """Whether the user of a URI is registered.

        Args:
            table: location table.
            uri: the user; as for registered when empty.
        Returns: 1 registered, -1 not.
        """
        return (yield from self._registered(ctx, table, uri, 0, 0))

    @function(suspends=True)
    def registered_flags(self, ctx: RouteContext, table: str, uri: str, flags: int) -> Suspending:
        """Whether the user of a URI has a contact with the values in xavp_cfg.

        Args:
            table: location table.
            uri: the user; as for registered when empty.
            flags: what must match: sum of 1 match_callid, 2 match_received, 4 match_contact.
        Returns: 1 registered, -1 not.
        """
        return (yield from self._registered(ctx, table, uri, flags, 0))

    @function(suspends=True)
    def registered_action(
        self, ctx: RouteContext, table: str, uri: str, flags: int, action_flags: int
    ) -> Suspending:
        """Whether the user of a URI has a contact with the values in xavp_cfg.

        Args:
            table: location table.
            uri: the user; as for registered when empty.
            flags: as for registered_flags.
            action_flags: 2: do not fill xavp_rcd.
        Returns: 1 registered, -1 not.
        """
        return (yield from self._registered(ctx, table, uri, flags, action_flags))

    def _registered(
        self, ctx: RouteContext, table_name: str, uri: str, flags: int, action_flags: int
    ) -> Suspending:
        try:
            owner = uri or (ctx.target.uri if ctx.is_request else ctx.message.to.uri_text)
        except SipError:
            return -1
        fetched = yield from self._fetch(table_name, owner)
        if fetched is None:
            return -1
        wanted = self._wanted(ctx, flags)
        now = self._services.wall_clock()
        for contact in fetched[1]:
            if contact.is_valid(now) and all(getattr(contact, key) == value for key, value in wanted.items()):
                if not action_flags & 2:
                    self._destinations.note(ctx, contact)
                return 1
        return -1

    def _wanted(self, ctx: RouteContext, flags: int) -> dict[str, Value]:
        """Values a contact must have, by its attribute."""
        fields = (
            (1, "match_callid", "call_id"),
            (2, "match_received", "received"),
            (4, "match_contact", "uri"),
        )
        configuration = configuration_of(ctx, self.settings)
        wanted = {key: configured(configuration, field) for bit, field, key in fields if flags & bit}
        return {key: value for key, value in wanted.items() if value}

    @function(suspends=True)
    def reg_from_user(self, ctx: RouteContext, utname: str, uri: str, vmode: int) -> Suspending:
        """Whether the request comes from where one of a user's contacts is.

        Args:
            utname: location table.
            uri: the user.
            vmode: what must match besides the address: sum of 1 port, 2 protocol.
        Returns: 1 it does, -1 not.
        """
        fetched = yield from self._fetch(utname, uri)
        if fetched is None:
            return -1
        return 1 if any(_comes_from(ctx, contact, vmode) for contact in fetched[1]) else -1


def _comes_from(ctx: RouteContext, contact: Contact, vmode: int) -> bool:
    try:
        uri = parse_uri(contact.received or contact.uri)
        same = ipaddress.ip_address(uri.host.strip("[]")) == ipaddress.ip_address(ctx.source.host)
    except (SipError, ValueError):
        return False
    protocol = uri.transport or ("tls" if uri.scheme == "sips" else "udp")
    default_port = 5061 if protocol in ("tls", "wss") else 5060
    if vmode & 1 and (uri.port or default_port) != ctx.source.port:
        return False
    return same and (not vmode & 2 or protocol == ctx.source.listener.protocol)
