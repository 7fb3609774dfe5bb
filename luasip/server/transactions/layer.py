"""The transaction layer: matching, stepping the machines, carrying out what they ask for, and their timers.

Every step is taken under the transaction's lock and carried out after it is released. Forwarding and what follows
from responses stand in relay.py and outcome.py.
"""

import dataclasses
import logging
import math
from collections.abc import Callable
from collections.abc import Set as AbstractSet

from luasip.kemi.context import RouteContext
from luasip.kemi.transaction_settings import TransactionSettings
from luasip.kemi.transactions import TransactionObserver
from luasip.proxy.cancel import build_ack, build_cancel
from luasip.server.execution import Execution
from luasip.server.frames import Flow, RuntimeSlot
from luasip.server.sending import Sending
from luasip.server.sockets import Sockets
from luasip.server.timers import Timers
from luasip.server.transactions.answered import AnsweredRequests
from luasip.server.transactions.destination import response_destination
from luasip.server.transactions.events import Events
from luasip.server.transactions.later import SendingBranch, SendingResponse
from luasip.server.transactions.resting import RestQueue
from luasip.server.transactions.sent_responses import SentResponses
from luasip.server.transactions.table import TransactionTable
from luasip.server.transactions.transaction import ClientBranch, Transaction
from luasip.server.working import work
from luasip.sip.message import Request, Response
from luasip.sip.response import build_response
from luasip.transaction.client import NonInviteClient
from luasip.transaction.client_invite import InviteClient
from luasip.transaction.key import ack_key, server_key
from luasip.transaction.outputs import (
    SEND,
    SEND_ACK,
    SEND_CANCEL,
    SEND_TRYING,
    TIMEOUT,
    TRANSPORT_ERROR,
)
from luasip.transaction.server import NonInviteServer
from luasip.transaction.server_invite import InviteServer
from luasip.transport.packet import Destination

log = logging.getLogger("luasip.tm")

BranchFailed = Callable[[Transaction, ClientBranch, int], Flow]


class TransactionLayer:
    """All transactions of a server."""

    def __init__(
        self,
        execution: Execution,
        timers: Timers,
        sockets: Sockets,
        tag: Callable[[], str],
        server_header: str = "",
    ) -> None:
        self.execution = execution
        self.timers = timers
        self.sockets = sockets
        self.settings = TransactionSettings()
        self.table = TransactionTable()
        self._due: Callable[[Transaction], None] = self.on_timer
        self.answered = AnsweredRequests(self.table, execution, sockets, timers)
        self.sent_responses = SentResponses()
        self._resting = RestQueue(timers, self._rest)
        self.observers: tuple[TransactionObserver, ...] = ()
        """Told what became of requests; empty when no module wants to know."""
        self.created_told: tuple[Callable[[RouteContext, Transaction], None], ...] = ()
        """Told of every transaction of a request that came, as soon as there is one."""
        self.succeeded: Callable[[Transaction, Response], Flow]
        """Flow that takes a 2xx to an INVITE made here; set by OwnRequests."""
        self.branch_failed: BranchFailed
        """Flow that goes on after a branch failed without a response; set by Outcome."""
        self.server_header = server_header
        self.events = Events(execution, self.settle)
        self._tag = tag

    # Matching

    def find(self, request: Request) -> Transaction | None:
        """The transaction a request belongs to; an ACK has that of its INVITE."""
        return self.table.find(server_key(request))

    def acknowledged(self, request: Request) -> Transaction | None:
        """For an ACK to a 2xx: the INVITE transaction whose 2xx it acknowledges."""
        return self.table.by_dialog(ack_key(request))

    def absorb(self, transaction: Transaction, request: Request) -> bool:
        """Let a matching transaction take a request that came again, or an ACK.

        Returns False when the request is not for it: an ACK for a 2xx goes on to the script.
        """
        now = self.timers.clock()
        machine = transaction.machine
        if machine is None:
            return True  # t_drop: what comes again is not heard either
        if request.method == "ACK":
            if 200 <= transaction.last_status < 300 or not isinstance(machine, InviteServer):
                return False
            with transaction.lock:
                step = machine.on_ack(now)
        else:
            with transaction.lock:
                step = machine.on_retransmission(now)
            self.sockets.traffic.repeated("received", "request")
        self._server_step(transaction, step)
        self.settle(transaction)
        return True

    def on_ack_2xx(self, transaction: Transaction) -> None:
        """The ACK for a 2xx came end to end: our own 2xx need not be repeated any more."""
        transaction.acknowledged = True
        machine = transaction.machine
        if isinstance(machine, InviteServer) and machine.awaits_ack:
            with transaction.lock:
                step = machine.on_ack(self.timers.clock())
            self._server_step(transaction, step)
            self.settle(transaction)

    # Creation

    def create(self, context: RouteContext, slot: RuntimeSlot) -> tuple[Transaction, bool]:
        """The transaction of a request: (a new one, True), or (the one another thread made meanwhile, False)."""
        request = context.request
        index, label = self.table.next_identity(request.call_id)
        settings, timers = self.settings, self.settings.timers
        attributes = context.attributes_if_any
        if attributes and "tm.timers" in attributes:
            timers = dataclasses.replace(timers, **attributes["tm.timers"])
        lock = self.table.lock(label)
        key = server_key(request)
        transaction = Transaction(index, label, key, context, timers, settings.forking, slot, lock, self._due)
        wanted = context.noted("tm.auto_invite_100")
        transaction.auto_invite_100 = settings.auto_invite_100 if wanted is None else wanted
        transaction.responses.disable_6xx = settings.disable_6xx
        now = self.timers.clock()
        transaction.ends_at = now + transaction.longest_life
        reliable = context.source.listener.protocol != "udp"
        transaction.machine = (
            InviteServer(timers, reliable, now) if transaction.is_invite else NonInviteServer(timers, reliable, now)
        )
        there = self.table.add(transaction)
        if there is not transaction:
            return there, False
        if key in self.answered:  # it came twice at the same time, and the other one has its answer already
            self.table.remove(transaction)
            transaction.machine = None
            return transaction, False
        context.transaction = transaction
        context.made_transaction = True
        with transaction.lock:
            self.reschedule(transaction)
        for told in self.created_told:
            told(context, transaction)
        return transaction, True

    def create_local(self, context: RouteContext, slot: RuntimeSlot) -> Transaction:
        """A transaction for a request made here: it has no server side."""
        index, label = self.table.next_identity(context.request.call_id)
        key, lock = f"local\n{index}\n{label}", self.table.lock(label)
        timers, forking = self.settings.timers, self.settings.forking
        transaction = Transaction(index, label, key, context, timers, forking, slot, lock, self._due)
        transaction.local_request = True
        transaction.ends_at = self.timers.clock() + transaction.longest_life
        context.transaction = transaction
        return self.table.add(transaction)

    # Upstream

    def respond(
        self,
        transaction: Transaction,
        status: int,
        text: str,
        local: bool = False,
        response: Response | None = None,
    ) -> bool:
        """Send a response of this status upstream; False when it comes too late.

        local: it was made here: it is not sent after another final one, and a 2xx is repeated until its ACK.
        response: the one received that is passed on.
        """
        with transaction.lock:
            machine = transaction.machine
            if machine is None or (local and transaction.final_sent):
                return False
            now = self.timers.clock()
            before = machine.state
            if isinstance(machine, InviteServer):
                step = machine.send_response(status, now, local)
            else:
                step = machine.send_response(status, now)
            # A 408 to a request that is no INVITE ends it in silence (RFC 4320 §4.2).
            if not step and (status != 408 or machine.state is before):
                return status == 100 and not transaction.final_sent
            transaction.last_status = status
            if status >= 200:
                transaction.responses.sent_final(status)
            if step & SEND:
                transaction.last_response = text
            self.reschedule(transaction)
        self._server_step(transaction, step)
        if status > 100:
            self.tell_response(transaction, status, response)
        return True

    def tell_response(self, transaction: Transaction, status: int, response: Response | None) -> None:
        """Count a response, not a 100, that was sent upstream, and tell the observers."""
        self.sent_responses.count(status, response is None)
        for observer in self.observers:
            observer.response_sent(transaction, status, response)

    def local_response(
        self, transaction: Transaction, status: int, reason: str, headers: str = "", body: str = ""
    ) -> str:
        """The text of a response made here."""
        return build_response(
            transaction.request,
            status,
            reason,
            to_tag=self._to_tag(transaction) if status > 100 else "",
            headers=headers,
            body=body,
            server=self.server_header,
        )

    def _to_tag(self, transaction: Transaction) -> str:
        """The tag of responses made here; most transactions never need one."""
        with transaction.lock:
            if not transaction.to_tag:
                transaction.to_tag = self._tag()
            return transaction.to_tag

    def reply(
        self, transaction: Transaction, status: int, reason: str, headers: str = "", body: str = ""
    ) -> bool:
        """Answer the request ourselves; a final answer cancels the branches still out. False when it comes too late."""
        if transaction.final_sent:
            return False
        text = self.local_response(transaction, status, reason, headers, body)
        if not self.respond(transaction, status, text, True):
            return False
        if status >= 200 and transaction.branches:
            self.cancel_branches(transaction)
        return True

    def trying(self, transaction: Transaction) -> None:
        """Send 100 to an INVITE that got no response yet, unless the settings forbid it."""
        if transaction.is_invite and transaction.auto_invite_100 and not transaction.last_status:
            text = self.local_response(transaction, 100, self.settings.trying_reason)
            self.respond(transaction, 100, text, True)

    def response_destination(self, transaction: Transaction) -> Destination:
        """Where responses go (RFC 3261 §18.2.2, RFC 3581)."""
        destination = transaction.last_response_destination
        if destination is None:
            destination = response_destination(
                transaction.request, transaction.source, transaction.reply_send_flags
            )
            transaction.last_response_destination = destination
        return destination

    def send_upstream(self, transaction: Transaction, text: str) -> None:
        """Send a response, also one that the server machine has no place for."""
        destination = self.response_destination(transaction)
        self.execution.send(SendingResponse(self, text, destination, transaction))

    def response_failed(self, transaction: Transaction) -> None:
        """A response could not be sent."""
        with transaction.lock:
            machine = transaction.machine
            step = 0 if machine is None else machine.on_transport_error(self.timers.clock())
        self._server_step(transaction, step)
        self.settle(transaction)

    def _server_step(self, transaction: Transaction, step: int) -> None:
        """Carry out what the server machine asks for."""
        if step & SEND and transaction.last_response:
            self.send_upstream(transaction, transaction.last_response)
        if step & SEND_TRYING:
            text = self.local_response(transaction, 100, self.settings.trying_reason)
            transaction.last_response = text
            self.send_upstream(transaction, text)
        if step & TIMEOUT and not transaction.final_sent and transaction.is_invite:
            log.warning("INVITE %s got no final response in time", transaction.call_id)
            self.reply(transaction, 408, "Request Timeout")

    # Downstream

    def start_branch(self, transaction: Transaction, branch: ClientBranch) -> None:
        """Send a branch's request for the first time; its machine was made, and its timer set, just before."""
        self.table.add_branch(transaction, branch, transaction.method)
        self._send_branch(transaction, branch)

    def _send_branch(self, transaction: Transaction, branch: ClientBranch) -> None:
        destination = branch.destination
        assert destination is not None
        self.execution.send(SendingBranch(self, destination, transaction, branch))

    def branch_unreachable(self, transaction: Transaction, branch: ClientBranch) -> None:
        """A branch's request could not be sent: the next address, or the branch has failed (§16.9)."""
        machine = branch.machine
        if machine is None:
            return
        if self.next_address(transaction, branch):
            return
        with transaction.lock:
            step = machine.on_transport_error(self.timers.clock())
        self.client_step(transaction, branch, step, None)
        self.settle(transaction)

    next_address: Callable[[Transaction, ClientBranch], bool]
    """Sends a branch to its next address, False when it cannot; set by Relay."""

    def client_step(
        self, transaction: Transaction, branch: ClientBranch, step: int, response: Response | None
    ) -> None:
        """Carry out what a client machine asks for, except PASS, which is the caller's."""
        if step & SEND:
            self._send_branch(transaction, branch)
        if step & SEND_ACK and response is not None:
            self._send_ack(branch, response)
        if step & SEND_CANCEL:
            self._send_cancel(transaction, branch)
        if step & (TIMEOUT | TRANSPORT_ERROR):
            status = 408 if step & TIMEOUT else 503
            self.events.enqueue(transaction, self.branch_failed(transaction, branch, status))

    def _send_ack(self, branch: ClientBranch, response: Response) -> None:
        destination = branch.destination
        if destination is None:
            return
        text = build_ack(branch.text, response)
        self.execution.send(Sending(self.sockets, text, destination))

    def cancel_branches(
        self, transaction: Transaction, headers: str = "", chosen: AbstractSet[int] | None = None
    ) -> None:
        """Cancel the branches without a final response (RFC 3261 §9.1, §16.10), all of them or the chosen ones."""
        with transaction.lock:
            now = self.timers.clock()
            steps: list[tuple[ClientBranch, int]] = []
            indices = (
                transaction.responses.cancel_pending()
                if chosen is None
                else sorted(chosen & set(transaction.responses.pending()))
            )
            for index in indices:
                branch = transaction.branches[index]
                machine = branch.machine
                if isinstance(machine, InviteClient) and not machine.cancel_sent:
                    branch.cancel_text = headers
                    steps.append((branch, machine.cancel(now)))
            self.reschedule(transaction)
        for branch, step in steps:
            self.client_step(transaction, branch, step, None)

    def _send_cancel(self, transaction: Transaction, branch: ClientBranch) -> None:
        destination = branch.destination
        if destination is None:
            return
        text = build_cancel(branch.text, headers=branch.cancel_text)
        with transaction.lock:
            branch.cancel_text = text
            branch.cancel_machine = NonInviteClient(
                transaction.timers, destination.protocol != "udp", self.timers.clock()
            )
            self.reschedule(transaction)
        self.table.add_branch(transaction, branch, "CANCEL")
        self.execution.send(Sending(self.sockets, text, destination))

    def on_cancel_response(self, transaction: Transaction, branch: ClientBranch, response: Response) -> None:
        """A response to a CANCEL of ours."""
        with transaction.lock:
            if branch.cancel_machine is not None:
                branch.cancel_machine.on_response(response.status, self.timers.clock())
        self.settle(transaction)

    # Timers and end

    def reschedule(self, transaction: Transaction) -> None:
        """Keep one timer entry, no later than the earliest timer of the transaction's machines. The lock is held.

        None while the transaction is to be put to rest before that.
        """
        at = transaction.timer_at()
        entry = transaction.timer_entry
        if at >= transaction.rests_at or (entry is not None and entry.action is not None and entry.at <= at):
            return
        if entry is not None:
            entry.cancel()
        transaction.timer_entry = self.timers.at(at, transaction)

    def on_timer(self, transaction: Transaction) -> None:
        """The transaction's timer entry is due."""
        work().bind(None, "", transaction)
        now = self.timers.clock()
        with transaction.lock:
            transaction.timer_entry = None
            if now < transaction.timer_at() < math.inf:  # what it was set for has been put off
                self.reschedule(transaction)
                return
            machine = transaction.machine
            server_step = machine.on_timer(now) if machine is not None and machine.timer_at <= now else 0
            steps: list[tuple[ClientBranch, int]] = []
            resend_cancel: list[ClientBranch] = []
            for branch in transaction.branches:
                if branch.machine is not None and branch.machine.timer_at <= now:
                    steps.append((branch, branch.machine.on_timer(now)))
                cancel = branch.cancel_machine
                if cancel is not None and cancel.timer_at <= now and cancel.on_timer(now) & SEND:
                    resend_cancel.append(branch)
        if server_step & SEND:
            self.sockets.traffic.repeated("sent", "response")
        self._server_step(transaction, server_step)
        for branch in resend_cancel:
            self.sockets.traffic.repeated("sent", "request")
            if branch.destination is not None:
                self.sockets.send(branch.cancel_text, branch.destination)
        for branch, step in steps:
            if step & SEND:
                self.sockets.traffic.repeated("sent", "request")
            self.client_step(transaction, branch, step, None)
        self.settle(transaction)

    def _rest(self, transaction: Transaction) -> None:
        """Its time to be put to rest has come."""
        work().bind(None, "", transaction)
        if not self.answered.put_to_rest(transaction, self.response_destination(transaction)):
            self.settle(transaction)

    def settle(self, transaction: Transaction) -> None:
        """After any step: set the timer anew, or forget the transaction when all of it is over.

        A request that is no INVITE is put to rest as soon as it has its answer, while caches hold what goes with it.
        """
        with transaction.lock:
            over = transaction.is_over()
            rests = not over and not transaction.is_invite and transaction.may_rest()
            if not over and not rests:
                self.reschedule(transaction)
                if transaction.last_status >= 200:
                    if transaction.drop_what_decided():
                        self._resting.add(transaction)
                elif transaction.last_status > 100 or transaction.suspended:
                    transaction.put_away()
            elif over and transaction.timer_entry is not None:
                transaction.timer_entry.cancel()
        if over:
            self.table.remove(transaction)
            transaction.break_cycles()
        elif rests:
            self.answered.put_to_rest(transaction, self.response_destination(transaction))

    def repeat_response(self, transaction: Transaction) -> bool:
        """Send the last response again; False when there was none."""
        if not transaction.last_response:
            return False
        self.send_upstream(transaction, transaction.last_response)
        return True

    def drop(self, transaction: Transaction, status: int) -> None:
        """End a transaction without an answer; branches still out are cancelled."""
        with transaction.lock:
            transaction.machine = None
            transaction.last_status = status
            transaction.suspended = False
            transaction.responses.sent_final(status)
        self.cancel_branches(transaction)
        self.settle(transaction)

    def script_ended(self, transaction: Transaction) -> None:
        """The request route is over: a transaction nobody took care of is answered or given up."""
        with transaction.lock:
            transaction.script_running = False
            postponed, transaction.after_script = transaction.after_script, None
        cared_for = transaction.forwarded or transaction.suspended or bool(postponed)
        if not transaction.final_sent and not cared_for:
            if transaction.error_reply is not None:
                status, reason = transaction.error_reply
                self.reply(transaction, status, reason)
            else:
                log.warning(
                    "%s %s: the script ended without relaying or answering",
                    transaction.method,
                    transaction.call_id,
                )
                with transaction.lock:
                    if not transaction.final_sent:  # a CANCEL may have answered it just now
                        transaction.machine = None
        for action in postponed or ():
            action()
        self.settle(transaction)
