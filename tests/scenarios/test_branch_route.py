"""Branch callbacks and ksr_onsend_route: the last look at a request before it leaves."""

from luasip.sip.message import Request
from tests.scenarios.scene import Phone, Scene

FORK = """
function ksr_request_route()
  if KSR.is_CANCEL() then KSR.tm.t_relay() return end
  KSR.hdr.append("X-All: 1\\r\\n")
  KSR.pv.sets("$ru", "sip:bob@10.0.0.3")
  KSR.corex.append_branch_uri("sip:bob@10.0.0.4")
  KSR.tm.t_on_branch("ksr_branch")
  KSR.info("relay " .. KSR.tm.t_relay())
end
"""


def fork(scene: Scene, method: str = "INVITE") -> tuple[Phone, Phone, Phone]:
    """alice, bob and carol; alice has called."""
    alice, bob, carol = scene.phone("alice"), scene.phone("bob"), scene.phone("carol")
    alice.send(alice.request(method, "sip:bob@example.com"))
    return alice, bob, carol


def requests(phone: Phone) -> list[Request]:
    """The INVITEs and MESSAGEs a phone received."""
    return [m for m in phone.requests() if m.method in ("INVITE", "MESSAGE")]


def test_edits_and_uri_concern_that_branch_only() -> None:
    script = (
        FORK
        + """
    function ksr_branch()
      local index = KSR.pv.get("$T_branch_idx")
      KSR.info("branch " .. index .. " " .. KSR.tm.t_get_branch_index() .. " " .. KSR.pv.get("$ru")
        .. " " .. KSR.tmx.t_is_branch_route() .. KSR.tmx.t_is_request_route() .. " " .. KSR.tm.t_check_trans())
      KSR.hdr.append("X-Branch: " .. index .. "\\r\\n")
      if index == 1 then
        KSR.pv.sets("$rU", "robert")
        KSR.hdr.remove("X-All")
        KSR.setflag(9)
      else
        KSR.info("flag " .. tostring(KSR.isflagset(9)))
      end
    end
    """
    )
    with Scene(script) as scene:
        _, bob, carol = fork(scene)
        [one], [two] = requests(bob), requests(carol)
        assert scene.said == [
            "branch 0 0 sip:bob@10.0.0.3 1-1 1",
            "flag false",
            "branch 1 1 sip:bob@10.0.0.4 1-1 1",
            "relay 1",
        ]
        assert (one.request_uri, two.request_uri) == ("sip:bob@10.0.0.3", "sip:robert@10.0.0.4")
        assert [line.value for line in one.all("x-branch")] == ["0"]
        assert [line.value for line in two.all("x-branch")] == ["1"]
        bob.answer(one, 404)
        carol.answer(two, 404)


def test_drop_one_branch() -> None:
    script = (
        FORK
        + """
    function ksr_branch()
      KSR.info("branch " .. KSR.pv.get("$T_branch_idx"))
      if KSR.pv.get("$rd") == "10.0.0.3" then KSR.x.drop() end
    end
    """
    )
    with Scene(script) as scene:
        alice, bob, carol = fork(scene)
        assert bob.unread == []
        [received] = requests(carol)
        carol.answer(received, 200)
        assert alice.statuses() == [100, 200]
        assert scene.said == ["branch 0", "branch 0", "relay 1"]


def test_drop_all_branches() -> None:
    script = FORK + "function ksr_branch() KSR.set_drop() end"
    with Scene(script) as scene:
        alice, bob, carol = fork(scene)
        assert bob.unread == carol.unread == []
        assert scene.said == ["relay -1"]
        assert alice.statuses()[:2] == [100, 500]


def test_drop_all_branches_without_internal_reply() -> None:
    script = FORK.replace(
        "  KSR.tm.t_on_branch", "  KSR.tm.t_set_disable_internal_reply(1)\n  KSR.tm.t_on_branch"
    )
    with Scene(script + "function ksr_branch() KSR.x.drop() end") as scene:
        alice, _, _ = fork(scene)
        assert scene.said == ["relay -4"]
        scene.advance(5)
        assert alice.statuses() == [100]


def test_neither_relaying_nor_answering_in_a_branch_callback() -> None:
    script = FORK + 'function ksr_branch() KSR.info("inside " .. KSR.tm.t_relay()) end'
    with Scene(script) as scene:
        _, bob, carol = fork(scene)
        assert scene.said == ["inside 0", "inside 0", "relay 1"]
        for phone in (bob, carol):
            [received] = requests(phone)
            phone.answer(received, 404)


def test_callbacks_armed_in_a_branch_callback() -> None:
    script = (
        FORK
        + """
    function ksr_branch()
      if KSR.pv.get("$T_branch_idx") == 1 then KSR.tm.t_on_reply("ksr_onreply") end
      KSR.tm.t_on_failure("ksr_failure")
    end
    function ksr_onreply() KSR.info("reply of " .. KSR.pv.get("$T_branch_idx")) end
    function ksr_failure() KSR.info("failed") end
    """
    )
    with Scene(script) as scene:
        _, bob, carol = fork(scene)
        for phone in (bob, carol):
            phone.answer(requests(phone)[0], 404)
        assert scene.said == ["relay 1", "reply of 1", "failed"]


def test_error_in_a_branch_callback() -> None:
    """It is logged; the branch goes out as it is."""
    with Scene(FORK + 'function ksr_branch() error("oops") end') as scene:
        _, bob, carol = fork(scene)
        assert "oops" in scene.log.text()
        for phone in (bob, carol):
            phone.answer(requests(phone)[0], 404)


def test_branch_callback_that_waits() -> None:
    script = FORK + 'function ksr_branch() luasip.sleep(1) KSR.hdr.append("X-Slow: 1\\r\\n") end'
    with Scene(script) as scene:
        alice, bob, carol = fork(scene)
        assert alice.statuses() == [100]
        assert requests(bob) == []
        scene.advance(2.5)
        for phone in (bob, carol):
            [received] = requests(phone)[:1]
            assert received.first("x-slow") is not None
            phone.answer(received, 404)
        assert alice.statuses() == [404]


def test_cancel_while_a_branch_callback_waits() -> None:
    script = FORK + "function ksr_branch() luasip.sleep(1) end"
    with Scene(script) as scene:
        alice, bob, carol = scene.phone("alice"), scene.phone("bob"), scene.phone("carol")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        alice.send(alice.cancel(invite))
        assert alice.statuses() == [100, 200, 487]
        alice.send(alice.ack(invite, alice.messages[-1]))
        scene.advance(3)
        assert bob.unread == carol.unread == []
        assert scene.said == ["relay -1"]


def test_branch_callback_also_runs_for_serial_branches() -> None:
    script = """
    function ksr_request_route()
      KSR.tm.t_on_branch("ksr_branch")
      KSR.tm.t_on_failure("ksr_failure")
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
    end
    function ksr_branch() KSR.info("branch " .. KSR.pv.get("$T_branch_idx")) end
    function ksr_failure()
      KSR.pv.sets("$du", "sip:10.0.0.4:5060")
      KSR.tm.t_relay()
    end
    """
    with Scene(script) as scene:
        _, bob, carol = fork(scene)
        bob.answer(requests(bob)[0], 404)
        carol.answer(requests(carol)[0], 404)
        assert scene.said == ["branch 0", "branch 1"]


ONSEND = (
    FORK.replace('KSR.tm.t_on_branch("ksr_branch")', "")
    + """
function ksr_onsend_route()
  KSR.info("send " .. KSR.kx.get_method() .. " to " .. KSR.pv.get("$sndto(ip)") .. " "
    .. tostring(KSR.pv.get("$sndto(buf)"):find("Via: SIP/2.0/UDP 10.0.0.1", 1, true) ~= nil))
  if KSR.pv.get("$sndto(ip)") == "10.0.0.3" then KSR.x.drop() end
end
"""
)


def test_onsend_sees_each_branch_and_may_drop_it() -> None:
    with Scene(ONSEND) as scene:
        alice, bob, carol = fork(scene)
        assert bob.unread == []
        carol.answer(requests(carol)[0], 486)
        assert scene.said == ["send INVITE to 10.0.0.3 true", "send INVITE to 10.0.0.4 true", "relay 1"]
        assert alice.statuses() == [100, 486]


def test_onsend_drops_everything() -> None:
    with Scene(ONSEND.replace('== "10.0.0.3"', '~= ""')) as scene:
        alice, bob, carol = fork(scene)
        assert bob.unread == carol.unread == []
        assert scene.said[-1] == "relay -1"
        assert alice.statuses()[:2] == [100, 477]


def test_onsend_for_stateless_forwarding() -> None:
    script = """
    function ksr_request_route()
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.info("forward " .. KSR.forward())
    end
    function ksr_onsend_route()
      KSR.info("send " .. KSR.kx.get_method())
      if KSR.is_method("MESSAGE") then KSR.set_drop() end
    end
    """
    with Scene(script) as scene:
        _, bob, _ = fork(scene, "MESSAGE")
        assert bob.unread == []
        fork(scene, "OPTIONS")
        assert [m.method for m in bob.requests()] == ["OPTIONS"]
        assert scene.said.count("send OPTIONS") == 1


def test_onsend_for_ack_and_not_for_retransmissions() -> None:
    script = """
    function ksr_request_route()
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
    end
    function ksr_onsend_route() KSR.info("send " .. KSR.kx.get_method()) end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        scene.advance(2)
        bob.answer(bob.requests()[0], 200)
        alice.send(alice.ack(invite, alice.messages[-1]))
        assert scene.said == ["send INVITE", "send ACK"]


def test_onsend_for_requests_of_our_own() -> None:
    script = """
    function ksr_request_route()
      KSR.info("send " .. KSR.tm.t_uac_send("OPTIONS", "sip:10.0.0.3:5060", "", "", "", ""))
      KSR.sl.sl_send_reply(200, "OK")
    end
    function ksr_onsend_route() KSR.info("onsend " .. KSR.kx.get_method()) end
    """
    with Scene(script) as scene:
        _, bob, _ = fork(scene, "MESSAGE")
        assert [m.method for m in bob.requests()] == ["OPTIONS"]
        assert scene.said == ["send 1", "onsend OPTIONS"]


def test_onsend_can_be_switched_off() -> None:
    with Scene(ONSEND, '[kemi]\nonsend_route_callback = "none"') as scene:
        _, bob, carol = fork(scene)
        assert scene.said == ["relay 1"]
        for phone in (bob, carol):
            phone.answer(requests(phone)[0], 404)


def test_a_request_uri_changed_for_a_branch_is_not_seen_in_the_failure_route() -> None:
    script = """
    function ksr_branch() KSR.pv.sets("$ru", "sip:changed@10.0.0.3:5060") end
    function ksr_failure() KSR.info("failure " .. KSR.pv.get("$ru") .. "\\n") end
    function ksr_request_route()
      KSR.tm.t_on_branch("ksr_branch")
      KSR.tm.t_on_failure("ksr_failure")
      KSR.tm.t_relay()
      KSR.info("after " .. KSR.pv.get("$ru") .. "\\n")
    end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@10.0.0.3:5060"))
        [received] = bob.requests()
        assert received.request_uri == "sip:changed@10.0.0.3:5060"
        bob.answer(received, 404, "No")
        assert "after sip:bob@10.0.0.3:5060" in scene.log.text(20)
        assert "failure sip:bob@10.0.0.3:5060" in scene.log.text(20)
