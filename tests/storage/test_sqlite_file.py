"""luasip/storage/sqlite_file.py, by Database: what one statement leaves to the next."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from luasip.errors import StorageError
from luasip.storage import Database, Databases


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    databases = Databases(pool_size=1, timeout=0.2)
    database = databases.open(f"sqlite:///{tmp_path}/x.db")
    database.execute("create table t (a integer)")
    yield database
    databases.close()


def count(database: Database) -> int:
    found: int = database.execute("select count(*) from t").rows[0][0]
    return found


def test_each_statement_is_seen_at_once_by_other_connections(database: Database) -> None:
    assert database.execute_positional("insert into t values (?), (?)", [1, 2]).affected == 2
    with database.transaction() as transaction:
        assert transaction.execute("select count(*) from t").rows == [(2,)]


def test_a_begin_does_not_outlive_its_statement(database: Database) -> None:
    database.execute("begin immediate")
    assert database.execute("insert into t values (1)").affected == 1
    with database.transaction() as transaction:
        transaction.execute("insert into t values (2)")
    assert count(database) == 2


@pytest.mark.parametrize("statement", ["select * from missing", "selec", "select 1; select 2"])
def test_after_an_error_it_goes_on(database: Database, statement: str) -> None:
    for _ in range(3):
        with pytest.raises(StorageError, match=r"x\.db: "):
            database.execute(statement)
    assert count(database) == 0


def test_a_lock_is_waited_for_as_long_as_the_timeout_says(database: Database) -> None:
    with database.transaction():
        assert count(database) == 0
        with pytest.raises(StorageError, match="locked"):
            database.execute("insert into t values (1)")
    assert database.execute("insert into t values (1)").affected == 1


def test_closed_connections_are_opened_again(database: Database) -> None:
    database.close()
    assert count(database) == 0


def test_threads_do_not_share_a_connection_at_one_time(database: Database) -> None:
    results: list[int] = []

    def ask() -> None:
        for number in range(50):
            results.extend(row[0] for row in database.execute_positional("select ?", [number]).rows)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted(list(range(50)) * 4)
