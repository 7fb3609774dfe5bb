"""lua/missed_call.lua over real sockets: signed posts, a service that hangs, fails and comes back."""

import base64
import hashlib
import hmac
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote

import pytest

from luasip.storage import Databases
from tests.wire.mariadb import MariaDb
from tests.wire.peer import Peer
from tests.wire.posts import Post, Posts
from tests.wire.process import ROOT, Served, wait_for

SECRETS = ("consumer secret", "token secret")
"""Those of conf/missed_call.toml."""
PATH = "/1/direct_messages/new.json"
TABLE = "create table sipweetusers (id integer primary key, twuser varchar(64) not null, sipuser varchar(64) not null)"


def is_signed(post: Post, url: str) -> bool:
    """Whether a post carries the right signature (RFC 5849 §3.4)."""
    scheme, _, rest = post.headers.get("authorization", "").partition(" ")
    shown = {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', rest)}
    signature = shown.pop("oauth_signature", "")
    parameters = [*shown.items(), *parse_qsl(post.body.decode(), keep_blank_values=True)]
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in parameters)
    joined = "&".join(f"{name}={value}" for name, value in encoded)
    base_string = "&".join(quote(part, safe="~") for part in ("POST", url + post.path, joined))
    key = "&".join(quote(secret, safe="~") for secret in SECRETS)
    expected = hmac.digest(key.encode(), base_string.encode(), hashlib.sha1)
    fresh = abs(int(shown["oauth_timestamp"]) - time.time()) < 60
    return scheme == "OAuth" and fresh and base64.b64encode(expected).decode() == signature


def fields(post: Post) -> dict[str, str]:
    """What was posted."""
    return dict(parse_qsl(post.body.decode()))


@pytest.fixture(params=["sqlite", "mariadb"])
def users(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database with the users, on two kinds of server."""
    if request.param == "sqlite":
        yield from with_users(f"sqlite:///{tmp_path}/users.db")
        return
    (tmp_path / "mariadb").mkdir()
    server = MariaDb(tmp_path / "mariadb")
    try:
        yield from with_users(server.url)
    finally:
        server.stop()


def with_users(url: str) -> Iterator[str]:
    """The URL, with twenty users in the database."""
    databases = Databases()
    database = databases.open(url)
    database.execute(TABLE)
    for number in range(20):
        database.execute(f"insert into sipweetusers values ({number}, 'tweets_{number}', 'user{number}')")
    databases.close()
    yield url


def served(folder: Path, service: str, users: str) -> Served:
    """A server with the settings of conf/missed_call.toml, but quicker and for what is on this machine."""
    text = (ROOT / "conf/missed_call.toml").read_text("utf-8")
    settings = text[text.index("[define]") :]
    settings = settings.replace("http://127.0.0.1:8080", service)
    settings = settings.replace("interval=10;", "interval=200m;")
    settings = settings.replace('"users=>sqlite:///var/luasip.db"', f'"users=>{users}"')
    made = Served(folder, settings)
    for name in ("missed_call", "oauth1", "hmac_sha1"):
        (folder / f"lua/{name}.lua").write_text((ROOT / f"lua/{name}.lua").read_text("utf-8"), "utf-8")
    text = made.config.read_text("utf-8").replace("lua/default.lua", "lua/missed_call.lua")
    made.config.write_text(text.replace("[server]\n", "[server]\nstop_timeout = 6.0\n", 1), "utf-8")
    (folder / "var").mkdir()
    return made


def call(peer: Peer, user: str) -> float:
    """Call somebody who has no phone; seconds until the 404."""
    began = time.monotonic()
    assert peer.ask(peer.request("INVITE", user, f"Contact: <sip:alice@{peer.address}>")).status == 404
    return time.monotonic() - began


def ping(peer: Peer) -> float:
    """Ask whether the server is there; seconds until it says so."""
    began = time.monotonic()
    assert peer.ask(peer.request("OPTIONS", "")).status == 200
    return time.monotonic() - began


def percentile(seconds: list[float]) -> float:
    """What nine of ten are below."""
    return sorted(seconds)[len(seconds) * 9 // 10]


def test_signed_messages_arrive(tmp_path: Path, users: str) -> None:
    with Posts(lambda post: 200) as service, served(tmp_path, service.url, users) as server:
        with Peer(server.address) as alice:
            for number in range(20):
                call(alice, f"user{number}")
            call(alice, "stranger")
            sender = f"@{alice.target}"
        wait_for(lambda: len(service.received) >= 20, "all messages")
        time.sleep(0.5)
        assert len(service.received) == 20
        assert [post for post in service.received if not is_signed(post, service.url)] == []
        assert {post.path for post in service.received} == {PATH}
        posted = {fields(post)["screen_name"]: fields(post)["text"] for post in service.received}
        assert sorted(posted) == sorted(f"tweets_{number}" for number in range(20))
        assert all(
            text.startswith("Missed call from sip:") and sender in text for text in posted.values()
        ), posted
        assert len({re.search('nonce="(.*?)"', post.headers["authorization"])[1] for post in service.received}) == 20  # type: ignore[index]
        assert not server.logged(" ERROR "), "".join(server.log)


def test_signalling_does_not_feel_a_service_that_hangs(tmp_path: Path) -> None:
    hangs = threading.Event()
    may_answer = threading.Event()

    def answer(post: Post) -> int:
        if not may_answer.is_set():
            hangs.set()
            may_answer.wait(30)
        return 200

    (url,) = with_users(f"sqlite:///{tmp_path}/users.db")
    with Posts(answer) as service, served(tmp_path, service.url, url) as server, Peer(server.address) as alice:
        quiet = percentile([ping(alice) for _ in range(100)])
        call(alice, "user0")
        assert hangs.wait(5)
        calls = percentile([call(alice, f"user{number % 20}") for number in range(100)])
        pings = percentile([ping(alice) for _ in range(100)])
        assert len(service.received) == 1  # it hung all the time
        assert max(calls, pings) < max(0.05, 3 * quiet)
        wait_for(lambda: server.logged("will be tried again"), "the delivery to be given up for now")
        may_answer.set()
        names = {f"tweets_{number}" for number in range(20)}
        wait_for(lambda: names <= {fields(post)["screen_name"] for post in service.received}, "all messages")
        assert not server.logged(" ERROR "), "".join(server.log)


def test_messages_wait_for_a_service_that_is_away(tmp_path: Path) -> None:
    (url,) = with_users(f"sqlite:///{tmp_path}/users.db")
    statuses = iter([500, 503])
    with Posts(lambda post: next(statuses, 200)) as service:
        pass  # its port is known, and nobody listens there
    with served(tmp_path, service.url, url) as server:
        with Peer(server.address) as alice:
            call(alice, "user1")
        wait_for(lambda: server.logged("connection refused"), "a first try")
        server.stop()
        server.start()  # the message is kept in the journal
        with Posts(lambda post: next(statuses, 200), port=service.port) as again:
            wait_for(lambda: len(again.received) == 3, "the message")
            time.sleep(0.5)
            assert [fields(post)["screen_name"] for post in again.received] == ["tweets_1"] * 3
            assert all(is_signed(post, again.url) for post in again.received)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_end_in_the_middle_of_a_delivery_loses_nothing(tmp_path: Path, number: signal.Signals) -> None:
    (url,) = with_users(f"sqlite:///{tmp_path}/users.db")
    hangs = threading.Event()
    released = threading.Event()

    def answer(post: Post) -> int:
        hangs.set()
        released.wait(30)
        return 200

    with Posts(answer) as service, served(tmp_path, service.url, url) as server:
        with Peer(server.address) as alice:
            for user in range(5):
                call(alice, f"user{user}")
        assert hangs.wait(5)
        server.stop(number)
        released.set()
        server.start()
        names = {f"tweets_{user}" for user in range(5)}
        wait_for(lambda: names <= {fields(post)["screen_name"] for post in service.received[1:]}, "all messages")
        assert all(is_signed(post, service.url) for post in service.received)
