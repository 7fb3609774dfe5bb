"""Explicit suspension: tmx's t_suspend and t_continue, as scripts written for Kamailio use them.

A suspended request holds a blind branch, which is never sent: its timer brings the failure callback when nobody
continues. A suspended reply stays where it is in the transaction's events until it is continued.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from luasip.errors import SipError
from luasip.kemi.context import Branch, RouteContext
from luasip.kemi.declare import Route
from luasip.kemi.operation import TIMED_OUT, Event, RunRoute
from luasip.server.frames import Flow, RuntimeSlot
from luasip.server.transactions.layer import TransactionLayer
from luasip.server.transactions.outcome import REPLY_HELD, Outcome
from luasip.server.transactions.transaction import ClientBranch, Transaction
from luasip.server.wakeup import WakeUps
from luasip.transaction.client import NonInviteClient
from luasip.transaction.client_invite import InviteClient

log = logging.getLogger("luasip.tmx")


class Suspension:
    """t_suspend and t_continue."""

    def __init__(
        self,
        layer: TransactionLayer,
        outcome: Outcome,
        wakeups: WakeUps,
        current_slot: Callable[[], RuntimeSlot],
    ) -> None:
        self._layer = layer
        self._outcome = outcome
        self._wakeups = wakeups
        self._current_slot = current_slot
        outcome.held_reply = self.held_reply

    def suspend(self, context: RouteContext, at_most: float = 0.0) -> int:
        """Hold the transaction of `context` until `resume`. Returns 1, or -1 when it cannot be held.

        `at_most` seconds instead of the transaction's own timeout, 0.0 for that.
        """
        if context.route is Route.ONREPLY and isinstance(context.transaction, Transaction):
            context.attributes[REPLY_HELD] = True
            context.transaction.suspended = True
            return 1
        if not context.route & (Route.REQUEST | Route.FAILURE):
            return -1
        transaction = self._transaction_of(context)
        if transaction is None or transaction.final_sent:
            return -1
        if transaction.canceled:
            return 1
        transaction.arming = context.arming
        transaction.edits, transaction.flags = context.edits, context.flags
        transaction.target = context.target
        self._layer.trying(transaction)
        self._hold(transaction, at_most)
        return 1

    def _transaction_of(self, context: RouteContext) -> Transaction | None:
        if context.transaction is None:
            if context.request.method == "ACK":
                return None
            try:
                transaction, is_new = self._layer.create(context, self._current_slot())
            except SipError:
                return None
            if not is_new:
                return None
            return transaction
        assert isinstance(context.transaction, Transaction)
        return context.transaction

    def _hold(self, transaction: Transaction, at_most: float) -> None:
        """Add the blind branch and start its timer."""
        machine_type = InviteClient if transaction.is_invite else NonInviteClient
        with transaction.lock:
            branch = ClientBranch(transaction.responses.add_branch(), "", Branch(transaction.target.uri))
            branch.blind = True
            now = self._layer.timers.clock()
            branch.machine = machine_type(transaction.timers, True, now)
            branch.machine.set_final_response_timeout(at_most, at_most, now)
            transaction.branches.append(branch)
            transaction.suspended = True
            self._layer.reschedule(transaction)

    def take_back(self, context: RouteContext) -> None:
        """Undo the `suspend` of this context: nothing will resume it."""
        transaction = context.transaction
        assert isinstance(transaction, Transaction)
        context.attributes.pop(REPLY_HELD, None)
        with transaction.lock:
            transaction.suspended = False
            transaction.release()

    def resume(
        self,
        transaction: Transaction,
        name: str,
        argument: str,
        slot: RuntimeSlot | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> int:
        """Run the Lua function `name` on a held transaction. Returns 1, or -1 when it is not held.

        With `slot` it runs at once on this thread by that runtime, else soon on the timer thread; in either case
        not before the route that suspended it has ended. `attributes` are put into the context's own.
        """
        given = attributes or {}

        def go_on() -> None:
            self._layer.events.enqueue(transaction, self._continue(transaction, name, argument, given), slot)

        with transaction.lock:
            if not transaction.suspended:
                log.warning("transaction %d:%d is not suspended", transaction.id_index, transaction.id_label)
                return -1
            transaction.suspended = False
            holds_request = transaction.release()
            if holds_request and transaction.in_failure_route:
                transaction.continued = True
            if holds_request and transaction.script_running:
                if transaction.after_script is None:
                    transaction.after_script = []
                transaction.after_script.append(lambda: self._layer.timers.soon(go_on))
                return 1
        if not holds_request:
            # The callback that holds the reply may not have come to its end, so nobody waits yet.
            self._wakeups.grant(_key(transaction), (name, argument, given))
            return 1
        if slot is not None:
            go_on()
        else:
            self._layer.timers.soon(go_on)
        return 1

    def _continue(
        self, transaction: Transaction, name: str, argument: str, attributes: Mapping[str, Any]
    ) -> Flow:
        if transaction.final_sent:
            return
        context = self._outcome.failure_context(transaction, None)
        context.attributes.update(attributes)
        transaction.in_failure_route = True
        try:
            yield RunRoute(name, context, (argument,))
        finally:
            transaction.in_failure_route = False
        transaction.flags, transaction.xflags = context.flags, context.xflags
        if transaction.final_sent or transaction.suspended or transaction.take_continued():
            return
        if transaction.responses.pending():
            return
        if transaction.canceled:
            self._layer.reply(transaction, 487, "Request Terminated")
            return
        log.warning("%s: %s ended without relaying or answering", transaction.call_id, name)
        status, reason = transaction.error_reply or (500, "Server Internal Error")
        self._layer.reply(transaction, status, reason)

    def held_reply(self, transaction: Transaction, context: RouteContext) -> Flow:
        """Wait until the reply of an onreply callback that called t_suspend is continued."""
        limit = transaction.timers.final_response
        while context.attributes.pop(REPLY_HELD, False):
            resumed = yield Event(_key(transaction), limit)
            if resumed is TIMED_OUT:
                with transaction.lock:
                    waited_in_vain, transaction.suspended = transaction.suspended, False
                if waited_in_vain:
                    log.warning("%s: a held reply was not continued in time", transaction.call_id)
                    return
                resumed = yield Event(_key(transaction), limit)  # continued in this very moment
            name, argument, attributes = resumed
            context.attributes.update(attributes)
            yield RunRoute(name, context, (argument,))


def _key(transaction: Transaction) -> str:
    return f"tm:reply:{transaction.id_index}:{transaction.id_label}"
