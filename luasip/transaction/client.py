"""The non-INVITE client transaction: RFC 3261 §17.1.2.

                                   |Request from TU
                                   |send request
               Timer E             V
               send request  +-----------+
                   +---------|           |-------------------+
                   |         |  Trying   |  Timer F          |
                   +-------->|           |  or Transport Err.|
                             +-----------+  inform TU        |
                200-699         |  |                         |
                resp. to TU     |  |1xx                      |
                +---------------+  |resp. to TU              |
                |                  |                         |
                |   Timer E        V       Timer F           |
                |   send req +-----------+ or Transport Err. |
                |  +---------|           | inform TU         |
                |  |         |Proceeding |------------------>|
                |  +-------->|           |-----+             |
                |            +-----------+     |1xx          |
                |              |      ^        |resp to TU   |
                | 200-699      |      +--------+             |
                | resp. to TU  |                             |
                |              V                             |
                |            +-----------+                   |
                +----------->| Completed |                   |
                             +-----------+                   |
                                   | Timer K                 |
                                   V                         |
                             +-----------+                   |
                             | Terminated|<------------------+
                             +-----------+

This module must not know messages or forking.
"""

import math
from typing import Final

from luasip.native import mypyc_attr
from luasip.transaction.machine import Machine
from luasip.transaction.outputs import NOTHING, PASS, SEND, TERMINATED, TIMEOUT, TRANSPORT_ERROR
from luasip.transaction.states import (
    EXPIRY,
    FAILURE,
    FAULT,
    PROVISIONAL,
    RETRANSMIT,
    SUCCESS,
    State,
    Transitions,
    response_input,
)
from luasip.transaction.timers import TransactionTimers

TRANSITIONS: Final[Transitions] = {
    State.TRYING: {
        PROVISIONAL: (State.PROCEEDING, PASS),
        SUCCESS: (State.COMPLETED, PASS),
        FAILURE: (State.COMPLETED, PASS),
        RETRANSMIT: (State.TRYING, SEND),
        EXPIRY: (State.TERMINATED, TIMEOUT | TERMINATED),
        FAULT: (State.TERMINATED, TRANSPORT_ERROR | TERMINATED),
    },
    State.PROCEEDING: {
        PROVISIONAL: (State.PROCEEDING, PASS),
        SUCCESS: (State.COMPLETED, PASS),
        FAILURE: (State.COMPLETED, PASS),
        RETRANSMIT: (State.PROCEEDING, SEND),
        EXPIRY: (State.TERMINATED, TIMEOUT | TERMINATED),
        FAULT: (State.TERMINATED, TRANSPORT_ERROR | TERMINATED),
    },
    State.COMPLETED: {
        EXPIRY: (State.TERMINATED, TERMINATED),
    },
    State.TERMINATED: {},
}


@mypyc_attr(acyclic=True)
class NonInviteClient(Machine):
    """One branch of a request that is neither INVITE nor ACK. The caller has sent it when it makes this."""

    __slots__ = ("_lifetime_ends_at",)

    def __init__(
        self, timers: TransactionTimers, reliable: bool, now: float, lifetime_ends_at: float = math.inf
    ) -> None:
        """lifetime_ends_at: when the whole transaction must be over; left out, max_non_invite_lifetime
        after `now`."""
        super().__init__(timers, reliable, State.TRYING)
        self._lifetime_ends_at = min(lifetime_ends_at, now + timers.max_non_invite_lifetime)
        self._expires_at = min(now + timers.final_response, self._lifetime_ends_at)
        self._start_retransmitting(now)
        self._set_timer()

    def on_response(self, status: int, now: float) -> int:
        """A response of this branch came, with any status from 100 to 699."""
        entry = TRANSITIONS[self.state].get(response_input(status))
        if entry is None:
            return NOTHING
        state, step = entry
        if state is State.PROCEEDING:
            self.state = state
            self._interval = self.timers.retransmit_2  # timer E, once it fires, is reset to T2
        elif self.reliable:  # timer K is zero
            self._terminate()
            step |= TERMINATED
        else:
            self._wait(state, now, self.timers.t4)
        return step

    def on_timer(self, now: float) -> int:
        """Time has passed; does nothing before `timer_at`."""
        if now < self.timer_at:
            return NOTHING
        if now < self._expires_at:
            self._next_retransmission(now)
            return TRANSITIONS[self.state][RETRANSMIT][1]
        step = TRANSITIONS[self.state][EXPIRY][1]
        self._terminate()
        return step

    def on_transport_error(self, now: float) -> int:
        """The request could not be sent."""
        entry = TRANSITIONS[self.state].get(FAULT)
        if entry is None:
            return NOTHING
        self._terminate()
        return entry[1]

    def cancel(self, now: float) -> int:
        """Only an INVITE is cancelled (RFC 3261 §9.1): NOTHING, always."""
        return NOTHING

    def set_final_response_timeout(self, invite_timeout: float, timeout: float, now: float) -> None:
        """Restart the running wait with another duration (seconds; 0 leaves it), as t_set_fr does."""
        if timeout > 0.0 and self.state in (State.TRYING, State.PROCEEDING):
            self._expires_at = min(now + timeout, self._lifetime_ends_at)
            self._set_timer()
