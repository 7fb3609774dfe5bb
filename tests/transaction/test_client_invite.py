"""InviteClient: every row of the figure, and the exact instants."""

import math

import pytest

from luasip.transaction.client_invite import InviteClient
from luasip.transaction.outputs import describe
from luasip.transaction.states import State
from luasip.transaction.timers import TransactionTimers
from tests.transaction.timeline import timeline

RFC = TransactionTimers(retransmit_2=math.inf, final_response=32.0, final_invite_response=180.0, wait=32.0)

REACH: dict[State, list[tuple[int, float]]] = {
    State.CALLING: [],
    State.PROCEEDING: [(180, 1.0)],
    State.COMPLETED: [(486, 1.0)],
    State.ACCEPTED: [(200, 1.0)],
}


def machine(state: State, reliable: bool = False) -> InviteClient:
    client = InviteClient(TransactionTimers(), reliable, 0.0)
    if state is State.ABANDONED:
        client.on_response(180, 1.0)
        client.on_timer(client.timer_at)
    elif state is State.TERMINATED:
        client.on_transport_error(1.0)
    else:
        for status, now in REACH[state]:
            client.on_response(status, now)
    assert client.state is state
    return client


ROWS = [
    # state, input, next state, step
    (State.CALLING, 100, State.PROCEEDING, "PASS"),
    (State.CALLING, 183, State.PROCEEDING, "PASS"),
    (State.CALLING, 200, State.ACCEPTED, "PASS"),
    (State.CALLING, 302, State.COMPLETED, "SEND_ACK PASS"),
    (State.CALLING, 603, State.COMPLETED, "SEND_ACK PASS"),
    (State.CALLING, "error", State.TERMINATED, "TRANSPORT_ERROR TERMINATED"),
    (State.CALLING, "cancel", State.CALLING, "NOTHING"),
    (State.PROCEEDING, 180, State.PROCEEDING, "PASS"),
    (State.PROCEEDING, 202, State.ACCEPTED, "PASS"),
    (State.PROCEEDING, 404, State.COMPLETED, "SEND_ACK PASS"),
    (State.PROCEEDING, "error", State.PROCEEDING, "NOTHING"),
    (State.PROCEEDING, "cancel", State.PROCEEDING, "SEND_CANCEL"),
    (State.ABANDONED, 180, State.ABANDONED, "NOTHING"),
    (State.ABANDONED, 200, State.ACCEPTED, "PASS"),
    (State.ABANDONED, 487, State.COMPLETED, "SEND_ACK"),
    (State.ABANDONED, "error", State.ABANDONED, "NOTHING"),
    (State.ABANDONED, "cancel", State.ABANDONED, "NOTHING"),
    (State.COMPLETED, 180, State.COMPLETED, "NOTHING"),
    (State.COMPLETED, 200, State.COMPLETED, "NOTHING"),
    (State.COMPLETED, 486, State.COMPLETED, "SEND_ACK"),
    (State.COMPLETED, "error", State.TERMINATED, "TRANSPORT_ERROR TERMINATED"),
    (State.COMPLETED, "cancel", State.COMPLETED, "NOTHING"),
    (State.ACCEPTED, 180, State.ACCEPTED, "NOTHING"),
    (State.ACCEPTED, 200, State.ACCEPTED, "PASS"),
    (State.ACCEPTED, 486, State.ACCEPTED, "NOTHING"),
    (State.ACCEPTED, "error", State.ACCEPTED, "NOTHING"),
    (State.ACCEPTED, "cancel", State.ACCEPTED, "NOTHING"),
    (State.TERMINATED, 180, State.TERMINATED, "NOTHING"),
    (State.TERMINATED, 200, State.TERMINATED, "NOTHING"),
    (State.TERMINATED, 486, State.TERMINATED, "NOTHING"),
    (State.TERMINATED, "error", State.TERMINATED, "NOTHING"),
    (State.TERMINATED, "cancel", State.TERMINATED, "NOTHING"),
]


@pytest.mark.parametrize(("state", "event", "following", "step"), ROWS)
def test_transition(state: State, event: int | str, following: State, step: str) -> None:
    client = machine(state)
    if isinstance(event, int):
        done = client.on_response(event, 2.0)
    else:
        done = client.cancel(2.0) if event == "cancel" else client.on_transport_error(2.0)
    assert (client.state, describe(done)) == (following, step)


def test_timers_a_and_b_of_the_rfc() -> None:
    client = InviteClient(RFC, False, 0.0)
    assert timeline(client) == [
        (0.5, "SEND"),
        (1.5, "SEND"),
        (3.5, "SEND"),
        (7.5, "SEND"),
        (15.5, "SEND"),
        (31.5, "SEND"),
        (32.0, "TIMEOUT TERMINATED"),
    ]


def test_timers_a_and_b_of_kamailio() -> None:
    client = InviteClient(TransactionTimers(), False, 100.0)
    sent = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5]
    assert timeline(client) == [(100 + at, "SEND") for at in sent] + [(130.0, "TIMEOUT TERMINATED")]


def test_reliable_transport_never_retransmits() -> None:
    assert timeline(InviteClient(RFC, True, 0.0)) == [(32.0, "TIMEOUT TERMINATED")]


def test_provisional_stops_retransmission_and_starts_timer_c() -> None:
    client = InviteClient(TransactionTimers(), False, 0.0)
    client.on_timer(0.5)
    client.on_response(100, 1.0)
    assert client.timer_at == 121.0
    assert timeline(client) == [(121.0, "SEND_CANCEL TIMEOUT"), (151.0, "TERMINATED")]


@pytest.mark.parametrize(
    ("restart", "responses", "expected"),
    [
        (True, [(100, 1.0), (180, 10.0), (180, 20.0)], 140.0),
        (False, [(100, 1.0), (100, 10.0)], 121.0),
        (False, [(100, 1.0), (180, 10.0), (180, 20.0)], 130.0),
        (False, [(183, 1.0), (180, 10.0)], 121.0),
        (False, [(180, 1.0), (183, 10.0)], 130.0),
        (True, [(180, 1.0), (180, 70.0)], 180.0),  # the lifetime of the transaction
    ],
)
def test_restart_of_timer_c(restart: bool, responses: list[tuple[int, float]], expected: float) -> None:
    client = InviteClient(TransactionTimers(restart_final_response=restart), False, 0.0)
    for status, now in responses:
        client.on_response(status, now)
    assert client.timer_at == expected


def test_a_later_leg_has_what_is_left_of_the_lifetime() -> None:
    client = InviteClient(TransactionTimers(), True, 170.0, lifetime_ends_at=180.0)
    assert client.timer_at == 180.0


def test_abandoned_branch_is_still_acknowledged() -> None:
    client = machine(State.ABANDONED)
    assert describe(client.on_response(487, 122.0)) == "SEND_ACK"
    assert timeline(client) == [(127.0, "TERMINATED")]


@pytest.mark.parametrize(
    ("reliable", "step", "end"),
    [(False, "SEND_ACK PASS", [(6.0, "TERMINATED")]), (True, "SEND_ACK PASS TERMINATED", [])],
)
def test_timer_d(reliable: bool, step: str, end: list[tuple[float, str]]) -> None:
    client = InviteClient(TransactionTimers(), reliable, 0.0)
    assert describe(client.on_response(486, 1.0)) == step
    assert timeline(client) == end


@pytest.mark.parametrize("reliable", [False, True])
def test_timer_m_whatever_the_transport(reliable: bool) -> None:
    client = InviteClient(RFC, reliable, 0.0)
    client.on_response(200, 1.0)
    assert describe(client.on_response(200, 20.0)) == "PASS"
    assert timeline(client) == [(33.0, "TERMINATED")]


def test_cancel_waits_for_a_provisional_response() -> None:
    client = InviteClient(TransactionTimers(), False, 0.0)
    assert describe(client.cancel(0.1)) == "NOTHING"
    assert describe(client.on_timer(0.5)) == "SEND"
    assert describe(client.on_response(100, 1.0)) == "SEND_CANCEL PASS"
    assert describe(client.on_response(180, 2.0)) == "PASS"
    assert describe(client.cancel(3.0)) == "NOTHING"
    assert timeline(client) == [(31.0, "TIMEOUT TERMINATED")]


def test_cancel_is_not_sent_after_a_final_response() -> None:
    client = InviteClient(TransactionTimers(), False, 0.0)
    client.cancel(0.1)
    assert describe(client.on_response(200, 1.0)) == "PASS"
    assert not client.cancel_sent


def test_cancel_never_prolongs_the_wait() -> None:
    client = InviteClient(TransactionTimers(), False, 0.0)
    client.on_response(180, 1.0)
    client.cancel(110.0)
    assert client.timer_at == 121.0


@pytest.mark.parametrize(
    ("status", "invite", "other", "expected"),
    [(0, 5.0, 7.0, 9.0), (180, 5.0, 7.0, 7.0), (180, 0.0, 7.0, 121.0), (180, 500.0, 0.0, 180.0)],
)
def test_set_final_response_timeout(status: int, invite: float, other: float, expected: float) -> None:
    client = InviteClient(TransactionTimers(), True, 0.0)
    if status:
        client.on_response(status, 1.0)
    client.set_final_response_timeout(invite, other, 2.0)
    assert client.timer_at == expected


@pytest.mark.parametrize("state", [State.ABANDONED, State.COMPLETED, State.ACCEPTED, State.TERMINATED])
def test_set_final_response_timeout_changes_no_other_wait(state: State) -> None:
    client = machine(state)
    before = client.timer_at
    client.set_final_response_timeout(1.0, 1.0, 2.0)
    assert client.timer_at == before


def test_timer_called_early_does_nothing() -> None:
    client = InviteClient(TransactionTimers(), False, 0.0)
    assert describe(client.on_timer(0.499)) == "NOTHING"
    assert client.timer_at == 0.5
