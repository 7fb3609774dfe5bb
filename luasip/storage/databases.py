"""The databases a server uses, one engine for each URL.

An engine's pool checks a connection that lay idle before it is used, opens no more than a fixed number, and gives up
waiting for one; what a database may take at most is limited as far as its driver can. Knows no tables.
"""

import select
import threading
import time
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import InvalidatePoolError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from luasip.errors import StorageError
from luasip.storage.database import Database
from luasip.storage.urls import DatabaseUrl, parse_database_url

_RECYCLE_AFTER: Final = 1800
"""Seconds after which a pooled connection is replaced: servers drop idle ones."""

_CHECK_AFTER: Final = 1.0
"""Seconds a pooled connection may lie idle before it is asked for a sign of life, which is a round trip.

Of a connection that was in use just now that says little that a look at its socket does not. Should it be dead all the
same, its statement fails, and with the first such failure the database's other connections are given up too.
"""

_LONGEST_CONNECT: Final = 2
"""Seconds to open a connection at most."""

_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1", "[::1]")


class Databases:
    """Opened databases by URL. May be called from any thread."""

    def __init__(self, pool_size: int = 5, timeout: float = 5.0) -> None:
        """`pool_size` connections a database at most; `timeout` seconds to connect, read or get one."""
        self._pool_size = pool_size
        self._timeout = timeout
        self._opened: dict[str, Database] = {}
        self._lock = threading.Lock()

    def open(self, url: str) -> Database:
        """The shared Database for a Kamailio URL; its connections are made when needed.

        Raises StorageError for a URL that cannot be read and a driver that is not installed.
        """
        with self._lock:
            database = self._opened.get(url)
            if database is None:
                parsed = parse_database_url(url)
                database = self._opened[url] = Database(self._engine(parsed), parsed)
            return database

    def close(self) -> None:
        """Close every connection and forget the databases."""
        with self._lock:
            opened = list(self._opened.values())
            self._opened.clear()
        for database in opened:
            database.close()

    def _engine(self, url: DatabaseUrl) -> Engine:
        # A memory database is its connection, so there is exactly one and it is never replaced.
        pool: dict[str, Any] = {
            "pool_size": 1 if url.in_memory else self._pool_size,
            "max_overflow": 0,
            "pool_timeout": self._timeout,
            "pool_recycle": -1 if url.is_sqlite else _RECYCLE_AFTER,
        }
        if url.is_sqlite:
            return self._sqlite_engine(url, pool)
        try:
            # Single statements commit themselves: no COMMIT and no ROLLBACK to wait for (see Database.transaction).
            engine = create_engine(
                url.for_sqlalchemy(),
                connect_args=self._connect_arguments(url),
                isolation_level="AUTOCOMMIT",
                skip_autocommit_rollback=True,
                **pool,
            )
        except ImportError as error:
            extra = "mysql" if url.driver.startswith("mysql") else "postgres"
            raise StorageError(
                f"database {url}: the driver {error.name} is not installed (pip install luasip[{extra}])"
            ) from error
        except SQLAlchemyError as error:
            raise StorageError(f"database {url}: {error}") from error
        _check_idle_connections(engine)
        return engine

    def _connect_arguments(self, url: DatabaseUrl) -> dict[str, Any]:
        seconds = max(1, round(self._timeout))
        # A database that is back after a failure must not find every thread waiting for a connection.
        connecting = min(seconds, _LONGEST_CONNECT)
        if url.driver.startswith("mysql"):
            arguments = {"connect_timeout": connecting, "read_timeout": seconds, "write_timeout": seconds}
            # To be ready for TLS costs 35 ms of CPU a connection, in which no other Python thread runs.
            return arguments | {"ssl_disabled": True} if url.host in _THIS_MACHINE else arguments
        return {"connect_timeout": connecting, "options": f"-c statement_timeout={seconds * 1000}"}

    def _sqlite_engine(self, url: DatabaseUrl, pool: dict[str, Any]) -> Engine:
        if not url.in_memory:
            try:
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StorageError(f"database {url}: {error}") from error
        arguments = {"check_same_thread": False, "timeout": self._timeout}
        engine = create_engine(url.for_sqlalchemy(), connect_args=arguments, poolclass=QueuePool, **pool)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine


def _check_idle_connections(engine: Engine) -> None:
    """Ask connections that lay idle whether they live; with one that does not, all are replaced."""
    dialect = engine.dialect

    def used(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["used_at"] = time.monotonic()

    def check(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        used_at = record.info.get("used_at")
        if used_at is None:
            return
        alive = not _has_hung_up(connection)
        if alive and time.monotonic() - used_at > _CHECK_AFTER:
            try:
                alive = dialect.do_ping(connection)
            except dialect.loaded_dbapi.Error:
                alive = False
        if not alive:
            raise InvalidatePoolError

    event.listen(engine, "checkin", used)
    event.listen(engine, "checkout", check)


def _has_hung_up(connection: Any) -> bool:
    """Whether the server has closed an idle connection, as far as this side knows: a look, no round trip."""
    if not hasattr(connection, "fileno"):
        connection = getattr(connection, "_sock", None)  # PyMySQL, which does not tell in public
        if connection is None:
            return False
    # Of an idle connection there is nothing to read but its end, or the reason for it.
    look = select.poll()  # not select(), which refuses descriptors beyond 1023
    look.register(connection, select.POLLIN)
    return bool(look.poll(0))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own implicit BEGIN comes too late for a transaction that reads first.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    # A commit is on the disk when it returns, whatever happens to the process or the machine.
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
