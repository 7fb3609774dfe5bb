"""Parallel forking: several 2xx, 6xx, the choice of the best response (RFC 3261 §16.7)."""

import pytest

from luasip.sip.message import Request
from tests.scenarios.scene import Phone, Scene

FORK = """
function ksr_request_route()
  if KSR.is_CANCEL() then KSR.tm.t_relay() return end
  KSR.pv.sets("$ru", "sip:bob@10.0.0.3")
  KSR.corex.append_branch_uri("sip:bob@10.0.0.4")
  KSR.corex.append_branch_uri("sip:bob@10.0.0.5")
  KSR.tm.t_on_failure("ksr_failure")
  KSR.tm.t_relay()
end
function ksr_failure()
  KSR.info("failed " .. KSR.tm.t_get_status_code() .. " branch " .. KSR.pv.get("$T_branch_idx"))
end
"""


def fork(scene: Scene, method: str = "INVITE") -> tuple[Phone, list[Phone], list[Request], str]:
    """alice, the three phones it is forked to, what each received, what alice sent."""
    alice = scene.phone("alice")
    others = [scene.phone(name) for name in ("bob", "carol", "dave")]
    text = alice.request(method, "sip:bob@example.com")
    alice.send(text)
    return alice, others, [phone.requests()[0] for phone in others], text


def test_every_branch_is_sent_with_its_own_via_and_uri() -> None:
    with Scene(FORK) as scene:
        alice, others, received, _ = fork(scene)
        assert [r.request_uri for r in received] == [
            "sip:bob@10.0.0.3",
            "sip:bob@10.0.0.4",
            "sip:bob@10.0.0.5",
        ]
        assert len({r.top_via.branch for r in received}) == 3
        assert alice.statuses() == [100]
        for phone, request in zip(others, received, strict=True):
            phone.answer(request, 404)


def test_2xx_cancels_the_others() -> None:
    with Scene(FORK) as scene:
        alice, (bob, carol, dave), received, _ = fork(scene)
        bob.answer(received[0], 180, "Ringing")
        carol.answer(received[1], 183, "Progress")
        dave.answer(received[2], 486, "Busy")
        dave.requests()
        carol.answer(received[1], 200, "OK")
        assert alice.statuses() == [100, 180, 183, 200]
        [cancel] = bob.requests()
        assert cancel.method == "CANCEL"
        assert cancel.first("reason").value == 'SIP;cause=200;text="Call completed elsewhere"'
        assert dave.requests() == []
        bob.answer(cancel, 200, "OK")
        bob.answer(received[0], 487, "Request Terminated")
        assert [m.method for m in bob.requests()] == ["ACK"]
        assert alice.statuses() == []
        assert scene.said == []


def test_reason_of_our_cancels_can_be_switched_off() -> None:
    with Scene(FORK, "[modules.tm]\nlocal_cancel_reason = 0") as scene:
        _, (bob, carol, dave), received, _ = fork(scene)
        bob.answer(received[0], 180, "Ringing")
        carol.answer(received[1], 200, "OK")
        [cancel] = bob.requests()
        assert cancel.first("reason") is None
        bob.answer(received[0], 487)
        dave.answer(received[2], 487)


def test_several_2xx_all_reach_the_caller() -> None:
    with Scene(FORK) as scene:
        alice, others, received, _invite = fork(scene)
        for phone, request in zip(others, received, strict=True):
            phone.answer(request, 180, "Ringing")
        alice.statuses()
        for phone, request in zip(others, received, strict=True):
            phone.answer(request, 200, "OK")
        tags = [m.to.tag for m in alice.unread]
        assert tags == ["bob-to", "carol-to", "dave-to"]
        assert alice.statuses() == [200, 200, 200]


def test_second_2xx_long_after_the_first() -> None:
    """The server transaction has ended by then, the second branch's has not."""
    with Scene(FORK) as scene:
        alice, (bob, carol, dave), received, _ = fork(scene)
        for phone, request in ((bob, received[0]), (carol, received[1]), (dave, received[2])):
            phone.answer(request, 180, "Ringing")
        bob.answer(received[0], 200, "OK")
        scene.advance(4)
        carol.answer(received[1], 200, "OK")
        scene.advance(4)
        alice.statuses()
        carol.answer(received[1], 200, "OK")
        assert [m.to.tag for m in alice.unread] == ["carol-to"]
        dave.answer(received[2], 487)


def test_second_final_response_of_a_branch_that_is_no_2xx_is_dropped() -> None:
    with Scene(FORK) as scene:
        alice, others, received, _ = fork(scene, "MESSAGE")
        for phone, request in zip(others, received, strict=True):
            phone.answer(request, 200, "OK")
        assert alice.statuses() == [200]


def test_6xx_cancels_the_others_and_waits_for_them() -> None:
    with Scene(FORK) as scene:
        alice, (bob, carol, dave), received, _ = fork(scene)
        bob.answer(received[0], 180, "Ringing")
        carol.answer(received[1], 603, "Decline")
        assert alice.statuses() == [100, 180]
        assert [m.method for m in bob.requests()] == ["CANCEL"]
        assert dave.requests() == []
        dave.answer(received[2], 180, "Ringing")
        assert [m.method for m in dave.requests()] == ["CANCEL"]
        bob.answer(received[0], 487, "Request Terminated")
        dave.answer(received[2], 487, "Request Terminated")
        assert alice.statuses() == [180, 603]
        assert scene.said == ["failed 603 branch 1"]


def test_2xx_after_6xx_is_forwarded() -> None:
    with Scene(FORK) as scene:
        alice, (bob, carol, dave), received, _ = fork(scene)
        carol.answer(received[1], 603, "Decline")
        bob.answer(received[0], 200, "OK")
        dave.answer(received[2], 486, "Busy")
        assert alice.statuses() == [100, 200]


DISABLED_6XX = FORK.replace(
    "  KSR.tm.t_relay()\nend\nf", "  KSR.tm.t_set_disable_6xx(1)\n  KSR.tm.t_relay()\nend\nf"
)


@pytest.mark.parametrize(
    ("script", "settings"), [(DISABLED_6XX, ""), (FORK, "[modules.tm]\ndisable_6xx_block = 1")]
)
def test_6xx_like_any_other_failure(script: str, settings: str) -> None:
    with Scene(script, settings) as scene:
        alice, (bob, carol, dave), received, _ = fork(scene)
        bob.answer(received[0], 180, "Ringing")
        carol.answer(received[1], 603, "Decline")
        assert bob.requests() == []
        bob.answer(received[0], 200, "OK")
        dave.answer(received[2], 404)
        assert alice.statuses() == [100, 180, 200]


@pytest.mark.parametrize(
    ("statuses", "best"),
    [
        ((404, 486, 480), 404),
        ((486, 404, 480), 404),
        ((404, 401, 486), 401),
        ((407, 401, 486), 401),
        ((404, 302, 486), 302),
        ((500, 404, 302), 302),
        ((500, 404, 404), 404),
        ((503, 500, 502), 500),
        ((503, 503, 503), 500),
        ((503, 503, 408), 408),
        ((404, 603, 486), 603),
        ((420, 415, 484), 415),
    ],
)
def test_best_response(statuses: tuple[int, int, int], best: int) -> None:
    with Scene(FORK) as scene:
        alice, others, received, _ = fork(scene)
        for phone, request, status in zip(others, received, statuses, strict=True):
            phone.answer(request, status)
        assert alice.statuses() == [100, best]


def test_503_stays_503_when_told_so() -> None:
    with Scene(FORK, "[modules.tm]\nremap_503_500 = 0") as scene:
        alice, others, received, _ = fork(scene)
        for phone, request in zip(others, received, strict=True):
            phone.answer(request, 503)
        assert alice.statuses() == [100, 503]


def test_a_branch_that_times_out_counts_as_408() -> None:
    with Scene(FORK) as scene:
        alice, (bob, carol, _dave), received, _ = fork(scene)
        bob.answer(received[0], 486)
        carol.answer(received[1], 486)
        scene.advance(31)
        assert alice.statuses()[:2] == [100, 408]
        assert scene.said == ["failed 408 branch 2"]


@pytest.mark.parametrize("aggregate", [0, 1])
def test_challenges_of_all_branches(aggregate: int) -> None:
    with Scene(FORK, f"[modules.tm]\naggregate_challenges = {aggregate}") as scene:
        alice, (bob, carol, dave), received, _ = fork(scene)
        bob.answer(received[0], 401, "Unauthorized", 'WWW-Authenticate: Digest realm="b", nonce="1"')
        carol.answer(received[1], 407, "Auth", 'Proxy-Authenticate: Digest realm="c", nonce="2"')
        dave.answer(received[2], 404)
        answer = alice.messages[-1]
        assert answer.status == 401
        assert [line.value for line in answer.all("www-authenticate")] == ['Digest realm="b", nonce="1"']
        expected = ['Digest realm="c", nonce="2"'] if aggregate else []
        assert [line.value for line in answer.all("proxy-authenticate")] == expected


def test_provisional_responses_of_all_branches_are_forwarded_but_100() -> None:
    with Scene(FORK) as scene:
        alice, (bob, carol, dave), received, _ = fork(scene)
        bob.answer(received[0], 100, "Trying")
        bob.answer(received[0], 180, "Ringing")
        carol.answer(received[1], 181, "Forwarded")
        dave.answer(received[2], 183, "Progress")
        assert [(m.status, m.to.tag) for m in alice.unread[1:]] == [
            (180, "bob-to"),
            (181, "carol-to"),
            (183, "dave-to"),
        ]
        for phone, request in ((bob, received[0]), (carol, received[1]), (dave, received[2])):
            phone.answer(request, 486)
        alice.statuses()


def test_redirection_is_passed_to_the_caller() -> None:
    with Scene(FORK) as scene:
        alice, (bob, carol, dave), received, _ = fork(scene)
        bob.answer(received[0], 302, "Moved", "Contact: <sip:elsewhere@example.net>")
        carol.answer(received[1], 404)
        dave.answer(received[2], 404)
        assert "sip:elsewhere@example.net" in alice.messages[-1].text


def test_one_unreachable_branch_does_not_stop_the_others() -> None:
    with Scene(FORK) as scene:
        scene.network.refuse("10.0.0.4", 5060)
        alice, bob, dave = scene.phone("alice"), scene.phone("bob"), scene.phone("dave", host="10.0.0.5")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        dave.answer(dave.requests()[0], 404)
        bob.answer(bob.requests()[0], 200, "OK")
        assert alice.statuses() == [100, 200]
