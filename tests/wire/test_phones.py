"""Two real phones (pjsua2), one over UDP and one over TCP, through the configuration of scripts/serve."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from luasip.sip.digest import compute_ha1
from luasip.storage import Databases
from luasip.storage.tables import subscriber_table
from tests.wire.peer import Peer
from tests.wire.process import ROOT, Served

PASSWORD = "correct horse"


def talk(server: Served, password: str = "") -> None:
    """Both phones register, call each other, and unregister."""
    arguments = [f"127.0.0.1:{server.port}", *([password] if password else [])]
    result = subprocess.run(
        [sys.executable, "-m", "tests.wire.phones", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["registered"] == [200, 200]
    for call in (found["alice calls bob"], found["bob calls alice"]):
        assert call["confirmed"], call
        assert call["digits"] == ["12#", "0*"]
        assert min(call["packets"]) >= 25
        assert call["ended"]
    assert found["unregistered"] == [200, 200]


def test_two_phones_register_and_call_each_other(served: Served) -> None:
    talk(served)
    with Peer(served.address) as peer:
        for name in ("alice", "bob"):
            answer = peer.ask(peer.request("REGISTER", name))
            assert answer.status == 200
            assert answer.contacts == []


@pytest.mark.parametrize(
    ("algorithms", "kind"),
    [("MD5", "hash"), ("SHA-256, MD5", "password"), ("SHA-512-256, SHA-256, MD5", "password")],
)
def test_phones_with_passwords(tmp_path: Path, algorithms: str, kind: str) -> None:
    url = f"sqlite:///{tmp_path}/users.db"
    databases = Databases()
    databases.open(url).create_table(subscriber_table("subscriber"))
    for user in ("alice", "bob"):
        row = [user, "127.0.0.1", PASSWORD, compute_ha1(user, "127.0.0.1", PASSWORD)]
        statement = "insert into subscriber (username, domain, password, ha1) values (?, ?, ?, ?)"
        databases.open(url).execute_positional(statement, row)
    databases.close()
    plain = 'calculate_ha1 = 1\npassword_column = "password"\n' if kind == "password" else ""
    asking = f'[modules.auth]\nalgorithm = "{algorithms}"\nnonce_count = 1\n'
    settings = f'{asking}[modules.auth_db]\ndb_url = "{url}"\n{plain}'
    with Served(tmp_path, settings) as server:
        talk(server, PASSWORD)
        with Peer(server.address) as peer:
            assert peer.ask(peer.request("REGISTER", "alice")).status == 401
        assert not server.logged("wrong passwords")
