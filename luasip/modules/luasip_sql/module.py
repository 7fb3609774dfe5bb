"""luasip.sql: SQL with bound values, rows as Lua tables."""

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from luasip.errors import MisuseError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.kemi.operation import Operation
from luasip.modules.luasip_sql.connections import Connections
from luasip.modules.luasip_sql.values import PLAIN, tables
from luasip.storage import Database
from luasip.storage.placeholders import positional

Answering = Generator[Operation, Any, Any]

class Sql(Module):
    """luasip.sql: databases, with bound values and rows as tables."""

    name = "sql"
    namespace = "luasip"

    @dataclass
    class Settings(Module.Settings):
        """The databases."""

        connections: list[str] = field(default_factory=list)
        """Connections, each "name=>URL" as sqlcon of the module sqlops, whose connections can be used too."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self.connections = Connections(services)
        self.connections.add("modules.luasip_sql.connections", settings.connections)

    @function(suspends=True)
    def query(self, ctx: RouteContext, con: str, statement: str, values: Any = None) -> Answering:
        """Run a statement and get its rows; other messages are handled meanwhile.

        `luasip.sql.query("db", "select * from subscriber where username = ?", {user})`

        Args:
            con: name of a connection, from the settings of luasip_sql or sqlops.
            statement: SQL with a ? for each value, whatever the database; ?? is a question mark.
            values: array of the values; nil in it is NULL.
        Returns: an array of rows, each a table by column name without its NULL columns; or nil and what went
            wrong. Times are text, "2026-01-31 23:59:59".
        """
        rows = yield from self._run("luasip.sql.query", con, statement, values)
        return (None, rows) if isinstance(rows, str) else tables(rows)

    @function(suspends=True)
    def execute(self, ctx: RouteContext, con: str, statement: str, values: Any = None) -> Answering:
        """Run a statement that changes something; other messages are handled meanwhile.

        Args:
            con: name of a connection, from the settings of luasip_sql or sqlops.
            statement: SQL with a ? for each value, whatever the database; ?? is a question mark.
            values: array of the values; nil in it is NULL.
        Returns: how many rows it changed (-1 when the database does not say), or nil and what went wrong.
        """
        rows = yield from self._run("luasip.sql.execute", con, statement, values)
        return (None, rows) if isinstance(rows, str) else rows.affected

    def _run(self, name: str, con: str, statement: str, values: Any) -> Answering:
        database = self.connections.find(con)
        if database is None:
            known = ", ".join(sorted(self.connections.names)) or "none"
            raise MisuseError(f"{name}: there is no connection {con!r} (defined: {known})")
        bound = _bound(name, database, statement, values)
        return (yield from self.connections.run(con, statement, bound))


def _bound(name: str, database: Database, statement: str, values: Any) -> list[Any]:
    """The values for the ? of a statement. Raises MisuseError where they do not fit."""
    wanted = positional(statement, database.dialect, "?")[1]
    if values is None and wanted:
        raise MisuseError(f"{name}: no values for {wanted} placeholders: {statement!r:.80}")
    given = _by_position(name, values)
    if max(given, default=0) > wanted:
        raise MisuseError(f"{name}: {max(given)} values for {wanted} placeholders: {statement!r:.80}")
    return [_checked(name, given.get(position)) for position in range(1, wanted + 1)]


def _by_position(name: str, values: Any) -> Mapping[int, Any]:
    """Values by their position in the array, from 1. One with nil in it comes as a table of positions."""
    if values is None:
        return {}
    if isinstance(values, list):
        return dict(enumerate(values, 1))
    if not isinstance(values, dict):
        raise MisuseError(f"{name}: the values must be an array, not {values!r:.80}")
    for key in values:
        if not isinstance(key, int) or key < 1:
            raise MisuseError(f"{name}: the values must be an array, not a table with the key {key!r:.80}")
    return values


def _checked(name: str, value: Any) -> Any:
    if value.__class__ not in PLAIN:
        raise MisuseError(f"{name}: a value must be a string, number or boolean, not {value!r:.80}")
    if isinstance(value, float) and not math.isfinite(value):
        raise MisuseError(f"{name}: a value is {value}")
    return value
