"""lua/push.lua with real phones: a push gateway wakes a phone, whose call waits meanwhile, and talks then."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from luasip.sip.message import Request, Response
from luasip.sip.response import build_response
from tests.wire.peer import Peer
from tests.wire.posts import Post, Posts
from tests.wire.process import ROOT, Served

FORMS = {"wait": "false", "t_suspend": "true"}


def served(folder: Path, form: str, gateway: Posts, deadline: int = 60) -> Served:
    """A server with the settings of conf/push.toml but for what is on this machine."""
    text = (ROOT / "conf/push.toml").read_text("utf-8")
    settings = text[text.index("[define]") :]
    settings = settings.replace("http://127.0.0.1:8080", gateway.url)
    settings = settings.replace("HOLD_BY_T_SUSPEND = false", f"HOLD_BY_T_SUSPEND = {FORMS[form]}")
    settings = settings.replace("PUSH_DEADLINE = 60", f"PUSH_DEADLINE = {deadline}")
    made = Served(folder, settings)
    (folder / "lua/push.lua").write_text((ROOT / "lua/push.lua").read_text("utf-8"), "utf-8")
    made.config.write_text(made.config.read_text("utf-8").replace("lua/default.lua", "lua/push.lua"), "utf-8")
    (folder / "var").mkdir()
    return made


def status(peer: Peer) -> int:
    """Status of the next message, which must be a response."""
    message = peer.receive()
    assert isinstance(message, Response)
    return message.status


@pytest.mark.parametrize("form", FORMS)
def test_a_push_message_wakes_the_phone(tmp_path: Path, form: str) -> None:
    phones: list[subprocess.Popen[str]] = []

    def wake(post: Post) -> int:
        stdin = phones[0].stdin
        assert stdin is not None
        stdin.write("wake up\n")
        stdin.flush()
        return 202

    with Posts(wake) as gateway, served(tmp_path, form, gateway) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.wire.push_phones", f"127.0.0.1:{server.port}"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        phones.append(process)
        try:
            assert process.stdout is not None
            output = process.stdout.read()
            assert process.wait(60) == 0
        finally:
            process.kill()
        assert not server.logged(" ERROR "), "".join(server.log)
    found = json.loads(output.splitlines()[-1])
    assert (found["asleep"], found["bob"], found["woken"]) == (0, 200, 1)
    for call in (found["first"], found["second"]):
        assert call["confirmed"], call
        assert call["digits"] == ["12#", "0*"]
        assert min(call["packets"]) >= 25
        assert call["ended"]
    assert 110 in found["first"]["statuses"]
    assert 110 not in found["second"]["statuses"]
    (post,) = gateway.received
    message = json.loads(post.body)
    assert (post.path, message["user"]) == ("/push", "bob")
    assert message["from"].startswith("sip:alice@")


@pytest.mark.parametrize("form", FORMS)
def test_calls_that_nobody_takes(tmp_path: Path, form: str) -> None:
    answers: dict[str, Any] = {"unknown": 404, "sleeper": 202, "broken": 500}
    expected = {"unknown": [501], "broken": [501], "sleeper": [110, 480]}
    with (
        Posts(lambda post: answers[json.loads(post.body)["user"]]) as gateway,
        served(tmp_path, form, gateway, deadline=1) as server,
    ):
        for user, statuses in expected.items():
            with Peer(server.address) as alice:
                alice.send(alice.request("INVITE", user, f"Contact: <sip:alice@{alice.address}>"))
                assert [status(alice) for _ in range(1 + len(statuses))] == [100, *statuses]


@pytest.mark.parametrize("form", FORMS)
def test_no_call_misses_its_phone(tmp_path: Path, form: str) -> None:
    """Phones that register, over another thread of the server, at about the time at which they are called."""
    users = [f"user{number}" for number in range(60)]
    random = Random(7)
    with (
        Posts(lambda post: 202) as gateway,
        served(tmp_path, form, gateway) as server,
        Peer(server.address, timeout=10) as alice,
        Peer(server.address, "tcp", timeout=10) as phones,
    ):

        def register() -> None:
            for user in users:
                time.sleep(random.uniform(0, 0.012))
                contact = f"Contact: <sip:{user}@{phones.address};transport=tcp>"
                phones.send(phones.request("REGISTER", user, contact))

        registering = threading.Thread(target=register)
        registering.start()
        for user in users:
            time.sleep(random.uniform(0, 0.012))
            alice.send(alice.request("INVITE", user, f"Contact: <sip:alice@{alice.address}>"))
        called: set[str] = set()
        while len(called) < len(users):
            message = phones.receive()
            if isinstance(message, Request):
                called.add(message.to.uri.user)
                phones.send(build_response(message, 486, "Busy Here", to_tag="phone"))
        registering.join()
        assert called == set(users)


@pytest.mark.parametrize("form", FORMS)
def test_many_calls_wait_for_one_phone(tmp_path: Path, form: str) -> None:
    with (
        Posts(lambda post: 202) as gateway,
        served(tmp_path, form, gateway) as server,
        Peer(server.address) as alice,
        Peer(server.address, "tcp") as bob,
    ):
        for _ in range(50):
            alice.send(alice.request("INVITE", "bob", f"Contact: <sip:alice@{alice.address}>"))
        for _ in range(100):
            assert status(alice) in (100, 110)
        bob.send(bob.request("REGISTER", "bob", f"Contact: <sip:bob@{bob.address};transport=tcp>"))
        calls: set[str] = set()
        while len(calls) < 50:
            message = bob.receive()
            if isinstance(message, Request):
                calls.add(message.call_id)
                bob.send(build_response(message, 486, "Busy Here", to_tag="bob"))
            else:
                assert message.status == 200
        assert [status(alice) for _ in range(50)] == [486] * 50
