"""lua/default.lua: what it does with registrations, calls, strangers, floods, and with modules that may be loaded.

Passwords are in test_auth.py, phones behind NAT in test_nat.py.
"""

from pathlib import Path

import pytest

from tests.scenarios.scene import Phone, Scene

DEFAULT = (Path(__file__).parents[2] / "lua/default.lua").read_text("utf-8")

VOICEMAIL = '[define]\nVOICEMAIL = "sip:voicemail@10.0.0.9:5060"\n'


class Default(Scene):
    """The default script; `before` is Lua run before it."""

    def __init__(self, before: str = "", settings: str = "") -> None:
        super().__init__(before + DEFAULT, settings)

    def registered(self, name: str, **fields: str) -> Phone:
        """A phone that has registered."""
        phone = self.phone(name, **fields)
        address = f"sip:{name}@example.com"
        phone.send(phone.request("REGISTER", "sip:example.com", to=address, call_id=f"register-{name}"))
        assert phone.statuses() == [200]
        return phone


def test_call_from_start_to_end() -> None:
    with Default() as scene:
        alice, bob = scene.registered("alice"), scene.registered("bob", protocol="tcp")
        invite = alice.request("INVITE", "sip:bob@example.com", "Route: <sip:10.0.0.1;lr>")
        alice.send(invite)
        [received] = bob.requests()
        assert received.request_uri == bob.uri
        assert received.routes == []
        assert len(received.record_routes) == 2  # from UDP to TCP
        bob.answer(received, 180, "Ringing")
        bob.answer(received, 200, "OK")
        assert [alice.next().status for _ in range(2)] == [100, 180]
        answer = alice.next()
        alice.send(alice.ack(invite, answer, bob.uri))
        assert [message.method for message in bob.requests()] == ["ACK"]
        routes = [f"Route: {route.text}" for route in reversed(answer.record_routes)]
        alice.send(alice.request("BYE", bob.uri, *routes, to="sip:bob@example.com", to_tag="bob-to", cseq=2))
        [bye] = bob.requests()
        assert bye.method == "BYE"
        bob.answer(bye, 200, "OK")
        assert alice.statuses() == [200]


def test_call_is_cancelled() -> None:
    with Default() as scene:
        alice, bob = scene.registered("alice"), scene.registered("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        [received] = bob.requests()
        bob.answer(received, 180, "Ringing")
        alice.send(alice.cancel(invite))
        [cancel] = bob.requests()
        bob.answer(cancel, 200, "OK")
        bob.answer(received, 487, "Request Terminated")
        assert alice.statuses() == [100, 180, 200, 487]


@pytest.mark.parametrize(
    ("method", "uri", "fields", "status"),
    [
        ("OPTIONS", "sip:10.0.0.1:5060", {}, 200),
        ("OPTIONS", "sip:example.com", {}, 200),
        ("OPTIONS", "sip:nobody@example.com", {}, 404),
        ("INVITE", "sip:nobody@example.com", {}, 404),
        ("INVITE", "sip:example.com", {}, 404),
        ("INVITE", "sip:bob@elsewhere.example", {}, 403),
        ("MESSAGE", "tel:+15551234", {}, 403),
        ("REGISTER", "sip:elsewhere.example", {}, 403),
        ("INVITE", "sip:nobody@example.com", {"max_forwards": 0}, 483),
        ("CANCEL", "sip:nobody@example.com", {"contact": ""}, 481),
        ("BYE", "sip:nobody@example.com", {"to_tag": "x"}, 404),
        ("BYE", "sip:nobody@example.com", {}, 481),
        ("PRACK", "sip:nobody@example.com", {}, 481),
        ("UPDATE", "sip:bob@elsewhere.example", {}, 481),
        ("BYE", "sip:bob@10.0.0.77", {"to_tag": "x"}, 404),
    ],
)
def test_answers(method: str, uri: str, fields: dict[str, str], status: int) -> None:
    with Default() as scene:
        alice = scene.phone("alice")
        alice.send(alice.request(method, uri, **fields))
        assert alice.statuses() == [status]


def test_scanners_and_stray_acks_are_ignored() -> None:
    with Default() as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:example.com", "User-Agent: friendly-scanner"))
        alice.send(alice.request("ACK", "sip:nobody@example.com"))
        alice.send(alice.request("ACK", "sip:nobody@example.com", to_tag="x"))
        assert alice.unread == []


@pytest.mark.parametrize(
    "agent", ["friendly-scanner", "SIPVicious 0.3", "sipcli/v1.8", "VaxSIPUserAgent/3.1", "pplsip"]
)
def test_user_agents_of_scanners(agent: str) -> None:
    with Default() as scene:
        alice = scene.phone("alice")
        for method in ("OPTIONS", "REGISTER", "INVITE"):
            alice.send(alice.request(method, "sip:example.com", f"User-Agent: {agent}", call_id=method))
        assert alice.unread == []
        alice.send(alice.request("OPTIONS", "sip:example.com", "User-Agent: phone/1.0"))
        assert alice.statuses() == [200]


def test_scanners_may_be_answered() -> None:
    with Default(settings="[define]\nANSWER_SCANNERS = true\n") as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:example.com", "User-Agent: friendly-scanner"))
        assert alice.statuses() == [200]


def test_request_that_pretends_to_belong_to_a_dialog() -> None:
    """A To tag and a Route of ours, but not the mark of a dialog that went through here."""
    with Default() as scene:
        alice, victim = scene.phone("alice"), scene.phone("victim")
        marks = ("", ";mark=0123456789abcdef", ";mark=", ";mark=.*", ";x=mark=")
        for number, mark in enumerate(marks):
            route, fields = f"Route: <sip:10.0.0.1;lr{mark}>", {"to_tag": "x", "call_id": f"forged-{number}"}
            alice.send(alice.request("MESSAGE", victim.uri, route, **fields))
        assert alice.statuses() == [404] * len(marks)
        assert victim.unread == []


def test_marked_dialog_from_both_sides() -> None:
    with Default() as scene:
        alice, bob = scene.registered("alice"), scene.registered("bob", protocol="tcp")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        [received] = bob.requests()
        assert len(received.record_routes) == 2
        assert all("mark=" in route.text for route in received.record_routes)
        bob.answer(received, 200, "OK")
        assert alice.next().status == 100
        answer = alice.next()
        alice.send(alice.ack(invite, answer, bob.uri))
        assert [message.method for message in bob.requests()] == ["ACK"]
        routes = [f"Route: {route.text}" for route in received.record_routes]
        fields = {"to": "sip:alice@example.com", "to_tag": "x", "call_id": received.call_id, "cseq": 7}
        bob.send(bob.request("BYE", alice.uri, *routes, **fields))
        [bye] = alice.requests()
        alice.answer(bye, 200, "OK")
        assert bob.statuses() == [200]


def test_nobody_is_forwarded_out_by_a_route_he_brings() -> None:
    with Default() as scene:
        alice, victim = scene.phone("alice"), scene.phone("victim")
        routes = ("Route: <sip:10.0.0.1;lr>", f"Route: <{victim.uri};lr>")
        alice.send(alice.request("INVITE", "sip:nobody@example.com", *routes))
        assert alice.statuses() == [404]
        assert victim.unread == []


def test_phone_that_does_not_answer_any_more() -> None:
    with Default() as scene:
        alice, _ = scene.registered("alice"), scene.registered("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        scene.advance(31)
        assert alice.next().status == 100
        answer = alice.next()
        assert answer.status == 480
        alice.send(alice.ack(invite, answer))


@pytest.mark.parametrize("status", [480, 486, 603])
def test_busy_call_goes_to_voicemail(status: int) -> None:
    with Default(settings=VOICEMAIL) as scene:
        alice, bob = scene.registered("alice"), scene.registered("bob")
        voicemail = scene.phone("voicemail", host="10.0.0.9")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        bob.answer(bob.requests()[0], status, "Not Now")
        [received] = voicemail.requests()
        assert received.request_uri == "sip:voicemail@10.0.0.9:5060"
        assert len(received.record_routes) == 1
        voicemail.answer(received, 200, "OK")
        assert alice.statuses() == [100, 200]


def test_voicemail_is_tried_once() -> None:
    with Default(settings=VOICEMAIL) as scene:
        alice, bob = scene.registered("alice"), scene.registered("bob")
        voicemail = scene.phone("voicemail", host="10.0.0.9")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        bob.answer(bob.requests()[0], 486, "Busy Here")
        voicemail.answer(voicemail.requests()[0], 480, "Full")
        assert [message.method for message in voicemail.requests()] == ["ACK"]
        assert alice.statuses() in ([100, 480], [100, 486])
        alice.send(alice.request("INVITE", "sip:nobody@example.com", call_id="second"))
        voicemail.answer(voicemail.requests()[0], 480, "Full")
        assert alice.statuses() == [100, 480]


def test_flood_is_ignored_until_the_ban_ends() -> None:
    settings = (
        "[modules.pike]\nreqs_density_per_unit = 10\n"
        '[modules.htable]\nhtable = ["ipban=>size=8;autoexpire=300;"]\n'
    )
    with Default(settings=settings) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        for number in range(60):
            alice.send(alice.request("OPTIONS", "sip:example.com", call_id=f"flood-{number}"))
        answered = len(alice.statuses())
        assert 10 <= answered < 40
        assert scene.log.text(30).count("flood: ignoring requests from 10.0.0.2") == 1
        bob.send(bob.request("OPTIONS", "sip:example.com"))
        assert bob.statuses() == [200]


def test_trusted_address_may_reach_other_domains(tmp_path: Path) -> None:
    (tmp_path / "addresses").write_text("1 10.0.0.2\n")
    with Default(settings=f'[modules.permissions]\naddress_file = "{tmp_path}/addresses"\n') as scene:
        gateway, stranger, other = scene.phone("gateway"), scene.phone("stranger"), scene.phone("other")
        gateway.send(gateway.request("INVITE", other.uri))
        [received] = other.requests()
        assert len(received.record_routes) == 1
        other.answer(received, 200, "OK")
        stranger.send(stranger.request("INVITE", other.uri))
        assert stranger.statuses() == [403]
