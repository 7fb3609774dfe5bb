"""What the four machines share: a state, and one lazy timer for two purposes.

A machine never starts a timer. It says in `timer_at` when it next wants `on_timer(now)`, and the caller
keeps at most one entry for it: when the entry is due and `timer_at` has moved on, the entry is simply put
back at the new time, and only a `timer_at` that became *earlier* needs a new entry at once. `on_timer` may be
called early, late or twice; an early call does nothing.

This module must not know the RFC's transitions: they stand beside each machine.
"""

import math

from luasip.native import mypyc_attr
from luasip.transaction.states import State
from luasip.transaction.timers import TransactionTimers


@mypyc_attr(acyclic=True)
class Machine:
    """State and timer of one client or server transaction.

    state: where the machine is.  timer_at: instant of the next `on_timer`, `math.inf` for none.
    reliable: whether the transport delivers by itself (not UDP).  timers: durations in use.
    """

    __slots__ = ("_expires_at", "_interval", "_retransmit_at", "reliable", "state", "timer_at", "timers")

    def __init__(self, timers: TransactionTimers, reliable: bool, state: State) -> None:
        self.timers = timers
        self.reliable = reliable
        self.state = state
        self.timer_at = math.inf
        self._retransmit_at = math.inf
        self._expires_at = math.inf
        self._interval = 0.0

    @property
    def terminated(self) -> bool:
        """Whether the machine has ended."""
        return self.state is State.TERMINATED

    def _start_retransmitting(self, now: float) -> None:
        if not self.reliable:
            self._interval = self.timers.retransmit_1
            self._retransmit_at = now + self._interval

    def _next_retransmission(self, now: float) -> None:
        """Timers E and G are min(2*interval, T2), RFC 3261 §17.1.2.2 and §17.2.1."""
        self._interval = min(self._interval * 2, self.timers.retransmit_2)
        self._retransmit_at = now + self._interval
        self._set_timer()

    def _set_timer(self) -> None:
        retransmit_at = self._retransmit_at
        expires_at = self._expires_at
        self.timer_at = retransmit_at if retransmit_at < expires_at else expires_at

    def _wait(self, state: State, now: float, duration: float) -> None:
        """Enter `state`, retransmit nothing there, and leave it after `duration` seconds."""
        self.state = state
        self._retransmit_at = math.inf
        self._expires_at = self.timer_at = now + duration

    def _terminate(self) -> None:
        self.state = State.TERMINATED
        self._retransmit_at = self._expires_at = self.timer_at = math.inf
