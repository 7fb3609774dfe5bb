"""The databases scripts name, and statements for them on the pool "sql".

A failure is logged here and is a value afterwards: a script goes on when its database is gone. Knows no results.
"""

import logging
from collections.abc import Callable, Generator, Sequence
from typing import Any, Final

from luasip.errors import SettingsError, StorageError
from luasip.kemi.context import Services
from luasip.kemi.operation import POOL_FULL, TIMED_OUT, Call, Operation
from luasip.storage import Database, Rows

POOL: Final = "sql"

_log = logging.getLogger("luasip.sql")

Querying = Generator[Operation, Any, Rows | str]
"""Gives the rows, or a text saying why there are none."""


class Connections:
    """Databases by the names the settings give them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._databases: dict[str, Database] = {}

    def add(self, setting: str, definitions: Sequence[str]) -> list[str]:
        """Open the databases of `definitions`, each "name=>URL"; gives the names.

        Raises SettingsError with every problem, each beginning with the name of the `setting`.
        """
        problems: list[str] = []
        names: list[str] = []
        for index, text in enumerate(definitions):
            try:
                names.append(self._add(text))
            except (ValueError, StorageError) as error:
                problems.append(f"{setting}[{index}]: {error}")
        if problems:
            raise SettingsError(problems)
        return names

    def _add(self, text: str) -> str:
        name, arrow, url = text.partition("=>")
        name, url = name.strip(), url.strip()
        if not arrow or not name or not url:
            raise ValueError('not understood; allowed: "NAME=>DATABASE_URL"')
        if name in self._databases:
            raise ValueError(f"the connection {name!r} is defined twice")
        self._databases[name] = self._services.databases.open(url)
        return name

    @property
    def names(self) -> list[str]:
        """The names of all connections."""
        return list(self._databases)

    def find(self, name: str) -> Database | None:
        """The database of a connection."""
        return self._databases.get(name)

    def run(self, name: str, statement: str, values: Sequence[Any] | None = None) -> Querying:
        """Run one statement on the pool, with `values` bound to its `?` unless they are None."""
        database = self._databases.get(name)
        if database is None:
            return self.failed(name, statement, f"there is no connection {name!r}")
        if not statement.strip():
            return self.failed(name, statement, "there is no query")
        answer = yield Call(POOL, statement_call(database, statement, values))
        if isinstance(answer, Rows):
            return answer
        return self.failed(name, statement, _why(answer))

    def failed(self, name: str, statement: str, why: str) -> str:
        """Log and count a failure; gives `why`."""
        self._services.count("sql:failures")
        _log.error("connection %s: %s (query: %.64s)", name, why, statement)
        return why


def statement_call(
    database: Database, statement: str, values: Sequence[Any] | None = None
) -> Callable[[], Rows]:
    """What a pool thread does."""
    if values is None:
        return lambda: database.execute(statement)
    return lambda: database.execute_positional(statement, values)


def _why(answer: Any) -> str:
    if answer is POOL_FULL:
        return "too many queries are waiting"
    if answer is TIMED_OUT:
        return "the database took too long"
    return str(answer) if isinstance(answer, StorageError) else f"internal error: {answer!r}"
