"""A script in the style of public KEMI scripts calls every function they use; each call's effect is checked."""

import re
from pathlib import Path
from typing import Any

import pytest

from luasip.modules import MODULES
from luasip.server.services import ServerServices
from luasip.sip.message import Response
from tests.scenarios.scene import Phone, Scene

SCRIPT = Path(__file__).with_name("usage.lua").read_text("utf-8")

SETTINGS = """
[define]
GATEWAY = "sip:192.0.2.9"
WITH_IT = true
[modules.htable]
htable = ["cache=>size=4;autoexpire=100;", "counted=>size=4;initval=0;"]
[modules.pike]
sampling_time_unit = 2
reqs_density_per_unit = 4
"""

HEADERS = (
    "User-Agent: tester/1",
    "Subject: Lunch",
    "X-List: a",
    "X-List: b",
    "X-Secret: hide",
    "Supported: path",
    "Require: one, two",
    "Content-Type: application/sdp",
)

CASES = {
    "methods": """
        is_INFO = true
        is_method = true
        is_method_in = false
        kx.get_method = INFO
        UDP WS WSS WSX = true false false false""",
    "myself": """
        is_myself = true
        is_myself alias = true
        is_myself other = false
        is_myself_ruri = true
        is_myself_furi = true
        is_myself_turi = true
        is_myself_suri = false
        is_myself_srcip = false""",
    "flags": """
        setflag = true
        isflagset = true
        isflagset other = false
        setbflag = true
        isbflagset = true
        isdsturiset = false
        setdsturi = true
        isdsturiset after = true
        kx.get_duri = sip:10.0.0.3:5060
        seturi = true
        kx.get_ruri = sip:changed@example.com
        force_rport = true
        set_reply_no_connect = true
        set_reply_close = true
        set_forward_no_connect = true""",
    "caught": """
        exit caught = false ~~ksr~exit~~
        pcall = true INFO
        KSR.drop = nil
        KSR.error = nil
        KSR.xlog called = false
        route = -1""",
    "pv": """
        pv.get = INFO
        pv.get null = nil
        pv.gete = |
        pv.getw = <null>
        pv.getvs = instead
        pv.getvn = 7
        pv.is_null = true
        pv.sets = true
        pv.seti = true
        pv.get number = 43
        pv.unset = true
        pv.is_null after = true
        xavp by concatenation = nobody
        transformation = 5""",
    "pvx": """
        pvx.avp_sets = 1
        avp = value
        pvx.var_sets = 1
        pvx.var_get = yes
        pvx.xavp_is_null = 1
        pvx.xavp_slist_explode = 1
        pvx.xavp_is_null after = -1
        xavp list = one three
        pvx.xavp_child_gete = large
        pvx.xavp_getd_p1 = green
        pvx.xavp_child_rm = 1
        pvx.xavp_child_gete after = |""",
    "kx": """
        get_ruri = sip:kx@example.com
        get_ruser = kx
        get_furi = sip:alice@example.com
        get_fuser = alice
        get_fhost = example.com
        get_turi = sip:kx@example.com
        get_tuser = kx
        get_srcip = 10.0.0.2
        get_srcport = 5060
        get_rcvadvip = 10.0.0.1
        get_callid = call-alice
        get_ua = tester/1
        get_msglen = true
        get_conid = -1
        get_status = -1
        gets_status = nil
        get_au = nil
        get_duri = nil
        gete_ua = tester/1
        gete_fhost = example.com
        gete_fuser = alice
        gete_ruser = kx
        gete_rhost = example.com
        gete_thost = example.com
        gete_au = |
        gete_duri = |
        getw_thost = example.com
        getw_tuser = kx
        get_def = sip:192.0.2.9
        ifdef = true
        ifdef not = false""",
    "checks": """
        siputils.has_totag = -1
        siputils.is_request = 1
        siputils.is_reply = -1
        siputils.is_first_hop = 1
        corex.has_ruri_user = 1
        corex.has_user_agent = 1
        sanity.sanity_check = 1
        sanity.sanity_check_defaults = 1
        maxfwd.process_maxfwd = 1
        tmx.t_precheck_trans = -1
        tm.t_check_trans = -1
        textops.has_body_type = 1
        textops.search_hf = 1""",
    "htable": """
        sht_sets = 1
        sht_get = here
        sht_get none = nil
        sht_gete none = |
        sht_seti = 1
        sht_get number = 4
        sht_is_null = -1
        sht_is_null none = 1
        sht_inc = 1
        sht_inc again = 2
        sht_inc without initval = -255
        sht_setxs = 1
        sht_match_name = true
        sht_match_name not = false
        iterated = alice=here count=3 short=lived
        sht_rm = 1
        sht_get after = nil
        $sht = 3""",
}


def lines(text: str) -> list[str]:
    """What a case is expected to say."""
    return [line.strip() for line in text.strip().splitlines()]


class Usage(Scene):
    """The script, and what it says in answer to a request."""

    def __init__(self) -> None:
        sockets = ("udp:10.0.0.1:5060", "tcp:10.0.0.1:5060", "udp:10.0.0.1:5070")
        super().__init__(SCRIPT, SETTINGS, sockets)

    def ask(self, phone: Phone, method: str, case: str, *headers: str, **fields: Any) -> list[str]:
        before = len(self.said)
        uri = fields.pop("uri", f"sip:{case}@example.com")
        phone.send(phone.request(method, uri, *headers, **fields))
        return self.said[before:]


@pytest.mark.parametrize("case", CASES)
def test_what_calls_give(case: str) -> None:
    with Usage() as scene:
        alice = scene.phone("alice")
        assert scene.ask(alice, "INFO", case, *HEADERS, body="v=0\r\n") == lines(CASES[case])
        answer = alice.next()
        assert (answer.status, answer.reason) == (200, "Done")
        assert alice.unread == []


@pytest.mark.parametrize(
    "method",
    ["INVITE", "BYE", "REGISTER", "OPTIONS", "INFO", "UPDATE", "NOTIFY", "SUBSCRIBE", "REFER", "KDMQ"],
)
def test_methods(method: str) -> None:
    with Usage() as scene:
        said = scene.ask(scene.phone("alice"), method, "methods")
        assert said[0] == f"is_{method} = true"
        in_letters = str(method not in ("INFO", "KDMQ")).lower()
        assert said[1:4] == ["is_method = true", f"is_method_in = {in_letters}", f"kx.get_method = {method}"]


def test_logs() -> None:
    with Usage() as scene:
        said = scene.ask(scene.phone("alice"), "INFO", "logs")
        assert said == ["xinfo INFO alice", "xlog.xinfo = 1", "xlog.xerr = 1", "xlog.xlog = 1"]
        records = [(r.levelno, r.getMessage()) for r in scene.log.records if r.name == "luasip.script"]
        for level, text in [
            (10, "at debug"),
            (25, "at notice"),
            (30, "at warn"),
            (40, "at err"),
            (30, "by name $rm"),
            (40, "xerr logs"),
            (30, "xlog example.com"),
        ]:
            assert (level, text) in records


def test_htable_items_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    # Items expire by the wall clock.
    monkeypatch.setattr(ServerServices, "wall_clock", lambda services: 1_800_000_000.0 + services.now())
    with Usage() as scene:
        alice = scene.phone("alice")
        scene.ask(alice, "INFO", "htable", call_id="first")
        assert scene.ask(alice, "INFO", "later", call_id="second") == ["short = lived", "count = 3"]
        scene.advance(6)
        assert scene.ask(alice, "INFO", "later", call_id="third") == ["short = nil", "count = 3"]


def test_pike() -> None:
    with Usage() as scene:
        alice = scene.phone("alice")
        said = [scene.ask(alice, "INFO", "pike", call_id=f"call-{n}")[0] for n in range(12)]
        assert said[0] == "pike = 1"
        assert said.count("pike = -2") == 1
        assert said[-1] == "pike = -1"


def test_drop_and_exit_answer_nothing() -> None:
    with Usage() as scene:
        alice = scene.phone("alice")
        assert scene.ask(alice, "INFO", "silence") == ["after set_drop = goes on"]
        assert alice.unread == []


@pytest.mark.parametrize("case", ["forward", "forward_uri"])
def test_stateless_forwarding(case: str) -> None:
    with Usage() as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        assert scene.ask(alice, "OPTIONS", case) == [f"{case} = 1"]
        received = bob.next()
        assert len(received.vias) == 2
        bob.answer(received, 200, "OK")
        assert alice.statuses() == [200]


def test_sending() -> None:
    with Usage() as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        said = scene.ask(alice, "OPTIONS", "send")
        assert said == ["corex.send_data = 1", "corex.set_send_socket = 1", "tm.t_relay_to_proto_addr = 1"]
        assert bob.texts[0] == "ping\r\n"
        assert "\r\nVia: SIP/2.0/UDP 10.0.0.1:5070;" in bob.texts[1]


def test_headers() -> None:
    with Usage() as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        said = scene.ask(alice, "INFO", "headers", *HEADERS)
        assert said == lines("""
            hdr.is_present = 1
            hdr.is_present not = -1
            hdr.get = Lunch
            hdr.get not = nil
            hdr.gete = |
            hdr.get_idx = b
            hdr.get_idx last = b
            hdr.append = 1
            hdr.append_after = 1
            hdr.remove = 1
            hdr.rmappend = 1
            hdr.get unchanged = Lunch
            textopsx.msg_apply_changes = 1
            hdr.get changed = dinner
            textops.remove_hf = 1
            textopsx.append_hf_value = 1
            textopsx.insert_hf_value = 1
            textopsx.remove_hf_value = 1
            textopsx.hf_iterator_hbody = call-alice
            iterated = Via Max-Forwards From To Call-ID X-After CSeq Contact User-Agent X-List X-List Supported \
Require Content-Type Content-Length X-New Subject""")
        received = bob.next()
        assert [(line.name, line.value) for line in received.headers[5:]] == [
            ("Call-ID", "call-alice"),
            ("X-After", "call id"),
            ("CSeq", "1 INFO"),
            ("Contact", f"<{alice.uri}>"),
            ("User-Agent", "tester/1"),
            ("Supported", "first"),
            ("Supported", "path"),
            ("Require", "two"),
            ("Content-Type", "application/sdp"),
            ("Content-Length", "0"),
            ("X-New", "appended"),
            ("Subject", "dinner"),
            ("X-Values", "one"),
        ]
        bob.answer(received, 200, "OK")


def test_registrar() -> None:
    with Usage() as scene:
        alice = scene.phone("alice")
        assert scene.ask(alice, "REGISTER", "registrar", call_id="one") == ["save = 1"]
        answer = alice.next()
        assert (answer.status, answer.contacts[0].uri.text) == (200, alice.uri)
        said = scene.ask(alice, "REGISTER", "registrar_uri", call_id="two")
        assert said == ["save_uri = 1", "registered_uri = 1"]
        assert scene.ask(alice, "INFO", "lookups", call_id="three") == lines(f"""
            registered = 1
            registered_uri not = -1
            lookup_uri = 1
            ruri = {alice.uri}
            lookup = 1
            ruri = {alice.uri}
            unregister = true
            lookup after = -1""")


def test_record_route_and_loose_route() -> None:
    with Usage() as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        said = scene.ask(alice, "INVITE", "dialog")
        assert said == ["loose_route = -1", "add_rr_param = 1", "record_route = 1"]
        invite = bob.next()
        [route] = invite.record_routes
        assert route.text == "<sip:10.0.0.1:5060;lr;ftag=alice-tag;nat=yes>"
        bob.answer(invite, 200, "OK")
        said = scene.ask(
            alice, "BYE", "", f"Route: {route.text}", uri="sip:dialog@10.0.0.3:5060", to_tag="bob-to", cseq=2
        )
        assert said == lines("""
            loose_route = 1
            check_route_param = 1
            check_route_param not = -1
            is_direction downstream = 1
            is_direction upstream = -1""")
        [bye] = bob.requests()
        assert (bye.method, bye.routes) == ("BYE", [])
        bob.answer(bye, 200, "OK")
        said = scene.ask(
            bob, "BYE", "", f"Route: {route.text}", uri="sip:dialog@10.0.0.2:5060", to_tag="alice-tag", cseq=3
        )
        assert said[3:] == ["is_direction downstream = -1", "is_direction upstream = 1"]
        assert [message.method for message in alice.requests()] == ["BYE"]


def test_advertised_record_route() -> None:
    with Usage() as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        said = scene.ask(alice, "INVITE", "advertised")
        assert said == ["record_route_advertised_address = 1", "loose_route_mode = -1"]
        assert bob.next().record_routes[0].text == "<sip:192.0.2.1:5080;lr;ftag=alice-tag>"


def start_call(scene: Usage, alice: Phone) -> str:
    """The forked call of the script, sent."""
    invite = alice.request("INVITE", "sip:call@example.com")
    alice.send(invite)
    return invite


def test_forked_call_fails_and_goes_elsewhere() -> None:
    with Usage() as scene:
        alice, one, two, three = (scene.phone(name) for name in ("alice", "one", "two", "three"))
        invite = start_call(scene, alice)
        assert scene.said == lines("""
            t_newtran = 1
            t_newtran again = true
            t_is_set = -1
            t_is_set after = 1
            t_set_fr = 1
            t_set_disable_6xx = 1
            corex.append_branch = 1
            branch = 0 sip:two@10.0.0.4:5060
            t_is_branch_route = 1
            branch = 1 sip:one@10.0.0.3:5060
            t_is_branch_route = 1
            t_relay = 1""")
        [to_one], [to_two] = one.requests(), two.requests()
        assert (to_one.first("x-branch").value, to_two.first("x-branch").value) == ("1", "0")
        before = len(scene.said)
        one.answer(to_one, 183, "Session Progress")  # dropped by ksr_reply_route
        two.answer(to_two, 180, "Ringing")
        assert alice.statuses() == [100, 180]
        one.answer(to_one, 603, "Decline")  # with t_set_disable_6xx it cancels nobody
        assert [message.method for message in two.requests()] == []
        two.answer(to_two, 486, "Busy Here")
        [to_three] = three.requests()
        assert to_three.request_uri == "sip:three@10.0.0.5:5060"
        assert to_three.first("x-branch").value == "2"
        three.answer(to_three, 404, "Not Found")
        said = scene.said[before:]
        assert "onreply = 180 true" in said
        assert "onreply = 603 false" in said
        assert "second failure = 404" in said
        assert said[-1] == "t_reply = 1"
        answer = alice.next()
        assert (answer.status, answer.reason) == (480, "Gave Up")
        alice.send(alice.ack(invite, answer))


def test_failure_after_silence() -> None:
    """Nobody answers within the times of t_set_fr."""
    with Usage() as scene:
        alice, three = scene.phone("alice"), scene.phone("three", host="10.0.0.5")
        start_call(scene, alice)
        before = len(scene.said)
        scene.advance(6)
        assert scene.said[before : before + 5] == lines("""
            t_is_canceled = -1
            failure = 408 408
            kept = true in the transaction
            t_branch_timeout = 1
            t_branch_replied = -1""")
        to_three = three.requests()[0]
        three.answer(to_three, 200, "OK")
        assert alice.statuses() == [100, 200]


def test_cancelled_call() -> None:
    with Usage() as scene:
        alice, one, two = (scene.phone(name) for name in ("alice", "one", "two"))
        invite = start_call(scene, alice)
        [to_one], [to_two] = one.requests(), two.requests()
        one.answer(to_one, 180, "Ringing")
        two.answer(to_two, 180, "Ringing")
        before = len(scene.said)
        alice.send(alice.cancel(invite))
        assert scene.said[before] == "t_check_trans of CANCEL = 1"
        for phone, received in ((one, to_one), (two, to_two)):
            [cancel] = phone.requests()
            phone.answer(cancel, 200, "OK")
            phone.answer(received, 487, "Request Terminated")
        assert alice.statuses() == [100, 180, 180, 200, 487]
        assert "t_is_canceled = 1" in scene.said[before:]


def test_stateful_replies() -> None:
    with Usage() as scene:
        alice = scene.phone("alice")
        assert scene.ask(alice, "INFO", "stateful", call_id="one") == ["t_send_reply = 1"]
        said = scene.ask(alice, "INFO", "unreachable", call_id="two")
        assert said == ["t_set_disable_internal_reply = 1", "t_relay = -4", "sl_reply_error = 1"]
        assert alice.statuses() == [486, 478]


def test_suspended_call_is_continued() -> None:
    with Usage() as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        assert scene.ask(alice, "INVITE", "hold") == ["t_suspend = 1"]
        said = scene.ask(bob, "INFO", "continue")
        assert sorted(said) == ["continued = tmx:continue hold", "t_continue = 1", "t_continue again = -1"]
        answers = [message for message in alice.messages if isinstance(message, Response)]
        assert [(one.status, one.reason) for one in answers[1:]] == [(202, "Went On")]


USED = """
info err dbg log warn notice setbflag isflagset setflag force_rport isdsturiset isbflagset set_drop setdsturi seturi
is_INVITE is_REGISTER is_OPTIONS is_ACK is_CANCEL is_BYE is_NOTIFY is_UPDATE is_INFO is_SUBSCRIBE is_REFER is_KDMQ
is_method is_method_in is_UDP is_WS is_WSS is_WSX is_myself is_myself_ruri is_myself_furi is_myself_turi is_myself_suri
is_myself_srcip set_reply_no_connect set_reply_close set_forward_no_connect forward forward_uri route x.exit x.drop
pv.get pv.gete pv.getw pv.getvs pv.getvn pv.sets pv.seti pv.unset pv.is_null pvx.avp_sets pvx.var_get pvx.var_sets
pvx.xavp_getd_p1 pvx.xavp_child_gete pvx.xavp_child_rm pvx.xavp_is_null pvx.xavp_slist_explode
kx.get_srcip kx.get_srcport kx.get_furi kx.get_fuser kx.get_fhost kx.get_turi kx.get_tuser kx.get_ruri kx.get_ruser
kx.get_duri kx.get_method kx.get_status kx.gets_status kx.get_callid kx.get_ua kx.get_msglen kx.get_conid kx.get_au
kx.get_def kx.get_rcvadvip kx.ifdef kx.gete_ua kx.gete_fhost kx.gete_fuser kx.gete_ruser kx.gete_rhost kx.gete_thost
kx.gete_au kx.gete_duri kx.getw_thost kx.getw_tuser
hdr.append hdr.append_after hdr.append_to_reply hdr.get hdr.gete hdr.get_idx hdr.is_present hdr.remove hdr.rmappend
textops.has_body_type textops.search_hf textops.remove_hf textopsx.msg_apply_changes textopsx.append_hf_value
textopsx.insert_hf_value textopsx.remove_hf_value textopsx.hf_iterator_start textopsx.hf_iterator_next
textopsx.hf_iterator_hname textopsx.hf_iterator_hbody textopsx.hf_iterator_end
corex.has_ruri_user corex.has_user_agent corex.append_branch corex.send_data corex.set_send_socket
siputils.has_totag siputils.is_first_hop siputils.is_request siputils.is_reply sanity.sanity_check
sanity.sanity_check_defaults maxfwd.process_maxfwd xlog.xlog xlog.xinfo xlog.xerr pike.pike_check_req
htable.sht_seti htable.sht_sets htable.sht_setxs htable.sht_get htable.sht_gete htable.sht_inc htable.sht_is_null
htable.sht_rm htable.sht_match_name htable.sht_iterator_start htable.sht_iterator_next htable.sht_iterator_end
registrar.save registrar.save_uri registrar.lookup registrar.lookup_uri registrar.registered registrar.registered_uri
registrar.unregister rr.record_route rr.record_route_advertised_address rr.loose_route rr.loose_route_mode
rr.add_rr_param rr.check_route_param rr.is_direction
sl.send_reply sl.sl_send_reply sl.sl_reply_error tm.t_relay tm.t_relay_to_proto_addr tm.t_newtran tm.t_check_trans
tm.t_is_set tm.t_on_branch tm.t_on_reply tm.t_on_failure tm.t_is_canceled tm.t_check_status tm.t_get_status_code
tm.t_reply tm.t_send_reply tm.t_set_fr tm.t_set_disable_6xx tm.t_set_disable_internal_reply tm.t_branch_replied
tm.t_branch_timeout tm.t_get_branch_index tmx.t_precheck_trans tmx.t_is_branch_route tmx.t_suspend tmx.t_continue
"""


def test_script_uses_everything() -> None:
    """All that public scripts use of these modules exists and is called above."""
    used = {f"KSR.{name}" for name in USED.split()}
    called = set(re.findall(r"\bKSR(?:\.\w+)+", SCRIPT))
    assert used - called == set()
    exported = {
        f"KSR.{module.name}.{export.name}".replace("..", ".")
        for module in MODULES
        for export in module.exports()
        if module.namespace == "KSR"
    }
    assert used - exported == set()
