"""CANCEL in every phase of an INVITE (RFC 3261 §9, §16.10), as Kamailio scripts see it."""

import pytest

from tests.scenarios.scene import Phone, Scene

RELAY = """
function ksr_request_route()
  if KSR.is_CANCEL() then
    KSR.info("cancel " .. KSR.tm.t_check_trans() .. " " .. KSR.tm.t_lookup_cancel())
    if KSR.tm.t_check_trans() > 0 then KSR.tm.t_relay() end
    return
  end
  KSR.tm.t_on_failure("ksr_failure")
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  if KSR.tm.t_relay() < 0 then KSR.sl.sl_reply_error() end
end
function ksr_failure()
  KSR.info("failed " .. KSR.tm.t_get_status_code() .. " canceled " .. KSR.tm.t_is_canceled())
  if KSR.tm.t_is_canceled() > 0 then
    KSR.pv.sets("$du", "sip:10.0.0.4:5060")
    KSR.info("relay " .. KSR.tm.t_relay())
  end
end
"""


def phones(scene: Scene) -> tuple[Phone, Phone, str]:
    """alice, bob and alice's INVITE, sent."""
    alice, bob = scene.phone("alice", host="10.0.0.2"), scene.phone("bob", host="10.0.0.3")
    invite = alice.request("INVITE", "sip:bob@example.com")
    alice.send(invite)
    return alice, bob, invite


def test_cancel_after_180() -> None:
    with Scene(RELAY) as scene:
        alice, bob, invite = phones(scene)
        [received] = bob.requests()
        bob.answer(received, 180, "Ringing")
        alice.statuses()
        alice.send(alice.cancel(invite))
        answer = alice.next()
        assert (answer.status, answer.cseq.method) == (200, "CANCEL")
        [cancel] = bob.requests()
        assert cancel.method == "CANCEL"
        assert cancel.request_uri == received.request_uri
        assert [via.text for via in cancel.vias] == [received.top_via.text]
        assert (cancel.cseq.number, cancel.to.tag) == (received.cseq.number, "")
        bob.answer(cancel, 200, "OK")
        bob.answer(received, 487, "Request Terminated")
        assert [m.method for m in bob.requests()] == ["ACK"]
        assert alice.statuses() == [487]
        assert scene.said == ["cancel 1 1", "failed 487 canceled 1", "relay -1"]


def test_cancel_waits_for_a_provisional_response() -> None:
    """RFC 3261 §9.1."""
    with Scene(RELAY) as scene:
        alice, bob, invite = phones(scene)
        [received] = bob.requests()
        alice.send(alice.cancel(invite))
        assert alice.statuses() == [100, 200]
        assert bob.requests() == []
        bob.answer(received, 100, "Trying")
        [cancel] = bob.requests()
        assert cancel.method == "CANCEL"
        bob.answer(received, 180, "Ringing")
        assert bob.requests() == []
        bob.answer(cancel, 200, "OK")
        bob.answer(received, 487, "Request Terminated")
        assert alice.statuses() == [180, 487]


def test_cancel_when_nobody_ever_answers() -> None:
    with Scene(RELAY) as scene:
        alice, bob, invite = phones(scene)
        alice.send(alice.cancel(invite))
        scene.advance(31)
        assert alice.statuses()[:3] == [100, 200, 487]
        assert "CANCEL" not in [m.method for m in bob.requests()]


def test_cancel_that_the_callee_ignores() -> None:
    with Scene(RELAY) as scene:
        alice, bob, invite = phones(scene)
        [received] = bob.requests()
        bob.answer(received, 180, "Ringing")
        alice.send(alice.cancel(invite))
        scene.advance(31)
        cancels = [m for m in bob.requests() if m.method == "CANCEL"]
        assert len(cancels) == 10
        assert len({m.text for m in cancels}) == 1
        assert alice.statuses()[:4] == [100, 180, 200, 487]
        bob.answer(received, 487, "Request Terminated")
        assert 487 not in alice.statuses()


def test_cancel_crosses_200() -> None:
    with Scene(RELAY) as scene:
        alice, bob, invite = phones(scene)
        [received] = bob.requests()
        bob.answer(received, 180, "Ringing")
        alice.send(alice.cancel(invite))
        [cancel] = bob.requests()
        bob.answer(received, 200, "OK")
        bob.answer(cancel, 200, "OK")
        assert alice.statuses() == [100, 180, 200, 200]


def test_cancel_after_the_final_response_has_no_effect() -> None:
    with Scene(RELAY) as scene:
        alice, bob, invite = phones(scene)
        [received] = bob.requests()
        bob.answer(received, 200, "OK")
        alice.send(alice.cancel(invite))
        assert bob.requests() == []
        assert alice.statuses() == [100, 200, 200]


def test_cancel_twice() -> None:
    """The same CANCEL is a retransmission; one in a transaction of its own is answered and changes nothing."""
    with Scene(RELAY) as scene:
        alice, bob, invite = phones(scene)
        [received] = bob.requests()
        bob.answer(received, 180, "Ringing")
        alice.statuses()
        cancel = alice.cancel(invite)
        alice.send(cancel)
        alice.send(cancel)
        assert alice.statuses() == [200, 200]
        assert scene.said == ["cancel 1 1"]
        assert [m.method for m in bob.requests()] == ["CANCEL"]
        bob.answer(received, 487, "Request Terminated")
        assert alice.statuses() == [487]


def test_cancel_without_invite_is_not_relayed_by_the_usual_script() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.cancel(alice.request("INVITE", "sip:bob@example.com")))
        assert scene.said == ["cancel -1 -1"]
        assert alice.unread == []
        assert bob.unread == []


def test_cancel_without_invite_is_forwarded_statelessly() -> None:
    script = """
    function ksr_request_route()
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.info("relay " .. KSR.tm.t_relay())
    end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.cancel(alice.request("INVITE", "sip:bob@example.com")))
        [cancel] = bob.requests()
        assert (cancel.method, len(cancel.vias)) == ("CANCEL", 2)
        bob.answer(cancel, 481, "No Such Call")
        assert alice.statuses() == [481]
        assert scene.said == ["relay 1"]


@pytest.mark.parametrize("setting", [1, 0])
def test_reason_of_the_callers_cancel(setting: int) -> None:
    with Scene(RELAY, f"[modules.tm]\ne2e_cancel_reason = {setting}") as scene:
        alice, bob, invite = phones(scene)
        [received] = bob.requests()
        bob.answer(received, 180, "Ringing")
        alice.send(alice.cancel(invite, "Reason: SIP;cause=200", "Reason: Q.850;cause=16"))
        [cancel] = bob.requests()
        expected = ["SIP;cause=200", "Q.850;cause=16"] if setting else []
        assert [line.value for line in cancel.all("reason")] == expected
        bob.answer(received, 487, "Request Terminated")


SLOW = """
function ksr_request_route()
  if KSR.is_CANCEL() then KSR.tm.t_relay() return end
  KSR.tm.t_on_failure("ksr_failure")
  luasip.sleep(10)
  KSR.info("canceled " .. KSR.tm.t_is_canceled())
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  local code = KSR.tm.t_relay()
  KSR.info("relay " .. code)
  if code < 0 then KSR.info("error " .. KSR.sl.sl_reply_error()) end
end
function ksr_failure() KSR.info("failure") end
"""


def test_cancel_while_the_request_route_waits() -> None:
    with Scene(SLOW) as scene:
        alice, bob, invite = phones(scene)
        assert alice.statuses() == [100]
        scene.advance(3)
        alice.send(alice.cancel(invite))
        assert alice.statuses() == [200, 487]
        alice.send(alice.ack(invite, alice.messages[-1]))
        scene.advance(10)
        assert scene.said == ["canceled 1", "relay -1", "error -1"]
        assert alice.statuses() == []
        assert bob.unread == []


def test_cancel_before_the_invite_has_a_transaction() -> None:
    """It came out of order: nothing to cancel, and the INVITE that follows is an ordinary call."""
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(alice.cancel(invite))
        alice.send(invite)
        assert [m.method for m in bob.requests()] == ["INVITE"]
        assert alice.statuses() == [100]


FAILING = """
function ksr_request_route()
  if KSR.is_CANCEL() then KSR.tm.t_relay() return end
  KSR.tm.t_on_failure("ksr_failure")
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  KSR.tm.t_relay()
end
function ksr_failure()
  KSR.info("failed " .. KSR.tm.t_get_status_code())
  luasip.sleep(10)
  KSR.info("canceled " .. KSR.tm.t_is_canceled())
  KSR.pv.sets("$du", "sip:10.0.0.4:5060")
  KSR.info("relay " .. KSR.tm.t_relay())
end
"""


def test_cancel_while_the_failure_route_waits() -> None:
    with Scene(FAILING) as scene:
        alice, bob, invite = phones(scene)
        carol = scene.phone("carol", host="10.0.0.4")
        bob.answer(bob.requests()[0], 486, "Busy")
        alice.statuses()
        scene.advance(3)
        alice.send(alice.cancel(invite))
        assert alice.statuses() == [200, 487]
        alice.send(alice.ack(invite, alice.messages[-1]))
        scene.advance(10)
        assert scene.said == ["failed 486", "canceled 1", "relay -1"]
        assert carol.unread == []
        assert alice.statuses() == []


def test_cancel_of_a_serial_branch() -> None:
    with Scene(FAILING) as scene:
        alice, bob, invite = phones(scene)
        carol = scene.phone("carol", host="10.0.0.4")
        bob.answer(bob.requests()[0], 486, "Busy")
        scene.advance(10)
        [received] = carol.requests()
        carol.answer(received, 180, "Ringing")
        alice.send(alice.cancel(invite))
        [cancel] = carol.requests()
        assert cancel.method == "CANCEL"
        carol.answer(cancel, 200, "OK")
        carol.answer(received, 487, "Request Terminated")
        assert alice.statuses() == [100, 180, 200, 487]
        assert [m.method for m in bob.requests()] == ["ACK"]


def test_failure_route_may_answer_a_cancelled_invite_otherwise() -> None:
    script = RELAY.replace('KSR.pv.sets("$du", "sip:10.0.0.4:5060")', 'KSR.tm.t_reply(480, "Changed")')
    with Scene(script) as scene:
        alice, bob, invite = phones(scene)
        [received] = bob.requests()
        bob.answer(received, 180, "Ringing")
        alice.send(alice.cancel(invite))
        bob.answer(received, 487, "Request Terminated")
        assert alice.statuses() == [100, 180, 200, 480]


def test_cancel_of_several_branches() -> None:
    script = """
    function ksr_request_route()
      if KSR.is_CANCEL() then KSR.tm.t_relay() return end
      KSR.pv.sets("$ru", "sip:bob@10.0.0.3")
      KSR.corex.append_branch_uri("sip:bob@10.0.0.4")
      KSR.corex.append_branch_uri("sip:bob@10.0.0.5")
      KSR.tm.t_relay()
    end
    """
    with Scene(script) as scene:
        carol, dave = scene.phone("carol", host="10.0.0.4"), scene.phone("dave", host="10.0.0.5")
        alice, bob, invite = phones(scene)
        ringing, busy, silent = bob.requests()[0], carol.requests()[0], dave.requests()[0]
        bob.answer(ringing, 180, "Ringing")
        carol.answer(busy, 486, "Busy")
        alice.send(alice.cancel(invite))
        assert [m.method for m in bob.requests()] == ["CANCEL"]
        assert [m.method for m in carol.requests()] == ["ACK"]
        assert dave.requests() == []
        dave.answer(silent, 180, "Ringing")
        assert [m.method for m in dave.requests()] == ["CANCEL"]
        bob.answer(ringing, 487, "Request Terminated")
        assert 487 not in alice.statuses()
        dave.answer(silent, 487, "Request Terminated")
        [answer] = alice.statuses()
        assert answer == 486


def test_the_cancel_may_be_lost() -> None:
    with Scene(RELAY) as scene:
        alice, bob, invite = phones(scene)
        [received] = bob.requests()
        bob.answer(received, 180, "Ringing")
        scene.network.lose(lambda message: message.target[1] == "10.0.0.3")
        alice.send(alice.cancel(invite))
        scene.network.lose_nothing()
        assert bob.requests() == []
        scene.advance(2)
        assert [m.method for m in bob.requests()] == ["CANCEL"] * 2
        bob.answer(received, 487, "Request Terminated")
        assert alice.statuses() == [100, 180, 200, 487]


def test_cancel_of_a_request_that_is_no_invite() -> None:
    """RFC 3261 §9.1: only an INVITE is cancelled."""
    script = """
    function ksr_request_route()
      if KSR.is_CANCEL() then KSR.info("cancel " .. KSR.tm.t_lookup_cancel()) return end
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
    end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        message = alice.request("MESSAGE", "sip:bob@example.com")
        alice.send(message)
        alice.send(alice.cancel(message))
        assert scene.said == ["cancel -1"]
        [received] = bob.requests()
        bob.answer(received, 200, "OK")
        assert alice.statuses() == [200]


def test_flags_of_the_invite_with_t_lookup_cancel_flags() -> None:
    script = """
    function ksr_request_route()
      if KSR.is_CANCEL() then
        local before = KSR.isflagset(7)
        KSR.info(KSR.tm.t_lookup_cancel_flags(1) .. " " .. tostring(before) .. " " .. tostring(KSR.isflagset(7))
          .. " " .. KSR.pv.get("$T_inv($ru)"))
        KSR.tm.t_relay()
        return
      end
      KSR.setflag(7)
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
    end
    """
    with Scene(script) as scene:
        alice, bob, invite = phones(scene)
        [received] = bob.requests()
        bob.answer(received, 180, "Ringing")
        alice.send(alice.cancel(invite))
        assert scene.said == ["1 false true sip:bob@example.com"]
        bob.answer(received, 487, "Request Terminated")
