"""lua/accounting_proxy.lua with a phone in the accounting server's place, and lua/accounting_server.lua."""

import logging
from pathlib import Path

import pytest

from luasip.server.services import ServerServices
from luasip.sip.message import Request
from luasip.storage import Databases
from tests.scenarios.scene import Phone, Scene

LUA = Path(__file__).parents[2] / "lua"
SERVER = "10.0.0.200"


class Proxy(Scene):
    """lua/accounting_proxy.lua with the settings of conf/accounting_proxy.toml."""

    def __init__(self, folder: Path) -> None:
        script = f'package.path = package.path .. ";{LUA}/?.lua"\n'
        script += (LUA / "accounting_proxy.lua").read_text("utf-8")
        settings = (LUA.parent / "conf/accounting_proxy.toml").read_text("utf-8")
        settings = settings[settings.index("[define]") :]
        settings = settings.replace("sip:127.0.0.1:5070", f"sip:{SERVER}:5060")
        settings = settings.replace("var/accounting-proxy", f"{folder}/journal")
        super().__init__(script, settings)

    def call(self, *statuses: int, user: str = "bob", **fields: str) -> Phone:
        """A call to `user` that is answered; gives the phone called."""
        alice = self.phone("alice")
        bob = self.phone(user)
        bob.send(bob.request("REGISTER", "sip:10.0.0.1", to=f"sip:{user}@example.com", call_id=f"reg-{user}"))
        invite = alice.request("INVITE", f"sip:{user}@example.com", **fields)
        alice.send(invite)
        (request,) = bob.requests()
        for status in statuses:
            bob.answer(request, status, to_tag=f"{user}1")
        return alice


def bodies(requests: list[Request]) -> list[list[str]]:
    """The fields of ACCOUNTING requests, without the time."""
    assert all(request.method == "ACCOUNTING" for request in requests)
    assert all(request.content_type == "text/accounting-csv" for request in requests)
    return [request.body.split(",")[1:] for request in requests]


RECORD = ["call-alice", "alice-tag", "bob1", "sip:alice@example.com", "sip:bob@example.com"]


def test_an_answered_call_is_told_at_once(tmp_path: Path) -> None:
    with Proxy(tmp_path) as scene:
        server = scene.phone("server", host=SERVER)
        scene.call(180, 200)
        requests = server.requests()
        assert bodies(requests) == [RECORD]
        server.answer(requests[0], 200, "Stored")
        scene.advance(200)
        assert server.requests() == []


def test_a_repeated_200_and_other_answers_tell_nothing(tmp_path: Path) -> None:
    with Proxy(tmp_path) as scene:
        server = scene.phone("server", host=SERVER)
        scene.call(200, 200, 200)
        assert len({request.call_id for request in server.requests()}) <= 3
        scene.call(486, user="carol", call_id="busy")
        assert not any(body[0] == "busy" for body in bodies(server.requests()))


def test_commas_do_not_separate(tmp_path: Path) -> None:
    with Proxy(tmp_path) as scene:
        server = scene.phone("server", host=SERVER)
        scene.call(200, from_uri="sip:a,b%2C@example.com")
        assert bodies(server.requests())[0][3] == "sip:a%2Cb%252C@example.com"


def test_what_is_not_stored_is_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServerServices, "wall_clock", lambda services: services.now())  # htable's
    with Proxy(tmp_path) as scene:
        server = scene.phone("server", host=SERVER)
        scene.call(200)
        server.answer(server.requests()[0], 503, "Later")
        assert "the accounting server answers 503; 1 records wait" in scene.log.text()
        scene.call(200, user="carol", call_id="second")
        scene.advance(1)
        assert server.requests() == []  # it is left alone
        scene.advance(5)
        requests = server.requests()
        assert {body[0] for body in bodies(requests)} == {"call-alice", "second"}
        for request in requests:
            server.answer(request, 200, "Stored")
        scene.advance(200)
        assert server.requests() == []


def test_records_outlive_the_proxy(tmp_path: Path) -> None:
    with Proxy(tmp_path) as scene:
        for number in range(3):  # nobody answers there
            scene.call(200, user=f"bob{number}", call_id=f"call{number}")
    with Proxy(tmp_path) as scene:
        server = scene.phone("server", host=SERVER)
        scene.advance(1.5)
        requests = server.requests()
        assert {body[0] for body in bodies(requests)} == {"call0", "call1", "call2"}
        for request in requests:
            server.answer(request, 200, "Stored")


def test_a_wrong_uri_is_told(tmp_path: Path) -> None:
    with Proxy(tmp_path) as scene:
        scene.server.services.defines["ACCOUNTING_SERVER"] = "nonsense uri"
        scene.call(200)
        assert "ACCOUNTING cannot be sent" in scene.log.text(logging.ERROR)


# The server

TABLE = """create table accounting (id integer primary key, time datetime not null, call_id varchar(255) not null,
from_tag varchar(128) not null, to_tag varchar(128) not null, source varchar(255) not null,
destination varchar(255) not null, unique (call_id, from_tag, to_tag))"""


class AccountingServer(Scene):
    """lua/accounting_server.lua with a table in SQLite."""

    def __init__(self, folder: Path, table: str = TABLE) -> None:
        url = f"sqlite:///{folder}/accounting.db"
        self.database = Databases().open(url)
        if table:
            self.database.execute(table)
        script = (LUA / "accounting_server.lua").read_text("utf-8")
        super().__init__(script, f'[modules.sqlops]\nsqlcon = ["accounting=>{url}"]')

    def tell(
        self, body: str, kind: str = "text/accounting-csv", method: str = "ACCOUNTING"
    ) -> tuple[int, str]:
        """Send a record; status and reason of the final answer."""
        phone = self.phone("proxy")
        phone.send(phone.request(method, "sip:10.0.0.1", f"Content-Type: {kind}", body=body))
        self.advance(0)
        answer = phone.unread[-1]
        assert not isinstance(answer, Request)
        return answer.status, answer.reason

    @property
    def rows(self) -> list[tuple[object, ...]]:
        return self.database.execute(
            "select time, call_id, from_tag, to_tag, source, destination from accounting"
        ).rows


BODY = "2026-11-23 02:00:00,id,f,t,sip:a%2C%25b@h,sip:b@h"


def test_a_record_is_stored_once(tmp_path: Path) -> None:
    with AccountingServer(tmp_path) as scene:
        assert [scene.tell(BODY) for _ in range(2)] == [(200, "Stored")] * 2
        assert scene.tell(BODY.replace(",f,t,", ",f,u,")) == (200, "Stored")
        assert scene.rows[0] == ("2026-11-23 02:00:00", "id", "f", "t", "sip:a,%b@h", "sip:b@h")
        assert len(scene.rows) == 2
        assert scene.log.text(logging.ERROR) == ""


def test_sql_in_a_record_stays_text(tmp_path: Path) -> None:
    with AccountingServer(tmp_path) as scene:
        evil = "x'); drop table accounting; --"
        assert scene.tell(f"2026-11-23 02:00:00,{evil},f,t,a,b") == (200, "Stored")
        assert scene.rows[0][1] == evil


@pytest.mark.parametrize(
    ("body", "kind", "method", "answer"),
    [
        (BODY, "text/plain", "ACCOUNTING", 415),
        ("", "text/accounting-csv", "ACCOUNTING", 400),
        ("a,b,c", "text/accounting-csv", "ACCOUNTING", 400),
        (BODY, "text/accounting-csv", "OPTIONS", 405),
    ],
)
def test_what_is_no_record(tmp_path: Path, body: str, kind: str, method: str, answer: int) -> None:
    with AccountingServer(tmp_path) as scene:
        assert scene.tell(body, kind, method)[0] == answer
        assert scene.rows == []


def test_a_database_that_is_away(tmp_path: Path) -> None:
    with AccountingServer(tmp_path, table="") as scene:
        assert scene.tell(BODY) == (500, "Not Stored")
