"""The transaction layer as modules see it: its settings, and what may be asked of it.

The server package implements `Transactions`; nothing here knows how.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from luasip.kemi.lists import ValueLists
from luasip.kemi.operation import Operation
from luasip.kemi.transaction_settings import TransactionSettings
from luasip.sip.message import Request, Response
from luasip.transaction.timers import TransactionTimers

Relaying = Generator[Operation, Any, int]

Relayed = int | Relaying
"""What forwarding gives: the result, or, when something must be waited for first, what waits and returns it."""

Completed = Callable[[int, Response | None], None]
"""Told once how a request of our own ended: the final status, and the response, None for a status made here (408 nobody
answered, 478 it leads nowhere, 477 the script dropped it …). Not on a thread of the caller's choosing: be quick."""


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """A request to be made and sent here, in a transaction of its own."""

    method: str
    request_uri: str
    from_: str
    """Value of From, with its tag."""
    to: str
    """Value of To."""
    call_id: str
    cseq: int = 10
    headers: str = ""
    """Further header lines; CRLF may be missing behind the last."""
    body: str = ""
    next_hop: str = ""
    """URI it is sent to, "" for the Request-URI."""
    socket: str = ""
    """Listener.text of the socket it is sent from, "" for any."""


class ClientBranchView(Protocol):
    """One branch as it was sent. `target` is the luasip.kemi.context.Branch it was made from."""

    @property
    def target(self) -> Any: ...
    @property
    def index(self) -> int: ...
    @property
    def request_uri(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def response(self) -> Response | None:
        """The newest one; while the branch rings, None soon after it came."""
        ...

    @property
    def replied(self) -> bool:
        """Whether the newest thing heard of it is a response."""
        ...

    @property
    def flags(self) -> int: ...
    @property
    def ruid(self) -> str: ...
    @property
    def timed_out(self) -> bool: ...


class Transaction(Protocol):
    """The stateful side of a request. Changes of plain fields take effect at the next step."""

    id_index: int
    id_label: int
    method: str
    flags: int
    xflags: int
    last_status: int
    canceled: bool
    expired: bool
    suspended: bool
    disable_internal_reply: bool
    auto_invite_100: bool
    auto_ack: bool
    carry_cancel_reason: bool
    failover: bool
    timers: TransactionTimers
    in_failure_route: bool
    notes: dict[str, Any] | None

    @property
    def lists(self) -> ValueLists: ...
    @property
    def call_id(self) -> str: ...
    @property
    def request(self) -> Request: ...
    @property
    def is_invite(self) -> bool: ...
    @property
    def final_sent(self) -> bool: ...
    @property
    def branches(self) -> Sequence[ClientBranchView]: ...


class TransactionObserver(Protocol):
    """Is told what became of requests. Methods are called on the thread that did it, with no lock held: be quick."""

    def response_sent(self, transaction: Transaction, status: int, response: Response | None) -> None:
        """A response (not 100) was sent upstream: the one received, or None for one made here. A 2xx is told again
        when it came again.
        """
        ...

    def failed(self, transaction: Transaction, status: int, response: Response | None) -> None:
        """Every branch so far has failed, the failure callback has not run yet; as response_sent."""
        ...

    def acknowledged(self, transaction: Transaction, request: Request, source: Any) -> None:
        """The ACK for a 2xx to an INVITE came, perhaps again, from the luasip.kemi.context.Source."""
        ...


class Transactions(Protocol):
    """What may be asked of the transaction layer. `ctx` is a RouteContext throughout."""

    settings: TransactionSettings

    def observe(self, observer: TransactionObserver) -> None:
        """Tell `observer` of every request; call it before messages come."""
        ...

    def on_created(self, told: Callable[[Any, Transaction], None]) -> None:
        """Tell of every transaction of a request that came, with its RouteContext; call it before messages come."""
        ...

    def context_of(self, transaction: Transaction, response: Response | None = None) -> Any:
        """A RouteContext over the transaction's request as a failure callback sees it, `response` as its winner."""
        ...

    def create(self, ctx: Any) -> int:
        """Make the request stateful: 1 new, 0 it was a retransmission (answered from state), -1 not possible."""
        ...

    def find(self, request: Request) -> Transaction | None:
        """The transaction a request belongs to; for an ACK that of its INVITE."""
        ...

    def find_canceled(self, request: Request) -> Transaction | None:
        """The INVITE a CANCEL is about."""
        ...

    def acknowledged(self, request: Request) -> Transaction | None:
        """The INVITE whose 2xx an ACK acknowledges."""
        ...

    def find_reply(self, response: Response) -> Transaction | None:
        """The transaction a response belongs to."""
        ...

    def by_call_id(self, call_id: str, cseq: str) -> Transaction | None:
        """The transaction of the request with this Call-ID and CSeq number."""
        ...

    def by_id(self, index: int, label: int) -> Transaction | None:
        """The transaction with Kamailio's identity ($T(id_index), $T(id_label))."""
        ...

    def all(self) -> Sequence[Transaction]:
        """Every live transaction."""
        ...

    def absorb(self, transaction: Transaction, request: Request) -> bool:
        """Answer a request that came again from state, take an ACK. False when it is not for this transaction."""
        ...

    def relay(self, ctx: Any, flags: int = 0, next_hop: str = "") -> Relayed:
        """t_relay: forward to the targets of the context, or to the URI `next_hop`."""
        ...

    def replicate(self, ctx: Any, uri: str) -> Relaying:
        """Send a copy of the request to `uri` in a transaction of its own whose responses nobody gets."""
        ...

    def reply(
        self, transaction: Transaction, status: int, reason: str, headers: str = "", body: str = ""
    ) -> bool:
        """Answer the transaction's request; False when a final answer was sent already."""
        ...

    def retransmit_reply(self, transaction: Transaction) -> bool:
        """Send the last response again; False when there was none."""
        ...

    def cancel(self, transaction: Transaction, headers: str = "") -> None:
        """End an INVITE as if its caller had sent CANCEL."""
        ...

    def cancel_branches(self, transaction: Transaction, mode: str, index: int, headers: str = "") -> None:
        """Cancel branches of an INVITE: "all", "others" (than index) or "this" (index)."""
        ...

    def set_timeouts(self, transaction: Transaction, invite_timeout: float, timeout: float) -> None:
        """New final-response timeouts in seconds (0.0: unchanged), also for running branches."""
        ...

    def disable_6xx(self, transaction: Transaction, disabled: bool) -> None:
        """Whether a 6xx no longer cancels the other branches."""
        ...

    def drop_replies(self, transaction: Transaction, mode: str) -> None:
        """What a further serial leg forgets: "n" nothing, "a" everything, "l" the last leg."""
        ...

    def drop(self, transaction: Transaction, status: int) -> None:
        """End the transaction without an answer."""
        ...

    def suspend(self, ctx: Any, at_most: float = 0.0) -> int:
        """Hold the transaction of the message until `resume`: 1, or -1 when it cannot be held.

        When nobody resumes it within `at_most` seconds (0.0: the transaction's own timeout) its failure callback runs.
        """
        ...

    def take_back(self, ctx: Any) -> None:
        """Undo the `suspend` of this context: nothing will resume it."""
        ...

    def resume(
        self, transaction: Transaction, name: str, argument: str, attributes: Mapping[str, Any] | None = None
    ) -> int:
        """Run the Lua function `name` on a held transaction: 1, or -1 when it is not held.

        `attributes` are put into the context's own.
        """
        ...

    def acknowledge(self, transaction: Transaction, headers: str, body: str) -> Relaying:
        """Send the ACK for the 2xx to an INVITE made here: 1, or -1 when there is none."""
        ...

    def send_request(
        self, method: str, request_uri: str, next_hop: str, headers: str, body: str, socket: str = ""
    ) -> int:
        """Send a request of our own and forget its answer; 1, or -1 when it cannot be built."""
        ...

    def send_own(self, request: OwnRequest, completed: Completed | None = None) -> int:
        """Begin to send a request of our own: 1, and `completed` will be told; or -1 when it cannot be built."""
        ...
