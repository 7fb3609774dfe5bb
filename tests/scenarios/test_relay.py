"""Stateful forwarding: one branch, its answers, retransmissions and timeouts (RFC 3261 §16, §17)."""

from luasip.sip.message import Request
from tests.scenarios.scene import Scene

RELAY = """
function ksr_request_route()
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  if KSR.tm.t_relay() < 0 then KSR.sl.sl_reply_error() end
end
"""


def test_invite_is_relayed_and_answered() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        assert alice.statuses() == [100]
        [received] = bob.requests()
        assert received.request_uri == "sip:bob@example.com"
        assert received.max_forwards == 69
        assert [via.host for via in received.vias] == ["10.0.0.1", "10.0.0.2"]
        bob.answer(received, 180, "Ringing")
        bob.answer(received, 200, "OK")
        ringing, ok = alice.next(), alice.next()
        assert (ringing.status, ok.status) == (180, 200)
        assert len(ok.vias) == 1
        alice.send(alice.ack(invite, ok))
        [ack] = bob.requests()
        assert ack.method == "ACK"


def test_failure_is_acknowledged_hop_by_hop() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        received = bob.requests()[0]
        alice.statuses()
        bob.answer(received, 486, "Busy Here")
        busy = alice.next()
        assert busy.status == 486
        [ack] = bob.requests()
        assert (ack.method, ack.cseq.method) == ("ACK", "ACK")
        alice.send(alice.ack(invite, busy))
        assert bob.requests() == []
        assert alice.statuses() == []


def test_nobody_answers() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        scene.advance(29)
        sent = [m for m in bob.messages if isinstance(m, Request)]
        assert len(sent) == 10
        assert alice.statuses() == [100]
        scene.advance(2)
        assert alice.next().status == 408
