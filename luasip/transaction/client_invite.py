"""The INVITE client transaction: RFC 3261 §17.1.1 as corrected by RFC 6026 §8.4, with the proxy's timer C.

                                     |INVITE from TU
                   Timer A fires     |INVITE sent      Timer B fires
                   Reset A,          V                 or Transport Err.
                   INVITE sent +-----------+           inform TU
                     +---------|           |--------------------------+
                     |         |  Calling  |                          |
                     +-------->|           |-----------+              |
    300-699                    +-----------+ 2xx       |              |
    ACK sent                      |  |       2xx to TU |              |
    resp. to TU                   |  |1xx              |              |
    +-----------------------------+  |1xx to TU        |              |
    |                                |                 |              |
    |                1xx             V                 |              |
    |                1xx to TU +-----------+           |              |
    |                +---------|           |           |              |
    |                |         |Proceeding |---> Timer C fires: Abandoned
    |                +-------->|           |           |              |
    |                          +-----------+ 2xx       |              |
    |         300-699             |    |     2xx to TU |              |
    |         ACK sent,  +--------+    +---------------+              |
    |         resp. to TU|                             |              |
    |                    V                             V              |
    |              +-----------+                   +----------+       |
    +------------->|           |Transport Err.     |          |       |
                   | Completed |inform TU          | Accepted |       |
                +--|           |-------+           |          |-+     |
        300-699 |  +-----------+       |           +----------+ |     |
        ACK sent|    ^  |              |               |  ^     |     |
                +----+  |              |               |  +-----+     |
                        |Timer D fires |  Timer M fires|    2xx       |
                        +--------+     |   +-----------+    2xx to TU |
                                 V     V   V                          |
                                +------------+                        |
                                | Terminated |<-----------------------+
                                +------------+

    Abandoned, entered with CANCEL sent and 408 to TU:
        2xx -> Accepted, 2xx to TU;  300-699 -> Completed, ACK sent;  64*T1 -> Terminated

Abandoned is the proxy's part (RFC 3261 §16.8): when timer C fires the branch counts as answered by 408 and
CANCEL is sent, yet its final response must still be acknowledged. CANCEL is never sent before a
provisional response (§9.1): a cancellation asked for earlier is kept until one comes. Transport errors after
a provisional response are ignored; the peer has the request.

This module must not know messages or forking.
"""

import math
from typing import Final

from luasip.native import mypyc_attr
from luasip.transaction.machine import Machine
from luasip.transaction.outputs import (
    NOTHING,
    PASS,
    SEND,
    SEND_ACK,
    SEND_CANCEL,
    TERMINATED,
    TIMEOUT,
    TRANSPORT_ERROR,
)
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
    State.CALLING: {
        PROVISIONAL: (State.PROCEEDING, PASS),
        SUCCESS: (State.ACCEPTED, PASS),
        FAILURE: (State.COMPLETED, SEND_ACK | PASS),
        RETRANSMIT: (State.CALLING, SEND),
        EXPIRY: (State.TERMINATED, TIMEOUT | TERMINATED),
        FAULT: (State.TERMINATED, TRANSPORT_ERROR | TERMINATED),
    },
    State.PROCEEDING: {
        PROVISIONAL: (State.PROCEEDING, PASS),
        SUCCESS: (State.ACCEPTED, PASS),
        FAILURE: (State.COMPLETED, SEND_ACK | PASS),
        EXPIRY: (State.ABANDONED, SEND_CANCEL | TIMEOUT),
    },
    State.ABANDONED: {
        SUCCESS: (State.ACCEPTED, PASS),
        FAILURE: (State.COMPLETED, SEND_ACK),
        EXPIRY: (State.TERMINATED, TERMINATED),
    },
    State.COMPLETED: {
        FAILURE: (State.COMPLETED, SEND_ACK),
        EXPIRY: (State.TERMINATED, TERMINATED),
        FAULT: (State.TERMINATED, TRANSPORT_ERROR | TERMINATED),
    },
    State.ACCEPTED: {
        SUCCESS: (State.ACCEPTED, PASS),
        EXPIRY: (State.TERMINATED, TERMINATED),
    },
    State.TERMINATED: {},
}


@mypyc_attr(acyclic=True)
class InviteClient(Machine):
    """One branch of an INVITE. The caller has sent the request when it makes this.

    cancel_wanted: `cancel` was called.  cancel_sent: SEND_CANCEL was asked for (never twice).
    """

    __slots__ = ("_last_status", "_lifetime_ends_at", "cancel_sent", "cancel_wanted")

    def __init__(
        self, timers: TransactionTimers, reliable: bool, now: float, lifetime_ends_at: float = math.inf
    ) -> None:
        """lifetime_ends_at: when the whole transaction must be over (a later serial branch has less time);
        left out, max_invite_lifetime after `now`."""
        super().__init__(timers, reliable, State.CALLING)
        self.cancel_wanted = False
        self.cancel_sent = False
        self._last_status = 0
        self._lifetime_ends_at = min(lifetime_ends_at, now + timers.max_invite_lifetime)
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
            return step | self._provisional(status, now)
        if state is not self.state:
            return step | self._final(state, now)
        return step

    def _provisional(self, status: int, now: float) -> int:
        first = self.state is State.CALLING
        rising = status >= 180 and status > self._last_status
        self.state = State.PROCEEDING
        self._retransmit_at = math.inf
        if not self.cancel_sent and (first or rising or self.timers.restart_final_response):
            self._expires_at = min(now + self.timers.final_invite_response, self._lifetime_ends_at)
        self._last_status = max(status, self._last_status)
        self._set_timer()
        return self._send_cancel(now) if self.cancel_wanted else NOTHING

    def _final(self, state: State, now: float) -> int:
        # Timer D is zero over a reliable transport; timer M is not (RFC 6026 §8.4).
        if state is State.COMPLETED and self.reliable:
            self._terminate()
            return TERMINATED
        self._wait(state, now, self.timers.wait)
        return NOTHING

    def on_timer(self, now: float) -> int:
        """Time has passed; does nothing before `timer_at`."""
        if now < self.timer_at:
            return NOTHING
        if now < self._expires_at:
            self._next_retransmission(now)
            return TRANSITIONS[self.state][RETRANSMIT][1]
        state, step = TRANSITIONS[self.state][EXPIRY]
        if state is State.ABANDONED and not self.cancel_sent:
            self.cancel_wanted = self.cancel_sent = True
            self._wait(State.ABANDONED, now, self.timers.final_response)
            return step
        if state is State.ABANDONED:  # no final response in time after our CANCEL, RFC 3261 §9.1
            step = TIMEOUT | TERMINATED
        self._terminate()
        return step

    def on_transport_error(self, now: float) -> int:
        """The request or the ACK could not be sent."""
        entry = TRANSITIONS[self.state].get(FAULT)
        if entry is None:
            return NOTHING
        self._terminate()
        return entry[1]

    def cancel(self, now: float) -> int:
        """Cancel this branch: SEND_CANCEL now, or with the first provisional response, or never when a final
        response is already here."""
        if self.state is State.CALLING:
            self.cancel_wanted = True
            return NOTHING
        if self.state is not State.PROCEEDING:
            return NOTHING
        self.cancel_wanted = True
        return self._send_cancel(now)

    def _send_cancel(self, now: float) -> int:
        if self.cancel_sent:
            return NOTHING
        self.cancel_sent = True
        self._expires_at = min(self._expires_at, now + self.timers.final_response)
        self._set_timer()
        return SEND_CANCEL

    def set_final_response_timeout(self, invite_timeout: float, timeout: float, now: float) -> None:
        """Restart the running wait with other durations (seconds; 0 leaves one as it is), as t_set_fr does.

        invite_timeout: after a provisional response.  timeout: before one.
        """
        duration = timeout if self.state is State.CALLING else invite_timeout
        running = self.state is State.CALLING or (self.state is State.PROCEEDING and not self.cancel_sent)
        if running and duration > 0.0:
            self._expires_at = min(now + duration, self._lifetime_ends_at)
            self._set_timer()
