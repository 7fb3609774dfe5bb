"""InviteServer: every row of the figure, and the exact instants."""

import math

import pytest

from luasip.transaction.outputs import describe
from luasip.transaction.server_invite import InviteServer
from luasip.transaction.states import State
from luasip.transaction.timers import TransactionTimers
from tests.transaction.timeline import timeline

RFC = TransactionTimers(final_response=32.0, wait=32.0)


def machine(state: State) -> InviteServer:
    server = InviteServer(TransactionTimers(), False, 0.0)
    server.send_response(100, 1.0)
    if state is State.ABANDONED:
        server.on_timer(server.timer_at)
    elif state is State.ACCEPTED:
        server.send_response(200, 1.0)
    elif state is not State.PROCEEDING:
        server.send_response(486, 1.0)
    if state in (State.CONFIRMED, State.TERMINATED):
        server.on_ack(1.0)
    if state is State.TERMINATED:
        server.on_timer(10.0)
    assert server.state is state
    return server


@pytest.mark.parametrize(
    ("state", "event", "following", "step"),
    [
        (State.PROCEEDING, 180, State.PROCEEDING, "SEND"),
        (State.PROCEEDING, 200, State.ACCEPTED, "SEND"),
        (State.PROCEEDING, 302, State.COMPLETED, "SEND"),
        (State.PROCEEDING, "INVITE", State.PROCEEDING, "SEND"),
        (State.PROCEEDING, "ACK", State.PROCEEDING, "NOTHING"),
        (State.PROCEEDING, "error", State.PROCEEDING, "TRANSPORT_ERROR"),
        (State.ABANDONED, 180, State.ABANDONED, "SEND"),
        (State.ABANDONED, 200, State.ACCEPTED, "SEND"),
        (State.ABANDONED, 408, State.COMPLETED, "SEND"),
        (State.ABANDONED, "INVITE", State.ABANDONED, "SEND"),
        (State.ABANDONED, "ACK", State.ABANDONED, "NOTHING"),
        (State.ABANDONED, "error", State.ABANDONED, "TRANSPORT_ERROR"),
        (State.COMPLETED, 180, State.COMPLETED, "NOTHING"),
        (State.COMPLETED, 200, State.COMPLETED, "NOTHING"),
        (State.COMPLETED, 500, State.COMPLETED, "NOTHING"),
        (State.COMPLETED, "INVITE", State.COMPLETED, "SEND"),
        (State.COMPLETED, "ACK", State.CONFIRMED, "NOTHING"),
        (State.COMPLETED, "error", State.COMPLETED, "TRANSPORT_ERROR"),
        (State.CONFIRMED, 180, State.CONFIRMED, "NOTHING"),
        (State.CONFIRMED, 200, State.CONFIRMED, "NOTHING"),
        (State.CONFIRMED, 500, State.CONFIRMED, "NOTHING"),
        (State.CONFIRMED, "INVITE", State.CONFIRMED, "NOTHING"),
        (State.CONFIRMED, "ACK", State.CONFIRMED, "NOTHING"),
        (State.CONFIRMED, "error", State.CONFIRMED, "NOTHING"),
        (State.ACCEPTED, 180, State.ACCEPTED, "NOTHING"),
        (State.ACCEPTED, 200, State.ACCEPTED, "SEND"),
        (State.ACCEPTED, 500, State.ACCEPTED, "NOTHING"),
        (State.ACCEPTED, "INVITE", State.ACCEPTED, "NOTHING"),
        (State.ACCEPTED, "ACK", State.ACCEPTED, "PASS"),
        (State.ACCEPTED, "error", State.ACCEPTED, "TRANSPORT_ERROR"),
        (State.TERMINATED, 180, State.TERMINATED, "NOTHING"),
        (State.TERMINATED, 200, State.TERMINATED, "NOTHING"),
        (State.TERMINATED, 500, State.TERMINATED, "NOTHING"),
        (State.TERMINATED, "INVITE", State.TERMINATED, "NOTHING"),
        (State.TERMINATED, "ACK", State.TERMINATED, "NOTHING"),
        (State.TERMINATED, "error", State.TERMINATED, "NOTHING"),
    ],
)
def test_transition(state: State, event: int | str, following: State, step: str) -> None:
    server = machine(state)
    if isinstance(event, int):
        done = server.send_response(event, 2.0)
    elif event == "ACK":
        done = server.on_ack(2.0)
    else:
        done = server.on_retransmission(2.0) if event == "INVITE" else server.on_transport_error(2.0)
    assert (server.state, describe(done)) == (following, step)


def test_retransmission_before_any_response_is_absorbed() -> None:
    assert describe(InviteServer(TransactionTimers(), False, 0.0).on_retransmission(0.5)) == "NOTHING"


def test_timers_g_and_h() -> None:
    server = InviteServer(RFC, False, 0.0)
    server.send_response(486, 10.0)
    sent = [10.5, 11.5, 13.5, 17.5, 21.5, 25.5, 29.5, 33.5, 37.5, 41.5]
    assert timeline(server) == [*[(at, "SEND") for at in sent], (42.0, "TIMEOUT TERMINATED")]


def test_timer_g_is_off_over_a_reliable_transport() -> None:
    server = InviteServer(RFC, True, 0.0)
    server.send_response(486, 10.0)
    assert timeline(server) == [(42.0, "TIMEOUT TERMINATED")]


@pytest.mark.parametrize(
    ("reliable", "step", "end"),
    [(False, "NOTHING", [(16.0, "TERMINATED")]), (True, "TERMINATED", [])],
)
def test_timer_i(reliable: bool, step: str, end: list[tuple[float, str]]) -> None:
    server = InviteServer(RFC, reliable, 0.0)
    server.send_response(486, 10.0)
    assert describe(server.on_ack(11.0)) == step
    assert timeline(server) == end


@pytest.mark.parametrize("reliable", [False, True])
def test_timer_l_after_a_forwarded_2xx(reliable: bool) -> None:
    server = InviteServer(RFC, reliable, 0.0)
    server.send_response(200, 10.0)
    server.send_response(200, 20.0)
    assert timeline(server) == [(42.0, "TERMINATED")]


@pytest.mark.parametrize("reliable", [False, True])
def test_own_2xx_is_repeated_until_its_ack(reliable: bool) -> None:
    server = InviteServer(TransactionTimers(), reliable, 0.0)
    assert describe(server.send_response(200, 0.0, local_2xx=True)) == "SEND"
    assert timeline(server, until=4.0) == [(0.5, "SEND"), (1.5, "SEND"), (3.5, "SEND")]
    assert describe(server.on_ack(4.0)) == "PASS"
    assert timeline(server) == [(9.0, "TERMINATED")]


def test_own_2xx_without_ack_times_out() -> None:
    server = InviteServer(TransactionTimers(), False, 0.0)
    server.send_response(200, 0.0, local_2xx=True)
    assert timeline(server)[-1] == (30.0, "TIMEOUT TERMINATED")


def test_transaction_user_that_never_answers() -> None:
    server = InviteServer(TransactionTimers(), False, 0.0)
    assert timeline(server) == [(185.0, "TIMEOUT"), (215.0, "TERMINATED")]
    assert InviteServer(TransactionTimers(), False, 0.0, lifetime_ends_at=9.0).timer_at == 9.0


def test_terminated_wants_no_timer() -> None:
    assert machine(State.TERMINATED).timer_at == math.inf
