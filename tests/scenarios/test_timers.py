"""Timers of RFC 3261 §17 and §16.8 under Kamailio's names, and when a transaction is forgotten."""

import pytest

from luasip.sip.message import Request
from tests.scenarios.scene import Phone, Scene

RELAY = """
function ksr_request_route()
  KSR.tm.t_on_failure("ksr_failure")
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  if KSR.tm.t_relay() < 0 then KSR.sl.sl_reply_error() end
end
function ksr_failure()
  KSR.info("failed " .. KSR.tm.t_get_status_code() .. " " .. KSR.tm.t_branch_timeout() .. " "
    .. KSR.tm.t_any_timeout() .. " " .. KSR.tm.t_any_replied() .. " " .. KSR.pv.get("$T(reply_type)"))
end
"""


def call(scene: Scene, method: str = "INVITE") -> tuple[Phone, Phone, Request, str]:
    """alice, bob, what bob received first, what alice sent."""
    alice, bob = scene.phone("alice"), scene.phone("bob")
    text = alice.request(method, "sip:bob@example.com")
    alice.send(text)
    return alice, bob, bob.requests()[0], text


def test_timer_b_is_fr_timer() -> None:
    with Scene(RELAY, "[modules.tm]\nfr_timer = 5000") as scene:
        alice, _bob, _, _ = call(scene)
        scene.advance(4.9)
        assert alice.statuses() == [100]
        scene.advance(0.2)
        answer = alice.unread[0]
        assert (answer.status, answer.reason) == (408, "Request Timeout")
        assert answer.to.tag
        assert scene.said == ["failed 408 1 1 -1 1"]


def test_timer_b_with_100_received_is_timer_c() -> None:
    with Scene(RELAY, "[modules.tm]\nfr_timer = 5000\nfr_inv_timer = 20000") as scene:
        alice, bob, received, _ = call(scene)
        scene.advance(1)
        bob.answer(received, 100, "Trying")
        scene.advance(19.5)
        assert alice.statuses() == [100]
        scene.advance(1)
        assert alice.statuses()[:1] == [408]
        cancel = next(m for m in bob.requests() if m.method == "CANCEL")
        bob.answer(cancel, 200, "OK")
        bob.answer(received, 487, "Request Terminated")
        assert [m.method for m in bob.requests()] == ["ACK"]
        assert alice.statuses() == []
        assert scene.said == ["failed 408 1 1 -1 1"]


def test_timer_c_starts_anew_with_each_provisional_response() -> None:
    with Scene(RELAY, "[modules.tm]\nfr_inv_timer = 20000") as scene:
        alice, bob, received, _ = call(scene)
        for _ in range(4):
            bob.answer(received, 180, "Ringing")
            scene.advance(15)
        assert alice.statuses() == [100, 180, 180, 180, 180]
        bob.answer(received, 200, "OK")
        assert alice.statuses() == [200]


def test_timer_c_does_not_start_anew_when_told_so() -> None:
    settings = "[modules.tm]\nfr_inv_timer = 20000\nrestart_fr_on_each_reply = 0"
    with Scene(RELAY, settings) as scene:
        alice, bob, received, _ = call(scene)
        bob.answer(received, 180, "Ringing")
        scene.advance(15)
        bob.answer(received, 180, "Ringing")
        scene.advance(6)
        assert alice.statuses()[:4] == [100, 180, 180, 408]


def test_max_inv_lifetime_ends_a_call_that_keeps_ringing() -> None:
    with Scene(RELAY, "[modules.tm]\nmax_inv_lifetime = 50000") as scene:
        alice, bob, received, _ = call(scene)
        for _ in range(5):
            bob.answer(received, 180, "Ringing")
            scene.advance(9)
        assert 408 not in alice.statuses()
        scene.advance(6)
        assert alice.statuses()[:1] == [408]


def test_max_inv_lifetime_is_for_all_serial_branches_together() -> None:
    script = """
    function ksr_request_route()
      KSR.tm.t_on_failure("ksr_failure")
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
    end
    function ksr_failure()
      KSR.info("failed at " .. KSR.tm.t_is_expired())
      KSR.tm.t_on_failure("ksr_failure")
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
    end
    """
    with Scene(script, "[modules.tm]\nmax_inv_lifetime = 50000\nfr_timer = 30000") as scene:
        alice, _bob, _, _ = call(scene)
        scene.advance(40)
        assert alice.statuses() == [100]
        assert scene.said == ["failed at -1"]
        scene.advance(10.1)
        assert scene.said[:2] == ["failed at -1", "failed at 1"]
        scene.advance(1)
        assert alice.statuses()[:1] == [408]


def test_timer_f_ends_other_requests_in_silence() -> None:
    """RFC 4320 §4.2: no 408 for a request that is no INVITE; the failure callback still runs."""
    with Scene(RELAY) as scene:
        alice, bob, _, text = call(scene, "MESSAGE")
        scene.advance(31)
        assert scene.said == ["failed 408 1 1 -1 1"]
        assert alice.statuses() == [100]
        alice.send(text)
        assert alice.statuses() == []
        assert bob.requests()[-1].method == "MESSAGE"


def test_late_100_for_other_requests() -> None:
    """RFC 4320 §4.1: not before timer E has reached T2 (0.5 + 1 + 2 seconds), then always."""
    with Scene(RELAY) as scene:
        alice, bob, received, text = call(scene, "MESSAGE")
        scene.advance(3.4)
        bob.answer(received, 100, "Trying")
        assert alice.statuses() == []
        scene.advance(0.2)
        assert alice.statuses() == [100]
        alice.send(text)
        assert alice.statuses() == [100]
        bob.answer(received, 200, "OK")
        assert alice.statuses() == [200]


def test_no_provisional_response_but_100_to_other_requests() -> None:
    with Scene(RELAY) as scene:
        alice, bob, received, _ = call(scene, "MESSAGE")
        bob.answer(received, 183, "Progress")
        assert alice.statuses() == []
        bob.answer(received, 200, "OK")
        assert alice.statuses() == [200]


@pytest.mark.parametrize(
    ("method", "status", "seconds"),
    [("INVITE", 200, 5.0), ("INVITE", 486, 30.0), ("MESSAGE", 200, 5.0), ("MESSAGE", 404, 5.0)],
)
def test_how_long_a_finished_transaction_stays(method: str, status: int, seconds: float) -> None:
    """Timers J, L and M are wt_timer; H (no ACK comes) is fr_timer."""
    with Scene(RELAY) as scene:
        _alice, bob, received, _ = call(scene, method)
        bob.answer(received, status)
        layer = scene.server.layer
        scene.advance(seconds - 0.1)
        assert len(layer.table) + len(layer.answered) == 1
        scene.advance(1.2)  # what is answered is looked at every second
        assert len(layer.table) + len(layer.answered) == 0


def test_timer_i_after_the_ack() -> None:
    with Scene(RELAY) as scene:
        alice, bob, received, invite = call(scene)
        bob.answer(received, 486)
        alice.send(alice.ack(invite, alice.unread[1]))
        scene.advance(4.9)
        assert len(scene.server.layer.table) == 1
        scene.advance(0.2)
        assert len(scene.server.layer.table) == 0


def test_no_waiting_over_tcp() -> None:
    """Timers D, I, J and K are zero over a reliable transport."""
    script = RELAY.replace("5060", "5060;transport=tcp")
    with Scene(script) as scene:
        alice, bob = scene.phone("alice", "tcp"), scene.phone("bob", "tcp")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        bob.answer(bob.requests()[0], 200)
        assert len(scene.server.layer.table) == 0
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        bob.answer(bob.requests()[0], 486)
        alice.send(alice.ack(invite, alice.messages[-1]))
        scene.advance(5.1)
        assert len(scene.server.layer.table) == 0


def test_2xx_made_here_is_repeated_until_its_ack() -> None:
    """RFC 3261 §13.3.1.4."""
    script = """
    function ksr_request_route()
      if KSR.is_ACK() then KSR.info("ack") return end
      KSR.tm.t_newtran()
      KSR.tm.t_reply(200, "OK")
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        scene.advance(4)
        ok = alice.unread[0]
        assert alice.statuses() == [200, 200, 200, 200]
        alice.send(alice.ack(invite, ok))
        assert scene.said == ["ack"]
        scene.advance(40)
        assert alice.statuses() == []


def test_late_2xx_after_timer_b_reaches_the_caller() -> None:
    with Scene(RELAY) as scene:
        alice, bob, received, _ = call(scene)
        scene.advance(30.2)
        assert alice.statuses()[:2] == [100, 408]
        bob.answer(received, 200, "OK")
        assert alice.statuses() == [200]


def test_late_2xx_after_timer_c_reaches_the_caller() -> None:
    with Scene(RELAY, "[modules.tm]\nfr_inv_timer = 10000") as scene:
        alice, bob, received, _ = call(scene)
        bob.answer(received, 180, "Ringing")
        scene.advance(10.2)
        assert alice.statuses()[:3] == [100, 180, 408]
        bob.answer(received, 200, "OK")
        assert alice.statuses() == [200]


def test_auto_100_can_be_switched_off() -> None:
    with Scene(RELAY, "[modules.tm]\nauto_inv_100 = 0") as scene:
        alice, bob, received, _ = call(scene)
        assert alice.statuses() == []
        bob.answer(received, 200, "OK")
        assert alice.statuses() == [200]


def test_reason_of_auto_100() -> None:
    with Scene(RELAY, '[modules.tm]\nauto_inv_100_reason = "Patience"') as scene:
        alice, bob, received, _ = call(scene)
        assert alice.next().reason == "Patience"
        bob.answer(received, 200, "OK")
