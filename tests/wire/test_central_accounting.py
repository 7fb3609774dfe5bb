"""lua/accounting_proxy.lua and lua/accounting_server.lua as processes: every call is one row, whatever is killed."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
import pytest

from luasip.storage import Database, Databases
from tests.wire import sipp
from tests.wire.mariadb import MariaDb
from tests.wire.process import ROOT, Served, free_port, wait_for

TABLE = """create table accounting (
    id bigint auto_increment primary key, time datetime not null, call_id varchar(255) not null,
    from_tag varchar(128) not null, to_tag varchar(128) not null, source varchar(255) not null,
    destination varchar(255) not null, unique key one_call (call_id, from_tag, to_tag))"""


def served(folder: Path, name: str, changes: dict[str, str], port: int = 0) -> Served:
    """A server with the settings of conf/NAME.toml but for what is on this machine."""
    text = (ROOT / f"conf/{name}.toml").read_text("utf-8")
    settings = text[text.index("[define]" if "[define]" in text else "[modules.") :]
    for old, new in changes.items():
        assert old in settings
        settings = settings.replace(old, new)
    # So that a request lost with a killed server is given up, and sent again, soon.
    made = Served(folder, settings + "\n[modules.tm]\nfr_timer = 5000\n", port=port)
    (folder / f"lua/{name}.lua").write_text((ROOT / f"lua/{name}.lua").read_text("utf-8"), "utf-8")
    made.config.write_text(
        made.config.read_text("utf-8").replace("lua/default.lua", f"lua/{name}.lua"), "utf-8"
    )
    return made


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    made = MariaDb(tmp_path_factory.mktemp("mariadb"))
    yield made
    made.stop()


@pytest.fixture
def table(mariadb: MariaDb) -> Iterator[Database]:
    databases = Databases()
    database = databases.open(mariadb.url)
    database.execute("drop table if exists accounting")
    database.execute(TABLE)
    yield database
    databases.close()


@contextmanager
def both(folder: Path, mariadb: MariaDb, transport: str = "") -> Iterator[tuple[Served, Served]]:
    """The proxy and the accounting server, both running."""
    port = free_port()
    url = {"mysql://accounting:secret@127.0.0.1/accounting": mariadb.url}
    uri = {"sip:127.0.0.1:5070": f"sip:127.0.0.1:{port}{transport}"}
    with (
        served(folder / "server", "accounting_server", url, port) as server,
        served(folder / "proxy", "accounting_proxy", uri) as proxy,
    ):
        yield proxy, server


def rows(database: Database) -> int:
    return int(database.execute("select count(*) from accounting").rows[0][0])


@pytest.mark.parametrize("transport", ["", ";transport=tcp"])
def test_the_accounting_server_is_killed(
    tmp_path: Path, mariadb: MariaDb, table: Database, transport: str
) -> None:
    calls = 500 if not transport else 100
    with both(tmp_path, mariadb, transport) as (proxy, server):
        with sipp.callee(proxy, tmp_path / "callee", "bob"):
            process = sipp.start_calls(proxy, tmp_path / "caller", "bob", calls, 50)
            wait_for(lambda: rows(table) > calls // 10, "the first rows")
            server.stop(signal.SIGKILL)
            stored = rows(table)
            time.sleep(3)
            assert rows(table) == stored
            server.start()
            result = sipp.end_calls(process, tmp_path / "caller", calls / 50 + 30)
        assert (result.successful, result.failed) == (calls, 0), result
        wait_for(lambda: rows(table) >= calls, "all rows", 40)
        time.sleep(1.5)
        assert rows(table) == calls
        assert len(table.execute("select distinct call_id from accounting").rows) == calls
        (row,) = table.execute("select source, destination, time from accounting limit 1").rows
        assert row[0].startswith("sip:caller@127.0.0.1")
        assert row[1].startswith("sip:bob@127.0.0.1")
        assert abs(row[2].timestamp() - time.time() - time.timezone) < 86400
        assert not proxy.logged(" ERROR "), "".join(proxy.log)


def test_the_proxy_is_killed(tmp_path: Path, mariadb: MariaDb, table: Database) -> None:
    """What callers were told before a kill -9 is stored after it."""
    with both(tmp_path, mariadb) as (proxy, server):
        server.stop(signal.SIGKILL)
        with sipp.callee(proxy, tmp_path / "callee", "bob"):
            result = sipp.call(proxy, tmp_path / "caller", "bob", 60, 40)
        assert result.successful == 60
        proxy.stop(signal.SIGKILL)
        server.start()
        proxy.start()
        wait_for(lambda: rows(table) >= 60, "all rows", 20)
        time.sleep(1)
        assert rows(table) == 60


def test_the_database_is_killed(tmp_path: Path, mariadb: MariaDb, table: Database) -> None:
    with both(tmp_path, mariadb) as (proxy, _):
        with sipp.callee(proxy, tmp_path / "callee", "bob"):
            process = sipp.start_calls(proxy, tmp_path / "caller", "bob", 120, 40)
            wait_for(lambda: rows(table) > 10, "the first rows")
            mariadb.restart()
            result = sipp.end_calls(process, tmp_path / "caller", 40)
        assert result.successful == 120, result

        def all_there() -> bool:
            try:
                return rows(table) >= 120
            except pymysql.MySQLError:
                return False

        wait_for(all_there, "all rows", 40)
        time.sleep(1)
        assert rows(table) == 120
