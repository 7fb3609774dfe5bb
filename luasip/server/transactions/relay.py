"""Forwarding a request on its branches: t_relay.

The branches are prepared one after the other (addresses, branch callback, text), then all are sent. Suspends for
DNS and while a branch callback suspends.
"""

import logging
from collections.abc import Callable, Generator, Sequence
from typing import Any, Final

from luasip.errors import SipError
from luasip.kemi.context import Branch, RouteContext, Services
from luasip.kemi.declare import Route
from luasip.kemi.operation import Operation
from luasip.kemi.transactions import Relayed, Relaying
from luasip.proxy.forward import forward_request
from luasip.proxy.loop import find_own_loop, loop_hash, make_branch
from luasip.server.execution import Execution
from luasip.server.frames import RuntimeSlot
from luasip.server.next_hop import NextHops, Unreachable, record_route_values, via_value
from luasip.server.onsend import OnSend
from luasip.server.transactions.layer import TransactionLayer
from luasip.server.transactions.transaction import ClientBranch, Transaction
from luasip.sip.message import Request
from luasip.sip.values import Via
from luasip.transaction.client import NonInviteClient
from luasip.transaction.client_invite import InviteClient
from luasip.transaction.key import cancel_key
from luasip.transport.packet import Destination

log = logging.getLogger("luasip.tm")

NO_AUTO_100: Final = 1
NO_INTERNAL_REPLY: Final = 2
NO_DNS_FAILOVER: Final = 4

_REQUEST: Final = Route.REQUEST
_BRANCH: Final = Route.BRANCH
_RELAYING: Final = (Route.REQUEST, Route.FAILURE, Route.BRANCH_FAILURE)
"""Routes in which a request may be forwarded."""

Branches = list[ClientBranch] | Unreachable
"""Ready to be sent, or why there is none."""

Preparing = Generator[Operation | Branches, Any, None]
"""Yields Operations and, last, the branches: saying by an exception that it has ended would cost more than the rest."""


class Relay:
    """t_relay and its kin."""

    def __init__(
        self,
        layer: TransactionLayer,
        next_hops: NextHops,
        unique: Callable[[], str],
        forward_stateless: Callable[[RouteContext, str], Relayed],
        services: Services,
        on_send: OnSend,
    ) -> None:
        self.layer = layer
        self.services = services
        self.next_hops = next_hops
        self._unique = unique
        self._forward_stateless = forward_stateless
        self._on_send = on_send
        self._execution: Execution = layer.execution
        layer.next_address = self._next_address

    def relay(self, context: RouteContext, slot: RuntimeSlot, flags: int = 0, next_hop: str = "") -> Relayed:
        """Forward the request of `context` to its targets. Gives Kamailio's code for t_relay."""
        request = context.request
        if request.method == "ACK":
            return self._forward_stateless(context, next_hop)
        if request.method == "CANCEL":
            return self._relay_cancel(context, slot, next_hop)
        transaction, code = self._transaction_for(context, slot)
        if transaction is None:
            return code
        if flags & NO_AUTO_100:
            transaction.auto_invite_100 = False
        if flags & NO_INTERNAL_REPLY:
            transaction.disable_internal_reply = True
        if flags & NO_DNS_FAILOVER:
            transaction.failover = False
        targets = self._targets(context, next_hop)
        problem = self._check(context, request)
        if self.layer.timers.clock() >= transaction.ends_at:
            problem = Unreachable(408, "Request Timeout")
        if problem is not None:
            return self._failed(context, transaction, problem)
        self.layer.trying(transaction)
        preparing = self.prepare(context, transaction, targets)
        first = next(preparing)
        if isinstance(first, (list, Unreachable)):
            return self._send_prepared(context, transaction, first)
        return self._send_later(context, transaction, preparing, first)

    def _send_later(
        self, context: RouteContext, transaction: Transaction, preparing: Preparing, first: Operation
    ) -> Relaying:
        branches = yield from prepared(preparing, first)
        return self._send_prepared(context, transaction, branches)

    def _send_prepared(self, context: RouteContext, transaction: Transaction, branches: Branches) -> int:
        if isinstance(branches, Unreachable):
            return self._failed(context, transaction, branches)
        return self.send(context, transaction, branches)

    def _transaction_for(self, context: RouteContext, slot: RuntimeSlot) -> tuple[Transaction | None, int]:
        """(the transaction to forward in, 0), or (None, what t_relay returns)."""
        transaction = context.transaction
        if context.noted("tm.retransmission"):
            return None, 1
        if context.route is _REQUEST and transaction is None:
            made, is_new = self.layer.create(context, slot)
            if not is_new:
                self.layer.absorb(made, context.request)
                return None, 1
            transaction = made
        elif transaction is None or context.route not in _RELAYING:
            log.critical("t_relay is not possible in this route")
            return None, 0
        assert isinstance(transaction, Transaction)
        if transaction.canceled or not transaction.responses.may_fork:
            return None, -1
        return transaction, 0

    def _targets(self, context: RouteContext, next_hop: str) -> list[Branch]:
        """The targets in the order they were set; in a failure route the old Request-URI counts only when changed."""
        first = context.target
        if next_hop:
            first.destination_uri = next_hop
        targets = [first, *context.branches]
        original = context.noted("tm.target")
        if original is not None and context.branches and original == (first.uri, first.destination_uri):
            del targets[0]
        context.branches = []
        return targets

    def _check(self, context: RouteContext, request: Request) -> Unreachable | None:
        """Max-Forwards and loops (RFC 3261 §16.3 steps 3 and 4)."""
        if context.route is not _REQUEST:
            return None
        try:
            if request.max_forwards == 0:
                return Unreachable(483, "Too Many Hops")
            for via in request.vias:
                if self._is_own_via(via):  # it has been here, if not in a loop
                    if find_own_loop(request, self._is_own_via, loop_hash(request)) is not None:
                        return Unreachable(482, "Loop Detected")
                    break
        except SipError as error:
            return Unreachable(error.status, error.reason)
        return None

    def _is_own_via(self, via: Via) -> bool:
        return self.layer.sockets.is_own(via.host, via.port or 0)

    def _failed(self, context: RouteContext, transaction: Transaction, problem: Unreachable) -> int:
        context.last_error = (problem.status, problem.reason)
        if transaction.disable_internal_reply:
            return -4
        if context.route is _REQUEST:
            transaction.error_reply = (problem.status, problem.reason)
        return -1

    def prepare(self, context: RouteContext, transaction: Transaction, targets: Sequence[Branch]) -> Preparing:
        """Branches ready for `send`; Unreachable when there is none."""
        if context.route is _REQUEST:
            transaction.edits = context.edits.copy()
        transaction.flags, transaction.xflags = context.flags, context.xflags
        transaction.arming = context.arming
        ready: list[ClientBranch] = []
        problem: Unreachable | None = None
        first_index = len(transaction.branches)
        try:
            for target in targets:
                branch_context = _branch_context(context, target, first_index + len(ready))
                if transaction.arming.on_branch:
                    waits = self._execution.call(transaction.arming.on_branch, branch_context)
                    if waits is not None:
                        yield waits
                    transaction.arming.on_failure = branch_context.arming.on_failure
                    if branch_context.dropped:
                        continue
                hops = self.next_hops.find_now(branch_context, branch_context.target)
                if hops is None:
                    hops = yield from self.next_hops.find(branch_context, branch_context.target)
                prepared = self._prepare_one(branch_context, transaction, hops)
                if (
                    isinstance(prepared, ClientBranch)
                    and self._on_send.is_there
                    and not (yield from self._allowed(prepared))
                ):
                    prepared = Unreachable(477, "Dropped by the script")
                if isinstance(prepared, Unreachable):
                    problem = prepared
                else:
                    ready.append(prepared)
            branches: Branches = ready or problem or Unreachable(500, "Server error occurred (no branch)")
        except SipError as error:
            branches = Unreachable(error.status, error.reason)
        yield branches

    def _prepare_one(
        self, branch_context: RouteContext, transaction: Transaction, hops: list[Destination] | Unreachable
    ) -> ClientBranch | Unreachable:
        """The branch to these addresses, the first one that the others are kept for."""
        if isinstance(hops, Unreachable):
            return hops
        target = branch_context.target
        branch = ClientBranch(
            branch_context.branch_index,
            make_branch(self._unique(), loop_hash(transaction.request)),
            target,
        )
        branch.context = branch_context
        first = hops.pop(0)
        branch.hops = hops if hops and transaction.failover else None
        branch.on_reply = branch_context.arming.on_reply
        branch.on_branch_failure = branch_context.arming.on_branch_failure
        branch.on_response = branch_context.on_response
        self._address(branch, first)
        return branch

    def _allowed(self, branch: ClientBranch) -> Generator[Operation, Any, bool]:
        """Whether the script lets the branch be sent."""
        assert branch.context is not None
        assert branch.destination is not None
        return (yield from self._on_send.allows(branch.context, branch.destination, branch.text))

    def _address(self, branch: ClientBranch, destination: Destination) -> None:
        """Write the branch's request for a destination; a large one goes by TCP where that is allowed."""
        context = branch.context
        assert context is not None
        branch.text = request_text(context, destination, branch.branch_id)
        larger = self.next_hops.larger_transport(context.target, destination, len(branch.text))
        if larger is not None and destination is not branch.small_destination:
            branch.hops = [destination, *(branch.hops or ())]
            branch.small_destination = destination
            destination = larger
            branch.text = request_text(context, destination, branch.branch_id)
        branch.destination = destination

    def send(self, context: RouteContext, transaction: Transaction, branches: list[ClientBranch]) -> int:
        now = self.layer.timers.clock()
        with transaction.lock:
            if transaction.canceled or not transaction.responses.may_fork:
                return -1
            transaction.forwarded = True
            for branch in branches:
                assert branch.destination is not None
                branch.machine = _machine(transaction, branch.destination, now)
                branch.index = transaction.responses.add_branch()
                transaction.branches.append(branch)
            self.layer.reschedule(transaction)
        for branch in branches:
            self.layer.start_branch(transaction, branch)
        return 1

    def _next_address(self, transaction: Transaction, branch: ClientBranch) -> bool:
        """Try a branch's next address, as a branch of its own on the wire (RFC 3263 §4.3).

        False when there is none, or a response has come after all.
        """
        with transaction.lock:
            if not branch.hops or branch.status or branch.context is None or not transaction.responses.may_fork:
                return False
            destination = branch.hops.pop(0)
            self.layer.table.remove_branch(branch.branch_id, transaction.method)
            branch.branch_id = make_branch(self._unique(), loop_hash(transaction.request))
            self._address(branch, destination)
            assert branch.destination is not None
            branch.machine = _machine(transaction, branch.destination, self.layer.timers.clock())
            self.layer.reschedule(transaction)
        self.layer.start_branch(transaction, branch)
        return True

    def _relay_cancel(self, context: RouteContext, slot: RuntimeSlot, next_hop: str) -> Relayed:
        """CANCEL: hop by hop when its INVITE is known, else forwarded statelessly (RFC 3261 §16.10)."""
        request = context.request
        invite = self.layer.table.find(cancel_key(request))
        if invite is None:
            return self._forward_stateless(context, next_hop)
        if context.transaction is None:
            made, is_new = self.layer.create(context, slot)
            if not is_new:
                self.layer.absorb(made, request)
                return 1
        transaction = context.transaction
        assert isinstance(transaction, Transaction)
        self.layer.reply(transaction, 200, "canceling", "".join(context.reply_headers))
        headers = ""
        if self.layer.settings.e2e_cancel_reason and invite.carry_cancel_reason:
            headers = "".join(request.text[line.start : line.end] for line in request.all("reason"))
        self.cancel(invite, headers)
        return 1

    def cancel(self, invite: Transaction, headers: str = "") -> None:
        """The caller gives up: no more branches; those out are cancelled, and with none out 487 is sent at once."""
        with invite.lock:
            if invite.final_sent:
                return
            invite.canceled = True
            invite.responses.cancelled = True
            invite.release()
            waiting = bool(invite.responses.pending())
        if waiting:
            self.layer.cancel_branches(invite, headers)
        else:
            self.layer.reply(invite, 487, "Request Terminated")
            self.layer.settle(invite)


def _machine(
    transaction: Transaction, destination: Destination, now: float
) -> InviteClient | NonInviteClient:
    """What sees to it that a branch's request arrives, which is sent now."""
    timers, is_reliable = transaction.timers, destination.protocol != "udp"
    if transaction.is_invite:
        return InviteClient(timers, is_reliable, now, transaction.ends_at)
    return NonInviteClient(timers, is_reliable, now, transaction.ends_at)


def prepared(preparing: Preparing, first: Operation | Branches) -> Generator[Operation, Any, Branches]:
    """What `Relay.prepare` comes to, `first` being what it has yielded already."""
    step = first
    while not isinstance(step, (list, Unreachable)):
        step = preparing.send((yield step))
    return step


def _branch_context(context: RouteContext, target: Branch, index: int) -> RouteContext:
    """A context for one branch: its changes stay its own."""
    attributes = context.attributes_if_any
    branch = RouteContext(
        _BRANCH,
        context.message,
        context.source,
        context.services,
        context.script_variables,
        edits=context.edits.copy(),
        target=target.copy(),
        lists=context.lists,
        arming=context.arming.copy(),
        attributes=None if attributes is None else attributes.copy(),
    )
    branch.flags, branch.xflags = context.flags, context.xflags
    branch.on_response = context.on_response
    branch.hops_counted = context.hops_counted
    branch.transaction = context.transaction
    branch.branch_index = index
    branch.record_route = context.record_route
    branch.advertised = context.advertised
    branch.local_rport = context.local_rport
    branch.forward_send_flags = context.forward_send_flags
    return branch


def request_text(context: RouteContext, destination: Destination, branch_id: str) -> str:
    """The request as it leaves on one branch."""
    request = context.request
    target = context.target
    listener = destination.listener
    assert listener is not None
    asked = context.record_route
    record_routes = () if asked is None else record_route_values(context, asked, listener)
    routes = (target.path,) if target.path else ()
    max_forwards: int | None = None
    if not context.hops_counted:
        value = request.max_forwards
        max_forwards = None if value is None else max(0, value - 1)
    return forward_request(
        request,
        context.edits,
        request_uri=target.uri,
        via=via_value(context, destination, branch_id),
        max_forwards=max_forwards,
        record_routes=record_routes,
        routes=routes,
    )
