"""NonInviteServer: every row of the figure, RFC 4320, and the exact instants."""

import pytest

from luasip.transaction.outputs import describe
from luasip.transaction.server import NonInviteServer
from luasip.transaction.states import State
from luasip.transaction.timers import TransactionTimers
from tests.transaction.timeline import timeline


def machine(state: State, reliable: bool = False) -> NonInviteServer:
    server = NonInviteServer(TransactionTimers(), reliable, 0.0)
    if state is State.PROCEEDING:
        server.send_response(100, 4.0)
    elif state is State.COMPLETED:
        server.send_response(200, 4.0)
    elif state is State.TERMINATED:
        server.on_transport_error(4.0)
    assert server.state is state
    return server


@pytest.mark.parametrize(
    ("state", "event", "following", "step"),
    [
        (State.TRYING, 100, State.PROCEEDING, "SEND"),
        (State.TRYING, 180, State.TRYING, "NOTHING"),
        (State.TRYING, 200, State.COMPLETED, "SEND"),
        (State.TRYING, 404, State.COMPLETED, "SEND"),
        (State.TRYING, 408, State.COMPLETED, "NOTHING"),
        (State.TRYING, "again", State.TRYING, "NOTHING"),
        (State.TRYING, "error", State.TERMINATED, "TRANSPORT_ERROR TERMINATED"),
        (State.PROCEEDING, 100, State.PROCEEDING, "SEND"),
        (State.PROCEEDING, 183, State.PROCEEDING, "NOTHING"),
        (State.PROCEEDING, 202, State.COMPLETED, "SEND"),
        (State.PROCEEDING, 500, State.COMPLETED, "SEND"),
        (State.PROCEEDING, 408, State.COMPLETED, "NOTHING"),
        (State.PROCEEDING, "again", State.PROCEEDING, "SEND"),
        (State.PROCEEDING, "error", State.TERMINATED, "TRANSPORT_ERROR TERMINATED"),
        (State.COMPLETED, 100, State.COMPLETED, "NOTHING"),
        (State.COMPLETED, 200, State.COMPLETED, "NOTHING"),
        (State.COMPLETED, 500, State.COMPLETED, "NOTHING"),
        (State.COMPLETED, "again", State.COMPLETED, "SEND"),
        (State.COMPLETED, "error", State.TERMINATED, "TRANSPORT_ERROR TERMINATED"),
        (State.TERMINATED, 100, State.TERMINATED, "NOTHING"),
        (State.TERMINATED, 200, State.TERMINATED, "NOTHING"),
        (State.TERMINATED, 408, State.TERMINATED, "NOTHING"),
        (State.TERMINATED, "again", State.TERMINATED, "NOTHING"),
        (State.TERMINATED, "error", State.TERMINATED, "NOTHING"),
    ],
)
def test_transition(state: State, event: int | str, following: State, step: str) -> None:
    server = machine(state)
    if isinstance(event, int):
        done = server.send_response(event, 5.0)
    else:
        done = server.on_retransmission(5.0) if event == "again" else server.on_transport_error(5.0)
    assert (server.state, describe(done)) == (following, step)


@pytest.mark.parametrize(
    ("reliable", "now", "step"),
    [(False, 3.4, "NOTHING"), (False, 3.5, "SEND"), (True, 0.0, "SEND")],
)
def test_100_is_late_over_an_unreliable_transport(reliable: bool, now: float, step: str) -> None:
    assert describe(NonInviteServer(TransactionTimers(), reliable, 0.0).send_response(100, now)) == step


def test_late_100_then_the_end_of_the_lifetime() -> None:
    server = NonInviteServer(TransactionTimers(), False, 0.0)
    assert timeline(server) == [(3.5, "SEND_TRYING"), (37.0, "TIMEOUT TERMINATED")]


def test_retransmission_gets_the_late_100() -> None:
    server = NonInviteServer(TransactionTimers(), False, 0.0)
    server.on_timer(3.5)
    assert describe(server.on_retransmission(7.5)) == "SEND"


def test_no_late_100_after_an_answer() -> None:
    server = NonInviteServer(TransactionTimers(), False, 0.0)
    server.send_response(200, 1.0)
    assert timeline(server) == [(6.0, "TERMINATED")]


def test_timer_j_is_zero_over_a_reliable_transport() -> None:
    assert describe(machine(State.TRYING, True).send_response(200, 5.0)) == "SEND TERMINATED"
    assert describe(machine(State.TRYING, True).send_response(408, 5.0)) == "TERMINATED"


def test_408_completes_in_silence() -> None:
    server = machine(State.TRYING)
    server.send_response(408, 5.0)
    assert describe(server.on_retransmission(6.0)) == "NOTHING"
    assert timeline(server) == [(10.0, "TERMINATED")]


def test_lifetime_can_be_given() -> None:
    server = NonInviteServer(TransactionTimers(), False, 0.0, lifetime_ends_at=2.0)
    assert timeline(server) == [(2.0, "TIMEOUT TERMINATED")]
