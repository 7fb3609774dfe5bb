"""Single statements on an SQLite file, on connections of their own.

SQLAlchemy's pool takes longer to lend a connection than a file that is at hand takes to be looked into. Who calls
is on a thread of a pool, so there are never more connections than such threads.
"""

from typing import Any

from sqlalchemy import Engine

from luasip.storage.rows import Rows, driver_rows


class SqliteFile:
    """Connections to one file, each lent to one call at a time. May be called from any thread."""

    def __init__(self, engine: Engine) -> None:
        """The engine opens the connections."""
        self._engine = engine
        self._free: list[Any] = []

    def run(self, statement: str, values: tuple[Any, ...]) -> Rows:
        """Run one statement, which commits itself. Raises the driver's errors and SQLAlchemy's."""
        free = self._free
        # Adding to a list and taking its last item are one step each for other threads. The connection that was used
        # last goes first: it has the statement prepared.
        try:
            connection = free.pop()
        except IndexError:
            connection = self._open()
        cursor = connection.cursor()
        try:
            cursor.execute(statement, values)
            return driver_rows(cursor, "sqlite")
        finally:
            cursor.close()
            if connection.in_transaction:  # a BEGIN of the script's own
                connection.rollback()
            free.append(connection)
            if free is not self._free:
                _close(free)

    def close(self) -> None:
        """Close the connections, those in use when they come back; a later call opens new ones."""
        free, self._free = self._free, []
        _close(free)

    def _open(self) -> Any:
        lent = self._engine.raw_connection()
        connection = lent.dbapi_connection
        lent.detach()
        return connection


def _close(connections: list[Any]) -> None:
    while True:
        try:
            connection = connections.pop()
        except IndexError:
            return
        connection.close()
