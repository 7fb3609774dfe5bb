"""sqlops over SQLite: return codes, types, results and whose they are."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from luasip.errors import SettingsError, StorageError
from luasip.kemi.context import RouteContext
from luasip.kemi.operation import POOL_FULL, TIMED_OUT
from luasip.kemi.pseudo_variables import PseudoVariables
from luasip.modules.luasip_sql import Sql
from luasip.modules.pv import Pv
from luasip.modules.sqlops import Sqlops
from luasip.modules.sqlops.results import to_pv
from luasip.storage import Databases
from tests.bench import FakeServices, context, perform, settle


def sqlops(services: FakeServices, *sqlcon: str, connect_mode: int = 0) -> Sqlops:
    """sqlops with these connections."""
    settings = Sqlops.Settings(sqlcon=list(sqlcon), connect_mode=connect_mode)
    return Sqlops(settings, services, Sql(Sql.Settings(), services))


class Bench:
    """sqlops with one connection, "db", and a table of users."""

    def __init__(self) -> None:
        self.services = FakeServices()
        self.services.databases = Databases()
        self.variables = PseudoVariables(self.services)
        self.services.variables = self.variables
        self.sqlops = sqlops(self.services, "db=>sqlite:///:memory:")
        self.variables.add(Pv(Pv.Settings(), self.services))
        self.variables.add(self.sqlops)
        self.ctx = context(services=self.services)
        self.query("create table users (name text, age int, big int)")
        self.query("insert into users values ('ann', 30, 5000000000), ('bob', null, -1)")

    def query(self, statement: str, name: str = "", ctx: RouteContext | None = None) -> int:
        return int(settle(self.sqlops.sql_query(ctx or self.ctx, "db", statement, name), perform))

    def get(self, specification: str, ctx: RouteContext | None = None) -> Any:
        return self.variables.get(ctx or self.ctx, specification)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.services.databases.close()


USERS = "select * from users order by name"


@pytest.mark.parametrize(
    ("statement", "name", "code"),
    [
        (USERS, "ra", 1),
        ("select * from users where age > 99", "ra", 2),
        ("delete from users", "ra", 2),
        (USERS, "", 3),
        ("delete from users", "", 2),
        ("select * from nowhere", "ra", -1),
        ("nonsense", "", -1),
        ("", "ra", -1),
        ("select 'a%sb ? :c'", "ra", 1),
    ],
)
def test_return_codes(bench: Bench, statement: str, name: str, code: int) -> None:
    assert bench.query(statement, name) == code


def test_unknown_connection(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    assert settle(bench.sqlops.sql_query(bench.ctx, "other", "select 1", "ra"), perform) == -1
    assert "there is no connection 'other'" in caplog.text


@pytest.mark.parametrize(
    ("specification", "value"),
    [
        ("$dbr(ra=>rows)", 2),
        ("$dbr(ra=>cols)", 3),
        ("$dbr( ra => [0,0] )", "ann"),
        ("$dbr(ra=>[ 0 , 1 ])", 30),
        ("$dbr(ra=>[0,2])", "5000000000"),
        ("$dbr(ra=>[1,1])", None),
        ("$dbr(ra=>[1,2])", -1),
        ("$dbr(ra=>[2,0])", None),
        ("$dbr(ra=>[0,3])", None),
        ("$dbr(ra=>[-1,0])", None),
        ("$dbr(ra=>colname[0])", "name"),
        ("$dbr(ra=>colname[3])", None),
        ("$dbr(rb=>rows)", 0),
        ("$dbr(rb=>cols)", 0),
        ("$dbr(rb=>[0,0])", None),
        ("$dbr(ra=>nonsense)", None),
        ("$dbr(ra)", None),
    ],
)
def test_dbr(bench: Bench, specification: str, value: object) -> None:
    assert bench.query(USERS, "ra") == 1
    assert bench.get(specification) == value


def test_dbr_with_variables_as_indexes(bench: Bench) -> None:
    bench.query(USERS, "ra")
    bench.variables.set(bench.ctx, "$var(i)", 1)
    assert bench.get("$dbr(ra=>[$var(i),0])") == "bob"


def test_accessors(bench: Bench) -> None:
    sqlops, ctx = bench.sqlops, bench.ctx
    bench.query(USERS, "ra")
    assert (sqlops.sql_num_rows(ctx, "ra"), sqlops.sql_num_columns(ctx, "ra")) == (2, 3)
    nulls = [sqlops.sql_is_null(ctx, "ra", *place) for place in ((1, 1), (0, 1), (5, 0), (0, 5))]
    assert nulls == [1, -1, -1, -1]
    getters = (sqlops.sql_result_get, sqlops.sql_result_gete, sqlops.sql_result_getz)
    assert [get(ctx, "ra", 0, 1) for get in getters] == [30, 30, 30]
    assert [get(ctx, "ra", 1, 1) for get in getters] == [None, "", 0]
    assert [get(ctx, "ra", 9, 9) for get in getters] == [None, "", 0]
    assert sqlops.sql_result_free(ctx, "ra") == 1
    assert sqlops.sql_num_rows(ctx, "ra") == 0
    assert sqlops.sql_result_free(ctx, "never") == 1


def test_a_failed_query_leaves_no_old_rows(bench: Bench) -> None:
    bench.query(USERS, "ra")
    assert bench.query("select * from nowhere", "ra") == -1
    assert bench.get("$dbr(ra=>rows)") == 0


def test_affected_rows(bench: Bench) -> None:
    bench.query("update users set age = 1")
    assert bench.get("$sqlrows(db)") == 2
    assert bench.get("$sqlrows(other)") is None


def test_results_are_those_of_the_message(bench: Bench) -> None:
    other = context(services=bench.services)
    bench.query("select 'mine'", "ra")
    bench.query("select 'theirs'", "ra", other)
    assert bench.get("$dbr(ra=>[0,0])") == "mine"
    assert bench.get("$dbr(ra=>[0,0])", context(services=bench.services)) is None


def test_further_callbacks_of_the_message_see_results(bench: Bench) -> None:
    bench.query("select 'request'", "ra")
    failure = context(services=bench.services)
    failure.lists = bench.ctx.lists
    assert bench.get("$dbr(ra=>[0,0])", failure) == "request"
    bench.query("select 'failure'", "ra", failure)
    assert bench.get("$dbr(ra=>[0,0])", failure) == "failure"
    assert bench.get("$dbr(ra=>[0,0])") == "request"
    bench.sqlops.sql_result_free(failure, "ra")
    assert bench.get("$dbr(ra=>[0,0])", failure) is None


def test_xquery(bench: Bench) -> None:
    def run(statement: str, xavp: str = "u") -> object:
        return settle(bench.sqlops.sql_xquery(bench.ctx, "db", statement, xavp), perform)

    assert run("select * from users where age = 99") == 2
    assert bench.get("$xavp(u=>name)") is None
    assert run(USERS) == 1
    assert [bench.get(f"$xavp(u[{i}]=>name)") for i in range(3)] == ["ann", "bob", None]
    assert bench.get("$xavp(u[0]=>big)") == "5000000000"
    assert bench.get("$xavp(u[1]=>age)") is None
    assert run("select * from nowhere") == -1
    assert run(USERS, "") == -1


def test_pvquery(bench: Bench) -> None:
    def run(statement: str, targets: str) -> object:
        return settle(bench.sqlops.sql_pvquery(bench.ctx, "db", statement, targets), perform)

    assert run("select name, age, big from users order by name", "$var(n), $avp(a),$var(b)") == 1
    assert [bench.get(name) for name in ("$var(n)", "$avp(a)", "$var(b)")] == ["ann", 30, "5000000000"]
    assert run("select age from users where name = '$fU'", "$var(n)") == 2
    assert run("select '$fU', '$rU'", "$avp(x),$avp(y)") == 1
    assert (bench.get("$avp(x)"), bench.get("$avp(y)")) == ("alice", "bob")
    assert run("select name from users", "$avp(all)") == 1
    assert [bench.get(f"$(avp(all)[{i}])") for i in range(2)] == ["ann", "bob"]
    assert run(USERS, "$var(n)") == -1
    assert run("select * from nowhere", "$var(n)") == -1
    assert run("select 1", "$si") == -1
    assert run("select 1", "var(n)") == -1


def test_query_async(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    sqlops, ctx = bench.sqlops, bench.ctx
    assert sqlops.sql_query_async(ctx, "db", "insert into users values ('cid', 1, 1)") == 1
    assert bench.query("select * from users where name = 'cid'") == 3
    assert sqlops.sql_query_async(ctx, "db", "select * from nowhere") == 1
    assert "nowhere" in caplog.text
    assert sqlops.sql_query_async(ctx, "other", "select 1") == -1
    bench.services.pool_is_full = True
    assert sqlops.sql_query_async(ctx, "db", "select 1") == -1


@pytest.mark.parametrize("answer", [POOL_FULL, TIMED_OUT, StorageError("gone"), RuntimeError("surprise")])
def test_no_answer_is_a_failure(bench: Bench, answer: object) -> None:
    for function in (bench.sqlops.sql_query, bench.sqlops.sql_xquery, bench.sqlops.sql_pvquery):
        target = "$var(a)" if function == bench.sqlops.sql_pvquery else "ra"
        assert settle(function(bench.ctx, "db", "select 1", target), lambda _: answer) == -1
    assert bench.services.counters["sql:failures"] == 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, 1),
        (7, 7),
        (2**31 - 1, 2**31 - 1),
        (2**31, "2147483648"),
        ("text", "text"),
        (datetime(2026, 1, 31, 23, 59, 59), int(datetime(2026, 1, 31, 23, 59, 59).timestamp())),
        (date(2026, 1, 31), int(datetime(2026, 1, 31).timestamp())),
        (timedelta(hours=26, minutes=3, seconds=4), "26:03:04"),
        (timedelta(seconds=-61), "-00:01:01"),
        (time(1, 2, 3), "01:02:03"),
        (1.5, "1.5"),
        (Decimal("1.50"), "1.50"),
        ({"k": ["\u00fc", 1]}, '{"k": ["\u00c3\u00bc", 1]}'),
    ],
)
def test_types(value: object, expected: object) -> None:
    assert to_pv(value) == expected


def test_a_big_integer_column_is_text() -> None:
    assert to_pv(7, True) == "7"


@pytest.mark.parametrize(
    ("sqlcon", "problem"),
    [
        (["db"], "modules.sqlops.sqlcon[0]: not understood"),
        (["db=>oracle://x/y"], "the scheme must be one of"),
        (["a=>sqlite://", "a=>sqlite://"], "modules.sqlops.sqlcon[1]: the connection 'a' is defined twice"),
    ],
)
def test_wrong_connections(sqlcon: list[str], problem: str) -> None:
    services = FakeServices()
    services.databases = Databases()
    with pytest.raises(SettingsError) as raised:
        sqlops(services, *sqlcon)
    assert problem in str(raised.value)


def test_start_reaches_the_databases(tmp_path: Path) -> None:
    file = tmp_path / "no_database"
    file.write_text("this is a text file and no database at all" * 10)
    services = FakeServices()
    services.databases = Databases()
    with pytest.raises(StorageError):
        sqlops(services, f"db=>sqlite:///{file}").start()
    sqlops(services, f"db=>sqlite:///{file}", connect_mode=1).start()
