"""ResponseContext: who wins, and when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.proxy.response_context import (
    ALL_FINAL,
    CANCEL,
    FORWARD,
    WAIT,
    ForkingSettings,
    ResponseContext,
    priority,
)
from tests.proxy.messages import response


def context(
    branches: int = 1, invite: bool = True, settings: ForkingSettings | None = None
) -> ResponseContext:
    made = ResponseContext(invite, settings or ForkingSettings())
    for index in range(branches):
        assert made.add_branch() == index
    return made


@pytest.mark.parametrize(
    ("statuses", "winner"),
    [
        ([486], 486),
        ([486, 404], 404),
        ([404, 302], 302),
        ([503, 486], 486),
        ([500, 503], 500),
        ([404, 603], 603),
        ([302, 600], 600),
        ([403, 401], 401),
        ([400, 407], 407),
        ([404, 415], 415),
        ([404, 420], 420),
        ([404, 484], 484),
        ([407, 401, 484], 401),
        ([408, 480, 487], 408),
        ([486, 487, 300, 699, 500], 699),
        ([999, 599], 599),
    ],
)
def test_winner(statuses: list[int], winner: int) -> None:
    """RFC 3261 §16.7 step 6, with Kamailio's order inside a class."""
    made = context(len(statuses))
    decisions = [made.on_response(index, status) for index, status in enumerate(statuses)]
    assert decisions[-1] & ALL_FINAL
    assert not any(decision & (FORWARD | ALL_FINAL) for decision in decisions[:-1])
    assert made.branches[made.best()].status == winner


def test_first_branch_wins_a_tie() -> None:
    made = context(3)
    for index in (2, 1, 0):
        made.on_response(index, 486)
    assert made.best() == 0


def test_nothing_to_send() -> None:
    made = context(1)
    assert made.best() == -1
    assert made.discard_branch(0) == WAIT
    assert made.best() == -1


def test_provisional_responses_but_100_go_upstream() -> None:
    made = context(2)
    assert made.on_response(0, 100) == WAIT
    assert made.on_response(0, 180) == FORWARD
    assert made.on_response(1, 183) == FORWARD
    assert made.on_response(0, 200) == FORWARD | CANCEL
    assert made.on_response(1, 180) == WAIT


def test_non_invite_gets_no_provisional_response() -> None:
    assert context(invite=False).on_response(0, 183) == WAIT


def test_provisional_after_final_is_ignored() -> None:
    made = context(2)
    made.on_response(0, 486)
    assert made.on_response(0, 180) == WAIT
    assert made.branches[0].status == 486


def test_2xx_goes_upstream_at_once_and_ends_the_others() -> None:
    made = context(3)
    made.on_response(0, 486)
    assert made.on_response(1, 200) == FORWARD | CANCEL
    assert made.cancel_pending() == [2]
    assert made.on_response(2, 487) == WAIT
    assert made.final_status == 200
    assert not made.may_fork


def test_several_2xx_all_go_upstream() -> None:
    made = context(2)
    assert made.on_response(0, 200) == FORWARD | CANCEL
    assert made.on_response(1, 200) == FORWARD
    assert made.on_response(0, 200) == FORWARD


def test_2xx_after_a_local_timeout_or_another_final_response_goes_upstream() -> None:
    made = context(2)
    made.on_response(0, 408)
    assert made.on_response(0, 200) == FORWARD | CANCEL
    other = context(1)
    other.on_response(0, 408)
    other.sent_final(408)
    assert other.on_response(0, 200) == FORWARD
    assert other.final_status == 408


def test_non_invite_gets_one_final_response() -> None:
    made = context(2, invite=False)
    assert made.on_response(0, 200) == FORWARD | CANCEL
    assert made.on_response(0, 200) == WAIT
    assert made.on_response(1, 200) == WAIT


def test_6xx_cancels_once_and_waits_for_all() -> None:
    made = context(3)
    assert made.on_response(0, 603) == CANCEL
    assert made.cancel_pending() == [1, 2]
    assert made.cancel_pending() == []
    assert not made.may_fork
    assert made.on_response(1, 600) == WAIT
    assert made.on_response(2, 487) == ALL_FINAL
    assert made.branches[made.best()].status == 600
    assert made.may_fork


def test_disable_6xx_lets_the_others_ring_and_still_prefers_it() -> None:
    made = context(2)
    made.disable_6xx = True
    assert made.on_response(0, 603) == WAIT
    assert made.may_fork
    assert made.on_response(1, 486) == ALL_FINAL
    assert made.branches[made.best()].status == 603


def test_2xx_after_6xx_wins() -> None:
    made = context(2)
    made.on_response(0, 603)
    assert made.on_response(1, 200) == FORWARD


def test_final_response_of_a_branch_counts_once() -> None:
    made = context(2)
    made.on_response(0, 486)
    assert made.on_response(0, 404) == WAIT
    assert made.branches[0].status == 486


def test_caller_cancels() -> None:
    made = context(2)
    made.on_response(0, 486)
    assert made.cancel() == [1]
    assert made.cancel() == []
    assert not made.may_fork
    assert made.on_response(1, 408) == ALL_FINAL


@pytest.mark.parametrize(
    ("status", "remap", "expected"), [(503, True, 500), (503, False, 503), (486, True, 486), (500, True, 500)]
)
def test_upstream_status(status: int, remap: bool, expected: int) -> None:
    made = context(settings=ForkingSettings(remap_503_500=remap))
    assert made.upstream_status(status) == expected


LEGS = [
    # failure_reply_mode, t_drop_replies, leg 1, leg 2, leg 3, winner
    (3, "", [404], [500], [503], 503),
    (0, "", [404], [500], [503], 404),
    (1, "", [404], [500], [503], 503),
    (2, "", [404], [500], [503], 503),
    (3, "n", [404], [500], [503], 404),
    (0, "a", [404], [500], [503], 503),
    (0, "l", [404], [500], [503], 503),
    (3, "n", [302, 404], [401], [600], 600),
    (0, "x", [404], [500], [503], 503),
]


@pytest.mark.parametrize(("mode", "drop", "first", "second", "third", "winner"), LEGS)
def test_serial_legs(
    mode: int, drop: str, first: list[int], second: list[int], third: list[int], winner: int
) -> None:
    made = context(0, settings=ForkingSettings(failure_reply_mode=mode))
    for leg in (first, second, third):
        indices = [made.add_branch() for _ in leg]
        assert made.end_failure_route() == WAIT
        for index, status in zip(indices, leg, strict=True):
            decision = made.on_response(index, status)
        assert decision == ALL_FINAL
        if drop:
            made.drop_replies(drop if leg is not third else "n")
    assert made.leg == 2
    assert made.branches[made.best()].status == winner


def test_drop_last_keeps_the_leg_before_it() -> None:
    made = context(1, settings=ForkingSettings(failure_reply_mode=0))
    made.on_response(0, 404)
    made.add_branch()
    made.on_response(1, 302)
    made.drop_replies("l")
    made.add_branch()
    made.on_response(2, 503)
    assert made.best() == 0


@pytest.mark.parametrize(
    ("mode", "drop", "winner"), [(3, "", 0), (0, "", 0), (3, "a", -1), (3, "l", -1), (1, "", -1), (1, "n", 0)]
)
def test_failure_route_that_adds_no_branch(mode: int, drop: str, winner: int) -> None:
    made = context(settings=ForkingSettings(failure_reply_mode=mode))
    made.on_response(0, 404)
    if drop:
        made.drop_replies(drop)
    assert made.end_failure_route() == ALL_FINAL
    assert made.best() == winner


def test_failure_route_that_answers_itself() -> None:
    made = context()
    made.on_response(0, 404)
    made.sent_final(480)
    assert made.end_failure_route() == WAIT
    made.sent_final(500)
    assert made.final_status == 480


def test_leg_that_could_not_be_sent_brings_back_the_one_before() -> None:
    made = context()
    made.on_response(0, 404)
    index = made.add_branch()
    made.discard_branch(index)
    assert made.end_failure_route() == ALL_FINAL
    assert made.best() == 0


def test_branch_that_only_held_a_place() -> None:
    """A suspended request waits although every real branch has failed."""
    made = context(2)
    assert made.on_response(0, 404) == WAIT
    assert made.discard_branch(1) == ALL_FINAL
    assert made.best() == 0
    assert made.discard_branch(1) == WAIT


WWW = 'WWW-Authenticate: Digest realm="a", nonce="1"\r\n'
PROXY = 'Proxy-Authenticate: Digest realm="b", nonce="2"\r\n'


@pytest.mark.parametrize(
    ("enabled", "responses", "expected"),
    [
        (True, [(401, WWW), (407, PROXY)], PROXY),
        (True, [(401, WWW), (401, WWW)], ""),
        (True, [(407, PROXY), (401, WWW), (401, WWW)], PROXY),
        (True, [(401, WWW), (404, PROXY)], ""),
        (True, [(401, WWW), (407, "")], ""),
        (True, [(404, ""), (500, WWW)], ""),
        (False, [(401, WWW), (407, PROXY)], ""),
    ],
)
def test_challenges(enabled: bool, responses: list[tuple[int, str]], expected: str) -> None:
    made = context(len(responses), settings=ForkingSettings(aggregate_challenges=enabled))
    for index, (status, more) in enumerate(responses):
        made.on_response(index, status, response(status, more=more))
    assert made.challenges(made.best()) == expected


def test_challenges_without_the_responses() -> None:
    made = context(2, settings=ForkingSettings(aggregate_challenges=True))
    made.on_response(0, 401)
    made.on_response(1, 407)
    assert made.challenges(0) == ""


@pytest.mark.parametrize(
    ("status", "rank"),
    [(200, 0), (603, 1003), (302, 3002), (401, 4001), (484, 4084), (404, 4104), (503, 5003), (700, 10700)],
)
def test_priority_is_that_of_kamailio(status: int, rank: int) -> None:
    assert priority(status) == rank


@given(
    invite=st.booleans(),
    mode=st.sampled_from([0, 1, 2, 3]),
    history=st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from([100, 180, 200, 302, 401, 404, 486, 503, 603])),
        max_size=25,
    ),
)
def test_any_history(invite: bool, mode: int, history: list[tuple[int, int]]) -> None:
    """ALL_FINAL comes only when nothing is pending, and at most one final response but 2xx is ever due."""
    made = context(2, invite, ForkingSettings(failure_reply_mode=mode))
    for number, status in history:
        if number >= len(made.branches):
            if made.may_fork:
                made.add_branch()
            continue
        finals_before = made.final_status
        decision = made.on_response(number, status)
        assert not decision & ~(FORWARD | CANCEL | ALL_FINAL)
        if decision & ALL_FINAL:
            assert not made.pending()
            assert not made.final_status
            assert made.best() >= 0
        if decision & CANCEL:
            assert made.cancel_pending() or made.branches
        if decision & FORWARD and status >= 200:
            assert status == 200
            assert invite or not finals_before
