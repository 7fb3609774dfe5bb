"""Requests of the server's own within dialogs: BYE, REFER and others, keep-alives; and the calls of dlg_bridge."""

from typing import Any

import pytest

from luasip.errors import CommandError
from tests.scenarios.dialog_calls import SCRIPT, SETTINGS, Call, dialog_module
from tests.scenarios.scene import Phone, Scene

BYE = (
    SCRIPT
    + """
function on_info(what)
    if what then KSR.info("result " .. KSR.dialog[what[1]](table.unpack(what, 2))) end
end

local heard_before = heard
function heard(what)
    heard_before(what)
    if what == "in INFO" then on_info(ASKED) end
end
"""
)


def asking(function: str, *arguments: str) -> str:
    """The script that calls a function of KSR.dialog when an INFO comes."""
    listed = ", ".join([f'"{text}"' for text in (function, *arguments)])
    return BYE + f"ASKED = {{{listed}}}\n"


def ask(call: Call) -> list[Any]:
    """An INFO by the caller, which has the script do it; what else both got."""
    call.caller.send(call.within("INFO", call.caller))
    found = []
    for phone in (call.caller, call.callee):
        for request in phone.requests():
            if request.method == "INFO":
                phone.answer(request, 200)
                call.caller.statuses()
            else:
                found.append((phone, request))
    return found


@pytest.mark.parametrize(
    ("side", "names"), [("all", ["alice", "bob"]), ("caller", ["alice"]), ("callee", ["bob"]), ("none", [])]
)
def test_dlg_bye(side: str, names: list[str]) -> None:
    with Scene(asking("dlg_bye", side), SETTINGS) as scene:
        call = Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
        sent = ask(call)
        assert [(phone.name, request.method) for phone, request in sent] == [(name, "BYE") for name in names]
        assert f"result {1 if names else -1}" in scene.said
        for phone, request in sent:
            phone.answer(request, 200)
        ended = [line for line in scene.said if line.startswith("dialog:end")]
        assert ended == (["dialog:end OPTIONS  5"] if names else [])


def test_a_second_bye_is_not_sent() -> None:
    with Scene(asking("dlg_bye", "callee"), SETTINGS) as scene:
        call = Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
        [(bob, bye)] = ask(call)
        assert ask(call) == []
        assert scene.said[-1] == "result -1"
        bob.answer(bye, 200)


def test_own_requests_bear_the_headers_of_the_settings() -> None:
    headers = 'dlg_extra_hdrs = "X-All: 1\\r\\n"\nlreq_callee_headers = "X-Callee: 2\\r\\n"\n'
    with Scene(asking("dlg_bye", "all"), SETTINGS + headers) as scene:
        call = Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
        (alice, to_alice), (bob, to_bob) = ask(call)
        assert [to_alice.first(name) is not None for name in ("x-all", "x-callee")] == [True, False]
        assert [to_bob.first(name) is not None for name in ("x-all", "x-callee")] == [True, True]
        assert to_bob.max_forwards == 70
        alice.answer(to_alice, 200)
        bob.answer(to_bob, 200)


def test_dlg_refer_cid() -> None:
    with Scene(asking("dlg_refer_cid", "call-1", "callee", "sip:carol@example.com"), SETTINGS) as scene:
        call = Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
        [(bob, refer)] = ask(call)
        assert (refer.method, refer.required("refer-to").value) == ("REFER", "<sip:carol@example.com>")
        assert refer.required("referred-by").value == "<sip:controller@luasip.invalid>"
        assert refer.contacts[0].uri_text == "sip:10.0.0.1:5060"
        bob.answer(refer, 202)
        assert scene.statistic("dialog:active_dialogs") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("dlg_refer_cid", "other", "callee", "sip:carol@example.com"),
        ("dlg_refer_cid", "call-1", "all", "sip:carol@example.com"),
        ("dlg_refer_cid", "call-1", "callee", ""),
        ("dlg_refer_did", "1", "2", "caller", "sip:carol@example.com"),
        ("dlg_req_within4", "all", "INFO", "", ""),
        ("dlg_req_within4", "callee", "", "", ""),
        ("dlg_req_within4", "callee", "INFO", "text/plain\\r\\nX: y", "z"),
        ("dlg_bridge", "", "sip:b@example.com", ""),
    ],
)
def test_what_cannot_be_sent(arguments: tuple[str, ...]) -> None:
    with Scene(asking(*arguments), SETTINGS) as scene:
        call = Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
        assert ask(call) == []
        assert scene.said[-1] == "result -1"


def test_dlg_req_within4() -> None:
    with Scene(asking("dlg_req_within4", "caller", "message", "text/plain", "hello"), SETTINGS) as scene:
        call = Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
        [(alice, message)] = ask(call)
        assert (message.method, message.body, message.content_type) == ("MESSAGE", "hello", "text/plain")
        assert (message.from_.tag, message.to.tag, message.cseq.number) == ("bob-to", "alice-tag", 1)
        alice.answer(message, 200)


def test_dlg_bridge() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        dialog_module(scene).bridge(alice.uri, bob.uri)
        scene.settle()
        [invite] = alice.requests()
        assert (invite.method, invite.content_type) == ("INVITE", "application/sdp")
        assert "c=IN IP4 0.0.0.0" in invite.body
        alice.answer(invite, 200, "OK", "Record-Route: <sip:10.0.0.2;lr>")
        ack, refer = alice.requests()
        assert (ack.method, refer.method) == ("ACK", "REFER")
        assert refer.required("refer-to").value == f"<{bob.uri}>"
        assert [route.text for route in refer.routes] == ["<sip:10.0.0.2;lr>"]
        assert refer.to.tag == "alice-to"
        alice.answer(refer, 202)
        [bye] = alice.requests()
        assert (bye.method, bye.cseq.number) == ("BYE", refer.cseq.number + 1)
        alice.answer(bye, 200)
        assert bob.requests() == []


def test_a_bridge_that_is_refused_ends_there() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        alice = scene.phone("alice")
        dialog_module(scene).bridge(alice.uri, "sip:bob@example.com", ".", "_")
        scene.settle()
        [invite] = alice.requests()
        assert invite.body == ""
        alice.answer(invite, 486)
        assert [request.method for request in alice.requests()] == ["ACK"]
        with pytest.raises(CommandError):
            dialog_module(scene).bridge("sip:a\r\nX: y", "sip:b")


KEEP_ALIVE = SETTINGS + "ka_timer = 5\nka_interval = 30\nka_failed_limit = 2\n"
BOTH = (
    "function begin()\n"
    '  KSR.dialog.dlg_manage() KSR.dialog.dlg_set_property("ka-src") KSR.dialog.dlg_set_property("ka-dst")\n'
    "end\n"
)


def options(phones: tuple[Phone, ...], status: int) -> list[str]:
    """Who got an OPTIONS; each is answered with this status, 0 for not at all."""
    found = []
    for phone in phones:
        for request in phone.requests():
            found.append(f"{request.method} {phone.name} {request.cseq.number}")
            if status:
                phone.answer(request, status)
    return found


def test_keep_alives_are_answered() -> None:
    with Scene(SCRIPT + BOTH, KEEP_ALIVE) as scene:
        phones = (scene.phone("alice"), scene.phone("bob"))
        call = Call(scene, *phones).connect()
        seen: list[str] = []
        for _ in range(150):
            scene.advance(0.7)
            seen += options(phones, 200)
        assert sorted(set(seen)) == ["OPTIONS alice 1", "OPTIONS bob 1"]
        assert len(seen) >= 6
        assert call.request("BYE").method == "BYE"


@pytest.mark.parametrize("status", [481, 0])
def test_an_end_that_is_gone_ends_the_call(status: int) -> None:
    with Scene(SCRIPT + BOTH, KEEP_ALIVE) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        Call(scene, alice, bob).connect()
        byes: set[str] = set()
        for _ in range(300):
            scene.advance(0.4)
            for phone, answer in ((alice, 200), (bob, status)):
                for request in phone.requests():
                    if request.method == "BYE":
                        byes.add(phone.name)
                    if answer:
                        phone.answer(request, answer)
        assert byes == {"alice", "bob"}
        assert scene.said[-1] == "dialog:end OPTIONS  5"
        assert scene.statistic("dialog:expired_dialogs") == 1


def test_a_phone_behind_nat_is_reached_where_it_wrote_from() -> None:
    with Scene(asking("dlg_bye", "all"), SETTINGS) as scene:
        alice, bob = scene.phone("alice", host="192.0.2.7", port=40000), scene.phone("bob")
        call = Call(scene, alice, bob).start(contact="<sip:alice@192.168.1.9:5060>")
        call.respond(200).acknowledge()
        (_, to_alice), (_, to_bob) = ask(call)
        assert to_alice.request_uri == "sip:alice@192.168.1.9:5060"
        alice.answer(to_alice, 200)
        bob.answer(to_bob, 200)
