"""Messages that come twice or get lost: who repeats what, and that the script hears of it once (RFC 3261 §17)."""

import pytest

from luasip.sip.message import Request
from luasip.transport.loopback import Sent
from tests.scenarios.scene import Scene

RELAY = """
function ksr_request_route()
  KSR.info("route " .. KSR.kx.get_method())
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  if KSR.tm.t_relay() < 0 then KSR.sl.sl_reply_error() end
end
"""


def sent_at(scene: Scene, to: str, method: str) -> list[float]:
    """Seconds after the start at which requests of a method were sent to an address."""
    start = method.encode() + b" "
    return [m.sent_at - 1000.0 for m in scene.network.sent_to(to) if m.data.startswith(start)]


def test_timer_a_doubles_until_a_provisional_response() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        scene.advance(8)
        assert sent_at(scene, "udp:10.0.0.3:5060", "INVITE") == [0.0, 0.5, 1.5, 3.5, 7.5]
        bob.answer(bob.requests()[0], 100, "Trying")
        scene.advance(20)
        assert bob.requests() == []
        bob.answer(next(m for m in bob.messages if isinstance(m, Request)), 486, "Busy")


def test_timer_e_doubles_to_t2_and_stays_there_after_100() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        scene.advance(4)
        assert sent_at(scene, "udp:10.0.0.3:5060", "MESSAGE") == [0.0, 0.5, 1.5, 3.5]
        bob.answer(bob.requests()[0], 100, "Trying")
        scene.advance(12)
        assert sent_at(scene, "udp:10.0.0.3:5060", "MESSAGE")[4:] == [7.5, 11.5, 15.5]
        bob.answer(bob.requests()[0], 200, "OK")
        assert alice.statuses() == [100, 200]


def test_no_retransmission_over_tcp() -> None:
    script = RELAY.replace("5060", "5060;transport=tcp")
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob", "tcp")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        scene.advance(20)
        [received] = bob.requests()
        bob.answer(received, 486, "Busy")
        assert alice.statuses() == [100, 486]


def test_invite_again_gets_the_last_response_again() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        alice.send(invite)
        assert alice.statuses() == [100, 100]
        [received] = bob.requests()
        bob.answer(received, 180, "Ringing")
        alice.send(invite)
        assert alice.statuses() == [180, 180]
        bob.answer(received, 486, "Busy")
        alice.send(invite)
        assert alice.statuses() == [486, 486]
        assert scene.said == ["route INVITE"]


def test_invite_again_after_2xx_is_absorbed() -> None:
    """RFC 6026 §7.1: the caller gets the 2xx again from the callee, not from the proxy."""
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        bob.answer(bob.requests()[0], 200, "OK")
        assert alice.statuses() == [100, 200]
        alice.send(invite)
        assert alice.statuses() == []
        assert bob.requests() == []


def test_request_again_before_an_answer_is_absorbed() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        message = alice.request("MESSAGE", "sip:bob@example.com")
        alice.send(message)
        alice.send(message)
        assert alice.statuses() == []
        [received] = bob.requests()
        bob.answer(received, 202, "Accepted")
        alice.send(message)
        assert alice.statuses() == [202, 202]
        assert scene.said == ["route MESSAGE"]


def test_timer_g_repeats_a_failure_until_its_ack() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        bob.answer(bob.requests()[0], 486, "Busy")
        scene.advance(4)
        received = alice.messages
        assert [m.status for m in received if not m.is_request] == [100, 486, 486, 486, 486]
        alice.statuses()
        alice.send(alice.ack(invite, received[1]))
        scene.advance(30)
        assert alice.statuses() == []


def test_failure_of_a_branch_again_is_acknowledged_again() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        [received] = bob.requests()
        for _ in range(3):
            bob.answer(received, 486, "Busy")
        assert [m.method for m in bob.requests()] == ["ACK"] * 3
        assert alice.statuses() == [100, 486]


def test_2xx_is_passed_each_time() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        [received] = bob.requests()
        for _ in range(3):
            bob.answer(received, 200, "OK")
            scene.advance(1)
        assert alice.statuses() == [100, 200, 200, 200]


def test_2xx_again_after_the_transaction_is_passed_statelessly() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        [received] = bob.requests()
        bob.answer(received, 200, "OK")
        alice.statuses()
        scene.advance(20)
        assert len(scene.server.layer.table) == 0
        bob.answer(received, 200, "OK")
        [again] = alice.unread
        assert (again.status, len(again.vias)) == (200, 1)


def test_final_response_to_another_request_is_passed_once() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        [received] = bob.requests()
        for _ in range(3):
            bob.answer(received, 200, "OK")
        assert alice.statuses() == [200]


@pytest.mark.parametrize("lost", ["INVITE", "SIP/2.0 100", "SIP/2.0 180", "SIP/2.0 486", "ACK"])
def test_any_message_may_be_lost_once(lost: str) -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        gone: list[Sent] = []

        def loses(message: Sent) -> bool:
            hit = not gone and message.text.startswith(lost) and message.source[1] == "10.0.0.1"
            if hit:
                gone.append(message)
            return hit

        scene.network.lose(loses)
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        scene.advance(1)
        alice.send(invite)
        received = next(m for m in bob.messages if isinstance(m, Request))
        bob.answer(received, 180, "Ringing")
        bob.answer(received, 486, "Busy")
        scene.advance(1)
        bob.answer(received, 486, "Busy")
        assert gone
        statuses = alice.statuses()
        assert statuses[-1] == 486
        assert set(statuses) <= {100, 180, 486}
        assert "ACK" in [m.method for m in bob.requests()]
        assert scene.said == ["route INVITE"]
