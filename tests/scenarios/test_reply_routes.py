"""ksr_reply_route and onreply callbacks: seeing, editing and dropping responses."""

import pytest

from luasip.sip.message import Request
from tests.scenarios.scene import Phone, Scene

RELAY = """
function ksr_request_route()
  if KSR.is_CANCEL() then KSR.tm.t_relay() return end
  KSR.setflag(4)
  KSR.pv.sets("$avp(note)", "mine")
  KSR.tm.t_on_reply("ksr_onreply")
  KSR.tm.t_on_failure("ksr_failure")
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  KSR.tm.t_relay()
end
function ksr_failure() KSR.info("failed " .. KSR.tm.t_get_status_code()) end
"""


def call(scene: Scene, method: str = "INVITE") -> tuple[Phone, Phone, Request]:
    """alice, bob and what bob received."""
    alice, bob = scene.phone("alice"), scene.phone("bob")
    alice.send(alice.request(method, "sip:bob@example.com"))
    return alice, bob, bob.requests()[0]


def test_what_an_onreply_callback_sees() -> None:
    script = (
        RELAY
        + """
    function ksr_reply_route() KSR.info("reply " .. KSR.kx.get_status()) end
    function ksr_onreply()
      KSR.info("onreply " .. KSR.kx.get_status() .. " flag " .. tostring(KSR.isflagset(4)) .. " "
        .. KSR.pv.get("$avp(note)") .. " branch " .. KSR.pv.get("$T_branch_idx") .. " code "
        .. KSR.pv.get("$T_reply_code") .. " type " .. KSR.pv.get("$T(reply_type)") .. " "
        .. KSR.tm.t_check_status("1[0-9]{2}") .. KSR.tmx.t_is_reply_route() .. KSR.tm.t_check_trans()
        .. " " .. KSR.pv.get("$T_req($ru)"))
    end
    """
    )
    with Scene(script) as scene:
        alice, bob, received = call(scene)
        bob.answer(received, 183, "Progress")
        bob.answer(received, 486, "Busy")
        assert scene.said == [
            "reply 183",
            "onreply 183 flag true mine branch 0 code 183 type 0 111 sip:bob@example.com",
            "reply 486",
            "onreply 486 flag true mine branch 0 code 486 type 0 -111 sip:bob@example.com",
            "failed 486",
        ]
        assert alice.statuses() == [100, 183, 486]


@pytest.mark.parametrize("status", [180, 200, 486])
@pytest.mark.parametrize("name", ["ksr_reply_route", "ksr_onreply"])
def test_edits_of_the_relayed_response(name: str, status: int) -> None:
    script = (
        RELAY
        + f"""
    function {name}()
      KSR.hdr.append("X-Proxy: seen\\r\\n")
      KSR.hdr.remove("X-Secret")
      KSR.textops.set_reply_body("", "")
    end
    """
    )
    script = script.replace('      KSR.textops.set_reply_body("", "")\n', "")
    with Scene(script) as scene:
        alice, bob, received = call(scene)
        bob.answer(received, status, "X", "X-Secret: 1", "X-Other: 2", body="v=0\r\n")
        relayed = alice.messages[-1]
        assert relayed.status == status
        assert relayed.first("x-proxy").value == "seen"
        assert relayed.first("x-secret") is None
        assert relayed.first("x-other").value == "2"
        assert relayed.body == "v=0\r\n"
        bob.answer(received, 200)


def test_onreply_drops_a_provisional_response() -> None:
    script = RELAY + "function ksr_onreply() if KSR.kx.get_status() == 183 then KSR.x.drop() end end"
    with Scene(script) as scene:
        alice, bob, received = call(scene)
        bob.answer(received, 183, "Progress")
        bob.answer(received, 180, "Ringing")
        assert alice.statuses() == [100, 180]
        scene.advance(31)
        assert alice.statuses() == []
        bob.answer(received, 200)
        assert alice.statuses() == [200]


@pytest.mark.parametrize("status", [200, 302, 486, 603])
def test_onreply_cannot_drop_a_final_response(status: int) -> None:
    with Scene(RELAY + "function ksr_onreply() KSR.x.drop() end") as scene:
        alice, bob, received = call(scene)
        bob.answer(received, status)
        assert alice.statuses() == [100, status]


def test_reply_route_drops_a_response_before_tm_sees_it() -> None:
    script = (
        RELAY
        + """
    local dropped = 0
    function ksr_reply_route()
      dropped = dropped + 1
      if dropped < 3 then KSR.set_drop() end
    end
    """
    )
    with Scene(script) as scene:
        alice, bob, received = call(scene)
        bob.answer(received, 486, "Busy")
        assert alice.statuses() == [100]
        scene.advance(1)
        assert [m.method for m in bob.requests()] == ["INVITE"]
        bob.answer(received, 486, "Busy")
        bob.answer(received, 486, "Busy")
        assert alice.statuses() == [486]
        assert bob.requests()[-1].method == "ACK"


def test_error_in_a_reply_callback_changes_nothing() -> None:
    script = RELAY + 'function ksr_reply_route() error("one") end function ksr_onreply() error("two") end'
    with Scene(script) as scene:
        alice, bob, received = call(scene)
        bob.answer(received, 180)
        bob.answer(received, 200)
        assert alice.statuses() == [100, 180, 200]
        assert "one" in scene.log.text()
        assert "two" in scene.log.text()


def test_answers_to_our_cancel_go_through_the_reply_route() -> None:
    script = (
        RELAY + 'function ksr_reply_route() KSR.info(KSR.kx.get_status() .. " " .. KSR.pv.get("$rm")) end'
    )
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        [received] = bob.requests()
        bob.answer(received, 180)
        alice.send(alice.cancel(invite))
        bob.answer(bob.requests()[0], 200)
        bob.answer(received, 487)
        assert scene.said == ["180 INVITE", "200 CANCEL", "487 INVITE", "failed 487"]
        assert alice.statuses() == [100, 180, 200, 487]


def test_response_without_transaction_goes_through_the_reply_route() -> None:
    script = (
        RELAY
        + """
    function ksr_reply_route()
      KSR.info("stray " .. KSR.kx.get_status() .. " " .. KSR.tm.t_check_trans() .. KSR.tm.t_lookup_request())
      KSR.hdr.append("X-Seen: 1\\r\\n")
      if KSR.kx.get_status() == 404 then KSR.set_drop() end
    end
    """
    )
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        ok = (
            "SIP/2.0 {} X\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKgone\r\n"
            "Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKhers\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\n"
            "Call-ID: c\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n"
        )
        bob.send(ok.format(200))
        bob.send(ok.format(404))
        assert scene.said == ["stray 200 -1-1", "stray 404 -1-1"]
        [relayed] = alice.unread
        assert [via.host for via in relayed.vias] == ["10.0.0.2"]
        assert relayed.first("x-seen").value == "1"


@pytest.mark.parametrize("via", ["10.0.0.9:5060", "10.0.0.1:5070", "proxy.example.net"])
def test_response_with_a_foreign_top_via_is_dropped(via: str) -> None:
    with Scene(RELAY + 'function ksr_reply_route() KSR.info("reply") end') as scene:
        alice, bob, received = call(scene)
        text = bob.response(received, 200).replace("10.0.0.1:5060", via)
        bob.send(text)
        assert alice.statuses() == [100]
        assert scene.said == []
        assert scene.statistic("core:drop_replies") == 1
        bob.answer(received, 486)


def test_onreply_that_waits_keeps_the_order() -> None:
    script = (
        RELAY
        + """
    function ksr_onreply()
      if KSR.kx.get_status() == 180 then luasip.sleep(5) end
      KSR.info("onreply " .. KSR.kx.get_status())
    end
    """
    )
    with Scene(script) as scene:
        alice, bob, received = call(scene)
        bob.answer(received, 180)
        bob.answer(received, 183)
        bob.answer(received, 200)
        assert alice.statuses() == [100]
        scene.advance(6)
        assert scene.said == ["onreply 180", "onreply 183", "onreply 200"]
        assert alice.statuses() == [180, 183, 200]


def test_hundreds_of_responses_while_an_onreply_callback_waits() -> None:
    script = RELAY + "function ksr_onreply() if KSR.kx.get_status() == 180 then luasip.sleep(5) end end"
    with Scene(script) as scene:
        alice, bob, received = call(scene)
        bob.answer(received, 180)
        for _ in range(600):
            bob.answer(received, 183)
        bob.answer(received, 200)
        scene.advance(6)
        assert alice.statuses() == [100, 180, *[183] * 600, 200]


def test_t_reply_in_an_onreply_callback() -> None:
    script = (
        RELAY
        + """
    function ksr_onreply()
      if KSR.kx.get_status() == 183 then KSR.info("reply " .. KSR.tm.t_reply(480, "Not Now")) end
    end
    """
    )
    with Scene(script) as scene:
        alice, bob, received = call(scene)
        bob.answer(received, 183)
        assert scene.said == ["reply 1"]
        assert alice.statuses() == [100, 480]
        [cancel] = bob.requests()
        assert cancel.method == "CANCEL"
        bob.answer(received, 487)
        assert alice.statuses() == []


def test_failure_armed_in_an_onreply_callback() -> None:
    script = RELAY.replace('  KSR.tm.t_on_failure("ksr_failure")\n', "")
    script += 'function ksr_onreply() KSR.tm.t_on_failure("ksr_failure") end'
    with Scene(script) as scene:
        _, bob, received = call(scene)
        bob.answer(received, 486)
        assert scene.said == ["failed 486"]


def test_avps_set_in_an_onreply_callback_are_seen_later() -> None:
    script = RELAY.replace('KSR.info("failed "', 'KSR.info(KSR.pv.get("$avp(from_reply)") .. " failed "')
    script += 'function ksr_onreply() KSR.pv.sets("$avp(from_reply)", "yes") end'
    with Scene(script) as scene:
        _, bob, received = call(scene)
        bob.answer(received, 486)
        assert scene.said == ["yes failed 486"]
