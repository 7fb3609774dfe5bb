"""Functions that change who is registered, and the answers to REGISTER."""

import logging
from collections.abc import Generator
from functools import partial
from typing import Any, Final

from luasip.errors import SipError, StorageError
from luasip.kemi.context import RouteContext, Services, Suspending
from luasip.kemi.declare import Route, function
from luasip.kemi.operation import Operation
from luasip.modules.registrar.answer import Answer, AnswerWriter
from luasip.modules.registrar.refusal import Refusal, RegistrationRefused
from luasip.modules.registrar.registration import (
    Q_OVERRIDE,
    SAVE_NO_REPLY,
    SAVE_PREPARE_REPLY,
    Registration,
    RegistrationReader,
    read_q,
)
from luasip.modules.registrar.saving import Saving
from luasip.modules.registrar.settings import RegistrarSettings
from luasip.modules.registrar.tables import TableAccess, blocking
from luasip.modules.usrloc import LocationTable, Usrloc
from luasip.modules.usrloc.contact import Contacts
from luasip.sip.uri import parse_uri

_log = logging.getLogger(__name__)

LISTED: Final = 4
"""What save returns for a REGISTER that only asks."""

_ANSWER: Final = "registrar.answer"
_REPLYING: Final = Route.REQUEST | Route.FAILURE
_TO_SAVE: Final = Route.REQUEST | Route.FAILURE | Route.REPLY | Route.ONREPLY | Route.EVENT


class SaveFunctions(TableAccess):
    """save, unregister and what goes with them."""

    def __init__(self, settings: RegistrarSettings, services: Services, usrloc: Usrloc) -> None:
        super().__init__(settings, services, usrloc)
        self._reader = RegistrationReader(settings, usrloc.nat_flag, usrloc.new_ruid)
        self._answers = AnswerWriter(settings)

    @function(_TO_SAVE, suspends=True)
    def save(self, ctx: RouteContext, table: str, flags: int) -> Suspending:
        """Do what a REGISTER asks for and answer it.

        Args:
            table: location table, such as "location".
            flags: sum of 1 keep in memory only, 2 send no reply, 4 keep just this contact, 8 do not vary the
                life of contacts, 16 (with 2) prepare the reply's headers.
        Returns: 1 contact added, 2 updated, 3 removed, 4 contacts listed, -1 error (answered with the
            reason), -2 too many contacts.
        """
        return (yield from self._save(ctx, table, flags, ""))

    @function(_TO_SAVE, suspends=True)
    def save_uri(self, ctx: RouteContext, table: str, flags: int, uri: str) -> Suspending:
        """Do what a REGISTER asks for, for the address of record of a given URI instead of To.

        Args:
            table: location table.
            flags: as for save.
            uri: whose contacts they are.
        Returns: as save.
        """
        if not uri:
            return -1
        return (yield from self._save(ctx, table, flags, uri))

    def _save(self, ctx: RouteContext, table_name: str, flags: int, uri: str) -> Suspending:
        table = self._table(table_name)
        try:
            owner = uri or ctx.message.to.uri_text
            aor = self._rules.address_of(owner)
            host = parse_uri(owner).host
        except SipError as error:
            return self._fail(ctx, error.status, error.reason, flags)
        if table is None:
            return self._fail(ctx, 500, "Server Internal Error", flags)
        now = int(self._services.wall_clock())
        saving: Saving | None = None
        try:
            registration = self._reader.read(ctx, aor, flags, now)
            saving = Saving(registration, self._usrloc)
            contacts, outcome = yield from self._carry_out(table, aor, registration, saving)
        except RegistrationRefused as refused:
            return self._refuse(ctx, refused, flags, saving.present if saving is not None else (), host, now)
        except StorageError as error:
            _log.error("registrar: %s is not saved: %s", aor, error)
            return self._refuse(ctx, RegistrationRefused(Refusal.STORAGE), flags, (), host, now)
        self._services.count("registrar:accepted_regs")
        for contact in contacts:
            if contact.is_valid(now):
                self._destinations.note(ctx, contact)
        answer = self._answers.accepted(ctx.message, contacts, host, registration.path, now)
        return outcome if self._reply(ctx, answer, flags, _REPLYING) else -1

    def _fail(self, ctx: RouteContext, status: int, reason: str, flags: int) -> int:
        """Answer a REGISTER that never came to its contacts."""
        self._services.count("registrar:rejected_regs")
        ctx.last_error = (status, reason)
        if not flags & SAVE_NO_REPLY:
            self._services.reply(ctx, status, reason)
        return -1

    def _carry_out(
        self, table: LocationTable, aor: str, registration: Registration, saving: Saving
    ) -> Generator[Operation, Any, tuple[Contacts, int]]:
        """The contacts there are afterwards, and what save returns."""
        if not registration.star and not registration.contacts:
            return (yield from self._contacts(table, aor)), LISTED
        contacts = yield from blocking(table.writes_block, partial(table.change, aor, saving.edit))
        return contacts, saving.outcome

    def _refuse(
        self,
        ctx: RouteContext,
        refused: RegistrationRefused,
        flags: int,
        present: Contacts,
        host: str,
        now: int,
    ) -> int:
        self._services.count("registrar:rejected_regs")
        ctx.last_error = (refused.status, refused.reason)
        answer = self._answers.refused(refused, ctx.message, present, host, now)
        self._reply(ctx, answer, flags & ~SAVE_PREPARE_REPLY, _REPLYING)
        return -2 if refused.refusal is Refusal.TOO_MANY else -1

    def _reply(self, ctx: RouteContext, answer: Answer, flags: int, routes: Route) -> bool:
        """Send, prepare or keep the answer, as the flags say. False when it could not be sent."""
        if flags & SAVE_NO_REPLY:
            if flags & SAVE_PREPARE_REPLY:
                ctx.reply_headers += answer.headers
                answer.headers = []
            ctx.attributes[_ANSWER] = answer
            return True
        if not ctx.route & routes:
            return True
        ctx.reply_headers += answer.headers
        return self._services.reply(ctx, answer.status, answer.reason) > 0

    @function(_REPLYING)
    def reg_send_reply(self, ctx: RouteContext) -> int:
        """Send the reply that save was told not to send.

        Returns: 1, -1 when it could not be sent or there is none.
        """
        answer: Answer | None = ctx.attributes.pop(_ANSWER, None)
        if answer is None:
            return -1
        return 1 if self._reply(ctx, answer, 0, _REPLYING) else -1

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
