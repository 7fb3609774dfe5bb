"""lua/push.lua, in both forms: calls that wait for a phone which a push message wakes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from luasip.modules.luasip_http import Http
from luasip.sip.message import Response
from tests.http_stub import HttpStub
from tests.scenarios.scene import Phone, Scene

LUA = Path(__file__).parents[2] / "lua"
FORMS = {  # settings of the script, definitions
    "wait": ("", ""),
    "t_suspend": ("", "HOLD_BY_T_SUSPEND = true\n"),
    "t_suspend, blocking": ('suspend = "explicit"\n', "HOLD_BY_T_SUSPEND = true\n"),
}
GATEWAY = "http://push.example.net/wake"


class Push(Scene):
    """lua/push.lua with a gateway that answers with `handler`; 202 without one."""

    def __init__(
        self, form: str, handler: Callable[[requests.PreparedRequest], Any] | None = None, url: str = ""
    ) -> None:
        script_settings, definitions = FORMS[form]
        kept = f'dbtable=vtp;dbmode=1;"\ndb_expires = 1\ndb_url = "{url}"' if url else '"'
        settings = (
            f'{script_settings}[define]\nPUSH_GATEWAY = "{GATEWAY}"\n{definitions}'
            f'[modules.htable]\nhtable = "vtp=>size=10;autoexpire=120;{kept}\n'
            "[modules.cfgutils]\nlock_set_size = 8\n"
        )
        script = f'package.path = "{LUA}/?.lua;" .. package.path\n' + (LUA / "push.lua").read_text("utf-8")
        super().__init__(script, settings)
        self.gateway = HttpStub(handler or (lambda request: 202))
        [http] = [module for module in self.server.modules if isinstance(module, Http)]
        http.transfer.mount("http://", self.gateway)
        self._registrations = 0

    def register(self, phone: Phone, expires: int = 600) -> None:
        """Register a phone, which may have been woken by it."""
        self._registrations += 1
        address = f"sip:{phone.name}@example.com"
        phone.send(
            phone.request(
                "REGISTER",
                "sip:example.com",
                f"Expires: {expires}",
                to=address,
                call_id=f"register-{phone.name}",
                cseq=self._registrations,
            )
        )

    def waiting(self, user: str = "bob") -> Any:
        """What the table of Kamailio's form has for a user."""
        [htable] = [module for module in self.server.modules if module.name == "htable"]
        return htable.table("vtp").value(f"join::{user}")  # type: ignore[attr-defined]


def answers(phone: Phone) -> list[int]:
    """Statuses received since the last call, but for 100, which is not sent where nothing waits."""
    return [status for status in phone.statuses() if status > 100]


every_form = pytest.mark.parametrize("form", FORMS)


@every_form
def test_call_waits_for_the_phone(form: str) -> None:
    with Push(form) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com", call_id="held")
        alice.send(invite)
        method, url, body = scene.gateway.sent()
        assert (method, url) == ("POST", GATEWAY)
        assert json.loads(body) == {"user": "bob", "from": "sip:alice@example.com", "call_id": "held"}
        last = alice.messages[-1]
        assert isinstance(last, Response)
        assert (last.status, last.reason) == (110, "Push sent")
        assert answers(alice) == [110]
        scene.advance(20)
        alice.send(invite)  # a retransmission starts nothing anew
        assert alice.statuses() == [110]
        scene.register(bob)
        [received] = bob.requests()
        assert (received.method, received.request_uri) == ("INVITE", bob.uri)
        assert len(received.record_routes) == 1
        bob.answer(received, 180, "Ringing")
        scene.advance(35)  # longer than fr_timer, and past the deadline of the waiting
        bob.answer(received, 200, "OK")
        assert alice.statuses() == [180, 200]
        assert len(scene.gateway.requests) == 1
        assert scene.waiting() is None


@every_form
def test_contact_is_there_already(form: str) -> None:
    with Push(form) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        scene.register(bob)
        bob.statuses()
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        bob.answer(bob.requests()[0], 200, "OK")
        assert answers(alice) == [200]
        assert scene.gateway.requests == []


@every_form
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (404, "Destination Unknown"),
        (410, "Destination Unknown"),
        (500, "No Link"),
        (302, "No Link"),
        (requests.ConnectionError("refused"), "No Link"),
        (requests.Timeout("late"), "No Link"),
    ],
)
def test_gateway_does_not_help(form: str, answer: Any, reason: str) -> None:
    with Push(form, lambda request: answer) as scene:
        alice = scene.phone("alice")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        final = alice.messages[-1]
        assert isinstance(final, Response)
        assert (final.status, final.reason) == (501, reason)
        alice.send(alice.ack(invite, final))
        assert answers(alice) == [501]
        assert scene.waiting() is None


@every_form
def test_phone_never_comes(form: str) -> None:
    with Push(form) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        scene.advance(59)
        assert answers(alice) == [110]
        scene.advance(2)
        final = alice.next()
        assert (final.status, final.reason) == (480, "Temporarily Unavailable")
        alice.send(alice.ack(invite, final))
        assert scene.waiting() is None
        scene.register(bob)
        assert bob.requests() == []
        assert "Traceback" not in scene.log.text()
        assert "t_continue" not in scene.log.text()


@every_form
def test_several_calls_wait_for_one_user(form: str) -> None:
    with Push(form) as scene:
        callers = [scene.phone(f"caller{number}") for number in range(3)]
        bob, carol = scene.phone("bob"), scene.phone("carol")
        for caller in callers:
            caller.send(caller.request("INVITE", "sip:bob@example.com"))
            scene.advance(5)
        other = scene.phone("other")
        other.send(other.request("INVITE", "sip:carol@example.com"))
        assert len(scene.gateway.requests) == 4
        scene.register(bob)
        received = bob.requests()
        assert sorted(request.from_.uri.user for request in received) == ["caller0", "caller1", "caller2"]
        for request in received:
            bob.answer(request, 200, "OK")
        assert [answers(caller) for caller in callers] == [[110, 200]] * 3
        assert answers(other) == [110]
        assert scene.waiting() is None
        scene.register(carol)
        carol.answer(carol.requests()[0], 200, "OK")
        assert other.statuses() == [200]


@every_form
def test_one_of_several_gives_up(form: str) -> None:
    with Push(form) as scene:
        early, late, bob = scene.phone("early"), scene.phone("late"), scene.phone("bob")
        early.send(early.request("INVITE", "sip:bob@example.com"))
        scene.advance(40)
        late.send(late.request("INVITE", "sip:bob@example.com"))
        scene.advance(30)
        assert answers(early)[:2] == [110, 480]
        scene.register(bob)
        [received] = bob.requests()
        assert received.from_.uri.user == "late"
        bob.answer(received, 200, "OK")
        assert answers(late) == [110, 200]


@every_form
def test_caller_hangs_up_while_waiting(form: str) -> None:
    with Push(form) as scene:
        alice, carol, bob = scene.phone("alice"), scene.phone("carol"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        carol.send(carol.request("INVITE", "sip:bob@example.com"))
        alice.statuses()
        alice.send(alice.cancel(invite))
        final = alice.messages[-1]
        assert isinstance(final, Response)
        alice.send(alice.ack(invite, final))
        assert sorted(alice.statuses()) == [200, 487]
        scene.register(bob)
        [received] = bob.requests()  # carol's call still comes
        assert received.from_.uri.user == "carol"
        bob.answer(received, 200, "OK")
        assert answers(carol) == [110, 200]
        scene.advance(70)
        assert alice.statuses() == []
        said = scene.log.text().splitlines()  # Kamailio's way finds the ended call in its list
        assert [line for line in said if "is not suspended" not in line] == []
        assert scene.waiting() is None


@every_form
def test_phone_registers_while_the_push_is_under_way(form: str) -> None:
    phones: list[Phone] = []

    def woken(request: requests.PreparedRequest) -> int:
        scene.register(phones[0])
        return 202

    with Push(form, woken) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        phones.append(bob)
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        [received] = bob.requests()
        bob.answer(received, 200, "OK")
        assert answers(alice) == [110, 200]
        assert scene.waiting() is None


@every_form
def test_phone_registers_again_and_again(form: str) -> None:
    with Push(form) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        for _ in range(3):
            scene.register(bob)
        requests_ = bob.requests()
        assert [request.method for request in requests_] == ["INVITE"]
        bob.answer(requests_[0], 200, "OK")
        assert answers(alice) == [110, 200]
        assert scene.log.text() == ""


@every_form
def test_unregistering_wakes_nobody(form: str) -> None:
    with Push(form) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        scene.register(bob, expires=0)
        assert bob.requests() == []
        scene.advance(10)
        scene.register(bob)
        assert [request.method for request in bob.requests()] == ["INVITE"]


@every_form
def test_other_requests_do_not_wait(form: str) -> None:
    with Push(form) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        assert alice.statuses() == [404]
        assert scene.gateway.requests == []


def test_who_waits_is_kept_in_the_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/push.db"
    scene = Push("t_suspend", url=url)
    alice = scene.phone("alice")
    alice.send(alice.request("INVITE", "sip:bob@example.com"))
    waiting = scene.waiting()
    assert waiting
    scene.close(check=False)
    with Push("t_suspend", url=url) as scene:
        assert scene.waiting() == waiting
        bob = scene.phone("bob")
        scene.register(bob)  # the call ended with the server that held it
        assert bob.statuses() == [200]
        assert scene.waiting() is None
        assert "t_continue: there is no transaction" in scene.log.text()
