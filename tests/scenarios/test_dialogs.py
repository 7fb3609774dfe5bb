"""Calls as the dialog module sees them: set up, refused, given up, hung up, timed out, limited."""

import pytest

from tests.scenarios.dialog_calls import SCRIPT, SETTINGS, Call, dialog_module
from tests.scenarios.scene import Scene


def counts(scene: Scene) -> list[int]:
    """active, early, processed, expired, failed."""
    names = ("active", "early", "processed", "expired", "failed")
    return [scene.statistic(f"dialog:{name}_dialogs") for name in names]


def test_a_whole_call() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        call = Call(scene, scene.phone("alice"), scene.phone("bob")).start()
        assert counts(scene) == [0, 0, 1, 0, 0]
        call.respond(180)
        assert counts(scene) == [0, 1, 1, 0, 0]
        call.respond(200)
        assert counts(scene) == [1, 0, 1, 0, 0]
        call.acknowledge()
        call.request("BYE")
        assert counts(scene) == [0, 0, 1, 0, 0]
        assert scene.said == [
            "reply 180 1",
            "reply 200 2",
            "dialog:start INVITE 200 3",
            "in ACK 4",
            "in BYE 5",
            "dialog:end BYE  5",
        ]
        scene.advance(11)
        assert dialog_module(scene).list_all() == []


def test_the_callee_hangs_up() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        bob = scene.phone("bob")
        Call(scene, scene.phone("alice"), bob).connect().request("BYE", bob)
        assert scene.said[-1] == "dialog:end BYE  5"


def test_events_know_where_their_message_came_from() -> None:
    script = SCRIPT + 'function heard(what) KSR.info(what .. " " .. KSR.pv.get("$si")) end\n'
    with Scene(script, SETTINGS) as scene:
        Call(scene, scene.phone("alice"), scene.phone("bob")).connect().request("BYE")
        events = [line for line in scene.said if line.startswith("dialog:")]
        assert events == ["dialog:start INVITE 200 10.0.0.3", "dialog:end BYE  10.0.0.2"]


def test_a_call_that_is_refused() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        call = Call(scene, scene.phone("alice"), scene.phone("bob")).start().respond(180).respond(486)
        assert counts(scene) == [0, 0, 1, 0, 1]
        assert scene.said[-2:] == ["failure 2", "dialog:failed INVITE 486 5"]
        call.cseqs["alice"] = 2


def test_a_call_that_is_given_up() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        call = Call(scene, alice, bob).start().respond(180)
        alice.send(alice.cancel(call.invite))
        [cancel] = bob.requests()
        bob.answer(cancel, 200)
        call.respond(487)
        assert scene.said[-1] == "dialog:failed INVITE 487 5"
        assert counts(scene) == [0, 0, 1, 0, 1]


def test_a_call_nobody_answers() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        Call(scene, scene.phone("alice"), scene.phone("bob")).start()
        scene.advance(200)
        assert scene.said[-1] == "dialog:failed INVITE  5"  # 408 was made here: the message is the INVITE
        assert counts(scene) == [0, 0, 1, 0, 1]


def test_a_call_the_script_forgets_is_given_up() -> None:
    script = "function ksr_request_route() KSR.dialog.dlg_manage() KSR.tm.t_newtran() KSR.tmx.t_drop() end"
    with Scene(
        script, SETTINGS.replace('event_callback = "ksr_dialog_event"', "early_timeout = 60")
    ) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        scene.advance(59)
        assert len(dialog_module(scene).list_all()) == 1
        scene.advance(12)
        assert dialog_module(scene).list_all() == []
        assert counts(scene) == [0, 0, 1, 0, 1]


def test_a_challenged_invite_and_the_one_after_it_are_two_dialogs() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        Call(scene, alice, bob).start().respond(407, 'Proxy-Authenticate: Digest realm="x", nonce="n"')
        call = Call(scene, alice, bob)
        call.start(cseq=2).respond(200).acknowledge()
        call.cseqs["alice"] = 2
        call.request("BYE")
        assert counts(scene) == [0, 0, 2, 0, 1]
        assert scene.said[-1] == "dialog:end BYE  5"


def test_a_repeated_answer_and_ack_change_nothing() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        call = Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
        call.respond(200).acknowledge()
        assert counts(scene) == [1, 0, 1, 0, 0]
        assert [line for line in scene.said if line.startswith("dialog:")] == ["dialog:start INVITE 200 3"]


def test_a_call_answered_without_ack_ends() -> None:
    with Scene(SCRIPT, SETTINGS + "noack_timeout = 20\n") as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        Call(scene, alice, bob).start().respond(200)
        scene.advance(29)
        assert counts(scene)[0] == 1
        scene.advance(1.2)
        assert [(r.method, p.name) for p in (alice, bob) for r in p.requests()] == [
            ("BYE", "alice"),
            ("BYE", "bob"),
        ]


def test_a_timeout_sends_bye_to_both_sides() -> None:
    script = SCRIPT + (
        "function begin()\n"
        '  KSR.pv.seti("$dlg_ctx(timeout_bye)", 1)\n'
        '  KSR.pv.sets("$dlg_ctx(timeout_route)", "over")\n'
        '  KSR.pv.seti("$dlg_ctx(timeout)", 100)\n'
        "  KSR.dialog.dlg_manage()\n"
        "end\n"
    )
    with Scene(script, SETTINGS) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        Call(scene, alice, bob).connect()
        scene.advance(99)
        assert (alice.requests(), bob.requests()) == ([], [])
        scene.advance(1.2)
        [to_alice], [to_bob] = alice.requests(), bob.requests()
        assert scene.said[-1] == "over OPTIONS  4"
        assert (to_alice.method, to_alice.request_uri, to_alice.from_.tag, to_alice.to.tag) == (
            *("BYE", alice.uri, "bob-to", "alice-tag"),
        )
        assert (to_bob.method, to_bob.request_uri, to_bob.from_.tag, to_bob.to.tag) == (
            *("BYE", bob.uri, "alice-tag", "bob-to"),
        )
        assert (to_alice.cseq.number, to_bob.cseq.number) == (1, 2)
        assert to_alice.call_id == to_bob.call_id == "call-1"
        alice.answer(to_alice, 200)
        bob.answer(to_bob, 200)
        assert scene.said[-1] == "dialog:end OPTIONS  5"
        assert counts(scene) == [0, 0, 1, 1, 0]


def test_a_timeout_without_bye_forgets_the_call() -> None:
    with Scene(SCRIPT, SETTINGS + "default_timeout = 100\n") as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        Call(scene, alice, bob).connect()
        scene.advance(101)
        assert scene.said[-1] == "dialog:end OPTIONS  5"
        assert (alice.requests(), bob.requests()) == ([], [])
        assert counts(scene) == [0, 0, 1, 1, 0]


def test_the_end_a_timeout_bye_does_not_reach() -> None:
    with Scene(SCRIPT, SETTINGS + "default_timeout = 100\nsend_bye = 1\n") as scene:
        Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
        scene.advance(140)  # nobody answers the BYEs
        assert scene.said[-1] == "dialog:end OPTIONS  5"
        assert counts(scene) == [0, 0, 1, 1, 0]


@pytest.mark.parametrize(("setting", "ends_after"), [("", 150), ("timeout_noreset = 1\n", 100)])
def test_a_request_within_the_call_begins_its_time_anew(setting: str, ends_after: int) -> None:
    with Scene(SCRIPT, SETTINGS + "default_timeout = 100\n" + setting) as scene:
        call = Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
        scene.advance(50)
        call.request("INFO")
        scene.advance(ends_after - 50 - 1)
        assert counts(scene)[0] == 1
        scene.advance(2)
        assert counts(scene)[0] == 0


def test_timeout_avp() -> None:
    script = SCRIPT + ('function begin() KSR.pv.seti("$avp(limit)", 30) KSR.dialog.dlg_manage() end\n')
    with Scene(script, SETTINGS + 'timeout_avp = "$avp(limit)"\n') as scene:
        Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
        scene.advance(31)
        assert counts(scene) == [0, 0, 1, 1, 0]


def test_a_re_invite_moves_the_ends() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        call = Call(scene, alice, bob).connect()
        call.request("INVITE", alice, contact="<sip:alice@10.0.0.2:5099>")
        [shown] = dialog_module(scene).list_all()
        assert shown["caller"]["contact"] == "sip:alice@10.0.0.2:5099"
        assert (shown["caller"]["cseq"], shown["callee"]["cseq"], shown["state"]) == ("2", "0", 4)
        call.request("UPDATE", bob, contact="<sip:bob@10.0.0.3:5088>")
        [shown] = dialog_module(scene).list_all()
        assert (shown["callee"]["contact"], shown["callee"]["cseq"]) == ("sip:bob@10.0.0.3:5088", "1")


def test_the_route_sets_of_both_sides() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        call = Call(scene, alice, bob)
        call.start("Record-Route: <sip:10.0.0.2;lr;n=2>", "Record-Route: <sip:10.0.0.2;lr;n=1>")
        behind = ["<sip:10.0.0.3;lr;n=4>", "<sip:10.0.0.3;lr;n=3>"]
        lines = [f"Record-Route: {text}" for text in behind]
        text = bob.response(call.received, 200, "OK")
        at = text.index("Record-Route")
        bob.send(text[:at] + "".join([f"{line}\r\n" for line in lines]) + text[at:])
        [shown] = dialog_module(scene).list_all()
        assert shown["caller"]["route_set"] == "<sip:10.0.0.2;lr;n=2>,<sip:10.0.0.2;lr;n=1>"
        assert shown["callee"]["route_set"] == "<sip:10.0.0.3;lr;n=3>,<sip:10.0.0.3;lr;n=4>"
        call.answer = [m for m in alice.messages if getattr(m, "status", 0) == 200][-1]
        alice.send(alice.ack(call.invite, call.answer, bob.uri))
        bob.requests()
        alice.requests()
        dialog_module(scene).end(shown["h_entry"], shown["h_id"], "X-Why: test")
        scene.settle()
        [to_bob], [to_alice] = bob.requests(), alice.requests()
        assert [route.text for route in to_bob.routes] == ["<sip:10.0.0.3;lr;n=3>", "<sip:10.0.0.3;lr;n=4>"]
        assert [route.text for route in to_alice.routes] == ["<sip:10.0.0.2;lr;n=2>", "<sip:10.0.0.2;lr;n=1>"]
        assert to_bob.required("x-why").value == "test"


def test_a_profile_limits_calls() -> None:
    script = SCRIPT + (
        "function begin()\n"
        "  local from = KSR.kx.gete_fuser()\n"
        '  KSR.dialog.get_profile_size("caller", from, "$var(calls)")\n'
        '  if KSR.pv.get("$var(calls)") >= 2 then\n'
        '    KSR.sl.sl_send_reply(486, "Too Many") KSR.x.exit()\n'
        "  end\n"
        "  KSR.dialog.dlg_manage()\n"
        '  KSR.dialog.set_dlg_profile("caller", from)\n'
        '  KSR.dialog.set_dlg_profile_static("all")\n'
        "end\n"
    )
    with Scene(script, SETTINGS) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        first = Call(scene, alice, bob, "one").connect()
        Call(scene, alice, bob, "two").start().respond(180)
        module = dialog_module(scene)
        assert module.profile_get_size("caller", "alice") == module.profile_get_size("all") == 2

        def third() -> list[int]:
            alice.statuses()
            alice.send(alice.request("INVITE", f"sip:bob@{bob.host}", call_id=f"three-{len(alice.received)}"))
            return alice.statuses()

        assert third() == [486]
        first.request("BYE")
        assert module.profile_get_size("caller", "alice") == 1
        assert third() == [100]
        assert "two" in [shown["call-id"] for shown in module.profile_list("caller", "alice")]
        assert module.profile_get_size("caller", "bob") == 0


def test_what_is_said_before_the_dialog_is_there() -> None:
    script = SCRIPT + (
        "function begin()\n"
        '  KSR.dialog.var_sets("note", "!")\n'
        '  KSR.dialog.set_dlg_profile("caller", "x")\n'
        "  KSR.dialog.dlg_setflag(3)\n"
        '  KSR.info("before " .. KSR.dialog.is_known_dlg() .. KSR.dialog.dlg_isflagset(3))\n'
        "  KSR.dialog.dlg_manage()\n"
        '  KSR.info("after " .. KSR.dialog.is_known_dlg() .. KSR.dialog.is_in_profile("caller", "x"))\n'
        "end\n"
    )
    with Scene(script, SETTINGS) as scene:
        call = Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
        assert scene.said[:3] == ["before -11", "after 11", "reply 180 1!"]
        call.request("BYE")
        assert scene.said[-1] == "dialog:end BYE  5!"


def test_the_flag_begins_a_dialog() -> None:
    script = SCRIPT + "function begin() KSR.setflag(5) end\n"
    with Scene(script, SETTINGS + "dlg_flag = 5\n") as scene:
        call = Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
        assert "did" in call.answer.record_routes[0].uri.params
        call.request("BYE")
        assert scene.said[-1] == "dialog:end BYE  5"


@pytest.mark.parametrize(
    ("mode", "with_cookie", "is_found"),
    [(0, True, True), (0, False, False), (1, False, True), (2, False, True)],
)
def test_how_loose_route_finds_the_dialog(mode: int, with_cookie: bool, is_found: bool) -> None:
    with Scene(SCRIPT, SETTINGS + f"dlg_match_mode = {mode}\n") as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        call = Call(scene, alice, bob).connect()
        assert ("did" in call.answer.record_routes[0].uri.params) is (mode != 2)
        text = call.within("BYE", alice)
        if not with_cookie and mode != 2:
            begin = text.index(";did=")
            text = text[:begin] + text[text.index(">", begin) :]
        alice.send(text)
        bob.answer(bob.requests()[0], 200)
        assert (counts(scene)[0] == 0) is is_found


def test_another_dialogs_cookie_ends_nothing() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        first = Call(scene, alice, bob, "one").connect()
        second = Call(scene, alice, bob, "two").connect()
        second.answer = first.answer  # its Route is the other call's
        second.request("BYE")
        assert counts(scene)[0] == 2


def test_a_spiral_is_one_dialog() -> None:
    script = SCRIPT + (
        "function begin()\n"
        "  KSR.dialog.dlg_manage()\n"
        '  if KSR.hdr.is_present("X-Again") < 0 then\n'
        '    KSR.hdr.append("X-Again: yes\\r\\n")\n'
        '    KSR.pv.sets("$rU", "robert")\n'
        '    KSR.pv.sets("$du", "sip:10.0.0.1:5060")\n'
        "  end\n"
        "end\n"
    )
    with Scene(script, SETTINGS) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", f"sip:bob@{bob.host}", to="sip:bob@example.com")
        alice.send(invite)
        assert len(bob.requests()) == 1
        assert counts(scene)[2] == 1


def test_a_fork_is_one_dialog_with_the_one_who_answers() -> None:
    script = SCRIPT + (
        "function begin()\n"
        "  KSR.dialog.dlg_manage()\n"
        '  KSR.corex.append_branch_uri("sip:carol@10.0.0.4")\n'
        "end\n"
    )
    with Scene(script, SETTINGS) as scene:
        alice, bob, carol = (scene.phone(name) for name in ("alice", "bob", "carol"))
        call = Call(scene, alice, bob).start()
        [to_carol] = carol.requests()
        call.respond(180)
        carol.answer(to_carol, 180)
        carol.answer(to_carol, 200)
        [shown] = dialog_module(scene).list_all()
        assert (shown["callee"]["tag"], shown["callee"]["contact"]) == ("carol-to", carol.uri)
        assert (shown["state"], counts(scene)) == (3, [1, 0, 1, 0, 0])
