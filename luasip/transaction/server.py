"""The non-INVITE server transaction: RFC 3261 §17.2.2 with RFC 4320.

                                  |Request received
                                  |pass to TU
                                  V
                            +-----------+
                            |           |
                            | Trying    |-------------+
                            |           |             |
                            +-----------+             |200-699 from TU
                                  |                   |send response
                                  |100 from TU, late  |
                                  |send response      |
                                  |                   |
               Request            V      100 from TU  |
               send response+-----------+send response|
                   +--------|           |--------+    |
                   |        | Proceeding|        |    |
                   +------->|           |<-------+    |
            +<--------------|           |             |
            |Trnsprt Err    +-----------+             |
            |Inform TU            |                   |
            |                     |200-699 from TU    |
            |                     |send response      |
            |  Request            V                   |
            |  send response+-----------+             |
            |      +--------|           |             |
            |      |        | Completed |<------------+
            |      +------->|           |
            +<--------------|           |
            |Trnsprt Err    +-----------+
            |Inform TU            |Timer J fires
            |                     V
            |               +-----------+
            +-------------->| Terminated|
                            +-----------+

RFC 4320: no provisional response but 100, and over an unreliable transport that only when the client's
timer E has reached T2; at that time, if nothing was sent, a 100 is due (SEND_TRYING). 408 is never sent: the
transaction then completes in silence. A transaction user that never answers is told by TIMEOUT when
the request's lifetime is over, after which an answer would be useless.

This module must not know messages or forking.
"""

import math
from typing import Final

from luasip.native import mypyc_attr
from luasip.transaction.machine import Machine
from luasip.transaction.outputs import NOTHING, SEND, SEND_TRYING, TERMINATED, TIMEOUT, TRANSPORT_ERROR
from luasip.transaction.states import (
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
    State.TRYING: {
        PROVISIONAL: (State.PROCEEDING, SEND),
        SUCCESS: (State.COMPLETED, SEND),
        FAILURE: (State.COMPLETED, SEND),
        RETRANSMIT: (State.PROCEEDING, SEND_TRYING),
        EXPIRY: (State.TERMINATED, TIMEOUT | TERMINATED),
        FAULT: (State.TERMINATED, TRANSPORT_ERROR | TERMINATED),
    },
    State.PROCEEDING: {
        PROVISIONAL: (State.PROCEEDING, SEND),
        SUCCESS: (State.COMPLETED, SEND),
        FAILURE: (State.COMPLETED, SEND),
        REQUEST: (State.PROCEEDING, SEND),
        EXPIRY: (State.TERMINATED, TIMEOUT | TERMINATED),
        FAULT: (State.TERMINATED, TRANSPORT_ERROR | TERMINATED),
    },
    State.COMPLETED: {
        REQUEST: (State.COMPLETED, SEND),
        EXPIRY: (State.TERMINATED, TERMINATED),
        FAULT: (State.TERMINATED, TRANSPORT_ERROR | TERMINATED),
    },
    State.TERMINATED: {},
}


@mypyc_attr(acyclic=True)
class NonInviteServer(Machine):
    """A request that is neither INVITE nor ACK as it came to us."""

    __slots__ = ("_silent",)

    def __init__(
        self, timers: TransactionTimers, reliable: bool, now: float, lifetime_ends_at: float = math.inf
    ) -> None:
        """lifetime_ends_at: when an answer is no longer of use; left out, max_non_invite_lifetime + wait
        after `now`."""
        super().__init__(timers, reliable, State.TRYING)
        self._silent = False
        self._expires_at = min(lifetime_ends_at, now + timers.max_non_invite_lifetime + timers.wait)
        self._retransmit_at = now + timers.late_trying_after()  # here: when the late 100 is due
        self._set_timer()

    def on_retransmission(self, now: float) -> int:
        """The request came again."""
        entry = TRANSITIONS[self.state].get(REQUEST)
        if entry is None or self._silent:
            return NOTHING
        return entry[1]

    def send_response(self, status: int, now: float) -> int:
        """The transaction user has a response. SEND: send it and keep it; NOTHING: it must not be sent."""
        entry = TRANSITIONS[self.state].get(response_input(status))
        if entry is None:
            return NOTHING
        if status < 200:
            return self._provisional(status, now)
        step = entry[1]
        if status == 408:
            self._silent = True
            step = NOTHING
        if self.reliable:  # timer J is zero
            self._terminate()
            return step | TERMINATED
        self._wait(State.COMPLETED, now, self.timers.wait)
        return step

    def _provisional(self, status: int, now: float) -> int:
        too_early = self.state is State.TRYING and not self.reliable and now < self._retransmit_at
        if status != 100 or too_early:
            return NOTHING
        self._proceed()
        return SEND

    def _proceed(self) -> None:
        self.state = State.PROCEEDING
        self._retransmit_at = math.inf
        self._set_timer()

    def on_timer(self, now: float) -> int:
        """Time has passed; does nothing before `timer_at`."""
        if now < self.timer_at:
            return NOTHING
        if now < self._expires_at:
            step = TRANSITIONS[self.state][RETRANSMIT][1]
            self._proceed()
            return step
        step = TRANSITIONS[self.state][EXPIRY][1]
        self._terminate()
        return step

    def on_transport_error(self, now: float) -> int:
        """A response could not be sent."""
        entry = TRANSITIONS[self.state].get(FAULT)
        if entry is None:
            return NOTHING
        self._terminate()
        return entry[1]
