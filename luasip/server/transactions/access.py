"""What modules may do with transactions: luasip.kemi.transactions.Transactions, made of the layer and its flows."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from luasip.errors import SipError
from luasip.kemi.context import Branch, RouteContext, Source
from luasip.kemi.declare import Route
from luasip.kemi.transaction_settings import TransactionSettings
from luasip.kemi.transactions import (
    Completed,
    OwnRequest,
    Relayed,
    Relaying,
    TransactionObserver,
)
from luasip.kemi.transactions import Transaction as TransactionView
from luasip.server.execution import Execution
from luasip.server.frames import RuntimeSlot
from luasip.server.transactions.layer import TransactionLayer
from luasip.server.transactions.outcome import Outcome
from luasip.server.transactions.own_requests import PLACEHOLDER_VIA, OwnRequests, remove_vias
from luasip.server.transactions.relay import Relay
from luasip.server.transactions.suspension import Suspension
from luasip.server.transactions.transaction import Transaction
from luasip.sip.message import Request, Response
from luasip.sip.parser import parse_message
from luasip.sip.uri import parse_uri
from luasip.transaction.key import cancel_key, client_key


class TransactionAccess:
    """See the module's docstring."""

    def __init__(
        self,
        layer: TransactionLayer,
        relay: Relay,
        outcome: Outcome,
        suspension: Suspension,
        own_requests: OwnRequests,
        execution: Execution,
        current_slot: Callable[[], RuntimeSlot],
        random_token: Callable[[int], str],
    ) -> None:
        self._layer = layer
        self._relay = relay
        self._outcome = outcome
        self._suspension = suspension
        self._own_requests = own_requests
        self._execution = execution
        self._current_slot = current_slot
        self._random_token = random_token

    @property
    def settings(self) -> TransactionSettings:
        """The settings in force."""
        return self._layer.settings

    @settings.setter
    def settings(self, settings: TransactionSettings) -> None:
        self._layer.settings = settings

    def observe(self, observer: TransactionObserver) -> None:
        """Tell `observer` of every request; call it before messages come."""
        self._layer.observers = (*self._layer.observers, observer)

    def on_created(self, told: Callable[[RouteContext, TransactionView], None]) -> None:
        """Tell of every transaction of a request that came, as soon as there is one; call it before messages come."""
        self._layer.created_told = (*self._layer.created_told, told)

    def context_of(self, transaction: TransactionView, response: Response | None = None) -> RouteContext:
        """The transaction's request as a failure callback sees it."""
        return self._outcome.failure_context(_own(transaction), response)

    def create(self, ctx: RouteContext) -> int:
        """Make the request stateful: 1 new, 0 a retransmission, -1 not possible."""
        if not ctx.is_request or ctx.request.method == "ACK":
            return -1
        try:
            transaction, is_new = self._layer.create(ctx, self._current_slot())
        except SipError:
            return -1
        if not is_new:
            self._layer.absorb(transaction, ctx.request)
        return int(is_new)

    def find(self, request: Request) -> TransactionView | None:
        """The transaction a request belongs to; for an ACK that of its INVITE."""
        return self._layer.find(request)

    def find_canceled(self, request: Request) -> TransactionView | None:
        """The INVITE a CANCEL is about."""
        return self._layer.table.find(cancel_key(request))

    def acknowledged(self, request: Request) -> TransactionView | None:
        """The INVITE whose 2xx an ACK acknowledges."""
        return self._layer.acknowledged(request)

    def find_reply(self, response: Response) -> TransactionView | None:
        """The transaction a response belongs to."""
        found = self._layer.table.by_branch(*client_key(response))
        return None if found is None else found[0]

    def by_call_id(self, call_id: str, cseq: str) -> TransactionView | None:
        """The transaction of the request with this Call-ID and CSeq number."""
        return self._layer.table.by_call_id(call_id, cseq)

    def by_id(self, index: int, label: int) -> TransactionView | None:
        """The transaction with Kamailio's identity."""
        return self._layer.table.by_id(index, label)

    def all(self) -> Sequence[TransactionView]:
        """Every live transaction."""
        return self._layer.table.all()

    def absorb(self, transaction: TransactionView, request: Request) -> bool:
        """Answer a request that came again from state, take an ACK."""
        return self._layer.absorb(_own(transaction), request)

    def relay(self, ctx: RouteContext, flags: int = 0, next_hop: str = "") -> Relayed:
        """t_relay: forward to the targets of the context, or to the URI `next_hop`."""
        return self._relay.relay(ctx, self._current_slot(), flags, next_hop)

    def replicate(self, ctx: RouteContext, uri: str) -> Relaying:
        """Send a copy of the request to `uri`; nobody gets its responses."""
        text = ctx.edits.apply(ctx.message)
        copy = RouteContext(Route.REQUEST, parse_message(text), self._own_source(ctx), ctx.services)
        copy.target.uri = ctx.target.uri
        copy.target.destination_uri = uri
        return (yield from self._own_requests.send(copy, self._current_slot(), False))

    def reply(
        self, transaction: TransactionView, status: int, reason: str, headers: str = "", body: str = ""
    ) -> bool:
        """Answer the transaction's request; False when a final answer was sent already."""
        return self._layer.reply(_own(transaction), status, reason, headers, body)

    def retransmit_reply(self, transaction: TransactionView) -> bool:
        """Send the last response again; False when there was none."""
        return self._layer.repeat_response(_own(transaction))

    def cancel(self, transaction: TransactionView, headers: str = "") -> None:
        """End an INVITE as if its caller had sent CANCEL."""
        self._relay.cancel(_own(transaction), headers)

    def cancel_branches(self, transaction: TransactionView, mode: str, index: int, headers: str = "") -> None:
        """Cancel branches of an INVITE: "all", "others" (than index) or "this" (index)."""
        own = _own(transaction)
        chosen = {
            branch.index
            for branch in own.branches
            if mode == "all" or (branch.index == index) == (mode == "this")
        }
        self._layer.cancel_branches(own, headers, chosen)

    def set_timeouts(self, transaction: TransactionView, invite_timeout: float, timeout: float) -> None:
        """New final-response timeouts in seconds (0.0: unchanged), also for running branches."""
        own = _own(transaction)
        timers = own.timers
        own.timers = dataclasses.replace(
            timers,
            final_invite_response=invite_timeout or timers.final_invite_response,
            final_response=timeout or timers.final_response,
        )
        with own.lock:
            for branch in own.branches:
                if branch.machine is not None:
                    branch.machine.timers = own.timers
                    branch.machine.set_final_response_timeout(
                        invite_timeout, timeout, self._layer.timers.clock()
                    )
            self._layer.reschedule(own)

    def disable_6xx(self, transaction: TransactionView, disabled: bool) -> None:
        """Whether a 6xx no longer cancels the other branches."""
        _own(transaction).responses.disable_6xx = disabled

    def drop_replies(self, transaction: TransactionView, mode: str) -> None:
        """What a further serial leg forgets: "n" nothing, "a" everything, "l" the last leg."""
        _own(transaction).responses.drop_replies(mode)

    def drop(self, transaction: TransactionView, status: int) -> None:
        """End the transaction without an answer."""
        self._layer.drop(_own(transaction), status)

    def suspend(self, ctx: RouteContext, at_most: float = 0.0) -> int:
        """Hold the transaction of the message until `resume`: 1, or -1 when it cannot be held."""
        return self._suspension.suspend(ctx, at_most)

    def take_back(self, ctx: RouteContext) -> None:
        """Undo the `suspend` of this context: nothing will resume it."""
        self._suspension.take_back(ctx)

    def resume(
        self,
        transaction: TransactionView,
        name: str,
        argument: str,
        attributes: Mapping[str, Any] | None = None,
    ) -> int:
        """Run the Lua function `name` on a held transaction: 1, or -1 when it is not held."""
        return self._suspension.resume(_own(transaction), name, argument, attributes=attributes)

    def acknowledge(self, transaction: TransactionView, headers: str, body: str) -> Relaying:
        """Send the ACK for the 2xx to an INVITE made here: 1, or -1 when there is none."""
        own = _own(transaction)
        for branch in own.branches:
            if own.local_request and branch.response is not None and 200 <= branch.response.status < 300:
                return (yield from self._own_requests.acknowledge(own, branch.response, headers, body))
        return -1

    def send_request(
        self, method: str, request_uri: str, next_hop: str, headers: str, body: str, socket: str = ""
    ) -> int:
        """Send a request of our own and forget its answer; 1, or -1 when it cannot be built."""
        lines = headers if headers.endswith("\r\n") or not headers else headers + "\r\n"
        lower = lines.lower()
        text = f"{method} {request_uri} SIP/2.0\r\n{PLACEHOLDER_VIA}"
        if "from:" not in lower:
            text += f"From: <{request_uri}>;tag={self._random_token(12)}\r\n"
        if "to:" not in lower:
            text += f"To: <{request_uri}>\r\n"
        text += (
            f"Call-ID: {self._random_token(20)}\r\nCSeq: 10 {method}\r\n{lines}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        return self._send_text(text, next_hop, socket, None)

    def send_own(self, request: OwnRequest, completed: Completed | None = None) -> int:
        """Begin to send a request of our own: 1, and `completed` will be told; or -1 when it cannot be built."""
        start = (request.method, request.request_uri, request.from_, request.to, request.call_id)
        if any("\r" in part or "\n" in part for part in start):
            return -1
        lines = request.headers.rstrip("\r\n")
        lines += "\r\n" if lines else ""
        text = (
            f"{request.method} {request.request_uri} SIP/2.0\r\n{PLACEHOLDER_VIA}From: {request.from_}\r\n"
            f"To: {request.to}\r\nCall-ID: {request.call_id}\r\nCSeq: {request.cseq} {request.method}\r\n"
            f"{lines}Content-Length: {len(request.body)}\r\n\r\n{request.body}"
        )
        return self._send_text(text, request.next_hop, request.socket, completed)

    def _send_text(self, text: str, next_hop: str, socket: str, completed: Completed | None) -> int:
        try:
            message = parse_message(text)
        except SipError:
            return -1
        services = self._relay.services
        listener = next((s for s in services.listeners if s.text == socket), services.listeners[0])
        context = RouteContext(
            Route.REQUEST, message, Source(listener.host, listener.port, listener), services
        )
        context.target.destination_uri = next_hop
        if listener.text == socket and listener.protocol != "udp" and _leaves_transport_open(context.target):
            context.target.protocol = listener.protocol
        slot = self._current_slot()
        remove_vias(context)
        flow = self._own_requests.send(context, slot, True, completed)
        # Not from here: this may be a call out of Lua, and the flow may call Lua (ksr_onsend_route).
        self._layer.timers.soon(lambda: self._execution.start(slot.runtime, flow))
        return 1

    def _own_source(self, ctx: RouteContext) -> Source:
        listener = ctx.source.listener
        return Source(listener.host, listener.port, listener)


def _leaves_transport_open(target: Branch) -> bool:
    """Whether the URI that decides the next hop names no transport."""
    try:
        uri = parse_uri(target.destination_uri or target.uri)
    except SipError:
        return False
    return uri.scheme == "sip" and not uri.transport


def _own(transaction: TransactionView) -> Transaction:
    assert isinstance(transaction, Transaction)
    return transaction
