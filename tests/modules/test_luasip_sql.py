"""luasip.sql over SQLite: bound values, rows as tables, what is wrong use and what a failure."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from luasip.errors import MisuseError
from luasip.kemi.operation import POOL_FULL, TIMED_OUT
from luasip.modules.luasip_sql import Sql
from luasip.modules.luasip_sql.values import tables
from luasip.storage import Databases, Rows
from tests.bench import FakeServices, context, perform, settle


class Bench:
    """luasip.sql with one connection, "db", and a table of users."""

    def __init__(self) -> None:
        self.services = FakeServices()
        self.services.databases = Databases()
        self.sql = Sql(Sql.Settings(connections=["db=>sqlite:///:memory:"]), self.services)
        self.ctx = context(services=self.services)
        self.execute("create table users (name text, age int)")
        self.execute("insert into users values ('ann', 30), ('bob', null)")

    def query(self, statement: str, *values: Any) -> Any:
        return settle(self.sql.query(self.ctx, "db", statement, *values), perform)

    def execute(self, statement: str, *values: Any) -> Any:
        return settle(self.sql.execute(self.ctx, "db", statement, *values), perform)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.services.databases.close()


def test_rows(bench: Bench) -> None:
    assert bench.query("select * from users order by name") == [
        {"name": "ann", "age": 30},
        {"name": "bob", "age": None},
    ]
    assert bench.query("select * from users where name = ? and age > ?", ["ann", 29.5]) == [
        {"name": "ann", "age": 30}
    ]
    assert bench.query("select * from users where name = ?", ["'; drop table users"]) == []
    assert bench.query("delete from users") == []


@pytest.mark.parametrize(
    ("values", "row"),
    [
        (["x", 2, 2.5], {"a": "x", "b": 2, "c": 2.5}),
        ([], {"a": None, "b": None, "c": None}),
        ({1: "x", 3: True}, {"a": "x", "b": None, "c": 1}),
        (["J\u00c3\u00bcrgen", 2**40], {"a": "J\u00c3\u00bcrgen", "b": 2**40, "c": None}),
    ],
)
def test_bound_values(bench: Bench, values: Any, row: dict[str, Any]) -> None:
    assert bench.query("select ? as a, ? as b, ? as c", values) == [row]


def test_execute(bench: Bench) -> None:
    assert bench.execute("update users set age = ?", [7]) == 2
    assert bench.execute("update users set age = 8 where name = ?", ["nobody"]) == 0


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ((), "no values for 1 placeholders"),
        (([1, 2],), "2 values for 1 placeholders"),
        (({2**40: 1},), "values for 1 placeholders"),
        (("text",), "the values must be an array, not 'text'"),
        (({"name": 1},), "not a table with the key 'name'"),
        (([[1]],), "a value must be a string, number or boolean"),
        (([float("inf")],), "a value is inf"),
    ],
)
def test_misuse(bench: Bench, values: tuple[Any, ...], problem: str) -> None:
    with pytest.raises(MisuseError, match=problem):
        bench.query("select ?", *values)


def test_unknown_connection(bench: Bench) -> None:
    with pytest.raises(MisuseError, match=r"luasip.sql.query: there is no connection 'x' \(defined: db\)"):
        settle(bench.sql.query(bench.ctx, "x", "select 1"))


def test_failures(bench: Bench) -> None:
    nothing, why = bench.query("select * from nowhere")
    assert nothing is None
    assert "no such table: nowhere" in why
    for answer in (POOL_FULL, TIMED_OUT):
        nothing, why = settle(bench.sql.query(bench.ctx, "db", "select 1"), lambda _, answer=answer: answer)
        assert nothing is None
        assert isinstance(why, str)


def test_values_as_lua_has_them() -> None:
    row = (
        datetime(2026, 1, 31, 23, 59, 59, 500),
        date(2026, 1, 31),
        timedelta(minutes=90),
        Decimal("12.00"),
        Decimal("1.5"),
        {"k": [Decimal(1), None, "\u00fc"]},
    )
    assert tables(Rows(("a", "b", "c", "d", "e", "f"), [row], -1)) == [
        {
            "a": "2026-01-31 23:59:59",
            "b": "2026-01-31",
            "c": "01:30:00",
            "d": 12,
            "e": 1.5,
            "f": {"k": [1, None, "\u00c3\u00bc"]},
        }
    ]
