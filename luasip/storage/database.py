"""One database: statements in, rows out, in wire text.

Every call blocks for as long as the database takes, so it belongs in a pool or in a thread of its own,
never in a receiver. Text goes through `luasip.storage.text` both ways; errors become StorageError, which
names the database without its password. Knows no SIP and no KEMI.
"""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from sqlalchemy import Connection, CursorResult, Engine, Executable, Table, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from luasip.errors import StorageError
from luasip.storage.placeholders import positional
from luasip.storage.rows import Rows, big_columns, driver_rows, wire_row
from luasip.storage.sqlite_file import SqliteFile
from luasip.storage.text import to_unicode, to_wire
from luasip.storage.urls import DatabaseUrl

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
"""Values by name; a sequence of such mappings runs the statement once for each."""

_FETCH: Final = 2000
"""Rows taken from the driver at a time."""


class Transaction:
    """Statements that happen together or not at all; made by Database.transaction."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, statement: Executable | str, parameters: Parameters = None) -> Rows:
        """Run one statement; as Database.execute."""
        return _rows(_run(self._connection, statement, parameters))

_TRANSACTION_LEVELS = {"mysql": "REPEATABLE READ", "mariadb": "REPEATABLE READ", "postgresql": "READ COMMITTED"}
"""The servers' own levels, for transactions of several statements: engines for servers commit each statement."""


class Database:
    """An engine with its connection pool. Every method may be called from any thread."""

    def __init__(self, engine: Engine, url: DatabaseUrl) -> None:
        self._engine = engine
        self._url = url
        self._dialect: str = engine.dialect.name
        self._marker = "?" if engine.dialect.paramstyle == "qmark" else "%s"
        # A memory database is its one connection, which is the engine's.
        self._file = SqliteFile(engine) if url.is_sqlite and not url.in_memory else None
        self._created: set[str] = set()
        self._creating = threading.Lock()

    @property
    def name(self) -> str:
        """The URL without its password."""
        return str(self._url)

    @property
    def dialect(self) -> str:
        """ "mysql", "mariadb", "postgresql" or "sqlite"."""
        return self._dialect

    def execute(self, statement: Executable | str, parameters: Parameters = None) -> Rows:
        """Run one statement in a transaction of its own.

        A str with parameters has them as :name; a str without is sent as it stands. Raises StorageError.
        """
        if isinstance(statement, str) and not parameters:
            return self._send(to_unicode(statement), ())
        with self._errors(), self._statement() as connection:
            return _rows(_run(connection, statement, parameters))

    def execute_positional(self, statement: str, values: Sequence[Any]) -> Rows:
        """Run one statement in a transaction of its own, with `values` for each `?` in it (see placeholders.py).

        Raises StorageError, also when there are more or fewer `?` than values.
        """
        plain, count = positional(statement, self._dialect, self._marker if values else "?")
        if count != len(values):
            raise StorageError(f"database {self.name}: {count} placeholders, {len(values)} values: {statement}")
        sent = tuple(to_unicode(value) if isinstance(value, str) else value for value in values)
        return self._send(to_unicode(plain), sent)

    def _send(self, statement: str, values: tuple[Any, ...]) -> Rows:
        """Run a statement of the driver's own as it stands; every connection commits it by itself.

        Past SQLAlchemy's own execution, which costs more than the statement where the database is near.
        """
        if self._file is not None:
            try:
                return self._file.run(statement, values)
            except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error) as error:
                raise self._failure(error) from error
        engine = self._engine
        pool = engine.pool
        with self._errors():
            connection = engine.raw_connection()
            cursor = connection.cursor()
            try:
                if values:
                    cursor.execute(statement, values)
                else:  # a driver for MySQL must not look for places for them: % is a sign like others
                    cursor.execute(statement)
                rows = driver_rows(cursor, self._dialect)
            except engine.dialect.loaded_dbapi.Error as error:
                if engine.dialect.is_disconnect(error, connection.dbapi_connection, cursor):
                    connection.invalidate(error)
                    if engine.pool is pool:  # what died together is given up together, once
                        engine.dispose()
                raise
            finally:
                with contextlib.suppress(engine.dialect.loaded_dbapi.Error):
                    cursor.close()
                connection.close()
        return rows

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit at the end of the block, roll back when it raises. Raises StorageError."""
        with self._errors(), self._engine.connect() as pooled:
            level = _TRANSACTION_LEVELS.get(self.dialect)
            options = {"sqlite_begin": "BEGIN IMMEDIATE"} if level is None else {"isolation_level": level}
            connection = pooled.execution_options(**options)
            with connection.begin():
                yield Transaction(connection)

    def _statement(self) -> AbstractContextManager[Connection]:
        """A connection for one statement, which commits itself on a server and is committed on SQLite."""
        return self._engine.begin() if self._url.is_sqlite else self._engine.connect()

    def stream(self, statement: Executable) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, fetched in portions, for tables too large to hold twice. Raises
        StorageError.
        """
        with self._errors(), self._engine.begin() as connection:
            result = connection.execution_options(yield_per=_FETCH).execute(statement)
            for portion in result.partitions():
                for row in portion:
                    yield wire_row(row)

    def create_table(self, table: Table) -> None:
        """Create `table` and its indexes unless there is one of this name. Raises StorageError."""
        with self._creating, self._errors():
            if table.name in self._created:
                return
            if not self.has_table(table.name):
                try:
                    table.create(self._engine)
                except SQLAlchemyError:
                    # Another server may have created it between the question and the statement.
                    if not self.has_table(table.name):
                        raise
            self._created.add(table.name)

    def has_table(self, name: str) -> bool:
        """Whether the database holds a table of this name. Raises StorageError."""
        with self._errors():
            return inspect(self._engine).has_table(name)

    def text_lengths(self, table: str) -> dict[str, int]:
        """How many characters the text columns of a table hold, by name, where that is limited. Raises StorageError."""
        with self._errors():
            columns = inspect(self._engine).get_columns(table)
        lengths = {column["name"]: getattr(column["type"], "length", None) for column in columns}
        return {name: length for name, length in lengths.items() if isinstance(length, int)}

    def close(self) -> None:
        """Close the pooled connections; a later call opens new ones."""
        if self._file is not None:
            self._file.close()
        self._engine.dispose()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error) as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> StorageError:
        """What the driver says, without the password."""
        cause = str(getattr(error, "orig", None) or error).strip()
        if self._url.password:
            cause = cause.replace(self._url.password, "***")
        return StorageError(f"database {self.name}: {cause}")


def _run(connection: Connection, statement: Executable | str, parameters: Parameters) -> CursorResult[Any]:
    if isinstance(statement, str):
        if not parameters:
            # Without parameters a driver must not look for its own placeholders, such as "%".
            plain = connection.execution_options(no_parameters=True)
            return plain.exec_driver_sql(to_unicode(statement))
        statement = text(to_unicode(statement))
    return connection.execute(statement, _unicode_parameters(parameters))


def _unicode_parameters(parameters: Parameters) -> Any:
    if not parameters:
        return None
    if isinstance(parameters, Mapping):
        return _unicode_row(parameters)
    return [_unicode_row(row) for row in parameters]


def _unicode_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: to_unicode(value) if isinstance(value, str) and not value.isascii() else value
        for name, value in row.items()
    }


def _rows(result: CursorResult[Any]) -> Rows:
    if not result.returns_rows:
        return Rows((), [], result.rowcount)
    columns = tuple(to_wire(name) for name in result.keys())  # noqa: SIM118 (a result, not a dict)
    big = _big_integers(result)
    return Rows(columns, [wire_row(row) for row in result.fetchall()], -1, big)


def _big_integers(result: CursorResult[Any]) -> tuple[int, ...]:
    cursor = result.cursor
    return () if cursor is None else big_columns(cursor.description, result.dialect.name)
