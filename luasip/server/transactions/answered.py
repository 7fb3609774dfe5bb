"""Requests answered a while ago: nothing is left of their transactions but what a repetition of them gets.

RFC 3261 keeps a server transaction for a while after its final response (timers J and L), so that the request, come
again, is not taken for a new one, and the client's, so that the response is not (timer K). That takes little memory.
"""

import math
from collections import deque
from typing import Final

from luasip.lock import new_lock
from luasip.native import mypyc_attr
from luasip.server.execution import Execution
from luasip.server.sending import Sending
from luasip.server.sockets import Sockets
from luasip.server.timers import Timers
from luasip.server.transactions.table import TransactionTable
from luasip.server.transactions.transaction import Transaction
from luasip.sip.message import Request
from luasip.transaction.outputs import SEND
from luasip.transaction.server import NonInviteServer
from luasip.transport.packet import Destination

SWEEP_AFTER: Final = 1.0
"""Seconds between two looks for what has ended."""


@mypyc_attr(acyclic=True)
class Answered:
    """What one request is answered when it comes again, and where; no destination: it is absorbed in silence."""

    __slots__ = ("destination", "key", "text", "until")

    def __init__(self, key: str, text: str, destination: Destination | None, until: float) -> None:
        self.key = key
        """What it is found by."""
        self.text = text
        self.destination = destination
        self.until = until


class AnsweredTable:
    """Such by a key. Any thread."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._lock = new_lock()
        self._by_key: dict[str, Answered] = {}
        self._order: deque[Answered] = deque()
        self._append = self._order.append  # looked up once
        self._is_swept = False

    def __len__(self) -> int:
        with self._lock:
            return len(self._by_key)

    def add(self, answered: Answered) -> None:
        """Keep one until its time is over."""
        with self._lock:
            self._by_key[answered.key] = answered
            self._append(answered)
            starts, self._is_swept = not self._is_swept, True
        if starts:
            self._timers.after(SWEEP_AFTER, self._sweep)

    def find(self, key: str) -> Answered | None:
        """The one with this key, None when there is none (any more)."""
        with self._lock:
            return self._by_key.get(key)

    def _sweep(self) -> None:
        """Forget those whose time is over; nearly all are kept equally long, so the oldest come first."""
        again = self._timers.after(2 * SWEEP_AFTER, self._sweep)  # should this sweep be cut off
        now = self._timers.clock()
        with self._lock:
            order = self._order
            while order and order[0].until <= now:
                answered = order.popleft()
                if self._by_key.get(answered.key) is answered:
                    del self._by_key[answered.key]
            goes_on = self._is_swept = bool(order)
        if goes_on:
            self._timers.after(SWEEP_AFTER, self._sweep)
        again.cancel()


class AnsweredRequests:
    """All of a server. Any thread."""

    def __init__(
        self, table: TransactionTable, execution: Execution, sockets: Sockets, timers: Timers
    ) -> None:
        self._table = table
        self._execution = execution
        self._sockets = sockets
        self._requests = AnsweredTable(timers)
        """By server key."""
        self._branches = AnsweredTable(timers)
        """By branch and method: those whose response may come again."""

    def __len__(self) -> int:
        return len(self._requests)

    def __contains__(self, key: str) -> bool:
        return self._requests.find(key) is not None

    def put_to_rest(self, transaction: Transaction, destination: Destination) -> bool:
        """Keep of a transaction what a repetition of its request needs; False when it may not rest.

        destination: of responses.
        """
        with transaction.lock:
            transaction.rests_at = math.inf
            machine = transaction.machine
            if machine is None or not transaction.may_rest():
                return False
            text = ""
            # A machine in its last state answers repetitions alike whenever they come.
            if isinstance(machine, NonInviteServer) and machine.on_retransmission(0.0) & SEND:
                text = transaction.last_response
            until = machine.timer_at
            answered = Answered(transaction.key, text, destination if text else None, until)
            if transaction.timer_entry is not None:
                transaction.timer_entry.cancel()
                transaction.timer_entry = None
        self._requests.add(answered)
        if not transaction.is_invite:
            for branch in transaction.branches:
                self._branches.add(Answered(f"{branch.branch_id}\n{transaction.method}", "", None, until))
        self._table.remove(transaction)
        transaction.break_cycles()
        return True

    def absorb(self, request: Request, key: str) -> bool:
        """Take a request that came again; False when it is another one. `key`: its server key."""
        found = self._requests.find(key)
        if found is None or request.method == "ACK":
            return False
        self._sockets.traffic.repeated("received", "request")
        if found.destination is not None:
            self._execution.send(Sending(self._sockets, found.text, found.destination))
        return True

    def absorb_response(self, branch_id: str, method: str) -> bool:
        """Whether a response is the repetition of one that was passed on, which ends here."""
        if self._branches.find(f"{branch_id}\n{method}") is None:
            return False
        self._sockets.traffic.repeated("received", "response")
        return True
