"""Phones behind NAT: they register, are called and hang up through the address they send from, and are pinged."""

from typing import Any

import pytest

from luasip.server.services import ServerServices
from luasip.transport.loopback_network import FIRST_EPHEMERAL_PORT
from tests.scenarios.scene import Phone, Scene
from tests.scenarios.test_default_script import DEFAULT

PRIVATE = "192.168.1.5:5060"
KEPT = '[modules.registrar]\nreceived_avp = "$avp(RECEIVED)"\n'
NAT = KEPT + '[modules.nathelper]\nreceived_avp = "$avp(RECEIVED)"\n'


class NattedPhone(Phone):
    """A phone that knows itself by a private address; `host` and `port` are the outside of its NAT."""

    @property
    def uri(self) -> str:
        transport = "" if self.protocol == "udp" else f";transport={self.protocol}"
        return f"sip:{self.name}@{PRIVATE}{transport}"

    def request(self, method: str, uri: str, *headers: str, body: str = "", **fields: Any) -> str:
        text = super().request(method, uri, *headers, body=body, **fields)
        via = f"Via: SIP/2.0/{self.protocol.upper()} "
        return text.replace(f"{via}{self.host}:{self.port}", f"{via}{PRIVATE}")


def register(phone: Phone, *headers: str) -> None:
    fields = {"to": f"sip:{phone.name}@example.com", "call_id": f"{phone.name}-{len(headers)}"}
    phone.send(phone.request("REGISTER", "sip:example.com", *headers, **fields))
    assert phone.statuses() == [200]


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_call_to_a_phone_behind_nat(protocol: str) -> None:
    with Scene(DEFAULT, NAT) as scene:
        alice = scene.phone("alice", host="198.51.100.2")
        bob = NattedPhone(scene, "bob", protocol, "198.51.100.3", 1024)
        register(alice)
        register(bob)
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        [received] = bob.requests()
        assert received.request_uri == bob.uri
        bob.answer(received, 200, "OK")
        assert alice.next().status == 100
        answer = alice.next()
        remote = answer.contacts[0].uri_text
        source = {"udp": "1024~1", "tcp": f"{FIRST_EPHEMERAL_PORT}~2"}[protocol]
        assert remote == f"{bob.uri};alias=198.51.100.3~{source}"
        alice.send(alice.ack(invite, answer, remote))
        routes = [f"Route: {route.text}" for route in reversed(answer.record_routes)]
        alice.send(alice.request("BYE", remote, *routes, to="sip:bob@example.com", to_tag="bob-to", cseq=2))
        ack, bye = bob.requests()
        assert [(r.method, r.request_uri) for r in (ack, bye)] == [("ACK", bob.uri), ("BYE", bob.uri)]
        bob.answer(bye, 200, "OK")
        assert alice.statuses() == [200]


def test_call_from_a_phone_behind_nat() -> None:
    with Scene(DEFAULT, NAT) as scene:
        alice = scene.phone("alice", host="198.51.100.2")
        bob = NattedPhone(scene, "bob", "udp", "198.51.100.3", 1024)
        register(alice)
        bob.send(bob.request("INVITE", "sip:alice@example.com"))
        [invite] = alice.requests()
        remote = invite.contacts[0].uri_text
        assert remote == f"{bob.uri};alias=198.51.100.3~1024~1"
        alice.answer(invite, 200, "OK")
        assert bob.statuses() == [100, 200]
        routes = [f"Route: {route.text}" for route in invite.record_routes]
        fields = {"from_tag": "alice-to", "to_tag": "bob-tag", "call_id": "call-bob", "cseq": 9}
        alice.send(alice.request("BYE", remote, *routes, to="sip:bob@example.com", **fields))
        [bye] = bob.requests()
        assert (bye.method, bye.request_uri) == ("BYE", bob.uri)
        bob.answer(bye, 200, "OK")
        assert alice.statuses() == [200]
        alice.answer(invite, 200, "OK")  # its ACK was lost
        assert bob.statuses() == [200]


PINGS = """
[modules.usrloc]
nat_bflag = 6
[modules.nathelper]
received_avp = "$avp(RECEIVED)"
natping_interval = 10
ping_nated_only = 1
"""


def test_only_phones_behind_nat_are_pinged() -> None:
    with Scene(DEFAULT, KEPT + PINGS) as scene:
        alice = scene.phone("alice", host="198.51.100.2")
        bob = NattedPhone(scene, "bob", "udp", "198.51.100.3", 1024)
        register(alice)
        register(bob)
        before = len(bob.received)
        scene.advance(30)
        assert bob.texts[before:] == ["\0\0\0\0"] * 3
        assert len(alice.received) == 1


def test_phones_are_pinged_by_requests() -> None:
    settings = KEPT + PINGS + 'sipping_bflag = 6\nsipping_from = "sip:ping@example.com"\n'
    with Scene(DEFAULT, settings) as scene:
        bob = NattedPhone(scene, "bob", "udp", "198.51.100.3", 1024)
        register(bob)
        for seconds in (1, 10):
            scene.advance(seconds)
            [ping] = bob.requests()
            assert (ping.method, ping.request_uri, ping.from_.uri_text) == (
                "OPTIONS",
                bob.uri,
                "sip:ping@example.com",
            )
            bob.answer(ping, 200, "OK")
        scene.advance(5)
        assert bob.requests() == []
        register(bob, "Expires: 0")


def test_a_phone_that_does_not_answer_pings_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServerServices, "wall_clock", lambda services: 1_800_000_000.0 + services.now())
    settings = KEPT + PINGS + 'sipping_bflag = 6\nsipping_from = "sip:ping@example.com"\nkeepalive_timeout = 25\n'
    with Scene(DEFAULT, settings) as scene:
        alice = scene.phone("alice", host="198.51.100.2")
        bob = NattedPhone(scene, "bob", "udp", "198.51.100.3", 1024)
        register(bob)
        for _ in range(6):
            scene.advance(10)
            pings = [request for request in bob.requests() if request.method == "OPTIONS"]
            assert pings
            bob.answer(pings[-1], 200, "OK")
        scene.advance(60)  # the battery is empty
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        assert alice.statuses() == [404]
