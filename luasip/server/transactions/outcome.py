"""What follows from a response or its absence: reply callbacks, the choice, failure callbacks, the answer upstream.

What each function here gives is a flow, or None where nothing is left; the events of one transaction are dealt with
one after the other (Events.enqueue).
"""

import logging
from collections.abc import Callable
from typing import Final

from luasip.errors import SipError
from luasip.kemi.context import RouteContext, Services, Source
from luasip.kemi.declare import Route
from luasip.kemi.operation import GoOn, RunRoute
from luasip.proxy.forward import forward_response
from luasip.proxy.response_context import ALL_FINAL, CANCEL, FORWARD
from luasip.script.steps import State
from luasip.server.execution import Execution
from luasip.server.frames import Event, Flow
from luasip.server.transactions.layer import TransactionLayer
from luasip.server.transactions.template import Template
from luasip.server.transactions.transaction import ClientBranch, Transaction
from luasip.sip.edits import Edits
from luasip.sip.message import Response
from luasip.sip.status import reason_phrase
from luasip.transaction.outputs import PASS

log = logging.getLogger("luasip.tm")

REPLY_HELD: Final = "tm.reply_held"
"""Attribute of the context of an onreply callback that has suspended its reply."""

_REPLY: Final = Route.REPLY
_ONREPLY: Final = Route.ONREPLY

CALL_COMPLETED_ELSEWHERE = 'Reason: SIP;cause=200;text="Call completed elsewhere"\r\n'

HeldReply = Callable[[Transaction, RouteContext], Flow]


def _not_held(transaction: Transaction, context: RouteContext) -> Flow:
    """A flow that waits for nothing."""
    return
    yield


class Outcome:
    """Responses and failures of transactions."""

    def __init__(
        self, layer: TransactionLayer, services: Services, reply_route: str = "ksr_reply_route"
    ) -> None:
        self.layer = layer
        self._execution: Execution = layer.execution
        self.services = services
        self.reply_route = reply_route
        self.held_reply: HeldReply = _not_held
        """Flow that waits while an onreply callback has suspended its reply; set by Suspension."""
        layer.branch_failed = self.branch_failed

    def cancel_response(
        self, transaction: Transaction, branch: ClientBranch, response: Response, source: Source
    ) -> Flow:
        """A response to a CANCEL of ours came."""
        runtime = transaction.slot.runtime
        context = RouteContext(_REPLY, response, source, self.services, runtime.script_variables)
        if self.reply_route in runtime.functions:
            yield RunRoute(self.reply_route, context)
        if not context.dropped:
            self.layer.on_cancel_response(transaction, branch, response)

    def response(
        self, transaction: Transaction, branch: ClientBranch, response: Response, source: Source
    ) -> Flow | None:
        """Deal with a response of one of our branches; the flow that is left when a callback waits."""
        state: State = transaction.slot.runtime
        context = RouteContext(_REPLY, response, source, self.services, state.script_variables)
        if self.reply_route in state.functions:
            waits = self._execution.call(self.reply_route, context)
            if waits is not None:
                return self._heard_later(transaction, branch, context, waits)
        return self._heard(transaction, branch, context)

    def _heard_later(
        self, transaction: Transaction, branch: ClientBranch, context: RouteContext, waits: GoOn
    ) -> Flow:
        yield waits
        rest = self._heard(transaction, branch, context)
        if rest is not None:
            yield from rest

    def _heard(self, transaction: Transaction, branch: ClientBranch, context: RouteContext) -> Flow | None:
        """Go on with a response that the reply route has seen; the flow that is left, if any."""
        if context.dropped:
            return None
        response: Response = context.message  # type: ignore[assignment]
        machine = branch.machine
        if machine is None:
            return None
        with transaction.lock:
            step = machine.on_response(response.status, self.layer.timers.clock())
        self.layer.client_step(transaction, branch, step, response)
        # A 2xx is never lost, even when the branch was given up before it came.
        late = transaction.is_invite and machine.terminated and 200 <= response.status < 300
        if not (step & PASS or late):
            return None
        waits = self._told(transaction, branch, response, context)
        if waits is not None or context.noted(REPLY_HELD):
            return self._pass_on_later(transaction, branch, response, context, waits)
        return self._pass_on(transaction, branch, response, context)

    def _pass_on_later(
        self,
        transaction: Transaction,
        branch: ClientBranch,
        response: Response,
        context: RouteContext,
        waits: GoOn | None,
    ) -> Flow:
        if waits is not None:
            yield waits
        if context.noted(REPLY_HELD):
            yield from self.held_reply(transaction, context)
        rest = self._pass_on(transaction, branch, response, context)
        if rest is not None:
            yield from rest

    def _told(
        self, transaction: Transaction, branch: ClientBranch, response: Response, context: RouteContext
    ) -> GoOn | None:
        """Note a response that is to be passed on, and run the callback of t_on_reply; what it waits for."""
        branch.status = max(branch.status, response.status)
        branch.response = response
        for action in branch.on_response:
            action(context)
        if not branch.on_reply:
            return None
        self._enter_onreply(context, transaction, branch)
        return self._execution.call(branch.on_reply, context)

    def _pass_on(
        self, transaction: Transaction, branch: ClientBranch, response: Response, context: RouteContext
    ) -> Flow | None:
        """Choose among the responses, now that the callback has seen this one; the flow that is left, if any."""
        if branch.on_reply:
            transaction.flags, transaction.xflags = context.flags, context.xflags
            if context.dropped and response.status < 200:
                return None
            response = context.message  # type: ignore[assignment]
            branch.response = response  # the callback may have applied its changes
        if response.status >= 300 and branch.on_branch_failure:
            return self._fail_branch(transaction, branch, response.status, response, context.edits_if_any)
        return self._decide(transaction, branch, response.status, response, context.edits_if_any)

    def _enter_onreply(self, context: RouteContext, transaction: Transaction, branch: ClientBranch) -> None:
        context.route = _ONREPLY
        context.transaction = transaction
        context.lists = transaction.lists
        context.arming = transaction.arming
        context.flags, context.xflags = transaction.flags, transaction.xflags
        context.branch_index = branch.index
        context.target.flags = branch.flags
        context.target.ruid, context.target.instance = branch.ruid, branch.instance

    def _decide(
        self,
        transaction: Transaction,
        branch: ClientBranch,
        status: int,
        response: Response | None,
        edits: Edits | None,
    ) -> Flow | None:
        """Do what follows from a branch's status; the flow that is left, if any."""
        branch.reply_edits = edits if status >= 300 and edits else None
        with transaction.lock:
            decision = transaction.responses.on_response(branch.index, status, response)
        if decision & FORWARD and response is not None:
            if transaction.local_request:
                return self._take(transaction, status, response, decision)
            self._forward(transaction, response, edits)
        self._cancel_others(transaction, status, decision)
        return self._all_final(transaction) if decision & ALL_FINAL else None

    def _take(self, transaction: Transaction, status: int, response: Response, decision: int) -> Flow:
        """A request made here has a response that nobody else gets."""
        if transaction.is_invite and status >= 200:
            yield from self.layer.succeeded(transaction, response)
        if status >= 200:
            transaction.complete(status, response)
        self._cancel_others(transaction, status, decision)

    def _cancel_others(self, transaction: Transaction, status: int, decision: int) -> None:
        if decision & CANCEL:
            reason = CALL_COMPLETED_ELSEWHERE if self._winner_cancels(status) else ""
            self.layer.cancel_branches(transaction, reason)

    def _winner_cancels(self, status: int) -> bool:
        return 200 <= status < 300 and self.layer.settings.add_local_cancel_reason

    def branch_failed(self, transaction: Transaction, branch: ClientBranch, status: int) -> Flow:
        """A branch got no final response (408), or its request could not be sent (503)."""
        if branch.status >= 200:
            return
        if branch.blind:
            transaction.suspended = False
        branch.status = status
        branch.timed_out = status == 408
        transaction.expired = branch.timed_out and self.layer.timers.clock() >= transaction.ends_at
        branch.response = None
        yield from self._fail_branch(transaction, branch, status, None, None)

    def _fail_branch(
        self,
        transaction: Transaction,
        branch: ClientBranch,
        status: int,
        response: Response | None,
        edits: Edits | None,
    ) -> Flow:
        """A branch has failed: its callback hears of it before it is decided what follows."""
        if branch.on_branch_failure:
            yield self._branch_failure(transaction, branch, response)
        rest = self._decide(transaction, branch, status, response, edits)
        if rest is not None:
            yield from rest

    def _branch_failure(
        self, transaction: Transaction, branch: ClientBranch, response: Response | None
    ) -> RunRoute:
        context = self.failure_context(transaction, response)
        context.route = Route.BRANCH_FAILURE
        context.branch_index = branch.index
        name, branch.on_branch_failure = branch.on_branch_failure, ""
        return RunRoute(name, context)

    def _all_final(self, transaction: Transaction) -> Flow:
        """Every branch has failed: the failure callback may fork again or answer; else the best response goes up."""
        index = transaction.responses.best()
        if self.layer.observers and not (transaction.local_request or transaction.final_sent):
            self._tell_failed(transaction, index)
        name, transaction.arming.on_failure = transaction.arming.on_failure, ""
        if name and not transaction.final_sent:
            winner = transaction.branches[index].response if index >= 0 else None
            context = self.failure_context(transaction, winner)
            context.branch_index = index
            transaction.in_failure_route = True
            try:
                yield RunRoute(name, context)
            finally:
                transaction.in_failure_route = False
            transaction.flags, transaction.xflags = context.flags, context.xflags
            with transaction.lock:
                wanted = transaction.responses.end_failure_route()
                index = transaction.responses.best()
            if transaction.take_continued() or wanted != ALL_FINAL:
                return
        if transaction.final_sent or transaction.suspended:
            return
        if transaction.local_request:
            self._complete(transaction, index)
        else:
            self._answer(transaction, index)

    def _tell_failed(self, transaction: Transaction, index: int) -> None:
        """Tell the observers that branch `index` is the best of those that failed."""
        response = None
        if index < 0:
            status, _ = transaction.error_reply or (self.layer.settings.default_code, "")
        else:
            branch = transaction.branches[index]
            status = 487 if transaction.canceled and branch.timed_out else branch.status
            response = branch.response
        for observer in self.layer.observers:
            observer.failed(transaction, status, response)

    def _complete(self, transaction: Transaction, index: int) -> None:
        """A request made here has failed."""
        if index < 0:
            transaction.complete(self.layer.settings.default_code, None)
        else:
            branch = transaction.branches[index]
            transaction.complete(branch.status, branch.response)

    def failure_context(self, transaction: Transaction, winner: Response | None) -> RouteContext:
        """The original request as a failure callback sees it: with its flags, lists and saved header edits."""
        runtime = transaction.slot.runtime
        context = RouteContext(
            Route.FAILURE, transaction.request, transaction.source, self.services, runtime.script_variables
        )
        context.edits = transaction.edits.copy()
        context.flags, context.xflags = transaction.flags, transaction.xflags
        context.lists = transaction.lists
        context.arming = transaction.arming
        context.transaction = transaction
        context.winner = winner
        template = transaction.template
        if template is not None:
            (Template(template) if isinstance(template, RouteContext) else template).apply(context)
        target = transaction.target
        context.target.uri = target.uri
        context.target.destination_uri = target.destination_uri
        context.target.flags = target.flags
        context.target.send_socket = target.send_socket
        context.target.path = target.path
        context.attributes["tm.target"] = (target.uri, target.destination_uri)
        return context

    def _answer(self, transaction: Transaction, index: int) -> None:
        """Send the final response of branch `index` upstream, or one made here when it has none."""
        if index < 0:
            status, reason = transaction.error_reply or (
                self.layer.settings.default_code,
                self.layer.settings.default_reason,
            )
            self.layer.reply(transaction, status, reason)
            return
        branch = transaction.branches[index]
        response = branch.response
        status = branch.status
        if transaction.canceled and branch.timed_out:
            status = 487
        sent_status = transaction.responses.upstream_status(status)
        if response is None or response.status != status:
            self.layer.reply(transaction, sent_status, reason_phrase(sent_status))
            return
        edits = branch.reply_edits
        challenges = transaction.responses.challenges(index)
        if challenges:
            edits = Edits() if edits is None else edits.copy()
            edits.append_header(response, challenges)
        self._forward(transaction, response, edits, sent_status)

    def _forward(
        self, transaction: Transaction, response: Response, edits: Edits | None, status: int = 0
    ) -> None:
        """Send a received response upstream without our Via."""
        changed = status if status and status != response.status else 0
        try:
            text = forward_response(
                response,
                edits,
                status=changed,
                reason=reason_phrase(changed) if changed else "",
            )
        except SipError as error:
            log.warning("response %d not forwarded: %s", response.status, error)
            return
        sent = status or response.status
        is_2xx = 200 <= sent < 300
        past_machine = False
        if is_2xx and transaction.last_status >= 300:
            # The caller has a failure already; the 2xx must still reach it (RFC 6026 §7.1), past the machine.
            past_machine = True
        elif not self.layer.respond(transaction, sent, text, response=response):
            # It came after the server machine had ended (a second branch's, or one repeated late).
            past_machine = transaction.is_invite and is_2xx
        if past_machine:
            self.layer.send_upstream(transaction, text)
            self.layer.tell_response(transaction, sent, response)


class BranchAnswered(Event):
    """A response of one of our branches came."""

    __slots__ = ("_branch", "_outcome", "_response", "_source", "_transaction")

    def __init__(
        self,
        outcome: Outcome,
        transaction: Transaction,
        branch: ClientBranch,
        response: Response,
        source: Source,
    ) -> None:
        self._outcome = outcome
        self._transaction = transaction
        self._branch = branch
        self._response = response
        self._source = source

    def begin(self) -> Flow | None:
        return self._outcome.response(self._transaction, self._branch, self._response, self._source)
