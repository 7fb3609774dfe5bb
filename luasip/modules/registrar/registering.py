"""A REGISTER from its reading to its answer. One that mypyc compiles: every phone comes again and again.

`module` is the Registrar.
"""

import logging
from typing import Any, Final

from luasip.errors import SipError, StorageError
from luasip.kemi.context import Services, Suspending
from luasip.kemi.declare import Route
from luasip.kemi.route_context import RouteContext
from luasip.modules.registrar.address_of_record import AddressRules
from luasip.modules.registrar.answer import Answer, AnswerWriter
from luasip.modules.registrar.finding import Destinations
from luasip.modules.registrar.refusal import Refusal, RegistrationRefused
from luasip.modules.registrar.registration import (
    SAVE_NO_REPLY,
    SAVE_PREPARE_REPLY,
    Registration,
    RegistrationReader,
)
from luasip.modules.registrar.saving import Saving
from luasip.modules.registrar.settings import RegistrarSettings
from luasip.modules.registrar.tables import blocking
from luasip.modules.usrloc import Usrloc
from luasip.modules.usrloc.contact import Contacts
from luasip.modules.usrloc.table import LocationTable

_log = logging.getLogger(__name__)

Saved = int | Suspending
"""What save gives Lua, or what waits for the database."""

ANSWER: Final = "registrar.answer"
"""Attribute of the context: the answer that save was told not to send."""

_REPLYING: Final = int(Route.REQUEST | Route.FAILURE)


def save(module: Any, ctx: RouteContext, table: str, flags: int) -> Any:
    """registrar's function."""
    return _save(module, ctx, table, flags, "")


def save_uri(module: Any, ctx: RouteContext, table: str, flags: int, uri: str) -> Any:
    """registrar's function."""
    return _save(module, ctx, table, flags, uri) if uri else -1


def _save(module: Any, ctx: RouteContext, table_name: str, flags: int, uri: str) -> Saved:
    registering: Registering = module.registering
    table: LocationTable | None = module._tables.get(table_name) or module._table(table_name)
    return registering.save(ctx, table, flags, uri)


class Registering:
    """Does what a REGISTER asks for and answers it."""

    __slots__ = ("_answers", "_destinations", "_reader", "_rules", "_services", "_usrloc")

    def __init__(
        self,
        settings: RegistrarSettings,
        services: Services,
        usrloc: Usrloc,
        rules: AddressRules,
        destinations: Destinations,
    ) -> None:
        self._services = services
        self._usrloc = usrloc
        self._rules = rules
        self._destinations = destinations
        self._reader = RegistrationReader(settings, usrloc.nat_flag)
        self._answers = AnswerWriter(settings)

    def save(self, ctx: RouteContext, table: LocationTable | None, flags: int, uri: str) -> Saved:
        """What save returns, or what waits for the database. `uri`: whose contacts they are, "" for that of To."""
        try:
            owner = uri or ctx.message.to.uri_text
            aor = self._rules.address_of(owner)
        except SipError as error:
            return self._fail(ctx, error.status, error.reason, flags)
        if table is None:
            return self._fail(ctx, 500, "Server Internal Error", flags)
        registration = Registration(aor, owner, flags, int(self._services.wall_clock()))
        try:
            self._reader.read(ctx, registration)
        except RegistrationRefused as refused:
            return self._refuse(ctx, registration, refused, ())
        saving = Saving(registration, table, self._usrloc)
        if saving.blocks:
            return self._save_later(ctx, saving)
        try:
            contacts = saving.carry_out()
        except (RegistrationRefused, StorageError) as error:
            return self._not_saved(ctx, saving, error)
        return self._accept(ctx, saving, contacts)

    def _save_later(self, ctx: RouteContext, saving: Saving) -> Suspending:
        """The rest of `save` where the database is waited for."""
        try:
            contacts = yield from blocking(True, saving.carry_out)
        except (RegistrationRefused, StorageError) as error:
            return self._not_saved(ctx, saving, error)
        return self._accept(ctx, saving, contacts)

    def _accept(self, ctx: RouteContext, saving: Saving, contacts: Contacts) -> int:
        registration = saving.registration
        self._services.count("registrar:accepted_regs")
        for contact in contacts:
            if contact.is_valid(registration.now):
                self._destinations.note(ctx, contact)
        answer = self._answers.accepted(ctx.message, registration, contacts)
        return saving.outcome if self._reply(ctx, answer, registration.flags) else -1

    def _not_saved(self, ctx: RouteContext, saving: Saving, error: RegistrationRefused | StorageError) -> int:
        registration = saving.registration
        if isinstance(error, RegistrationRefused):
            return self._refuse(ctx, registration, error, saving.present)
        _log.error("registrar: %s is not saved: %s", registration.aor, error)
        return self._refuse(ctx, registration, RegistrationRefused(Refusal.STORAGE), ())

    def _refuse(
        self, ctx: RouteContext, registration: Registration, refused: RegistrationRefused, present: Contacts
    ) -> int:
        self._services.count("registrar:rejected_regs")
        ctx.last_error = (refused.status, refused.reason)
        answer = self._answers.refused(refused, ctx.message, registration, present)
        self._reply(ctx, answer, registration.flags & ~SAVE_PREPARE_REPLY)
        return -2 if refused.refusal is Refusal.TOO_MANY else -1

    def _fail(self, ctx: RouteContext, status: int, reason: str, flags: int) -> int:
        """Answer a REGISTER that never came to its contacts."""
        self._services.count("registrar:rejected_regs")
        ctx.last_error = (status, reason)
        if not flags & SAVE_NO_REPLY:
            self._services.reply(ctx, status, reason)
        return -1

    def _reply(self, ctx: RouteContext, answer: Answer, flags: int) -> bool:
        """Send, prepare or keep the answer, as the flags say. False when it could not be sent."""
        if flags & SAVE_NO_REPLY:
            if flags & SAVE_PREPARE_REPLY:
                ctx.reply_headers += answer.headers
                answer.headers = []
            ctx.attributes[ANSWER] = answer
            return True
        return self.send(ctx, answer)

    def send(self, ctx: RouteContext, answer: Answer) -> bool:
        """Send the answer where the route may; False when it could not be sent."""
        if not int(ctx.route) & _REPLYING:
            return True
        ctx.reply_headers += answer.headers
        return self._services.reply(ctx, answer.status, answer.reason) > 0
