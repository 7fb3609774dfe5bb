"""lua/missed_call.lua: the caller's answer, the queue, and deliveries that succeed, fail and are given up.

lua/oauth1.lua is replaced by one that writes down what it is given; tests/wire/test_missed_call.py has the real one.
"""

import logging
from pathlib import Path

import pytest

from luasip.storage import Databases
from tests.scenarios.scene import Phone, Scene

LUA = Path(__file__).parents[2] / "lua"

OAUTH1 = """
local folder = "%s/"
return { post = function(url, fields, keys, seconds)
    local answers = io.open(folder .. "answer")
    local answer = answers and answers:read("a") or "200"
    if answers then answers:close() end
    local log = io.open(folder .. "posts", "a")
    log:write(table.concat({ url, fields.screen_name, fields.text, keys.consumer_key, keys.token_secret }, "|"), "\\n")
    log:close()
    if answer == "refused" then return nil, "connection refused" end
    return tonumber(answer)
end }
"""


class MissedCalls(Scene):
    """lua/missed_call.lua with users in a database."""

    def __init__(self, folder: Path) -> None:
        self.work = folder
        url = f"sqlite:///{folder}/users.db"
        database = Databases().open(url)
        database.execute(
            "create table if not exists sipweetusers (id integer primary key, twuser text, sipuser text)"
        )
        database.execute("delete from sipweetusers")
        database.execute(
            "insert into sipweetusers (twuser, sipuser) values ('bob_tweets', 'bob'), ('carol_t', 'carol')"
        )
        script = f'package.path = package.path .. ";{LUA}/?.lua"\n' + (LUA / "missed_call.lua").read_text("utf-8")
        super().__init__(
            script,
            f"""
[define]
MESSAGES_URL = "http://messages.example.net/new"
OAUTH_CONSUMER_KEY = "ck"
OAUTH_CONSUMER_SECRET = "cs"
OAUTH_TOKEN = "t"
OAUTH_TOKEN_SECRET = "ts"
[modules.mqueue]
mqueue = "name=missed_calls;size=100;durable=1"
journal = "{folder}/journal"
[modules.rtimer]
timer = "name=missed_calls;interval=10;mode=1;"
exec = "timer=missed_calls;route=deliver_missed_calls"
[modules.sqlops]
sqlcon = "users=>{url}"
""",
        )
        (Path(self.folder.name) / "oauth1.lua").write_text(OAUTH1 % folder, "utf-8")

    def answer(self, text: str) -> None:
        """What posting gives from now on: a status, or "refused"."""
        (self.work / "answer").write_text(text)

    def posts(self) -> list[list[str]]:
        """What was posted since the last call: URL, account, text, keys."""
        file = self.work / "posts"
        if not file.exists():
            return []
        lines = file.read_text("latin-1").splitlines()
        file.unlink()
        return [line.split("|") for line in lines]


def call(phone: Phone, user: str, number: int = 0) -> None:
    """A call that is answered with 404."""
    invite = phone.request("INVITE", f"sip:{user}@example.com", call_id=f"call-{phone.name}-{number}")
    phone.send(invite)
    assert phone.statuses() == [404]


def test_a_missed_call_is_told(tmp_path: Path) -> None:
    with MissedCalls(tmp_path) as scene:
        alice = scene.phone("alice")
        call(alice, "bob")
        assert scene.posts() == []
        scene.advance(10)
        (post,) = scene.posts()
        url, account, text, *keys = post
        assert (url, account, keys) == ("http://messages.example.net/new", "bob_tweets", ["ck", "ts"])
        assert text.startswith("Missed call from sip:alice@example.com, ")
        scene.advance(60)
        assert scene.posts() == []


def test_who_has_no_account_gets_nothing(tmp_path: Path) -> None:
    with MissedCalls(tmp_path) as scene:
        alice = scene.phone("alice")
        call(alice, "nobody")
        call(alice, "x'or'1'='1", 1)
        alice.send(alice.request("MESSAGE", "sip:bob@example.com", call_id="message"))
        assert alice.statuses() == [404]
        scene.advance(30)
        assert scene.posts() == []
        assert scene.log.text(logging.WARNING) == ""


def test_a_user_who_has_a_phone_gets_the_call(tmp_path: Path) -> None:
    with MissedCalls(tmp_path) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        bob.send(bob.request("REGISTER", "sip:example.com", to="sip:bob@example.com", call_id="register"))
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        assert bob.statuses() == [200]
        bob.answer(bob.messages[-1], 200, "OK")  # type: ignore[arg-type]
        scene.advance(30)
        assert scene.posts() == []


@pytest.mark.parametrize("failure", ["refused", "500", "503", "401", "429", "302"])
def test_delivery_is_tried_until_it_succeeds(tmp_path: Path, failure: str) -> None:
    with MissedCalls(tmp_path) as scene:
        alice = scene.phone("alice")
        scene.answer(failure)
        call(alice, "bob")
        call(alice, "carol", 1)
        tried: list[str] = []
        for _ in range(4):  # a failure ends its round; the next one begins with the next message
            scene.advance(10)
            tried += [post[1] for post in scene.posts()]
        assert tried == ["bob_tweets", "carol_t", "bob_tweets", "carol_t"]
        assert "not delivered, will be tried again" in scene.log.text()
        scene.answer("200")
        scene.advance(10)
        assert [post[1] for post in scene.posts()] == ["bob_tweets", "carol_t"]
        scene.advance(30)
        assert scene.posts() == []


@pytest.mark.parametrize("refusal", ["403", "404"])
def test_a_refused_message_is_given_up(tmp_path: Path, refusal: str) -> None:
    with MissedCalls(tmp_path) as scene:
        scene.answer(refusal)
        call(scene.phone("alice"), "bob")
        scene.advance(40)
        assert len(scene.posts()) == 1
        assert f"refused with {refusal}, given up: Missed call from" in scene.log.text()


def test_database_is_away(tmp_path: Path) -> None:
    with MissedCalls(tmp_path) as scene:
        database = Databases().open(f"sqlite:///{tmp_path}/users.db")
        database.execute("alter table sipweetusers rename to elsewhere")
        call(scene.phone("alice"), "bob")
        scene.advance(25)
        assert scene.posts() == []
        database.execute("alter table elsewhere rename to sipweetusers")
        scene.advance(10)
        assert len(scene.posts()) == 1


def test_messages_outlive_the_server(tmp_path: Path) -> None:
    with MissedCalls(tmp_path) as scene:
        scene.answer("refused")
        call(scene.phone("alice"), "bob")
        scene.advance(10)
        scene.posts()
    with MissedCalls(tmp_path) as scene:
        scene.posts()
        scene.answer("200")
        scene.advance(10)
        (post,) = scene.posts()
        assert post[1] == "bob_tweets"
