"""All states × all inputs, for all four machines: never an exception, never an undefined step."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.transaction import client, client_invite, server, server_invite
from luasip.transaction.client import NonInviteClient
from luasip.transaction.client_invite import InviteClient
from luasip.transaction.outputs import NAMES, NOTHING, SEND_CANCEL, TERMINATED, TIMEOUT, describe
from luasip.transaction.server import NonInviteServer
from luasip.transaction.server_invite import InviteServer
from luasip.transaction.states import Transitions
from luasip.transaction.timers import TransactionTimers
from tests.transaction.timeline import AnyMachine, timeline

Event = tuple[str, int, float]

TIMERS = [
    TransactionTimers(),
    TransactionTimers(restart_final_response=False),
    TransactionTimers(0.1, 0.2, 0.3, 1.0, 2.0, 0.5, 4.0, 3.0),
]
MACHINES: list[Callable[[TransactionTimers, bool, float], AnyMachine]] = [
    InviteClient,
    NonInviteClient,
    InviteServer,
    NonInviteServer,
]

events = st.lists(
    st.tuples(
        st.sampled_from(["response", "timer", "error", "cancel", "again", "ack", "local", "set"]),
        st.sampled_from([100, 180, 183, 200, 202, 302, 401, 408, 486, 487, 503, 600, 699]),
        st.sampled_from([0.0, 0.1, 0.5, 1.0, 5.0, 31.0, 200.0]),
    ),
    max_size=12,
)


def apply(machine: AnyMachine, event: Event, now: float) -> int:
    name, status, _ = event
    if name == "timer":
        return machine.on_timer(now)
    if name == "error":
        return machine.on_transport_error(now)
    if isinstance(machine, InviteClient | NonInviteClient):
        if name == "set":
            machine.set_final_response_timeout(2.0, 3.0, now)
            return NOTHING
        return machine.cancel(now) if name == "cancel" else machine.on_response(status, now)
    if name == "again":
        return machine.on_retransmission(now)
    if isinstance(machine, InviteServer):
        if name == "ack":
            return machine.on_ack(now)
        return machine.send_response(status, now, name == "local")
    return machine.send_response(status, now)


@pytest.mark.parametrize("make", MACHINES)
@given(timers=st.sampled_from(TIMERS), reliable=st.booleans(), history=events)
def test_any_history(
    make: Callable[[TransactionTimers, bool, float], AnyMachine],
    timers: TransactionTimers,
    reliable: bool,
    history: list[Event],
) -> None:
    machine = make(timers, reliable, 0.0)
    now = 0.0
    cancels = timeouts = 0
    for event in history:
        now += event[2]
        was_over = machine.terminated
        step = apply(machine, event, now)
        assert 0 <= step < 1 << len(NAMES)
        assert not (was_over and step)
        assert machine.terminated == (was_over or bool(step & TERMINATED))
        assert (machine.timer_at == math.inf) == machine.terminated
        cancels += bool(step & SEND_CANCEL)
        timeouts += bool(step & TIMEOUT)
    assert cancels <= 1
    # An INVITE server may tell both that nobody answered and, after a late answer, that no ACK came.
    assert timeouts <= (2 if isinstance(machine, InviteServer) else 1)
    if not machine.terminated:
        last = timeline(machine)[-1]
        assert last[1].endswith("TERMINATED")
        assert last[0] <= now + timers.max_invite_lifetime + timers.final_response + 2 * timers.wait + 32.0
    assert machine.terminated


@pytest.mark.parametrize(
    "table", [client.TRANSITIONS, client_invite.TRANSITIONS, server.TRANSITIONS, server_invite.TRANSITIONS]
)
def test_tables_are_closed_and_agree_with_themselves(table: Transitions) -> None:
    for row in table.values():
        for following, step in row.values():
            assert following in table
            assert bool(step & TERMINATED) == (not table[following]), describe(step)
