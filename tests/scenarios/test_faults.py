"""What goes wrong: faulty scripts, malformed messages, requests nobody answers."""

import pytest

from tests.scenarios.scene import Scene


def test_script_error_is_answered_with_500_once_and_logged_with_its_place() -> None:
    script = "function ksr_request_route()\n  local x = nil\n  return x.y\nend\n"
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        assert alice.statuses() == [500]
        assert "route.lua:3:" in scene.log.text()
        assert "attempt to index" in scene.log.text()
        assert scene.statistic("script:errors") == 1


def test_status_of_script_errors_is_a_setting() -> None:
    for setting, expected in ((503, [503]), (0, [])):
        with Scene(
            'function ksr_request_route() error("x") end', server=f"reply_on_script_error = {setting}"
        ) as scene:
            alice = scene.phone("alice")
            alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
            assert alice.statuses() == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("KSR.tm.t_newtran()", [500]),
        ('KSR.sl.sl_send_reply(404, "No")', [404]),
        ('KSR.tm.t_newtran() KSR.tm.t_reply(404, "No")', [404]),
        ("luasip.sleep(1)", [100, 500]),
        ('KSR.pv.sets("$du", "sip:10.0.0.3:5060") KSR.tm.t_relay()', [100]),
        ('KSR.sl.sl_send_reply(100, "Wait")', [100, 500]),
    ],
)
def test_script_error_after_something(before: str, expected: list[int]) -> None:
    with Scene(f'function ksr_request_route() {before} error("oops") end') as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        scene.advance(1.2)
        statuses = alice.statuses()
        assert sorted(set(statuses)) == expected
        for request in bob.requests()[:1]:
            bob.answer(request, 200)
            assert alice.statuses() == [200]


def test_error_for_ack_is_not_answered() -> None:
    with Scene('function ksr_request_route() error("oops") end') as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("ACK", "sip:bob@example.com"))
        assert alice.unread == []


def test_runaway_script() -> None:
    with Scene("function ksr_request_route() while true do end end", "time_limit = 0.05") as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        assert alice.statuses() == [500]
        assert "time limit" in scene.log.text()


def test_runaway_reply_callback() -> None:
    script = """
    function ksr_request_route()
      KSR.tm.t_on_reply("ksr_onreply")
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
    end
    function ksr_onreply() while true do end end
    """
    with Scene(script, "time_limit = 0.05") as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        bob.answer(bob.requests()[0], 200)
        assert alice.statuses() == [200]
        assert "time limit" in scene.log.text()


def test_unknown_callback() -> None:
    script = """
    function ksr_request_route()
      KSR.tm.t_on_reply("no_such")
      KSR.tm.t_on_failure("no_such_either")
      KSR.tm.t_on_branch("nor_this")
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
    end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        bob.answer(bob.requests()[0], 486)
        assert alice.statuses() == [100, 486]
        for name in ("no_such", "no_such_either", "nor_this"):
            assert f"no function {name}" in scene.log.text()


OK = 'function ksr_request_route() KSR.info("route") KSR.sl.sl_send_reply(200, "OK") end'


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("CSeq: 1 OPTIONS", "CSeq: one OPTIONS", "CSeq"),
        ("CSeq: 1 OPTIONS", "CSeq: 99999999999 OPTIONS", "CSeq"),
        ("CSeq: 1 OPTIONS\r\n", "", "CSeq"),
        ("From: <sip:alice@example.com>;tag=alice-tag", "From: <sip:alice@example.com", "From"),
        ("From: <sip:alice@example.com>;tag=alice-tag\r\n", "", "From"),
        ("To: <sip:bob@example.com>\r\n", "", "To"),
        ("Call-ID: call-alice\r\n", "", "Call-ID"),
        ("Content-Length: 0", "Content-Length: 10", "Content-Length"),
        ("Content-Length: 0", "Content-Length: x", "Content-Length"),
        ("Max-Forwards: 70", "Max-Forwards: many", "Max-Forwards"),
    ],
)
def test_malformed_request_is_answered_with_400_naming_the_header(old: str, new: str, named: str) -> None:
    with Scene(OK) as scene:
        alice = scene.phone("alice")
        text = alice.request("OPTIONS", "sip:bob@example.com")
        assert old in text
        alice.send(text.replace(old, new))
        assert scene.said == []
        assert scene.statistic("core:bad_msg_hdr") == 1
        answer = alice.next()
        assert answer.status == 400
        assert named.lower() in answer.reason.lower()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("OPTIONS  sip:bob@example.com SIP/2.0", 400),
    ],
)
def test_bad_start_line(text: str, status: int) -> None:
    with Scene(OK) as scene:
        alice = scene.phone("alice")
        request = alice.request("OPTIONS", "sip:bob@example.com")
        alice.send(text + request[request.index("\r\n") :])
        assert alice.statuses() == [status]
        assert scene.said == []


@pytest.mark.parametrize(
    "data", [b"", b"\r\n\r\n", b"\0\0\0\0", b"hello", b"\xff" * 100, b"GET / HTTP/1.1\r\n\r\n"]
)
def test_noise_is_dropped(data: bytes) -> None:
    with Scene(OK) as scene:
        alice = scene.phone("alice")
        alice.send(data)
        assert alice.unread == []
        assert scene.said == []


def test_a_bad_ack_is_not_answered() -> None:
    with Scene(OK) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("ACK", "sip:bob@example.com").replace("CSeq: 1 ACK", "CSeq: x"))
        assert alice.unread == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("CSeq: 1 INVITE", "CSeq: 1"),
        ("To: <sip:bob@example.com>;tag=bob-to\r\n", ""),
        ("Call-ID: call-alice\r\n", ""),
        ("From: <sip:alice@example.com>;tag=alice-tag\r\n", ""),
    ],
)
def test_malformed_response_is_dropped(old: str, new: str) -> None:
    script = """
    function ksr_request_route() KSR.pv.sets("$du", "sip:10.0.0.3:5060") KSR.tm.t_relay() end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        [received] = bob.requests()
        text = bob.response(received, 486)
        assert old in text
        bob.send(text.replace(old, new))
        assert alice.statuses() == [100]
        bob.send(text)
        assert alice.statuses() == [486]


def test_neither_answered_nor_relayed() -> None:
    """As in Kamailio: a warning, no reply, and the transaction is gone."""
    with Scene('function ksr_request_route() KSR.info("new " .. KSR.tm.t_newtran()) end') as scene:
        alice = scene.phone("alice")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        assert alice.unread == []
        assert "without relaying or answering" in scene.log.text()
        assert len(scene.server.layer.table) == 0


def test_failed_relay_is_answered_when_the_script_does_not() -> None:
    script = (
        'function ksr_request_route() KSR.pv.sets("$du", "sip:10.0.0.3;transport=sctp") KSR.tm.t_relay() end'
    )
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        assert alice.statuses() == [100, 478]


def test_nothing_at_all_without_transaction() -> None:
    with Scene("function ksr_request_route() end") as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        assert alice.unread == []
