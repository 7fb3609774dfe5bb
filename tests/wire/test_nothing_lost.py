"""What acc and mqueue have taken is there once, whether the server or the database was killed."""

import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from luasip.storage import Databases
from tests.wire import sipp
from tests.wire.mariadb import MariaDb
from tests.wire.peer import Peer
from tests.wire.process import Served, luasip, wait_for

SCRIPT = """
require("default")
local relay_request = relay
function relay()
    KSR.setflag(10)
    relay_request()
end
"""
ACC = """
[modules.acc]
db_flag = 10
db_url = "{url}"
journal = "{folder}/journal"
db_extra = "caller=$fU"
"""
QUERY = "select method, callid, to_tag, sip_code, caller from acc"

Row = tuple[str, ...]


def accounting(folder: Path, url: str) -> Served:
    """A server that accounts every INVITE and every BYE."""
    made = Served(folder, ACC.format(url=url, folder=folder))
    (folder / "lua/accounting.lua").write_text(SCRIPT, "utf-8")
    text = made.config.read_text("utf-8").replace("lua/default.lua", "lua/accounting.lua")
    made.config.write_text(text, "utf-8")
    return made


def check(rows: list[Row], calls: int) -> None:
    """Each call has two rows, one for its INVITE and one for its BYE."""
    assert len(rows) == 2 * calls
    assert len(set(rows)) == 2 * calls
    assert sorted(row[0] for row in rows) == ["BYE"] * calls + ["INVITE"] * calls
    assert {row[3:] for row in rows} == {("200", "caller")}


def waiting(server: Served) -> int:
    """Bytes in the journal."""
    return sum(file.stat().st_size for file in (server.folder / "journal").glob("*.journal"))


@pytest.fixture
def mariadb(tmp_path: Path) -> Iterator[MariaDb]:
    (tmp_path / "mariadb").mkdir()
    made = MariaDb(tmp_path / "mariadb", durable=True)
    yield made
    made.stop()


def test_mariadb_is_killed_and_so_is_the_server(tmp_path: Path, mariadb: MariaDb) -> None:
    def rows() -> list[Row]:
        databases = Databases()
        try:
            return [tuple(map(str, row)) for row in databases.open(mariadb.url).execute(QUERY).rows]
        finally:
            databases.close()

    with (
        accounting(tmp_path / "server", mariadb.url) as server,
        sipp.callee(server, tmp_path / "callee", "bob"),
    ):
        process = sipp.start_calls(server, tmp_path / "caller", "bob", 120, 40)
        wait_for(lambda: waiting(server) > 8000, "the first calls")
        mariadb.kill()
        result = sipp.end_calls(process, tmp_path / "caller", 30)
        assert (result.successful, result.failed) == (120, 0), result
        wait_for(lambda: server.logged("records wait in"), "the failure to be logged", 20)
        server.stop(signal.SIGKILL)
        assert waiting(server) > 0
        server.start()
        mariadb.start()
        wait_for(lambda: len(rows()) >= 240, "all rows", 40)
        server.stop()
        assert waiting(server) == 0
        check(rows(), 120)


def test_a_database_that_is_down_at_start(tmp_path: Path, mariadb: MariaDb) -> None:
    """A server that would forget its contacts does not begin: it says why, and its service manager tries again."""
    settings = f'[modules.usrloc]\ndb_url = "{mariadb.url}"\ndb_mode = 1\n'
    with Served(tmp_path / "server", settings) as server:
        with Peer(server.address) as phone:
            contact = f"sip:bob@{phone.address}"
            assert phone.register("bob", contact).status == 200
        server.stop(signal.SIGKILL)
        mariadb.kill()
        refused = luasip("run", "-c", server.config)
        assert refused.returncode != 0
        assert "luasip: database mysql://sip@127.0.0.1:" in refused.stderr
        assert "p@ss" not in refused.stderr
        mariadb.start()
        server.start()
        with Peer(server.address) as phone:
            found = phone.ask(phone.request("REGISTER", "bob"))
            assert [each.uri_text for each in found.contacts] == [contact]


def test_a_locked_database_holds_nothing_up(tmp_path: Path) -> None:
    file = tmp_path / "acc.db"

    def rows() -> list[Row]:
        with sqlite3.connect(file) as connection:
            return connection.execute(QUERY).fetchall()

    with accounting(tmp_path / "server", f"sqlite:///{file}") as server:
        with sipp.callee(server, tmp_path / "callee", "bob"):
            assert sipp.call(server, tmp_path / "first", "bob", 5, 10).successful == 5
            wait_for(lambda: len(rows()) == 10, "the first rows")
            lock = sqlite3.connect(file, isolation_level=None)
            lock.execute("begin exclusive")
            result = sipp.call(server, tmp_path / "caller", "bob", 100, 50)
            assert (result.successful, result.failed) == (100, 0), result
            server.stop(signal.SIGKILL)
            lock.rollback()
            lock.close()
            assert len(rows()) == 10
        server.start()
        wait_for(lambda: len(rows()) >= 210, "all rows", 20)
        server.stop()
        check(rows(), 105)
        assert waiting(server) == 0


QUEUES = """
function ksr_request_route()
    if KSR.is_method("MESSAGE") then
        local code = KSR.mqueue.mq_add("kept", KSR.kx.get_callid(), "text")
        KSR.sl.send_reply(code > 0 and 200 or 500, "Queued")
    elseif KSR.mqueue.mq_fetch("kept") > 0 then
        KSR.sl.send_reply(200, KSR.mqueue.mqk_get("kept"))
    else
        KSR.sl.send_reply(404, "Empty")
    end
end
"""


def fetched(phone: Peer) -> str:
    """The key of the next item, "" when there is none."""
    answer = phone.ask(phone.request("OPTIONS", "", call_id=""))
    return answer.reason if answer.status == 200 else ""


def test_a_durable_queue(tmp_path: Path) -> None:
    settings = f'[modules.mqueue]\nmqueue = "name=kept;durable=1"\njournal = "{tmp_path}/journal"\n'
    with Served(tmp_path / "server", settings, QUEUES) as server:
        accepted: list[str] = []
        with Peer(server.address) as phone:
            for number in range(200):
                answer = phone.ask(phone.request("MESSAGE", "bob", call_id=f"item-{number}"))
                assert answer.status == 200
                accepted.append(f"item-{number}")
            taken = [fetched(phone) for _ in range(50)]
            assert taken == accepted[:50]
        server.stop(signal.SIGKILL)
        server.start()
        with Peer(server.address) as phone:
            rest = []
            while found := fetched(phone):
                rest.append(found)
        assert rest == accepted[50:]
        server.stop(signal.SIGKILL)
        server.start()
        with Peer(server.address) as phone:
            assert fetched(phone) == ""
