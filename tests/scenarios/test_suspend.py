"""tmx.t_suspend and t_continue: holding requests and replies until somebody continues them."""

from tests.scenarios.scene import Scene

HOLD = """
local held = {}
function ksr_request_route()
  if KSR.is_method("REGISTER") then
    local code = KSR.tmx.t_continue(held.index, held.label, "ksr_go_on")
    KSR.sl.sl_send_reply(200, "continued " .. code)
    return
  end
  if KSR.is_CANCEL() then KSR.tm.t_relay() return end
  KSR.pv.sets("$avp(note)", "kept")
  KSR.setflag(3)
  KSR.tm.t_on_failure("ksr_failure")
  if KSR.tmx.t_suspend() < 0 then KSR.sl.send_reply(500, "Cannot hold") return end
  held.index, held.label = KSR.pv.get("$T(id_index)"), KSR.pv.get("$T(id_label)")
end
function ksr_go_on(event)
  KSR.info(event .. " " .. KSR.pv.get("$avp(note)") .. " " .. tostring(KSR.isflagset(3)) .. "\\n")
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  KSR.tm.t_relay()
end
function ksr_failure()
  KSR.tm.t_reply(480, "Nobody " .. KSR.pv.get("$T_reply_code"))
end
"""


def test_held_invite_is_continued() -> None:
    with Scene(HOLD) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        assert alice.statuses() == [100]
        scene.advance(10)
        alice.send(invite)
        assert alice.statuses() == [100]
        bob.send(bob.request("REGISTER", "sip:example.com"))
        assert [(m.status, m.reason) for m in bob.unread if not m.is_request] == [(200, "continued 1")]
        [received] = bob.requests()
        bob.answer(received, 200, "OK")
        assert alice.statuses() == [200]
        assert "tmx:continue kept true" in scene.log.text(20)
        bob.send(bob.request("REGISTER", "sip:example.com", cseq=2))
        assert bob.next().reason == "continued -1"


def test_nobody_continues() -> None:
    with Scene(HOLD) as scene:
        alice = scene.phone("alice")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        scene.advance(31)
        assert alice.next().status == 100
        answer = alice.next()
        assert (answer.status, answer.reason) == (480, "Nobody 408")
        alice.send(alice.ack(invite, answer))


def test_cancel_while_held() -> None:
    with Scene(HOLD) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("INVITE", "sip:bob@example.com", branch="z9hG4bKone"))
        alice.statuses()
        alice.send(alice.request("CANCEL", "sip:bob@example.com", branch="z9hG4bKone"))
        assert alice.statuses() == [200, 487]


def test_failure_callback_does_not_hear_of_a_cancel() -> None:
    """As in Kamailio: nobody was asked, so nobody has failed."""
    script = HOLD.replace(
        'KSR.tm.t_reply(480, "Nobody " .. KSR.pv.get("$T_reply_code"))',
        'KSR.info("called")',
    )
    with Scene(script) as scene:
        alice = scene.phone("alice")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        alice.send(alice.cancel(invite))
        assert alice.statuses() == [100, 200, 487]
        scene.advance(40)
        assert scene.said == []


def test_unknown_transaction() -> None:
    with Scene(
        'function ksr_request_route() KSR.sl.sl_send_reply(200, "c" .. KSR.tmx.t_continue(1, 2, "f")) end'
    ) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:example.com"))
        assert alice.next().reason == "c-1"


def test_held_reply() -> None:
    script = """
    local index, label
    function ksr_request_route()
      if KSR.is_method("REGISTER") then
        KSR.sl.sl_send_reply(200, "c" .. KSR.tmx.t_continue(index, label, "ksr_go_on"))
        return
      end
      KSR.tm.t_on_reply("ksr_onreply")
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
    end
    function ksr_onreply()
      if KSR.pv.get("$rs") == 180 then
        KSR.tmx.t_suspend()
        index, label = KSR.pv.get("$T(id_index)"), KSR.pv.get("$T(id_label)")
      end
    end
    function ksr_go_on() KSR.hdr.append("X-Held: yes\\r\\n") end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        received = bob.requests()[0]
        alice.statuses()
        bob.answer(received, 180, "Ringing")
        bob.answer(received, 200, "OK")
        assert alice.statuses() == []
        bob.send(bob.request("REGISTER", "sip:example.com"))
        ringing, ok = alice.next(), alice.next()
        assert (ringing.status, ok.status) == (180, 200)
        assert ringing.first("x-held").value == "yes"
        assert ok.first("x-held") is None
