"""Functions of sl one by one."""

import pytest

from tests.scenarios.scene import Scene


def ask(
    script: str, method: str = "OPTIONS", settings: str = "", more: str = ""
) -> tuple[list[str], list[tuple[int, str]]]:
    """What the request route says, and the (status, reason) of what the caller gets."""
    with Scene(f"function ksr_request_route() {script} end {more}", settings) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request(method, "sip:bob@example.com"))
        return scene.said, [(m.status, m.reason) for m in alice.messages]


@pytest.mark.parametrize("name", ["sl_send_reply", "send_reply"])
@pytest.mark.parametrize(
    ("arguments", "code", "answer"),
    [
        ('200, "OK"', 1, [(200, "OK")]),
        ('"404", "Nobody"', 1, [(404, "Nobody")]),
        ("486, nil", 1, [(486, "Busy Here")]),
        ('99, "X"', -1, []),
        ('700, "X"', -1, []),
        ('nil, "X"', -1, []),
    ],
)
def test_replies(name: str, arguments: str, code: int, answer: list[tuple[int, str]]) -> None:
    assert ask(f"KSR.info(KSR.sl.{name}({arguments}))") == ([str(code)], answer)


def test_send_reply_uses_the_transaction() -> None:
    script = """
    function ksr_request_route()
      KSR.tm.t_newtran()
      KSR.sl.send_reply(486, "Busy")
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        scene.advance(0.6)
        assert alice.statuses() == [486, 486]


def test_sl_send_reply_ignores_the_transaction() -> None:
    script = """
    function ksr_request_route()
      KSR.tm.t_newtran()
      KSR.info(KSR.sl.sl_send_reply(486, "Busy") .. " " .. KSR.tm.t_get_status_code())
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        scene.advance(0.6)
        assert alice.statuses() == [486]
        assert scene.said == ["1 -1"]


def test_bind_tm_off() -> None:
    script = 'KSR.tm.t_newtran() KSR.sl.send_reply(486, "Busy") KSR.info(KSR.tm.t_get_status_code())'
    said, answers = ask(script, settings="[modules.sl]\nbind_tm = 0")
    assert (said, answers) == (["-1"], [(486, "Busy")])


def test_to_tag() -> None:
    """Made when missing, the same for the same request, none in 100; kept when there is one."""
    script = """
    function ksr_request_route()
      KSR.sl.sl_send_reply(100, "Trying")
      KSR.sl.sl_send_reply(180, "Ringing")
      KSR.sl.sl_send_reply(404, "No")
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        text = alice.request("INVITE", "sip:bob@example.com")
        alice.send(text)
        alice.send(text)
        tags = [m.to.tag for m in alice.messages]
        assert tags[0] == tags[3] == ""
        assert len(set(tags)) == 2
        alice.send(alice.request("BYE", "sip:bob@example.com", to_tag="theirs"))
        assert alice.messages[-1].to.tag == "theirs"


def test_headers_and_body_of_a_reply() -> None:
    script = """
    function ksr_request_route()
      KSR.hdr.append_to_reply("X-One: 1\\r\\n")
      KSR.hdr.append_to_reply("X-Two: 2\\r\\n")
      KSR.sl.sl_send_reply(200, "OK")
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com", "Record-Route: <sip:10.9.9.9;lr>"))
        answer = alice.next()
        assert (answer.first("x-one").value, answer.first("x-two").value) == ("1", "2")
        assert answer.first("server").value == "LuaSIP"
        assert answer.content_length == 0


def test_redirection_lists_the_targets() -> None:
    script = """
    function ksr_request_route()
      KSR.pv.sets("$ru", "sip:one@example.net")
      KSR.corex.append_branch_uri_q("sip:two@example.net", "0.5")
      KSR.sl.send_reply(302, "Moved")
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        contacts = [(c.uri_text, c.q) for c in alice.next().contacts]
        assert contacts == [("sip:one@example.net", None), ("sip:two@example.net", 0.5)]


def test_errors() -> None:
    assert ask("KSR.info(KSR.sl.sl_reply_error())") == (["1"], [(500, "Server Internal Error")])
    settings = '[modules.sl]\ndefault_code = 503\ndefault_reason = "Off"'
    assert ask("KSR.info(KSR.sl.send_reply_error())", settings=settings) == (["1"], [(503, "Off")])
    script = 'KSR.pv.sets("$du", "tel:1") KSR.tm.t_relay() KSR.info(KSR.sl.sl_reply_error())'
    assert ask(script)[1] == [(416, "Unsupported URI Scheme")]


@pytest.mark.parametrize(("mode", "closed"), [(0, False), (1, False), (2, True), (3, True)])
def test_send_reply_mode(mode: int, closed: bool) -> None:
    with Scene(f'function ksr_request_route() KSR.sl.send_reply_mode(200, "OK", {mode}) end') as scene:
        alice = scene.phone("alice", "tcp")
        connection = alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        assert alice.statuses() == [200]
        assert (alice.closed == [connection]) is closed


def test_event_after_a_stateless_reply() -> None:
    said, _ = ask(
        'KSR.sl.sl_send_reply(200, "OK")',
        settings='[modules.sl]\nevent_callback_lres_sent = "ksr_sent"',
        more='function ksr_sent(event) KSR.info("event " .. event) end',
    )
    assert said == ["event sl:local-response"]


def test_event_for_an_absorbed_ack() -> None:
    script = """
    function ksr_request_route() KSR.sl.sl_send_reply(404, "No") end
    function ksr_ack(event) KSR.info(event .. " " .. KSR.kx.get_method()) end
    """
    with Scene(script, '[modules.sl]\nevent_callback_fl_ack = "ksr_ack"') as scene:
        alice = scene.phone("alice")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        alice.send(alice.ack(invite, alice.next()))
        assert scene.said == ["sl:filtered-ack ACK"]


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [('"", ""', 1, 183), ('"180", "Soon"', 1, 180), ('"", "Soon"', 1, 183), ('"200", "X"', -1, 183)],
)
def test_sl_forward_reply(arguments: str, code: int, status: int) -> None:
    script = f"""
    function ksr_request_route() KSR.pv.sets("$du", "sip:10.0.0.3") KSR.forward() end
    function ksr_reply_route()
      local code = KSR.sl.sl_forward_reply({arguments})
      KSR.info("forward " .. code)
      if code > 0 then KSR.set_drop() end
    end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        bob.answer(bob.requests()[0], 183, "Progress")
        assert scene.said == [f"forward {code}"]
        answer = alice.next()
        assert answer.status == status
        assert ("Soon" in arguments) is (answer.reason == "Soon")
        assert alice.unread == []


def test_sl_forward_reply_for_a_request() -> None:
    assert ask('KSR.info(KSR.sl.sl_forward_reply("", ""))')[0] == ["-1"]
