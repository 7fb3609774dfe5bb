"""Passwords from the environment and from files, with everything logged and a database that is not there."""

from pathlib import Path

import pytest

from tests.wire.peer import Peer
from tests.wire.process import Served, free_port, luasip, wait_for

SECRETS = ("hush-hush-1", "hush-hush-2", "hush-hush-3")

SETTINGS = """
[server.log]
level = "dbg"
file = "all.log"
[modules.sqlops]
sqlcon = ["db=>mysql://user:${LUASIP_TEST_SECRET}@127.0.0.1:PORT/calls"]
connect_mode = 1
[modules.luasip]
secret = "${file:key}"
[modules.http_client]
httpcon = ["api=>http://user:hush-hush-3@127.0.0.1:PORT/x"]
"""

SCRIPT = """
function ksr_request_route()
    KSR.sqlops.sql_query("db", "select 1", "ra")
    KSR.http_client.curl_connect("api", "", "", "", "$var(body)")
    KSR.sl.send_reply(200, luasip.sign("x"))
end
"""


def test_secrets_are_in_no_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUASIP_TEST_SECRET", SECRETS[0])
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/key").write_text(f"{SECRETS[1]}-and-more\n")
    with Served(tmp_path, SETTINGS.replace("PORT", str(free_port())), SCRIPT) as server:
        with Peer(server.address, timeout=15.0) as peer:
            assert peer.ask(peer.request("OPTIONS", "")).status == 200
        wait_for(lambda: server.logged("calls"), "the database to fail")
        written = (tmp_path / "conf/all.log").read_text("utf-8") + "".join(server.log)
    assert "calls" in written  # the failure was told
    assert [secret for secret in SECRETS if secret in written] == []
    checked = luasip("check", "-c", server.config)
    assert checked.returncode == 0
    monkeypatch.delenv("LUASIP_TEST_SECRET")
    missing = luasip("check", "-c", server.config)
    assert missing.returncode == 1
    assert "${LUASIP_TEST_SECRET}: LUASIP_TEST_SECRET is not in the environment" in missing.stderr
