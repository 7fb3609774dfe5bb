"""sqlops as scripts see it. A query suspends its route, and the thread goes on with other messages."""

import logging
from dataclasses import dataclass, field
from typing import Any

from luasip.errors import LuaSIPError
from luasip.kemi.context import PvValue, RouteContext, Services, Suspending
from luasip.kemi.declare import Module, function, variable
from luasip.kemi.lists import XavpRecord
from luasip.kemi.xavp_store import push
from luasip.modules.luasip_sql import Sql
from luasip.modules.luasip_sql.connections import POOL, statement_call
from luasip.modules.sqlops import results
from luasip.storage import Rows

_log = logging.getLogger("luasip.sqlops")
_AFFECTED = "sqlops.affected"


class Sqlops(Module):
    """sqlops: SQL statements from the route script."""

    name = "sqlops"
    uses = ("luasip_sql",)

    @dataclass
    class Settings(Module.Settings):
        """The databases."""

        sqlcon: list[str] = field(default_factory=list)
        """Connections, each "name=>URL": mysql://user:password@host:port/database, postgres://… alike,
        sqlite:////absolute/file."""
        sqlres: list[str] = field(default_factory=list)
        """Accepted; results need not be named beforehand."""
        tr_buf_size: int = 2048
        """Accepted; text of any length is transformed."""
        connect_mode: int = 0
        """0: the server starts only when every database can be reached; 1: it starts, and each query tries."""

    def __init__(self, settings: Settings, services: Services, luasip_sql: Sql) -> None:
        self.settings = settings
        self.connections = luasip_sql.connections
        self._names = self.connections.add("modules.sqlops.sqlcon", settings.sqlcon)
        self._services = services

    def start(self) -> None:
        """With connect_mode 0, reach every database. Raises StorageError."""
        if not self.settings.connect_mode:
            for name in self._names:
                database = self.connections.find(name)
                assert database is not None
                database.execute("select 1")

    @function(suspends=True)
    def sql_query(self, ctx: RouteContext, scon: str, squery: str, sres: str) -> Suspending:
        """Run a statement and keep its rows; other messages are handled meanwhile.

        Args:
            scon: name of a connection.
            squery: the statement as it is; pseudo-variables in it are not replaced.
            sres: name of the result, for $dbr and the other functions; "" keeps nothing.
        Returns: 1 there are rows, 2 there is none, 3 there are rows but no name to keep them, -1 on failure.
        """
        if sres:
            results.forget(ctx, sres)
        rows = yield from self.connections.run(scon, squery)
        if isinstance(rows, str):
            return -1
        ctx.attributes[_AFFECTED] = {**ctx.attributes.get(_AFFECTED, {}), scon: rows.affected}
        if not rows.rows:
            return 2
        if not sres:
            return 3
        results.keep(ctx, sres, results.converted(rows))
        return 1

    @function(suspends=True)
    def sql_xquery(self, ctx: RouteContext, scon: str, squery: str, xavp: str) -> Suspending:
        """Run a statement and make an XAVP record of each row; other messages are handled meanwhile.

        Args:
            scon: name of a connection.
            squery: the statement as it is; pseudo-variables in it are not replaced.
            xavp: name of the XAVP: the first row is $xavp(name[0]=>column). A null column is no field.
        Returns: 1 there are rows, 2 there is none, -1 on failure.
        """
        if not xavp:
            return -1
        rows = yield from self.connections.run(scon, squery)
        if isinstance(rows, str):
            return -1
        result = results.converted(rows)
        for row in reversed(result.rows):
            push(ctx.lists.xavps, xavp, _record(result.columns, row))
        return 1 if result.rows else 2

    @function(suspends=True)
    def sql_pvquery(self, ctx: RouteContext, scon: str, squery: str, sres: str) -> Suspending:
        """Run a statement and put the first row into pseudo-variables; other messages are handled meanwhile.

        With AVPs all rows are kept, the first one newest.

        Args:
            scon: name of a connection.
            squery: the statement; pseudo-variables in it are replaced.
            sres: a pseudo-variable for each column, separated by commas: "$var(a), $avp(b)".
        Returns: 1 there are rows, 2 there is none, -1 on failure or with fewer pseudo-variables than columns.
        """
        try:
            targets = self._services.variables.split_names(sres)
        except LuaSIPError as error:
            _log.error("sql_pvquery: %s", error)
            return -1
        rows = yield from self.connections.run(scon, self._services.variables.expand(ctx, squery))
        if isinstance(rows, str):
            return -1
        return self._assign(ctx, targets, results.converted(rows))

    def _assign(self, ctx: RouteContext, targets: list[str], result: results.SqlResult) -> int:
        if len(result.columns) > len(targets):
            _log.error("sql_pvquery: %d columns, %d pseudo-variables", len(result.columns), len(targets))
            return -1
        for row in reversed(result.rows):
            for target, value in zip(targets, row, strict=False):
                if not self._services.variables.set(ctx, target, value):
                    return -1
        return 1 if result.rows else 2

    @function()
    def sql_query_async(self, ctx: RouteContext, scon: str, squery: str) -> int:
        """Begin a statement whose outcome is only logged when it fails; the route goes on at once.

        Args:
            scon: name of a connection.
            squery: the statement as it is.
        Returns: 1, or -1 when there is no such connection or too many statements wait.
        """
        database = self.connections.find(scon)
        if database is None:
            self.connections.failed(scon, squery, f"there is no connection {scon!r}")
            return -1

        def done(answer: Any) -> None:
            if not isinstance(answer, Rows):
                self.connections.failed(scon, squery, str(answer))

        if self._services.run_in_pool(POOL, statement_call(database, squery), done):
            return 1
        self.connections.failed(scon, squery, "too many queries are waiting")
        return -1

    @function()
    def sql_result_free(self, ctx: RouteContext, sres: str) -> int:
        """Forget a result.

        Args:
            sres: its name.
        Returns: 1.
        """
        results.forget(ctx, sres)
        return 1

    @function()
    def sql_num_rows(self, ctx: RouteContext, sres: str) -> int:
        """How many rows a result has.

        Args:
            sres: its name.
        Returns: the number, 0 when there is no such result.
        """
        return len(results.find(ctx, sres).rows)

    @function()
    def sql_num_columns(self, ctx: RouteContext, sres: str) -> int:
        """How many columns a result has.

        Args:
            sres: its name.
        Returns: the number, 0 when there is no such result or it has no row.
        """
        return len(results.find(ctx, sres).columns)

    @function()
    def sql_is_null(self, ctx: RouteContext, sres: str, i: int, j: int) -> int:
        """Whether a value is null.

        Args:
            sres: name of the result.
            i: row, from 0.
            j: column, from 0.
        Returns: 1 it is null, -1 it is not, or there is no such row or column.
        """
        result = results.find(ctx, sres)
        return 1 if result.has(i, j) and result.value(i, j) is None else -1

    @function()
    def sql_result_get(self, ctx: RouteContext, resid: str, row: int, col: int) -> PvValue:
        """A value of a result.

        Args:
            resid: name of the result.
            row: row, from 0.
            col: column, from 0.
        Returns: the value; nil when it is null or there is none.
        """
        return results.find(ctx, resid).value(row, col)

    @function()
    def sql_result_gete(self, ctx: RouteContext, resid: str, row: int, col: int) -> PvValue:
        """A value of a result, as text when there is none.

        Args:
            resid: name of the result.
            row: row, from 0.
            col: column, from 0.
        Returns: the value; "" when it is null or there is none.
        """
        value = results.find(ctx, resid).value(row, col)
        return "" if value is None else value

    @function()
    def sql_result_getz(self, ctx: RouteContext, resid: str, row: int, col: int) -> PvValue:
        """A value of a result, as a number when there is none.

        Args:
            resid: name of the result.
            row: row, from 0.
            col: column, from 0.
        Returns: the value; 0 when it is null or there is none.
        """
        value = results.find(ctx, resid).value(row, col)
        return 0 if value is None else value

    @variable("dbr")
    def result_variable(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$dbr(name=>…): of a result: rows, cols, [row,col], colname[col]."""
        try:
            return results.read(ctx, inner)
        except ValueError as error:
            _log.error("%s", error)
            return None

    @variable("sqlrows")
    def affected_rows(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$sqlrows(connection): rows changed by this callback's last sql_query on a connection."""
        affected: int | None = ctx.attributes.get(_AFFECTED, {}).get(inner.strip())
        return affected


def _record(columns: tuple[str, ...], row: tuple[PvValue, ...]) -> XavpRecord:
    made = XavpRecord()
    for column, value in zip(columns, row, strict=True):
        if value is not None:
            # A column name may occur twice; the first one is found first.
            made.fields.setdefault(column, []).append(value)
    return made

