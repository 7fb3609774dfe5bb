"""Functions of tm one by one, where no other file has them."""

import pytest

from luasip.sip.message import Request
from tests.scenarios.scene import Phone, Scene

RELAY = """
function ksr_request_route()
  if KSR.is_CANCEL() then KSR.tm.t_relay() return end
  %s
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  KSR.info("relay " .. KSR.tm.t_relay())
end
"""


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


def test_t_newtran() -> None:
    said = ask('KSR.info(KSR.tm.t_newtran() .. " " .. KSR.tm.t_newtran()) KSR.tm.t_reply(200, "OK")')
    assert said == ["1 -10"]


def test_t_newtran_absorbs_retransmissions_from_then_on() -> None:
    script = """
    function ksr_request_route()
      KSR.info("route")
      KSR.tm.t_newtran()
      luasip.sleep(2)
      KSR.tm.t_reply(404, "Gone")
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        text = alice.request("MESSAGE", "sip:bob@example.com")
        alice.send(text)
        alice.send(text)
        scene.advance(2)
        alice.send(text)
        assert alice.statuses() == [404, 404]
        assert scene.said == ["route"]


def test_t_reply_needs_a_transaction() -> None:
    assert ask('KSR.info(KSR.tm.t_reply(200, "OK"))') == ["-1"]


@pytest.mark.parametrize("code", [0, 99, 700, -1])
def test_t_reply_with_a_bad_status(code: int) -> None:
    assert ask(f'KSR.tm.t_newtran() KSR.info(KSR.tm.t_reply({code}, "X")) KSR.tm.t_reply(200, "OK")') == [
        "-1"
    ]


def test_t_reply_with_strings_and_without_reason() -> None:
    with Scene('function ksr_request_route() KSR.tm.t_send_reply("404", "") end') as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        answer = alice.next()
        assert (answer.status, answer.reason) == (404, "Not Found")


def test_two_final_replies() -> None:
    said = ask("""
      KSR.tm.t_newtran()
      KSR.info(KSR.tm.t_reply(404, "A") .. KSR.tm.t_reply(200, "B") .. KSR.sl.send_reply(200, "C")
        .. KSR.tm.t_get_status_code() .. KSR.pv.get("$T_reply_code"))
    """)
    assert said == ["1-1-1404404"]


def test_provisional_then_final_reply() -> None:
    script = """
    function ksr_request_route()
      KSR.tm.t_newtran()
      KSR.tm.t_reply(180, "Ringing")
      KSR.hdr.append_to_reply("X-Mine: 1\\r\\n")
      KSR.tm.t_reply(486, "Busy")
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        ringing, busy = alice.next(), alice.next()
        assert (ringing.status, busy.status) == (180, 486)
        assert ringing.to.tag == busy.to.tag != ""
        assert (ringing.first("x-mine"), busy.first("x-mine").value) == (None, "1")
        alice.send(alice.ack(invite, busy))


def test_t_send_reply_makes_the_transaction() -> None:
    script = 'function ksr_request_route() KSR.info("send " .. KSR.tm.t_send_reply(486, "Busy")) end'
    with Scene(script) as scene:
        alice = scene.phone("alice")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        scene.advance(0.6)
        alice.send(invite)
        assert alice.statuses() == [486, 486, 486]
        assert scene.said == ["send 1"]


def test_t_reply_error() -> None:
    assert ask("KSR.tm.t_newtran() KSR.info(KSR.tm.t_reply_error() .. KSR.tm.t_get_status_code())") == [
        "1500"
    ]
    said = ask(
        "KSR.tm.t_newtran() KSR.info(KSR.tm.t_reply_error() .. KSR.tm.t_get_status_code())",
        settings='[modules.tm]\ndefault_code = 503\ndefault_reason = "Off"',
    )
    assert said == ["1503"]


def test_t_retransmit_reply() -> None:
    script = """
    function ksr_request_route()
      KSR.tm.t_newtran()
      KSR.info(KSR.tm.t_retransmit_reply())
      KSR.tm.t_reply(404, "X")
      KSR.info(KSR.tm.t_retransmit_reply())
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        assert scene.said == ["-1", "1"]
        assert alice.statuses() == [404, 404]


def test_looking_up_without_transaction() -> None:
    said = ask("""
      KSR.info(table.concat({ KSR.tm.t_check_trans(), KSR.tm.t_lookup_request(), KSR.tm.t_lookup_cancel(),
        KSR.tm.t_lookup_cancel_flags(1), KSR.tm.t_exists(), KSR.tm.t_release(), KSR.tm.t_get_status_code(),
        KSR.tm.t_check_status("2.."), KSR.tm.t_grep_status(200), KSR.tm.t_is_canceled(), KSR.tm.t_is_expired(),
        KSR.tm.t_any_timeout(), KSR.tm.t_any_replied(), KSR.tm.t_get_branch_index(), KSR.tm.t_retransmit_reply(),
        KSR.tm.t_drop_replies("a"), KSR.tm.t_save_lumps(), KSR.tm.t_is_retr_async_reply() }, " "))
    """)
    assert said == ["-1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1"]


def test_looking_up_with_transaction() -> None:
    said = ask("""
      KSR.tm.t_newtran()
      KSR.info(table.concat({ KSR.tm.t_check_trans(), KSR.tm.t_lookup_request(), KSR.tm.t_exists(), KSR.tm.t_release(),
        KSR.tm.t_save_lumps(), KSR.tm.t_clean() }, " "))
      KSR.tm.t_reply(200, "OK")
    """)
    assert said == ["-1 1 1 1 1 1"]


def test_t_is_set() -> None:
    said = ask("""
      local function all()
        return KSR.tm.t_is_set("branch_route") .. KSR.tm.t_is_set("failure_route") .. KSR.tm.t_is_set("onreply_route")
      end
      local before = all()
      KSR.info(KSR.tm.t_on_branch("a") .. KSR.tm.t_on_failure("b") .. KSR.tm.t_on_reply("c")
        .. KSR.tm.t_on_branch_failure("d"))
      KSR.info(before .. " " .. all() .. " " .. KSR.tm.t_is_set("f") .. KSR.tm.t_is_set("x"))
      KSR.tm.t_on_branch("") KSR.tm.t_on_failure("") KSR.tm.t_on_reply("")
      KSR.info(all())
    """)
    assert said == ["1111", "-1-1-1 111 1-1", "-1-1-1"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("486", 1),
        ("[4-6][0-9][0-9]", 1),
        ("4..", 1),
        ("50[234]|486", 1),
        ("^8", -1),
        ("500", -1),
        ("48", 1),
        ("[", -1),
    ],
)
def test_t_check_status_in_a_failure_route(pattern: str, expected: int) -> None:
    script = RELAY % 'KSR.tm.t_on_failure("ksr_failure")'
    codes = f'KSR.tm.t_check_status("{pattern}") .. " " .. KSR.tm.t_grep_status(486)'
    script += f"function ksr_failure() KSR.info({codes}) end"
    with Scene(script) as scene:
        _, bob, received = call(scene)
        bob.answer(received, 486)
        assert scene.said[-1] == f"{expected} 1"


def test_what_a_failure_route_sees() -> None:
    script = (
        RELAY % 'KSR.tm.t_on_failure("ksr_failure")'
        + """
    function ksr_failure()
      KSR.info(table.concat({
        KSR.pv.get("$T(reply_code)"), KSR.pv.get("$T(reply_reason)"), KSR.pv.get("$T(reply_type)"),
        KSR.pv.get("$T_rpl($hdr(X-Why))"), KSR.pv.get("$T_req($rm)"), KSR.pv.get("$rm"), KSR.pv.get("$ru"),
        KSR.tm.t_branch_replied(), KSR.tm.t_branch_timeout(), KSR.tm.t_any_replied(), KSR.tmx.t_is_failure_route(),
        KSR.tm.t_check_trans(), KSR.pv.get("$T_reply_last") }, " "))
    end
    """
    )
    with Scene(script) as scene:
        alice, bob, received = call(scene)
        bob.answer(received, 486, "Busy Today", "X-Why: lunch")
        assert scene.said[-1] == "486 Busy Today 0 lunch INVITE INVITE sip:bob@example.com 1 -1 1 1 1 486"
        assert alice.statuses() == [100, 486]


def test_t_set_fr_before_relaying() -> None:
    with Scene(RELAY % 'KSR.info("set " .. KSR.tm.t_set_fr(8000, 3000))') as scene:
        alice, bob, received = call(scene)
        scene.advance(3.1)
        assert alice.statuses()[:2] == [100, 408]
        alice.send(alice.request("INVITE", "sip:bob@example.com", cseq=2))
        received = next(m for m in bob.requests() if m.cseq.number == 2)
        bob.answer(received, 180)
        scene.advance(7)
        assert 408 not in [m.status for m in alice.unread if not m.is_request and m.cseq.number == 2]
        scene.advance(1.1)
        assert 408 in [m.status for m in alice.unread if not m.is_request and m.cseq.number == 2]


def test_t_set_fr_after_relaying_concerns_running_branches() -> None:
    script = (RELAY % "").replace(".. KSR.tm.t_relay())", ".. KSR.tm.t_relay()) KSR.tm.t_set_fr(8000, 0)")
    with Scene(script) as scene:
        alice, bob, received = call(scene)
        bob.answer(received, 180)
        scene.advance(7.5)
        assert alice.statuses() == [100, 180]
        scene.advance(1)
        assert alice.statuses()[:1] == [408]


@pytest.mark.parametrize("call_", ["t_set_fr_inv(5000)", "t_set_max_lifetime(5000, 0)"])
def test_other_ways_to_shorten_ringing(call_: str) -> None:
    with Scene(RELAY % f"KSR.tm.{call_}") as scene:
        alice, bob, received = call(scene)
        bob.answer(received, 180)
        scene.advance(5.1)
        assert alice.statuses()[:3] == [100, 180, 408]


@pytest.mark.parametrize(
    "calls",
    [
        "KSR.tm.t_set_fr(1000, 1000) KSR.tm.t_reset_fr()",
        "KSR.tm.t_set_max_lifetime(1000, 1000) KSR.tm.t_reset_max_lifetime()",
        "KSR.tm.t_newtran() KSR.tm.t_set_fr(1000, 1000) KSR.tm.t_reset_fr()",
        "KSR.tm.t_newtran() KSR.tm.t_set_max_lifetime(1000, 1000) KSR.tm.t_reset_max_lifetime()",
    ],
)
def test_back_to_the_settings(calls: str) -> None:
    with Scene(RELAY % calls) as scene:
        alice, bob, received = call(scene)
        scene.advance(5)
        assert alice.statuses() == [100]
        bob.answer(received, 200)


@pytest.mark.parametrize("first", ["", "KSR.tm.t_newtran()"])
def test_t_set_retr(first: str) -> None:
    with Scene(RELAY % f"{first} KSR.tm.t_set_retr(100, 200)") as scene:
        _, bob, received = call(scene)
        scene.advance(1.0)
        assert [round(m.sent_at - 1000, 3) for m in bob.received] == [0.0, 0.1, 0.3, 0.5, 0.7, 0.9]
        bob.answer(received, 200)


def test_negative_durations() -> None:
    said = ask("""
      KSR.info(table.concat({ KSR.tm.t_set_fr(-1, 0), KSR.tm.t_set_fr_inv(-1), KSR.tm.t_set_retr(0, -1),
        KSR.tm.t_set_max_lifetime(-1, 0), KSR.tm.t_reset_retr() }, " "))
    """)
    assert said == ["-1 -1 -1 -1 1"]


def test_t_set_auto_inv_100() -> None:
    with Scene(RELAY % "KSR.tm.t_set_auto_inv_100(0)") as scene:
        alice, bob, received = call(scene)
        assert alice.statuses() == []
        bob.answer(received, 200)


def test_t_set_no_e2e_cancel_reason() -> None:
    with Scene(RELAY % "KSR.tm.t_set_no_e2e_cancel_reason(1)") as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        [received] = bob.requests()
        bob.answer(received, 180)
        alice.send(alice.cancel(invite, "Reason: SIP;cause=200"))
        assert bob.requests()[0].first("reason") is None
        bob.answer(received, 487)


def test_t_branch_failure_callback() -> None:
    script = """
    function ksr_request_route()
      KSR.pv.sets("$ru", "sip:bob@10.0.0.3")
      KSR.corex.append_branch_uri("sip:carol@10.0.0.4")
      KSR.tm.t_on_branch_failure("ksr_branch_failure")
      KSR.tm.t_on_failure("ksr_failure")
      KSR.tm.t_relay()
    end
    function ksr_branch_failure()
      KSR.info("branch " .. KSR.pv.get("$T_branch_idx") .. " " .. KSR.tm.t_get_status_code() .. " "
        .. KSR.tm.t_branch_replied() .. KSR.tm.t_branch_timeout())
      if KSR.pv.get("$T_branch_idx") == 0 then
        KSR.pv.sets("$ru", "sip:dave@10.0.0.5")
        KSR.info("relay " .. KSR.tm.t_relay())
      end
    end
    function ksr_failure() KSR.info("failed " .. KSR.tm.t_get_status_code()) end
    """
    with Scene(script) as scene:
        alice, bob, carol, dave = (scene.phone(name) for name in ("alice", "bob", "carol", "dave"))
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        bob.answer(bob.requests()[0], 486)
        [third] = dave.requests()
        assert third.request_uri == "sip:dave@10.0.0.5"
        carol.answer(carol.requests()[0], 404)
        dave.answer(third, 480)
        assert scene.said == [
            "branch 0 486 1-1",
            "relay 1",
            "branch 1 404 1-1",
            "branch 2 480 1-1",
            "failed 404",
        ]
        assert alice.statuses() == [100, 404]


def test_t_reuse_branch() -> None:
    """A branch of its own next hop fails: it is sent there again."""
    script = """
    function ksr_request_route()
      KSR.pv.sets("$ru", "sip:carol@carol.example.net")
      KSR.pv.sets("$du", "sip:10.0.0.4")
      KSR.corex.append_branch()
      KSR.pv.sets("$ru", "sip:bob@bob.example.net")
      KSR.pv.sets("$du", "sip:10.0.0.3")
      KSR.tm.t_on_branch_failure("ksr_branch_failure")
      KSR.tm.t_relay()
    end
    function ksr_branch_failure()
      KSR.pv.sets("$ru", "sip:other@10.0.0.9")
      KSR.info("reuse " .. KSR.tmx.t_reuse_branch() .. " relay " .. KSR.tm.t_relay())
    end
    """
    with Scene(script) as scene:
        alice, bob, received = call(scene)
        carol = scene.phone("carol")
        alice.send(alice.request("INVITE", "sip:bob@example.com", cseq=2))
        received, other = bob.requests()[-1], carol.requests()[-1]
        carol.answer(other, 503)
        again = carol.requests()[-1]
        assert (again.method, again.request_uri) == ("INVITE", "sip:carol@carol.example.net")
        assert again.top_via.branch != other.top_via.branch
        carol.answer(again, 200)
        bob.answer(received, 487)
        assert scene.said[0] == "reuse 1 relay 1"


def test_event_after_a_stateful_reply() -> None:
    settings = '[modules.tm]\nevent_callback_lres_sent = "ksr_sent"'
    script = """
    function ksr_request_route() KSR.tm.t_newtran() KSR.tm.t_reply(404, "No") end
    function ksr_sent(event) KSR.info(event) end
    """
    with Scene(script, settings) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        assert alice.statuses() == [404]
        assert scene.said == ["tm:local-response"]


def test_t_relay_to_flags_without_internal_reply() -> None:
    script = (
        'function ksr_request_route() KSR.pv.sets("$du", "tel:1") KSR.info(KSR.tm.t_relay_to_flags(2)) end'
    )
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        assert scene.said == ["-4"]
        assert alice.unread == []


def test_request_route_may_relay_twice_only_once() -> None:
    script = (RELAY % "").replace("\nend", '\n  KSR.info("again " .. KSR.tm.t_relay())\nend')
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        for request in bob.requests():
            bob.answer(request, 200)
        assert alice.statuses() == [200]
