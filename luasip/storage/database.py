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
from luasip.storage.text import to_unicode, to_wire
from luasip.storage.urls import DatabaseUrl

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
"""Values by name; a sequence of such mappings runs the statement once for each."""

_FETCH: Final = 2000
"""Rows taken from the driver at a time."""


class Rows:
    """What a statement gave: `columns` and `rows`, or only `affected` when it is no query.

    Attributes:
        columns: names in order, () when the statement returns no rows.
        rows: one tuple a row; text is wire text, BLOBs too.
        affected: rows changed, -1 when the database does not say.
        big_integers: indexes of the columns that hold 64-bit integers, as far as the database says so.
    """

    __slots__ = ("affected", "big_integers", "columns", "rows")

    def __init__(
        self,
        columns: tuple[str, ...],
        rows: list[tuple[Any, ...]],
        affected: int,
        big_integers: tuple[int, ...] = (),
    ) -> None:
        self.columns = columns
        self.rows = rows
        self.affected = affected
        self.big_integers = big_integers


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
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._created: set[str] = set()
        self._creating = threading.Lock()

    @property
    def name(self) -> str:
        """The URL without its password."""
        return str(self._url)

    @property
    def dialect(self) -> str:
        """ "mysql", "mariadb", "postgresql" or "sqlite"."""
        return self._engine.dialect.name

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
        marker = "?" if not values or self._engine.dialect.paramstyle == "qmark" else "%s"
        plain, count = positional(statement, self.dialect, marker)
        if count != len(values):
            raise StorageError(f"database {self.name}: {count} placeholders, {len(values)} values: {statement}")
        sent = tuple(to_unicode(value) if isinstance(value, str) else value for value in values)
        return self._send(to_unicode(plain), sent)

    def _send(self, statement: str, values: tuple[Any, ...]) -> Rows:
        """Run a statement of the driver's own as it stands; every connection commits it by itself.

        Past SQLAlchemy's own execution, which costs more than the statement where the database is near.
        """
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
                rows = _driver_rows(cursor, engine.dialect.name)
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
        return self._engine.begin() if self._is_sqlite else self._engine.connect()

    def stream(self, statement: Executable) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, fetched in portions, for tables too large to hold twice. Raises
        StorageError.
        """
        with self._errors(), self._engine.begin() as connection:
            result = connection.execution_options(yield_per=_FETCH).execute(statement)
            for portion in result.partitions():
                for row in portion:
                    yield _wire_row(row)

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
        self._engine.dispose()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error) as error:
            cause = str(getattr(error, "orig", None) or error).strip()
            if self._url.password:
                cause = cause.replace(self._url.password, "***")
            raise StorageError(f"database {self.name}: {cause}") from error


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
    return Rows(columns, [_wire_row(row) for row in result.fetchall()], -1, big)


def _driver_rows(cursor: Any, dialect: str) -> Rows:
    description = cursor.description
    if description is None:
        return Rows((), [], cursor.rowcount)
    columns = tuple([to_wire(column[0]) for column in description])
    rows = [_wire_row(row) for row in cursor.fetchall()]
    return Rows(columns, rows, -1, _big_columns(description, dialect))


def _big_integers(result: CursorResult[Any]) -> tuple[int, ...]:
    cursor = result.cursor
    return () if cursor is None else _big_columns(cursor.description, result.dialect.name)


def _big_columns(description: Sequence[Sequence[Any]], dialect: str) -> tuple[int, ...]:
    code = _BIG_INTEGER_CODES.get(dialect)
    if code is None:
        return ()
    return tuple([index for index, column in enumerate(description) if column[1] == code])


def _wire_row(row: Any) -> tuple[Any, ...]:
    # Most values need nothing done, and a location table has millions of them.
    return tuple(
        [
            value
            if value.__class__ in _PLAIN or (value.__class__ is str and value.isascii())
            else _wire_value(value)
            for value in row
        ]
    )


def _wire_value(value: Any) -> Any:
    if isinstance(value, str):
        return to_wire(value)
    return bytes(value).decode("latin-1") if isinstance(value, bytes | bytearray | memoryview) else value


_BIG_INTEGER_CODES: Final = {"mysql": 8, "mariadb": 8, "postgresql": 20}
"""The drivers' type codes of BIGINT: MySQL's LONGLONG, PostgreSQL's int8."""

_PLAIN: Final = frozenset((int, float, type(None)))
