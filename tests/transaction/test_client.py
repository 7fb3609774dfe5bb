"""NonInviteClient: every row of the figure, and the exact instants."""

import pytest

from luasip.transaction.client import NonInviteClient
from luasip.transaction.outputs import describe
from luasip.transaction.states import State
from luasip.transaction.timers import TransactionTimers
from tests.transaction.timeline import timeline

RFC = TransactionTimers(final_response=32.0, wait=32.0)

REACH: dict[State, list[int]] = {State.TRYING: [], State.PROCEEDING: [100], State.COMPLETED: [200]}


def machine(state: State) -> NonInviteClient:
    client = NonInviteClient(TransactionTimers(), False, 0.0)
    if state is State.TERMINATED:
        client.on_transport_error(1.0)
    else:
        for status in REACH[state]:
            client.on_response(status, 1.0)
    assert client.state is state
    return client


@pytest.mark.parametrize(
    ("state", "event", "following", "step"),
    [
        (State.TRYING, 100, State.PROCEEDING, "PASS"),
        (State.TRYING, 200, State.COMPLETED, "PASS"),
        (State.TRYING, 408, State.COMPLETED, "PASS"),
        (State.TRYING, "error", State.TERMINATED, "TRANSPORT_ERROR TERMINATED"),
        (State.PROCEEDING, 183, State.PROCEEDING, "PASS"),
        (State.PROCEEDING, 200, State.COMPLETED, "PASS"),
        (State.PROCEEDING, 699, State.COMPLETED, "PASS"),
        (State.PROCEEDING, "error", State.TERMINATED, "TRANSPORT_ERROR TERMINATED"),
        (State.COMPLETED, 100, State.COMPLETED, "NOTHING"),
        (State.COMPLETED, 200, State.COMPLETED, "NOTHING"),
        (State.COMPLETED, 500, State.COMPLETED, "NOTHING"),
        (State.COMPLETED, "error", State.COMPLETED, "NOTHING"),
        (State.TERMINATED, 100, State.TERMINATED, "NOTHING"),
        (State.TERMINATED, 200, State.TERMINATED, "NOTHING"),
        (State.TERMINATED, 500, State.TERMINATED, "NOTHING"),
        (State.TERMINATED, "error", State.TERMINATED, "NOTHING"),
    ],
)
def test_transition(state: State, event: int | str, following: State, step: str) -> None:
    client = machine(state)
    done = client.on_response(event, 2.0) if isinstance(event, int) else client.on_transport_error(2.0)
    assert (client.state, describe(done)) == (following, step)


@pytest.mark.parametrize("state", [*REACH, State.TERMINATED])
def test_only_an_invite_is_cancelled(state: State) -> None:
    client = machine(state)
    assert describe(client.cancel(2.0)) == "NOTHING"
    assert client.state is state


def test_timers_e_and_f_of_the_rfc() -> None:
    sent = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert timeline(NonInviteClient(RFC, False, 0.0)) == [
        *[(at, "SEND") for at in sent],
        (32.0, "TIMEOUT TERMINATED"),
    ]


def test_timer_e_is_t2_in_proceeding() -> None:
    client = NonInviteClient(RFC, False, 0.0)
    client.on_timer(0.5)
    client.on_response(100, 1.0)
    sent = [1.5, 5.5, 9.5, 13.5, 17.5, 21.5, 25.5, 29.5]
    assert timeline(client) == [*[(at, "SEND") for at in sent], (32.0, "TIMEOUT TERMINATED")]


def test_reliable_transport_never_retransmits() -> None:
    assert timeline(NonInviteClient(TransactionTimers(), True, 0.0)) == [(30.0, "TIMEOUT TERMINATED")]


@pytest.mark.parametrize(
    ("reliable", "step", "end"),
    [(False, "PASS", [(6.0, "TERMINATED")]), (True, "PASS TERMINATED", [])],
)
def test_timer_k(reliable: bool, step: str, end: list[tuple[float, str]]) -> None:
    client = NonInviteClient(TransactionTimers(), reliable, 0.0)
    assert describe(client.on_response(200, 1.0)) == step
    assert timeline(client) == end


def test_lifetime_limits_timer_f() -> None:
    timers = TransactionTimers(final_response=100.0)
    assert timeline(NonInviteClient(timers, True, 0.0)) == [(32.0, "TIMEOUT TERMINATED")]
    assert NonInviteClient(timers, True, 20.0, lifetime_ends_at=32.0).timer_at == 32.0


def test_set_final_response_timeout() -> None:
    client = NonInviteClient(TransactionTimers(), True, 0.0)
    client.set_final_response_timeout(1.0, 0.0, 2.0)
    assert client.timer_at == 30.0
    client.set_final_response_timeout(1.0, 5.0, 2.0)
    assert client.timer_at == 7.0
    client.on_response(200, 3.0)
    client.set_final_response_timeout(1.0, 5.0, 4.0)
    assert client.timer_at == float("inf")
