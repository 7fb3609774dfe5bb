"""Requests the server makes itself: t_uac_send, t_replicate, the ACK for their 2xx."""

import pytest

from luasip.sip.message import Request
from tests.scenarios.scene import Phone, Scene


def call(scene: Scene, method: str = "INVITE") -> tuple[Phone, Phone, Request]:
    """alice, bob and what bob received."""
    alice, bob = scene.phone("alice"), scene.phone("bob")
    alice.send(alice.request(method, "sip:bob@example.com"))
    return alice, bob, bob.requests()[0]


def ask(script: str, method: str = "OPTIONS", settings: str = "") -> list[str]:
    """What the request route says; it answers by itself or not at all."""
    with Scene(f"function ksr_request_route() {script} end", settings) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request(method, "sip:bob@example.com"))
        return scene.said


def test_t_replicate() -> None:
    script = """
    function ksr_request_route()
      KSR.info("replicate " .. KSR.tm.t_replicate("sip:10.0.0.3:5060"))
      KSR.sl.send_reply(200, "OK")
    end
    """
    with Scene(script) as scene:
        alice, bob, received = call(scene, "REGISTER")
        assert alice.statuses() == [200]
        assert (received.method, received.request_uri) == ("REGISTER", "sip:bob@example.com")
        assert received.first("contact").value == f"<{alice.uri}>"
        assert [via.host for via in received.vias] == ["10.0.0.1", "10.0.0.2"]
        bob.answer(received, 404)
        assert alice.statuses() == []
        assert scene.said == ["replicate 1"]


def test_t_replicate_to_nowhere() -> None:
    assert ask('KSR.info(KSR.tm.t_replicate("sip:10.0.0.3;transport=sctp"))') == ["-1"]


def test_t_uac_send() -> None:
    script = """
    function ksr_request_route()
      KSR.info("send " .. KSR.tm.t_uac_send("MESSAGE", "sip:bob@bob.example.net", "sip:10.0.0.3:5060",
        "udp:10.0.0.1:5060",
        "From: <sip:us@example.com>;tag=x\\r\\nTo: <sip:bob@bob.example.net>\\r\\nX-A: 1\\r\\n", "hello"))
      KSR.sl.sl_send_reply(200, "OK")
    end
    """
    with Scene(script) as scene:
        alice, bob, received = call(scene, "OPTIONS")
        assert (received.method, received.request_uri, received.body) == (
            "MESSAGE",
            "sip:bob@bob.example.net",
            "hello",
        )
        assert [via.host for via in received.vias] == ["10.0.0.1"]
        assert received.from_.uri_text == "sip:us@example.com"
        assert received.first("x-a").value == "1"
        scene.advance(0.6)
        assert len(bob.requests()) == 1
        bob.answer(received, 200)
        assert alice.statuses() == [200]
        assert scene.said == ["send 1"]


@pytest.mark.parametrize("call_", ['"", "sip:x@10.0.0.3"', '"OPTIONS", ""'])
def test_t_uac_send_with_something_missing(call_: str) -> None:
    assert ask(f'KSR.info(KSR.tm.t_uac_send({call_}, "", "", "", ""))') == ["-1"]


def test_t_uac_send_that_nobody_answers() -> None:
    script = """
    function ksr_request_route()
      KSR.tm.t_uac_send("OPTIONS", "sip:10.0.0.3:5060", "", "", "", "")
      KSR.sl.sl_send_reply(200, "OK")
    end
    """
    with Scene(script) as scene:
        call(scene, "OPTIONS")
        scene.advance(60)
        assert len(scene.server.layer.table) == 0


INVITE = """
function ksr_request_route()
  if KSR.is_method("REFER") then
    KSR.info("ack " .. KSR.tmx.t_uac_ack_local(KSR.hdr.get("Call"), "10", "X-Ack: 1\\r\\n", ""))
    KSR.sl.sl_send_reply(202, "Accepted")
    return
  end
  KSR.tm.t_uac_send("INVITE", "sip:bob@10.0.0.3", "", "", "", "")
  KSR.sl.sl_send_reply(200, "OK")
end
function ksr_local(event)
  KSR.info(event .. " " .. KSR.kx.get_method() .. " " .. KSR.pv.get("$ru"))
  %s
end
"""
LOCAL = '[modules.tm]\nevent_callback = "ksr_local"'


def test_2xx_to_an_invite_of_our_own_is_acknowledged() -> None:
    with Scene(INVITE % "") as scene:
        _, bob, received = call(scene, "OPTIONS")
        assert received.method == "INVITE"
        for _ in range(2):
            bob.answer(received, 200, "OK", "Record-Route: <sip:10.0.0.3:5060;lr;x=1>")
        first, second = bob.requests()
        assert first.text == second.text
        assert (first.method, first.request_uri, first.to.tag) == ("ACK", bob.uri, "bob-to")
        assert (first.cseq.number, first.cseq.method) == (received.cseq.number, "ACK")
        assert [route.uri_text for route in first.routes] == ["sip:10.0.0.3:5060;lr;x=1"]
        assert first.top_via.branch != received.top_via.branch
        assert len(first.vias) == 1


def test_acknowledging_by_the_script() -> None:
    with Scene(INVITE % "KSR.tm.t_set_no_auto_ack(1)", LOCAL) as scene:
        alice, bob, received = call(scene, "OPTIONS")
        assert scene.said == ["tm:local-request INVITE sip:bob@10.0.0.3"]
        bob.answer(received, 200, "OK")
        assert bob.requests() == []
        alice.send(alice.request("REFER", "sip:x@example.com", f"Call: {received.call_id}"))
        [ack] = bob.requests()
        assert (ack.method, ack.first("x-ack").value) == ("ACK", "1")
        assert scene.said[-1] == "ack 1"


def test_event_for_requests_of_our_own_may_drop_them() -> None:
    with Scene(INVITE % "KSR.set_drop()", LOCAL) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        assert scene.said == ["tm:local-request INVITE sip:bob@10.0.0.3"]
        assert bob.unread == []
        assert len(scene.server.layer.table) == 0


def test_t_use_uac_headers_and_auto_ack() -> None:
    assert ask("KSR.info(KSR.tm.t_set_no_auto_ack(1))") == ["-1"]
    assert ask('KSR.tm.t_newtran() KSR.info(KSR.tm.t_set_no_auto_ack(1)) KSR.tm.t_reply(200, "OK")') == ["1"]


@pytest.mark.parametrize("status", [200, 404])
def test_an_answered_request_of_our_own_is_not_waited_for_at_the_end(status: int) -> None:
    script = """
    function ksr_request_route()
      KSR.tm.t_uac_send("OPTIONS", "sip:10.0.0.3:5060", "", "", "", "")
      KSR.sl.sl_send_reply(200, "OK")
    end
    """
    with Scene(script) as scene:
        _, bob, received = call(scene, "OPTIONS")
        [own] = scene.server.layer.table.all()
        assert not own.final_sent
        bob.answer(received, status)
        assert own.final_sent
