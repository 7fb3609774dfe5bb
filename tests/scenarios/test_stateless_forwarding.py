"""Forwarding without a transaction (RFC 3261 §16.11)."""

import pytest

from tests.scenarios.scene import Scene

FORWARD = """
function ksr_request_route()
  KSR.hdr.append("X-Proxy: 1\\r\\n")
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  KSR.info("forward " .. KSR.forward())
end
"""


def test_request_and_its_responses() -> None:
    with Scene(FORWARD) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        assert alice.unread == []
        [received] = bob.requests()
        assert received.first("x-proxy").value == "1"
        assert (received.max_forwards, len(received.vias)) == (69, 2)
        assert len(scene.server.layer.table) == 0
        for status in (100, 180, 200):
            bob.answer(received, status)
        assert alice.statuses() == [100, 180, 200]


def test_the_same_request_gets_the_same_branch() -> None:
    with Scene(FORWARD) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        alice.send(invite)
        one, two = bob.requests()
        assert one.text == two.text
        alice.send(alice.cancel(invite))
        [cancel] = bob.requests()
        assert cancel.top_via.branch == one.top_via.branch
        alice.send(alice.request("INVITE", "sip:bob@example.com", cseq=2))
        [other] = bob.requests()
        assert other.top_via.branch != one.top_via.branch
        assert scene.said == ["forward 1"] * 4


def test_forward_uri() -> None:
    script = """
    function ksr_request_route() KSR.info("forward " .. KSR.forward_uri("sip:10.0.0.3:5060")) end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        [received] = bob.requests()
        assert received.request_uri == "sip:bob@example.com"
        assert scene.said == ["forward 1"]


@pytest.mark.parametrize(("destination", "status"), [("tel:+1", 416), ("sip:10.0.0.3;transport=sctp", 478)])
def test_nowhere_to_go(destination: str, status: int) -> None:
    script = f"""
    function ksr_request_route()
      KSR.pv.sets("$du", "{destination}")
      KSR.info("forward " .. KSR.forward())
      KSR.sl.sl_reply_error()
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        assert scene.said == ["forward -1"]
        assert alice.statuses() == [status]


def test_response_goes_where_received_and_rport_say() -> None:
    with Scene(FORWARD) as scene:
        alice, bob = scene.phone("alice", port=6000), scene.phone("bob")
        text = alice.request("MESSAGE", "sip:bob@example.com")
        alice.send(text.replace("10.0.0.2:6000;branch", "alice.invalid:7777;rport;branch"))
        [received] = bob.requests()
        assert received.vias[1].text.startswith("SIP/2.0/UDP alice.invalid:7777;rport=6000;")
        assert received.vias[1].received == "10.0.0.2"
        bob.answer(received, 200)
        assert alice.statuses() == [200]


def test_response_goes_to_the_sent_by_port_without_rport() -> None:
    """RFC 3261 §18.2.2."""
    with Scene(FORWARD) as scene:
        alice, bob = scene.phone("alice", port=6000), scene.phone("bob")
        other = scene.phone("other", host="10.0.0.2", port=7777)
        text = alice.request("MESSAGE", "sip:bob@example.com")
        alice.send(text.replace("10.0.0.2:6000;branch", "alice.invalid:7777;branch"))
        bob.answer(bob.requests()[0], 200)
        assert alice.unread == []
        assert other.statuses() == [200]
