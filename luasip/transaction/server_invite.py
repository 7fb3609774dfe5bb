"""The INVITE server transaction: RFC 3261 §17.2.1 as corrected by RFC 6026 §8.5 and §7.1.

                                       |INVITE
                                       |pass INV to TU
                    INVITE             V
                    send response+------------+
                        +--------|            |--+ 1xx from TU
                        |        | Proceeding |  | send response
                        +------->|            |<-+
                                 +------------+
                 300-699 from TU |            | 2xx from TU
                 send response   |            | send response
                                 |            +----------------+
         INVITE                  V                             |    2xx from TU
         send response     +-----------+              +-----------+ send response
             +-------------|           |      INVITE  |           |-----+
             |             | Completed |      +-------| Accepted  |     |
             +------------>|           |--+   +------>|           |<----+
                           +-----------+  |Timer G    +-----------+
                             |  |     ^   |send resp.  |  |     ^
                         ACK |  |     +---+        ACK |  |     |
                             |  |Timer H fires    to TU|  |     |
                             |  |inform TU             +--|-----+
                             V  |                         |Timer L fires
                     +---------+|                         |
                     |Confirmed||                         |
                     +---------+|                         |
              Timer I fires |   |                         |
                            V   V                         V
                          +---------------------------------+
                          |           Terminated            |
                          +---------------------------------+

A transport error is told to the transaction user and changes no state (RFC 6026 §7.1). A transaction user
that never answers is reminded by TIMEOUT when the INVITE's lifetime is over (Abandoned: it may still answer)
and forgotten after one more final_response. A 2xx made here and not forwarded is repeated until its ACK
(RFC 3261 §13.3.1.4).

This module must not know messages or forking.
"""

import math
from typing import Final

from luasip.native import mypyc_attr
from luasip.transaction.machine import Machine
from luasip.transaction.outputs import NOTHING, PASS, SEND, TERMINATED, TIMEOUT, TRANSPORT_ERROR
from luasip.transaction.states import (
    ACK,
    EXPIRY,
    FAILURE,
    FAULT,
    PROVISIONAL,
    REQUEST,
    RETRANSMIT,
    SUCCESS,
    State,
    Transitions,
    response_input,
)
from luasip.transaction.timers import TransactionTimers

TRANSITIONS: Final[Transitions] = {
    State.PROCEEDING: {
        PROVISIONAL: (State.PROCEEDING, SEND),
        SUCCESS: (State.ACCEPTED, SEND),
        FAILURE: (State.COMPLETED, SEND),
        REQUEST: (State.PROCEEDING, SEND),
        EXPIRY: (State.ABANDONED, TIMEOUT),
        FAULT: (State.PROCEEDING, TRANSPORT_ERROR),
    },
    State.ABANDONED: {
        PROVISIONAL: (State.ABANDONED, SEND),
        SUCCESS: (State.ACCEPTED, SEND),
        FAILURE: (State.COMPLETED, SEND),
        REQUEST: (State.ABANDONED, SEND),
        EXPIRY: (State.TERMINATED, TERMINATED),
        FAULT: (State.ABANDONED, TRANSPORT_ERROR),
    },
    State.COMPLETED: {
        RETRANSMIT: (State.COMPLETED, SEND),
        REQUEST: (State.COMPLETED, SEND),
        ACK: (State.CONFIRMED, NOTHING),
        EXPIRY: (State.TERMINATED, TIMEOUT | TERMINATED),
        FAULT: (State.COMPLETED, TRANSPORT_ERROR),
    },
    State.CONFIRMED: {
        EXPIRY: (State.TERMINATED, TERMINATED),
    },
    State.ACCEPTED: {
        SUCCESS: (State.ACCEPTED, SEND),
        RETRANSMIT: (State.ACCEPTED, SEND),
        ACK: (State.ACCEPTED, PASS),
        EXPIRY: (State.TERMINATED, TERMINATED),
        FAULT: (State.ACCEPTED, TRANSPORT_ERROR),
    },
    State.TERMINATED: {},
}


@mypyc_attr(acyclic=True)
class InviteServer(Machine):
    """The INVITE as it came to us. awaits_ack: our own 2xx is being repeated until its ACK comes."""

    __slots__ = ("_responded", "awaits_ack")

    def __init__(
        self, timers: TransactionTimers, reliable: bool, now: float, lifetime_ends_at: float = math.inf
    ) -> None:
        """lifetime_ends_at: when the transaction must be over, so that TIMEOUT is given; left out,
        max_invite_lifetime + wait after `now`: after every client branch has given up."""
        super().__init__(timers, reliable, State.PROCEEDING)
        self.awaits_ack = False
        self._responded = False
        self._expires_at = min(lifetime_ends_at, now + timers.max_invite_lifetime + timers.wait)
        self._set_timer()

    def on_retransmission(self, now: float) -> int:
        """The INVITE came again."""
        entry = TRANSITIONS[self.state].get(REQUEST)
        if entry is None or not self._responded:
            return NOTHING
        return entry[1]

    def send_response(self, status: int, now: float, local_2xx: bool = False) -> int:
        """The transaction user has a response. SEND: send it and keep it; NOTHING: it comes too late.

        local_2xx: a 2xx of our own making, to be repeated until `on_ack`, also over reliable transports.
        """
        entry = TRANSITIONS[self.state].get(response_input(status))
        if entry is None:
            return NOTHING
        state, step = entry
        self._responded = True
        if state is State.COMPLETED:
            self._await_ack(state, now, self.reliable)
        elif state is State.ACCEPTED and self.state is not State.ACCEPTED:
            if local_2xx:
                self.awaits_ack = True
                self._await_ack(state, now, False)
            else:
                self._wait(state, now, self.timers.wait)
        return step

    def _await_ack(self, state: State, now: float, silently: bool) -> None:
        """Repeat the response (unless `silently`) until an ACK, at the longest for final_response."""
        self._wait(state, now, self.timers.final_response)
        if not silently:
            self._interval = self.timers.retransmit_1
            self._retransmit_at = now + self._interval
            self._set_timer()

    def on_ack(self, now: float) -> int:
        """An ACK came. For a 2xx the caller finds this machine by the INVITE's dialog, not by branch."""
        entry = TRANSITIONS[self.state].get(ACK)
        if entry is None:
            return NOTHING
        state, step = entry
        if state is State.CONFIRMED and self.reliable:  # timer I is zero
            self._terminate()
            return TERMINATED
        if state is State.CONFIRMED:
            self._wait(state, now, self.timers.t4)
        elif self.awaits_ack:
            self.awaits_ack = False
            self._wait(state, now, self.timers.wait)
        return step

    def on_timer(self, now: float) -> int:
        """Time has passed; does nothing before `timer_at`."""
        if now < self.timer_at:
            return NOTHING
        if now < self._expires_at:
            self._next_retransmission(now)
            return TRANSITIONS[self.state][RETRANSMIT][1]
        state, step = TRANSITIONS[self.state][EXPIRY]
        if state is State.ABANDONED:
            self._wait(state, now, self.timers.final_response)
            return step
        if self.awaits_ack:
            step |= TIMEOUT
        self._terminate()
        return step

    def on_transport_error(self, now: float) -> int:
        """A response could not be sent."""
        entry = TRANSITIONS[self.state].get(FAULT)
        return NOTHING if entry is None else entry[1]
