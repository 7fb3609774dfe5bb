"""Functions of tmx one by one; t_suspend and t_continue stand in test_suspend.py."""

import pytest

from luasip.sip.message import Request
from tests.scenarios.scene import Phone, Scene

SCRIPT = """
function ksr_request_route()
  if KSR.is_CANCEL() then KSR.tm.t_relay() return end
  if KSR.is_method("REFER") then
    KSR.info("done " .. %s)
    KSR.sl.sl_send_reply(200, "OK")
    return
  end
  KSR.tm.t_on_failure("ksr_failure")
  KSR.tm.t_on_reply("ksr_onreply")
  KSR.pv.sets("$ru", "sip:bob@10.0.0.3")
  KSR.corex.append_branch_uri("sip:carol@10.0.0.4")
  KSR.tm.t_relay()
end
function ksr_failure()
  KSR.info("failed " .. KSR.tm.t_get_status_code() .. " flag " .. tostring(KSR.isflagset(8))
    .. " canceled " .. KSR.tm.t_is_canceled())
end
function ksr_onreply() %s end
"""


def start(scene: Scene) -> tuple[Phone, Phone, Phone, Request, Request]:
    """alice, bob and carol with what they received; both are ringing."""
    alice, bob, carol = scene.phone("alice"), scene.phone("bob"), scene.phone("carol")
    alice.send(alice.request("INVITE", "sip:bob@example.com", call_id="the-call", cseq=7))
    one, two = bob.requests()[0], carol.requests()[0]
    bob.answer(one, 180)
    carol.answer(two, 180)
    alice.statuses()
    return alice, bob, carol, one, two


def refer(scene: Scene) -> str:
    """Send the REFER that makes the script act on the call; what it said."""
    dave = scene.phone("dave")
    dave.send(dave.request("REFER", "sip:example.com"))
    return scene.said[0]


def end(bob: Phone, one: Request, carol: Phone, two: Request) -> list[str]:
    """Both answer 487; the methods each phone had received before."""
    methods = ["".join(m.method for m in bob.requests()), "".join(m.method for m in carol.requests())]
    bob.answer(one, 487)
    carol.answer(two, 487)
    return methods


def test_t_reply_callid() -> None:
    with Scene(SCRIPT % ('KSR.tmx.t_reply_callid("the-call", "7", 480, "Stop")', "")) as scene:
        alice, bob, carol, one, two = start(scene)
        assert refer(scene) == "done 1"
        answer = alice.unread[0]
        assert (answer.status, answer.reason) == (480, "Stop")
        alice.statuses()
        assert end(bob, one, carol, two) == ["CANCEL", "CANCEL"]
        assert alice.statuses() == []


@pytest.mark.parametrize(
    "call",
    [
        'KSR.tmx.t_reply_callid("other", "7", 480, "Stop")',
        'KSR.tmx.t_reply_callid("the-call", "8", 480, "Stop")',
        'KSR.tmx.t_reply_callid("the-call", "", 480, "Stop")',
        'KSR.tmx.t_reply_callid("the-call", "7", 99, "Stop")',
        'KSR.tmx.t_cancel_callid("other", "7", 0)',
        'KSR.tmx.t_cancel_callid_reason("other", "7", 0, 1)',
        'KSR.tmx.t_cancel_branches("all")',
        "KSR.tmx.t_drop()",
        "KSR.tmx.t_drop_rcode(404)",
        "KSR.tmx.t_flush_flags()",
        "KSR.tmx.t_flush_xflags()",
        'KSR.tmx.t_uac_ack_local("other", "7", "", "")',
    ],
)
def test_nothing_to_act_on(call: str) -> None:
    with Scene(SCRIPT % (call, "")) as scene:
        _, bob, carol, one, two = start(scene)
        assert refer(scene) == "done -1"
        assert end(bob, one, carol, two) == ["", ""]


def test_t_cancel_callid() -> None:
    with Scene(SCRIPT % ('KSR.tmx.t_cancel_callid("the-call", "7", 8)', "")) as scene:
        alice, bob, carol, one, two = start(scene)
        assert refer(scene) == "done 1"
        assert end(bob, one, carol, two) == ["CANCEL", "CANCEL"]
        assert alice.statuses() == [487]
        assert scene.said[-1] == "failed 487 flag true canceled 1"


def test_t_cancel_callid_reason() -> None:
    with Scene(SCRIPT % ('KSR.tmx.t_cancel_callid_reason("the-call", "7", 0, 480)', "")) as scene:
        _, bob, carol, one, two = start(scene)
        assert refer(scene) == "done 1"
        [cancel] = bob.requests()
        assert cancel.first("reason").value.startswith("SIP;cause=480")
        end(bob, one, carol, two)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("all", ["CANCEL", "CANCEL"]), ("others", ["CANCEL", ""]), ("this", ["", "CANCEL"])],
)
def test_t_cancel_branches(mode: str, expected: list[str]) -> None:
    action = f'if KSR.kx.get_status() == 183 then KSR.info("c" .. KSR.tmx.t_cancel_branches("{mode}")) end'
    with Scene(SCRIPT % ("1", action)) as scene:
        alice, bob, carol, one, two = start(scene)
        carol.answer(two, 183)
        assert scene.said == ["c1"]
        assert end(bob, one, carol, two) == expected
        assert alice.statuses() == [183, 487]


def test_cancelling_a_branch_twice() -> None:
    """The CANCEL goes on being repeated, and nothing else is sent."""
    action = 'if KSR.kx.get_status() == 183 then KSR.tmx.t_cancel_branches("this") end'
    with Scene(SCRIPT % ("1", action)) as scene:
        _, bob, carol, one, two = start(scene)
        carol.answer(two, 183)
        carol.answer(two, 183)
        scene.advance(2)
        assert [m.method for m in carol.requests()] == ["CANCEL"] * 3
        end(bob, one, carol, two)


def test_t_cancel_branches_with_an_unknown_mode() -> None:
    action = 'if KSR.kx.get_status() == 183 then KSR.info("c" .. KSR.tmx.t_cancel_branches("xyz")) end'
    with Scene(SCRIPT % ("1", action)) as scene:
        _, bob, carol, one, two = start(scene)
        carol.answer(two, 183)
        assert scene.said == ["c-1"]
        end(bob, one, carol, two)


def test_t_precheck_trans() -> None:
    """Nothing to find: a request that is being handled already never reaches the script."""
    with Scene(SCRIPT % ("KSR.tmx.t_precheck_trans()", "")) as scene:
        _, bob, carol, one, two = start(scene)
        assert refer(scene) == "done -1"
        end(bob, one, carol, two)


def test_where_am_i() -> None:
    script = """
    function where()
      return KSR.tmx.t_is_request_route() .. " " .. KSR.tmx.t_is_branch_route() .. " " .. KSR.tmx.t_is_reply_route()
        .. " " .. KSR.tmx.t_is_failure_route()
    end
    function ksr_request_route()
      KSR.info("request " .. where())
      KSR.tm.t_on_branch("ksr_branch") KSR.tm.t_on_reply("ksr_onreply") KSR.tm.t_on_failure("ksr_failure")
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
    end
    function ksr_branch() KSR.info("branch " .. where()) end
    function ksr_reply_route() KSR.info("reply " .. where()) end
    function ksr_onreply() KSR.info("onreply " .. where()) end
    function ksr_failure() KSR.info("failure " .. where()) end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        bob.answer(bob.requests()[0], 404)
        assert scene.said == [
            "request 1 -1 -1 -1",
            "branch -1 1 -1 -1",
            "reply -1 -1 1 -1",
            "onreply -1 -1 1 -1",
            "failure -1 -1 -1 1",
        ]


def test_t_drop() -> None:
    script = """
    function ksr_request_route()
      KSR.info("route")
      KSR.tm.t_newtran()
      KSR.info("drop " .. KSR.tmx.t_drop())
      luasip.sleep(3)
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        text = alice.request("MESSAGE", "sip:bob@example.com")
        alice.send(text)
        alice.send(text)
        scene.advance(5)
        assert alice.unread == []
        assert scene.said == ["route", "drop 1"]


def test_flushing_flags() -> None:
    script = """
    function ksr_request_route()
      KSR.tm.t_on_failure("ksr_failure")
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
      KSR.setflag(6)
      KSR.info("flush " .. KSR.tmx.t_flush_flags() .. KSR.tmx.t_flush_xflags())
    end
    function ksr_failure() KSR.info("flag " .. tostring(KSR.isflagset(6))) end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        bob.answer(bob.requests()[0], 404)
        assert scene.said == ["flush 11", "flag true"]


def test_identity_of_a_transaction() -> None:
    script = """
    function ksr_request_route()
      local before = KSR.pv.get("$T(id_index)")
      KSR.tm.t_newtran()
      local index, label = KSR.pv.get("$T(id_index)"), KSR.pv.get("$T(id_label)")
      KSR.info(tostring(before) .. " " .. math.type(index) .. " " .. math.type(label))
      KSR.tm.t_reply(200, "OK")
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        assert scene.said == ["nil integer integer"]
