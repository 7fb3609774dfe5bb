"""One transaction: a request, the server machine that answers it, and the client branches it was forwarded on.

Holds state and steps its machines under its lock; never runs Lua, never sends while the lock is held. What Lua is to
hear about goes through `events`, one flow at a time.
"""

import math
from collections.abc import Callable
from typing import Any, Final

from luasip.kemi.context import Arming, Branch, RouteContext, Source
from luasip.kemi.lists import ValueLists
from luasip.kemi.transactions import Completed
from luasip.lock import Lock, new_lock
from luasip.proxy.response_context import ForkingSettings, ResponseContext
from luasip.server.frames import Event, Flow, RuntimeSlot
from luasip.server.timers import Entry
from luasip.server.transactions.template import Template
from luasip.sip.edits import Edits, unpacked
from luasip.sip.message import Request, Response
from luasip.sip.parser import ANY_SIZE, parse_message
from luasip.transaction.client import NonInviteClient
from luasip.transaction.client_invite import InviteClient
from luasip.transaction.key import ack_key
from luasip.transaction.server import NonInviteServer
from luasip.transaction.server_invite import InviteServer
from luasip.transaction.states import State
from luasip.transaction.timers import TransactionTimers
from luasip.transport.packet import Destination

_reading: Final = new_lock()
"""Held while a request is read again, which is rare, by whoever does it."""


class ClientBranch:
    """One way the request went: a client machine and what was sent."""

    __slots__ = (
        "_response",
        "_response_text",
        "blind",
        "branch_id",
        "cancel_destination",
        "cancel_machine",
        "cancel_text",
        "context",
        "destination",
        "flags",
        "hops",
        "index",
        "instance",
        "machine",
        "on_branch_failure",
        "on_reply",
        "on_response",
        "replied",
        "reply_edits",
        "request_uri",
        "ruid",
        "small_destination",
        "status",
        "target",
        "text",
        "timed_out",
    )

    def __init__(self, index: int, branch_id: str, target: Branch) -> None:
        self.index = index
        self.branch_id = branch_id
        """Branch parameter of the Via we added."""
        self.blind = False
        """It was never sent: its timer limits how long the transaction may be suspended."""
        self.target = target
        """Where it was sent, after the branch callback."""
        self.request_uri = target.uri
        self.flags = target.flags
        self.ruid = target.ruid
        self.instance = target.instance
        self.context: RouteContext | None = None
        """The branch's own context, kept while another address may have to be tried."""
        self.text = ""
        """The request as sent, for retransmissions, CANCEL and ACK; dropped when the branch is over."""
        self.destination: Destination | None = None
        self.hops: list[Destination] | None = None
        """Further addresses to try when this one cannot be reached (RFC 3263 §4.3); None for none."""
        self.small_destination: Destination | None = None
        """The UDP address whose TCP twin is tried first, because the request is large (RFC 3261 §18.1.1)."""
        self.machine: InviteClient | NonInviteClient | None = None
        self.cancel_machine: NonInviteClient | None = None
        self.cancel_text = ""
        self.cancel_destination: Destination | None = None
        self.on_reply = ""
        self.on_branch_failure = ""
        self.on_response: tuple[Callable[[RouteContext], None], ...] = ()
        self.status = 0
        """Newest status received (408 after a timeout), 0 before any."""
        self.replied = False
        """The newest thing heard of it is a response."""
        self._response: Response | None = None
        self._response_text = ""
        self.reply_edits: Edits | None = None
        """What onreply callbacks changed in the final response, for when it wins."""
        self.timed_out = False

    @property
    def response(self) -> Response | None:
        """The newest response received, a provisional one until it is put away; read once more when a final one was."""
        response = self._response
        if response is None and self._response_text:
            parsed = parse_message(self._response_text, ANY_SIZE)
            assert isinstance(parsed, Response)
            response = self.response = parsed
        return response

    @response.setter
    def response(self, response: Response | None) -> None:
        self._response = response
        self._response_text = ""
        self.replied = response is not None

    def put_away(self, common: Branch) -> None:
        """Keep text in place of what was read from it; nothing has to be tried any more once a response came.

        A provisional response is passed on at once and chosen by nobody: it goes. `common`: the transaction's target,
        which is the branch's too unless its callback changed it.
        """
        if self.status:
            if isinstance(self.machine, InviteClient):  # not sent again, and CANCEL and ACK are made of headers
                headers_end = self.text.find("\r\n\r\n")
                if headers_end >= 0:
                    self.text = self.text[: headers_end + 4]
            self.context = None
            self.hops = None
            if self.target is not common and self.target.equals(common):
                self.target = common
        response = self._response
        if response is not None:
            self._response = None
            if response.status >= 200:
                self._response_text = response.text

    @property
    def timer_at(self) -> float:
        """Instant of the branch's next timer, math.inf when none."""
        at = math.inf if self.machine is None else self.machine.timer_at
        if self.cancel_machine is not None and self.cancel_machine.timer_at < at:
            at = self.cancel_machine.timer_at
        return at


class Transaction:
    """See the module's docstring. Fields are guarded by `lock` unless they are set once."""

    __slots__ = (
        "_call_id",
        "_edits",
        "_lists",
        "_on_due",
        "_packed_edits",
        "_request",
        "_request_text",
        "_top_via_end",
        "_top_via_text",
        "acknowledged",
        "after_script",
        "arming",
        "auto_ack",
        "auto_invite_100",
        "branches",
        "canceled",
        "carry_cancel_reason",
        "completed",
        "continued",
        "dialog_key",
        "disable_internal_reply",
        "ends_at",
        "error_reply",
        "events",
        "events_running",
        "expired",
        "failover",
        "flags",
        "forwarded",
        "id_index",
        "id_label",
        "implicit",
        "in_failure_route",
        "is_invite",
        "key",
        "last_response",
        "last_response_destination",
        "last_status",
        "local_request",
        "lock",
        "machine",
        "method",
        "notes",
        "reply_send_flags",
        "responses",
        "rests_at",
        "script_running",
        "slot",
        "source",
        "suspended",
        "target",
        "template",
        "timer_entry",
        "timers",
        "to_tag",
        "xflags",
    )

    def __init__(
        self,
        id_index: int,
        id_label: int,
        key: str,
        context: RouteContext,
        timers: TransactionTimers,
        forking: ForkingSettings,
        slot: RuntimeSlot,
        lock: Lock,
        on_due: Callable[["Transaction"], None],
    ) -> None:
        """`lock` may be that of other transactions too; `on_due` is called when the timer is due."""
        request = context.request
        self.id_index = id_index
        self.id_label = id_label
        self.key = key
        self.lock = lock
        self._on_due = on_due
        self._request: Request | None = request
        self._request_text = ""
        self._top_via_text = ""
        self._top_via_end = ""
        self.is_invite = is_invite = request.method == "INVITE"
        self.method = "INVITE" if is_invite else request.method  # the request's own text need not be kept
        self.dialog_key = ack_key(request) if is_invite else ""
        """What the ACK for a 2xx to an INVITE finds it by; it begins with the Call-ID."""
        self._call_id = "" if is_invite else request.call_id
        self.source: Source = context.source
        self.timers = timers
        self.slot = slot
        """Where the Lua runtime is found that runs its callbacks."""
        self.machine: InviteServer | NonInviteServer | None = None
        self.branches: list[ClientBranch] = []
        self.responses = ResponseContext(self.is_invite, forking)
        self.arming: Arming = context.arming
        self._lists: ValueLists | None = context.lists
        self.flags = context.flags
        self.xflags = context.xflags
        self._edits: Edits | None = context.edits
        self._packed_edits: tuple[object, ...] = ()
        self.target = context.target
        self.template: RouteContext | Template | None = context
        """The request route's context, or what branches of failure routes inherit of it, such as Record-Route."""
        self.ends_at = math.inf
        """Instant at which every branch must have had its final response (max_inv_lifetime, max_noninv_lifetime)."""
        self.rests_at = math.inf
        """Instant at which little has to be kept of it any more, set with the final response."""
        self.to_tag = ""
        self.last_status = 0
        self.acknowledged = False
        """The ACK for a 2xx has come."""
        self.last_response = ""
        self.last_response_destination: Destination | None = None
        self.canceled = False
        self.expired = False
        self.forwarded = False
        """Whether it was ever relayed."""
        self.suspended = False
        """t_suspend holds it until t_continue."""
        self.continued = False
        """It was continued before the callback that had suspended it came to its end."""
        self.after_script: list[Callable[[], None]] | None = None
        """To be done when the request route has ended."""
        self.script_running = True
        """The request route has not ended yet."""
        self.implicit = False
        """It was created because the route had to wait, not because the script asked for it."""
        self.in_failure_route = False
        self.error_reply: tuple[int, str] | None = None
        """What to answer when the script ends without having answered: t_relay failed."""
        self.disable_internal_reply = False
        self.auto_invite_100 = True
        self.auto_ack = True
        """Acknowledge a 2xx to an INVITE made here (t_set_no_auto_ack)."""
        self.carry_cancel_reason = True
        """Carry the caller's Reason to the CANCELs we send (t_set_no_e2e_cancel_reason)."""
        self.failover = True
        """Try a name's further addresses (t_set_disable_failover)."""
        self.reply_send_flags = context.reply_send_flags
        self.local_request = False
        self.completed: Completed | None = None
        """Who is to be told how a request made here ended."""
        self.notes: dict[str, Any] | None = None
        """What observers keep with it, keyed by module; None as long as there is nothing."""
        self.events: list[tuple[Event | Flow, RuntimeSlot]] | None = None
        """What waits for the one that runs."""
        self.events_running = False
        self.timer_entry: Entry | None = None

    def __call__(self) -> None:
        """Its timer is due. It is the action itself: an object that calls it would be one more for each."""
        self._on_due(self)

    @property
    def edits(self) -> Edits:
        """Header and body edits every branch starts from."""
        edits = self._edits
        if edits is None:
            edits = self._edits = unpacked(self._packed_edits)
        return edits

    @edits.setter
    def edits(self, edits: Edits) -> None:
        self._edits = edits

    @property
    def request(self) -> Request:
        """The request as it came; read once more when it had been put away."""
        request = self._request
        return self._read_again() if request is None else request

    def _read_again(self) -> Request:
        """The one object for all who ask: what they note in it must be seen by the others. The lock may be held."""
        with _reading:
            request = self._request
            if request is None:
                parsed = parse_message(self._request_text, ANY_SIZE)
                assert isinstance(parsed, Request)
                parsed.top_via_text = self._top_via_text or parsed.top_via.text + self._top_via_end
                request = self._request = parsed
        return request

    @property
    def lists(self) -> ValueLists:
        """AVPs and XAVPs."""
        lists = self._lists
        if lists is None:
            lists = self._lists = ValueLists()
        return lists

    @property
    def call_id(self) -> str:
        """The request's Call-ID."""
        key = self.dialog_key
        return key[: key.index("\n")] if key else self._call_id

    @property
    def final_sent(self) -> bool:
        """Whether a final response went upstream."""
        return self.last_status >= 200

    @property
    def longest_life(self) -> float:
        """Seconds after which it is given up without a final response."""
        return self.timers.max_invite_lifetime if self.is_invite else self.timers.max_non_invite_lifetime

    def timer_at(self) -> float:
        """Instant of the earliest timer of all machines, math.inf when none."""
        at = math.inf if self.machine is None else self.machine.timer_at
        for branch in self.branches:
            if branch.timer_at < at:
                at = branch.timer_at
        return at

    def drop_what_decided(self) -> bool:
        """The caller has the final response: what only served to choose and make it goes. The lock is held.

        What is left absorbs retransmissions, acknowledges late failures and passes late 2xx on. True the one time
        something went.
        """
        if self.template is None or self.local_request or not self._is_idle():
            return False
        if self.responses.pending():
            return False
        self.template = None
        self._put_request_away()
        self._pack_edits()
        if self._lists is not None and self._lists.are_empty:
            self._lists = None
        for decided in self.responses.branches:
            decided.response = None
        for branch in self.branches:
            branch.context = None
            branch.response = None
            branch.reply_edits = None
            if branch.status < 300:  # else it is wanted for another ACK
                branch.text = ""
        return True

    def may_rest(self) -> bool:
        """Whether nothing can happen any more but that the request comes again, or a 2xx to it. The lock is held."""
        machine = self.machine
        answered = State.ACCEPTED if self.is_invite else State.COMPLETED
        if machine is None or machine.state is not answered or self.local_request or not self._is_idle():
            return False
        if self.is_invite and not self.acknowledged:
            return False
        for branch in self.branches:
            client, cancel = branch.machine, branch.cancel_machine
            if client is not None and client.state is not answered and client.state is not State.TERMINATED:
                return False
            if cancel is not None and not cancel.terminated:
                return False
        return True

    def _is_idle(self) -> bool:
        return not (self.script_running or self.events_running or self.suspended)

    def put_away(self) -> None:
        """The callee rings or the script holds the request, which lasts: what was read from messages goes, their text
        stays. The lock is held."""
        if self.local_request or self.script_running or self.events_running:
            return
        if isinstance(self.template, RouteContext):
            self.template = Template(self.template)
        self._put_request_away()
        self._pack_edits()
        for branch in self.branches:
            branch.put_away(self.target)

    def put_away_for(self, context: RouteContext) -> None:
        """One of its routes is about to wait for long: what was read from the request goes, the context's too. The lock
        is held."""
        request = self._request
        if request is not None and not request.is_rewritten and context.put_away(request):
            self._put_request_away()

    def _put_request_away(self) -> None:
        request = self._request
        if request is not None:
            text, received = request.top_via_text, request.top_via.text
            # Mostly parameters were added at its end: they are enough.
            self._top_via_end = text[len(received) :]
            self._top_via_text = "" if text.startswith(received) else text
            self._request_text = request.text
            self._request = None

    def _pack_edits(self) -> None:
        if self._edits is not None:
            self._packed_edits = self._edits.packed()
            self._edits = None

    def break_cycles(self) -> None:
        """Let go of the contexts that refer back to this transaction, which is over."""
        self.template = None
        for branch in self.branches:
            branch.context = None

    def complete(self, status: int, response: Response | None) -> None:
        """A request made here has its final response: tell who asked for it, once."""
        with self.lock:
            self.last_status = status  # nothing is left to be answered: a stopping server need not wait for it
            completed, self.completed = self.completed, None
        if completed is not None:
            completed(status, response)

    def take_continued(self) -> bool:
        """Whether a continuation follows the callback that has just ended; asked once."""
        with self.lock:
            continued, self.continued = self.continued, False
        return continued

    def release(self) -> bool:
        """End the blind branch of a suspended request; False when there is none. The lock is held."""
        for branch in self.branches:
            if branch.blind and branch.machine is not None:
                branch.machine = None
                self.responses.discard_branch(branch.index)
                self.suspended = False
                return True
        return False

    def is_over(self) -> bool:
        """Whether every machine has ended, so that the transaction may be forgotten."""
        if self.machine is not None and not self.machine.terminated:
            return False
        if not self._is_idle():
            return False
        for branch in self.branches:
            if branch.machine is not None and not branch.machine.terminated:
                return False
            if branch.cancel_machine is not None and not branch.cancel_machine.terminated:
                return False
        return True
