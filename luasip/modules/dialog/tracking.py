"""Which dialog a message belongs to, and what it does to it.

Hears of requests from dlg_manage and rr, of responses and ACKs from the transaction layer; what follows is Life's.
"""

import logging
from functools import partial
from typing import Any, Final

from luasip.errors import SipError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.current import from_header, to_header
from luasip.kemi.transactions import Transaction
from luasip.modules.dialog.cookie import cookie_of, read_cookie
from luasip.modules.dialog.dialog import Dialog, Direction, Side
from luasip.modules.dialog.legs import caller_leg, contact_of, count_routes, learn_callee
from luasip.modules.dialog.life import CURRENT, Life
from luasip.modules.dialog.nat import keep_alias
from luasip.modules.dialog.pending import Pending, lifetime_of
from luasip.modules.dialog.settings import DialogSettings
from luasip.modules.rr import Rr
from luasip.sip.message import Message, Request, Response

log = logging.getLogger("luasip.dialog")

_NOTE: Final = "dialog"
_SEEN: Final = "dialog.seen"
DIRECTION: Final = "dialog.direction"

_BY_COOKIE_ONLY: Final = 0
_BY_TAGS_ONLY: Final = 2
_REFRESHING: Final = frozenset(("INVITE", "UPDATE"))
"""Methods whose 2xx changes where the ends are reached (RFC 3261 §12.2, RFC 3311)."""


class Tracking:
    """A luasip.kemi.transactions.TransactionObserver; see the module's docstring."""

    def __init__(self, settings: DialogSettings, services: Services, rr: Rr, life: Life) -> None:
        self._settings = settings
        self._services = services
        self._rr = rr
        self._life = life
        self._table = life.table

    # Finding

    def current(self, ctx: RouteContext) -> Dialog | None:
        """The dialog of the context: the one set for it, or that of its message."""
        dialog: Dialog | None = ctx.attributes.get(CURRENT)
        if dialog is not None:
            return dialog
        found = self.of_message(ctx.message)
        return None if found is None else found[0]

    def of_message(self, message: Message) -> tuple[Dialog, Direction] | None:
        """The dialog of a message by its Call-ID and tags."""
        if not len(self._table):
            return None
        sender, receiver = from_header(message), to_header(message)
        if sender is None or receiver is None:
            return None
        try:
            return self._table.find(message.call_id, sender.tag, receiver.tag)
        except SipError:
            return None

    # Requests

    def manage(self, ctx: RouteContext) -> int:
        """dlg_manage: begin a dialog, or find that of a later request. 1, -1 when it begins none."""
        if not isinstance(ctx.message, Request):
            return -1
        receiver = to_header(ctx.message)
        if receiver is None:
            return -1
        if receiver.tag:
            self.within(ctx, by_tags=True)
            return 1
        return 1 if self.begin(ctx) else -1

    def begin(self, ctx: RouteContext) -> bool:
        """Track the dialog that an INVITE outside of one begins. False for another request."""
        request = ctx.request
        if request.method != "INVITE":
            return False
        try:
            leg = caller_leg(request, ctx.source)
            known = self._spiral(request) if self._settings.detect_spirals else None
            dialog = known or self._new(ctx, request, leg)
        except SipError as error:
            log.info("no dialog for an INVITE: %s", error)
            return False
        ctx.attributes[CURRENT] = dialog
        ctx.attributes[DIRECTION] = Direction.DOWNSTREAM
        if ctx.transaction is not None:
            self._note(ctx.transaction, dialog)
        if self._settings.dlg_match_mode != _BY_TAGS_ONLY:
            self._rr.put_parameter(ctx, self._settings.rr_param, cookie_of(dialog.entry, dialog.number))
        if known is None:
            ctx.on_response = (*ctx.on_response, partial(self._heard, dialog))
            Pending.of(ctx).give_to(dialog, self._life.profiles)
        return True

    def _spiral(self, request: Request) -> Dialog | None:
        return self._table.find_initial(request.call_id, request.from_.tag, request.cseq.number)

    def _new(self, ctx: RouteContext, request: Request, leg: Any) -> Dialog:
        entry, number = self._table.new_identity(request.call_id)
        dialog = Dialog(
            entry,
            number,
            request.call_id,
            request.from_.uri_text,
            request.to.uri_text,
            ctx.target.uri,
            leg,
            invite_cseq=leg.cseq,
            lifetime=lifetime_of(ctx, self._settings, self._services.variables),
        )
        self._life.begin(dialog)
        return dialog

    def followed(self, ctx: RouteContext) -> None:
        """A request's own Route was followed (rr)."""
        receiver = to_header(ctx.message)
        if receiver is not None and receiver.tag:
            self.within(ctx, by_tags=self._settings.dlg_match_mode != _BY_COOKIE_ONLY)

    def within(self, ctx: RouteContext, by_tags: bool) -> Dialog | None:
        """Find the dialog of a later request, once for each request, and do what the request does to it."""
        if _SEEN in ctx.attributes:
            return self.current(ctx)
        found = self._by_cookie(ctx)
        if found is None and by_tags:
            found = self.of_message(ctx.message)
        if found is None:
            return None
        dialog, direction = found
        ctx.attributes[_SEEN] = True
        ctx.attributes[CURRENT] = dialog
        ctx.attributes[DIRECTION] = direction
        self._used(ctx, dialog, direction)
        return dialog

    def _by_cookie(self, ctx: RouteContext) -> tuple[Dialog, Direction] | None:
        if self._settings.dlg_match_mode == _BY_TAGS_ONLY:
            return None
        identity = read_cookie(self._rr.own_parameter(ctx, self._settings.rr_param))
        dialog = None if identity is None else self._table.by_identity(*identity)
        if dialog is None:
            return None
        request = ctx.request
        try:
            direction = dialog.direction_of(request.from_.tag, request.to.tag)
            if direction is not None and request.call_id == dialog.call_id:
                return dialog, direction
        except SipError:
            return None
        log.info("a %s names the dialog %s and is not of it", request.method, dialog.call_id)
        return None

    def _used(self, ctx: RouteContext, dialog: Dialog, direction: Direction) -> None:
        request = ctx.request
        if request.method == "ACK":
            self._acknowledged(dialog, request)
            return
        if request.method == "BYE":
            self._life.ended(dialog, request, ctx.source)
            return
        leg = dialog.leg(Side.CALLER if direction is Direction.DOWNSTREAM else Side.CALLEE)
        pending = Pending.of(ctx)
        timeout = pending.timeout or pending.from_variable(ctx, self._settings, self._services.variables)
        with self._table.lock:
            leg.cseq = max(leg.cseq, request.cseq.number)
            leg.socket = ctx.source.listener.text
            if timeout:
                dialog.lifetime = timeout
        self._life.used(dialog)

    # What the transaction layer tells

    def created(self, ctx: RouteContext, transaction: Transaction) -> None:
        """A request has got its transaction: the flag dlg_flag begins a dialog."""
        if ctx.flags & self._settings.flag and CURRENT not in ctx.attributes and ctx.is_request:
            receiver = to_header(ctx.message)
            if receiver is not None and not receiver.tag:
                self.begin(ctx)

    def response_sent(self, transaction: Transaction, status: int, response: Response | None) -> None:
        """A response went upstream."""
        if transaction.method not in _REFRESHING:
            return
        dialog = self._begun_by(transaction)
        if dialog is None:
            if 200 <= status < 300 and len(self._table):
                self._refreshed(transaction.request, response)
        elif status < 200:
            self._life.ringing(dialog)
        else:
            self._final(dialog, status, response, transaction.request)

    def apply_response(self, dialog: Dialog, response: Response) -> None:
        """A response to the first INVITE of a dialog that the transaction layer does not tell of."""
        if response.status < 200:
            self._life.ringing(dialog)
        else:
            self._final(dialog, response.status, response, None)

    def _final(self, dialog: Dialog, status: int, response: Response | None, request: Request | None) -> None:
        """The answer to the first INVITE; `response` is None when it was made here."""
        message = response or request
        source = dialog.callee_source if response is not None else None
        if message is not None and status < 300:
            self._life.answered(dialog, message, source, lambda: self._learn(dialog, response))
        else:
            self._life.failed(dialog, message, source)

    def failed(self, transaction: Transaction, status: int, response: Response | None) -> None:
        """Every branch so far has failed: the failure callback decides what that means."""

    def acknowledged(self, transaction: Transaction, request: Request, source: Any) -> None:
        """The ACK for a 2xx came."""
        dialog = None if transaction.notes is None else transaction.notes.get(_NOTE)
        if isinstance(dialog, Dialog):
            self._acknowledged(dialog, request)

    def _acknowledged(self, dialog: Dialog, request: Request) -> None:
        receiver = to_header(request)
        if not dialog.callee.tag and receiver is not None:
            dialog.callee.tag = receiver.tag  # the 2xx was made here
        self._life.acknowledged(dialog)

    def _heard(self, dialog: Dialog, ctx: RouteContext) -> None:
        """A response to the INVITE came; a callback may want to know its dialog."""
        ctx.attributes[CURRENT] = dialog
        ctx.attributes[DIRECTION] = Direction.UPSTREAM
        receiver = to_header(ctx.message)
        with self._table.lock:
            if not dialog.is_answered:
                dialog.callee.socket = ctx.source.listener.text
                dialog.callee_source = ctx.source
                if receiver is not None and receiver.tag:
                    dialog.callee.tag = receiver.tag

    def _begun_by(self, transaction: Transaction) -> Dialog | None:
        """The dialog whose first INVITE the transaction is about."""
        notes = transaction.notes
        if notes is not None and _NOTE in notes:
            dialog: Dialog = notes[_NOTE]
            return dialog
        if transaction.method != "INVITE" or not len(self._table):
            return None
        request = transaction.request
        try:
            if request.to.tag:
                return None
            begun = self._spiral(request)
        except SipError:
            return None
        if begun is not None:
            self._note(transaction, begun)
        return begun

    def _note(self, transaction: Transaction, dialog: Dialog) -> None:
        if transaction.notes is None:
            transaction.notes = {}
        transaction.notes[_NOTE] = dialog

    def _learn(self, dialog: Dialog, response: Response | None) -> None:
        if response is None:
            return
        try:
            known = count_routes(dialog.caller.route_set)
            learn_callee(dialog.callee, response, dialog.callee_source, known, self._rr.is_own)
        except SipError as error:
            log.info("the callee of %s is not known well: %s", dialog.call_id, error)

    def _refreshed(self, request: Request, response: Response | None) -> None:
        """A 2xx within a dialog: both ends may have moved."""
        found = self.of_message(request)
        if found is None:
            return
        dialog, direction = found
        sender = Side.CALLER if direction is Direction.DOWNSTREAM else Side.CALLEE
        with self._table.lock:
            for side, message in ((sender, request), (sender.other, response)):
                contact = contact_of(message) if message is not None else ""
                if contact:
                    leg = dialog.leg(side)
                    leg.contact = keep_alias(leg.contact, contact)
        self._life.changed(dialog)
