"""Functions that change who is registered, and the answers to REGISTER."""

import logging
from functools import partial
from typing import Final

from luasip.errors import StorageError
from luasip.kemi.context import RouteContext, Services, Suspending
from luasip.kemi.declare import Route, function
from luasip.modules.registrar import registering
from luasip.modules.registrar.answer import Answer
from luasip.modules.registrar.refusal import RegistrationRefused
from luasip.modules.registrar.registering import ANSWER, Registering, Saved
from luasip.modules.registrar.registration import Q_OVERRIDE, read_q
from luasip.modules.registrar.settings import RegistrarSettings
from luasip.modules.registrar.tables import TableAccess, blocking
from luasip.modules.usrloc import Usrloc
from luasip.modules.usrloc.contact import Contacts

_log = logging.getLogger(__name__)

_REPLYING: Final = Route.REQUEST | Route.FAILURE
_TO_SAVE: Final = Route.REQUEST | Route.FAILURE | Route.REPLY | Route.ONREPLY | Route.EVENT


class SaveFunctions(TableAccess):
    """save, unregister and what goes with them."""

    def __init__(self, settings: RegistrarSettings, services: Services, usrloc: Usrloc) -> None:
        super().__init__(settings, services, usrloc)
        self.registering = Registering(settings, services, usrloc, self._rules, self._destinations)

    @function(_TO_SAVE, suspends=True, body=registering.save)
    def save(self, ctx: RouteContext, table: str, flags: int) -> Saved:
        """Do what a REGISTER asks for and answer it.

        Args:
            table: location table, such as "location".
            flags: sum of 1 keep in memory only, 2 send no reply, 4 keep just this contact, 8 do not vary the
                life of contacts, 16 (with 2) prepare the reply's headers.
        Returns: 1 contact added, 2 updated, 3 removed, 4 contacts listed, -1 error (answered with the
            reason), -2 too many contacts.
        """
        saved: Saved = registering.save(self, ctx, table, flags)
        return saved

    @function(_TO_SAVE, suspends=True, body=registering.save_uri)
    def save_uri(self, ctx: RouteContext, table: str, flags: int, uri: str) -> Saved:
        """Do what a REGISTER asks for, for the address of record of a given URI instead of To.

        Args:
            table: location table.
            flags: as for save.
            uri: whose contacts they are.
        Returns: as save.
        """
        saved: Saved = registering.save_uri(self, ctx, table, flags, uri)
        return saved

    @function(_REPLYING)
    def reg_send_reply(self, ctx: RouteContext) -> int:
        """Send the reply that save was told not to send.

        Returns: 1, -1 when it could not be sent or there is none.
        """
        answer: Answer | None = ctx.attributes.pop(ANSWER, None)
        if answer is None:
            return -1
        return 1 if self.registering.send(ctx, answer) else -1

    @function()
    def set_q_override(self, ctx: RouteContext, new_q: str) -> int:
        """Set the q that the next save gives to contacts.

        Args:
            new_q: "0" to "1", such as "0.5".
        Returns: 1, -1 when it is no q.
        """
        try:
            ctx.attributes[Q_OVERRIDE] = read_q(new_q)
        except RegistrationRefused:
            return -1
        return 1

    @function(Route.REQUEST)
    def add_sock_hdr(self, ctx: RouteContext, hdr_name: str) -> int:
        """Add a header that tells the next registrar by which socket the request came.

        Args:
            hdr_name: the header's name.
        Returns: 1, -1 without a name.
        """
        if not hdr_name:
            return -1
        ctx.edits.append_header(ctx.message, f"{hdr_name}: {ctx.source.listener.text}\r\n")
        return 1

    @function(suspends=True)
    def unregister(self, ctx: RouteContext, table: str, uri: str) -> Suspending:
        """Remove all contacts of an address of record.

        Args:
            table: location table.
            uri: whose contacts.
        Returns: 1, -1 bad uri or table, -2 error, -3 there were none.
        """
        return (yield from self._unregister(table, uri, ""))

    @function(suspends=True)
    def unregister_ruid(self, ctx: RouteContext, table: str, uri: str, ruid: str) -> Suspending:
        """Remove one contact of an address of record.

        Args:
            table: location table.
            uri: whose contact.
            ruid: the contact's ruid, all contacts when empty.
        Returns: 1, -1 bad uri or table, -2 error, -3 there was none.
        """
        return (yield from self._unregister(table, uri, ruid))

    def _unregister(self, table_name: str, uri: str, ruid: str) -> Suspending:
        table, aor = self._table(table_name), self._aor(uri)
        if table is None or aor is None:
            return -1
        removed = False

        def edit(contacts: Contacts) -> Contacts:
            nonlocal removed
            left = tuple(contact for contact in contacts if ruid and contact.ruid != ruid)
            removed = len(left) < len(contacts)
            return left

        try:
            yield from blocking(table.writes_block, partial(table.change, aor, edit))
        except StorageError as error:
            _log.error("registrar: %s is not unregistered: %s", aor, error)
            return -2
        return 1 if removed else -3
