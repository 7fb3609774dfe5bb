"""A callback of any kind may wait, in any nesting, and goes on where it stood."""

from tests.scenarios.scene import Scene

EVERYWHERE = """
local function wait(name)
  local before = KSR.pv.gete("$ci")
  local function inner() luasip.sleep(1) return before end
  local ok, same = pcall(inner)
  KSR.info(name .. " " .. tostring(ok and same == KSR.pv.gete("$ci")) .. "\\n")
end
function ksr_request_route()
  wait("request") wait("again")
  KSR.tm.t_on_branch("ksr_branch") KSR.tm.t_on_reply("ksr_onreply") KSR.tm.t_on_failure("ksr_failure")
  KSR.corex.append_branch_uri("sip:two@10.0.0.4:5060")
  KSR.tm.t_relay()
end
function ksr_branch() wait("branch " .. KSR.pv.get("$T_branch_idx")) end
function ksr_reply_route() wait("reply " .. KSR.pv.get("$rs")) end
function ksr_onreply() wait("onreply " .. KSR.pv.get("$rs")) end
function ksr_failure() wait("failure") KSR.tm.t_reply(488, "After all") end
function ksr_tick() wait("timer") end
"""
TICK = '[modules.rtimer]\ntimer = ["name=t;interval=300"]\nexec = ["timer=t;route=ksr_tick"]\n'


def test_every_kind_of_callback_may_wait() -> None:
    with Scene(EVERYWHERE, TICK) as scene:
        alice, bob, carol = scene.phone("alice"), scene.phone("bob"), scene.phone("carol")
        invite = alice.request("INVITE", "sip:bob@10.0.0.3:5060")
        alice.send(invite)
        scene.advance(1.9)
        assert bob.messages == []
        scene.advance(2.2)
        assert scene.said == ["request true", "again true", "branch 0 true", "branch 1 true"]
        to_bob, to_carol = bob.requests()[0], carol.requests()[0]
        bob.answer(to_bob, 180, "Ringing")
        carol.answer(to_carol, 486, "Busy")
        bob.answer(to_bob, 480, "Away")
        scene.advance(10)
        assert scene.said[4:] == [
            "reply 180 true",
            "onreply 180 true",
            "reply 486 true",
            "onreply 486 true",
            "reply 480 true",
            "onreply 480 true",
            "failure true",
        ]
        answers = [m for m in alice.messages if not m.is_request]
        assert [answer.status for answer in answers if answer.status != 100][:2] == [180, 488]
        assert answers[-1].status == 488  # repeated until its ACK
        alice.send(alice.ack(invite, answers[-1]))
        scene.advance(300)
        assert scene.said[-1] == "timer true"


def test_reload_lets_waiting_routes_end_in_the_old_script() -> None:
    script = """
    function ksr_request_route()
      local user = KSR.pv.get("$fU")
      luasip.sleep(5)
      KSR.sl.send_reply(200, "VERSION " .. user)
    end
    """
    with Scene(script.replace("VERSION", "old")) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("OPTIONS", "sip:example.com"))
        scene.advance(1)
        scene.script.write_text(script.replace("VERSION", "new"), encoding="utf-8")
        assert scene.server.reload() == ""
        bob.send(bob.request("OPTIONS", "sip:example.com"))
        scene.advance(10)
        assert alice.messages[-1].reason == "old alice"
        assert bob.messages[-1].reason == "new bob"


def test_too_many_waiting_routes_get_the_failure_value() -> None:
    script = """
    function ksr_request_route()
      local value = luasip.wait("never", 10)
      KSR.sl.send_reply(value and 200 or 503, tostring(value))
    end
    """
    with Scene(script, server="workers = { max_suspended = 2 }") as scene:
        phones = [scene.phone(name) for name in ("alice", "bob", "carol")]
        for phone in phones:
            # Within a dialog: what begins something new would be refused before it came to the script.
            phone.send(phone.request("MESSAGE", "sip:x@example.com", to_tag="x"))
        assert [phone.statuses() for phone in phones] == [[], [], [503]]
        assert "wait was refused" in scene.log.text()
        scene.advance(11)
        assert [phone.statuses()[-1] for phone in phones[:2]] == [503, 503]
