"""SQL over real databases: slow queries hold no receiver, types, and a database that goes away and comes back."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from luasip.storage import Databases
from tests.wire.load import ask, burst, reasons, under_load
from tests.wire.mariadb import MariaDb
from tests.wire.peer import Peer
from tests.wire.process import Served, wait_for

SCRIPT = """
local function answer(text) KSR.sl.send_reply(200, tostring(text)) end
local actions = {}
function actions.slow() answer("slow " .. KSR.sqlops.sql_query("db", "SLOW", "ra")) end
function actions.one() answer("one " .. KSR.sqlops.sql_query("db", "select 1", "ra")) end
function actions.types()
  KSR.sqlops.sql_query("db", "select * from types", "ra")
  local found = {}
  for column = 0, KSR.pv.get("$dbr(ra=>cols)") - 1 do
    local value = KSR.pv.get("$dbr(ra=>[0," .. column .. "])")
    found[#found + 1] = math.type(value) or type(value)
    found[#found + 1] = tostring(value)
  end
  answer(table.concat(found, " "))
end
function actions.bound()
  local rows, problem = luasip.sql.query("db", "select id, name, day, 'a%b?' as t from types where name = ? and id < ?",
    {"J\\xc3\\xbcrgen", 5})
  if not rows then return answer(problem) end
  answer(#rows .. " " .. rows[1].id .. " " .. rows[1].name .. " " .. rows[1].day .. " " .. rows[1].t)
end
function actions.count() answer(math.type(luasip.sql.query("db", "select count(*) as n from types")[1].n)) end
function actions.insert()
  answer(luasip.sql.execute("db", "insert into types (id, name) values (?, ?), (?, ?)", {7, "x", 8}))
end
function ksr_request_route()
  local action = actions[KSR.kx.get_ruser()]
  if action then return action() end
  KSR.sl.sl_send_reply(200, "quick")
end
"""
SETTINGS = '[pools.sql]\nthreads = 20\n[modules.sqlops]\nsqlcon = "db=>URL"\n'
MARIADB_SLOW = "select sleep(0.1)"
SQLITE_SLOW = (
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 400000) select count(*) from n"
)


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    database = MariaDb(tmp_path_factory.mktemp("mariadb"))
    yield database
    database.stop()


def served(folder: Path, url: str, slow: str) -> Served:
    return Served(folder, SETTINGS.replace("URL", url), SCRIPT.replace("SLOW", slow))


def test_slow_queries_hold_no_receiver(tmp_path: Path, mariadb: MariaDb) -> None:
    with served(tmp_path, mariadb.url, MARIADB_SLOW) as server:
        assert under_load(server.address, "slow", 100, 0.5)[0] == ["slow 1"] * 50  # opens the connections
        # One thread that waited for each query would get 10 of them done in a second.
        found, waits = under_load(server.address, "slow", 100, 1.0)
    assert found == ["slow 1"] * 100
    assert waits[len(waits) * 9 // 10] < 0.1, f"OPTIONS waited for queries: {waits[-5:]}"


def test_slow_queries_of_sqlite_hold_no_receiver(tmp_path: Path) -> None:
    with served(tmp_path, f"sqlite:///{tmp_path}/x.db", SQLITE_SLOW) as server:
        found, waits = under_load(server.address, "slow", 10, 1.0)
    assert found == ["slow 1"] * 10
    assert waits[len(waits) * 9 // 10] < 0.1, f"OPTIONS waited for queries: {waits[-5:]}"


def test_types_and_bound_values(tmp_path: Path, mariadb: MariaDb) -> None:
    databases = Databases()
    database = databases.open(mariadb.url)
    database.execute(
        "create table types (id int, big bigint, name varchar(20), at datetime, day date, data blob, "
        "price decimal(5,2), ratio double, nothing int)"
    )
    database.execute_positional(
        "insert into types values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [1, 2, "J\u00c3\u00bcrgen", "2026-01-31 12:00:00", "2026-02-01", "b", "1.50", 0.5, None],
    )
    noon = int(datetime(2026, 1, 31, 12).timestamp())
    midnight = int(datetime(2026, 2, 1).timestamp())
    with served(tmp_path, mariadb.url, MARIADB_SLOW) as server:
        assert ask(server.address, "types") == (
            f"integer 1 string 2 string J\u00c3\u00bcrgen integer {noon} integer {midnight} string b "
            "string 1.50 string 0.5 nil nil"
        )
        assert ask(server.address, "bound") == "1 1 J\u00c3\u00bcrgen 2026-02-01 a%b?"
        assert ask(server.address, "count") == "integer"
        assert ask(server.address, "insert") == "2"
    assert database.execute("select name from types where id = 8").rows == [(None,)]
    databases.close()


def test_a_database_that_is_killed_and_comes_back(tmp_path: Path, mariadb: MariaDb) -> None:
    with served(tmp_path, mariadb.url, "select sleep(5)") as server, Peer(server.address, timeout=10) as peer:
        assert ask(server.address, "one") == "one 1"
        burst(peer, "slow", 10)
        time.sleep(0.3)
        mariadb.kill()
        assert reasons(peer, 10) == ["slow -1"] * 10
        for _ in range(3):
            began = time.monotonic()
            assert ask(server.address, "one") == "one -1"
            assert time.monotonic() - began < 2
        assert ask(server.address, "quick") == "quick"
        mariadb.start()
        began = time.monotonic()
        wait_for(lambda: ask(server.address, "one") == "one 1", "the database to be used again", 2.0)
        assert [ask(server.address, "one") for _ in range(5)] == ["one 1"] * 5
        assert server.process.poll() is None
