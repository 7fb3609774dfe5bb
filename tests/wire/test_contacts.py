"""Contacts in a SQLite file outlive the process that kept them."""

import signal
from pathlib import Path

import pytest

from luasip.sip.message import Request
from luasip.sip.response import build_response
from tests.wire.peer import Peer
from tests.wire.process import Served

WRITE_THROUGH = '[modules.usrloc]\ndb_url = "sqlite:///var/luasip.db"\ndb_mode = 1\n'


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_contacts_survive(tmp_path: Path, number: signal.Signals) -> None:
    with Served(tmp_path, WRITE_THROUGH) as server:
        with Peer(server.address) as phone:
            for index in range(10):
                contact = f"sip:user{index}@{phone.address};line={index}"
                assert phone.register(f"user{index}", contact).status == 200
            assert phone.register("user9", f"sip:user9@{phone.address};line=9", expires=0).status == 200
        server.stop(number)
        server.start()
        with Peer(server.address) as phone:
            for index in range(10):
                answer = phone.ask(phone.request("REGISTER", f"user{index}"))
                lines = [contact.uri.params.get("line") for contact in answer.contacts]
                assert lines == ([str(index)] if index < 9 else [])
                assert all(590 < int(contact.params["expires"]) <= 600 for contact in answer.contacts)


def test_calls_reach_a_contact_from_before_the_crash(tmp_path: Path) -> None:
    with Served(tmp_path, WRITE_THROUGH) as server, Peer(server.address) as bob:
        assert bob.register("bob", f"sip:bob@{bob.address}").status == 200
        server.stop(signal.SIGKILL)
        server.start()
        with Peer(server.address) as alice:
            alice.send(alice.request("MESSAGE", "bob"))
            received = bob.receive()
            assert isinstance(received, Request)
            assert received.request_uri == f"sip:bob@{bob.address}"
            bob.send(build_response(received, 200, "OK", to_tag="bob"))
            assert alice.receive().text.startswith("SIP/2.0 200 OK")
