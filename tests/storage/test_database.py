import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from luasip.errors import StorageError
from luasip.storage import Database, Databases
from luasip.storage.tables import htable_table

TABLE = htable_table("htable", {})


@pytest.fixture(params=["memory", "file"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    databases = Databases()
    yield databases.open("sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/var/x.db")
    databases.close()


def item(name: str, value: str = "v") -> dict[str, object]:
    return {"key_name": name, "key_type": 0, "value_type": 0, "key_value": value, "expires": 0}


def insert_and_fail(database: Database) -> None:
    with database.transaction() as transaction:
        transaction.execute(TABLE.insert(), item("b"))
        transaction.execute("select * from missing")


def names(database: Database) -> list[str]:
    return [row[0] for row in database.execute(select(TABLE.c["key_name"])).rows]


def test_text_comes_back_as_wire_text(database: Database) -> None:
    database.create_table(TABLE)
    wire = "J\u00c3\u00bcrgen \u00ff"
    assert database.execute(TABLE.insert(), item(wire)).affected == 1
    assert names(database) == [wire]
    assert list(database.stream(select(TABLE.c["key_name"]))) == [(wire,)]
    found = database.execute("select key_name from htable where key_name = :name", {"name": wire})
    assert found.rows == [(wire,)]


def test_raw_statements(database: Database) -> None:
    result = database.execute("select 1 as one, 'a%sb :c' as t, x'ff00' as b, null as n")
    assert result.columns == ("one", "t", "b", "n")
    assert result.rows == [(1, "a%sb :c", "\xff\x00", None)]
    assert database.execute("create table t (a int)").columns == ()
    assert database.execute("insert into t values (1), (2)").affected == 2


def test_several_parameter_sets(database: Database) -> None:
    database.create_table(TABLE)
    database.execute(TABLE.insert(), [item("a"), item("b")])
    assert names(database) == ["a", "b"]


def test_a_transaction_happens_whole_or_not_at_all(database: Database) -> None:
    database.create_table(TABLE)
    with database.transaction() as transaction:
        transaction.execute(TABLE.insert(), item("a"))
    with pytest.raises(StorageError):
        insert_and_fail(database)
    assert names(database) == ["a"]


def test_creating_a_table_twice_is_once(database: Database) -> None:
    database.create_table(TABLE)
    database.create_table(TABLE)
    database.create_table(htable_table("htable", {}))
    assert database.has_table("htable")
    assert not database.has_table("other")


def test_errors_name_the_database(database: Database) -> None:
    with pytest.raises(StorageError, match=r"database sqlite:///.*no such table: missing"):
        database.execute("select * from missing")


def test_a_url_opens_one_database() -> None:
    databases = Databases()
    assert databases.open("sqlite://") is databases.open("sqlite://")
    databases.close()


def test_an_unreachable_server_is_an_error_without_the_password() -> None:
    database = Databases(timeout=1.0).open("mysql://user:secret@127.0.0.1:1/sip")
    with pytest.raises(StorageError, match=r"database mysql://user@127.0.0.1:1/sip: ") as caught:
        database.execute("select 1")
    assert "secret" not in str(caught.value)


def test_an_unusable_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"database sqlite:///.*file/x\.db"):
        Databases().open(f"sqlite:///{tmp_path}/file/x.db")


def test_transactions_that_read_first_wait_for_each_other(tmp_path: Path) -> None:
    databases = Databases()
    database = databases.open(f"sqlite:///{tmp_path}/x.db")
    database.execute("create table counter (n int)")
    database.execute("insert into counter values (0)")

    def increment() -> None:
        for _ in range(20):
            with database.transaction() as transaction:
                number = transaction.execute("select n from counter").rows[0][0]
                transaction.execute("update counter set n = :n", {"n": number + 1})

    threads = [threading.Thread(target=increment) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.execute("select n from counter").rows == [(60,)]
    databases.close()


def test_bound_values(database: Database) -> None:
    database.create_table(TABLE)
    wire = "J\u00c3\u00bcrgen"
    row = (wire, 0, 0, "v", 0)
    insert = "insert into htable (key_name, key_type, value_type, key_value, expires) values (?, ?, ?, ?, ?)"
    assert database.execute_positional(insert, row).affected == 1
    found = database.execute_positional("select key_name, '?%:x' from htable where key_name = ?", (wire,))
    assert found.rows == [(wire, "?%:x")]
    assert database.execute_positional("select '?%:x'", ()).rows == [("?%:x",)]
    with pytest.raises(StorageError, match="1 placeholders, 2 values"):
        database.execute_positional("select ?", (1, 2))
