"""Database URLs as Kamailio writes them, and what SQLAlchemy needs to open them.

`mysql://user:password@host[:port]/database`, `postgres://…` alike, `sqlite:////absolute/file`,
`sqlite:///relative/file`, `sqlite://` or `sqlite:///:memory:` for a database that lives as long as the
server. Knows no engine and opens nothing.
"""

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.engine import URL

from luasip.errors import StorageError

_DRIVERS: Final = {
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
}


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """One parsed URL.

    `driver` is SQLAlchemy's name of dialect and driver; for SQLite `database` is the file's path, "" in
    memory.
    """

    driver: str
    user: str = ""
    password: str = field(default="", repr=False)
    host: str = ""
    port: int | None = None
    database: str = ""

    @property
    def is_sqlite(self) -> bool:
        """True for a file or a memory database."""
        return self.driver == "sqlite"

    @property
    def in_memory(self) -> bool:
        """True for a SQLite database without a file."""
        return self.is_sqlite and not self.database

    def for_sqlalchemy(self) -> URL:
        """The URL to hand to create_engine."""
        if self.is_sqlite:
            return URL.create("sqlite", database=self.database or None)
        query = {"charset": "utf8mb4"} if self.driver.startswith("mysql") else {}
        return URL.create(
            self.driver,
            self.user or None,
            self.password or None,
            self.host,
            self.port,
            self.database or None,
            query,
        )

    def __str__(self) -> str:
        """The URL without its password, for messages."""
        if self.is_sqlite:
            return f"sqlite:///{self.database or ':memory:'}"
        scheme = self.driver.partition("+")[0]
        port = f":{self.port}" if self.port is not None else ""
        return f"{scheme}://{self.user}{'@' if self.user else ''}{self.host}{port}/{self.database}"


def parse_database_url(text: str) -> DatabaseUrl:
    """Read a Kamailio database URL. Raises StorageError that names the URL without its password."""
    scheme, separator, rest = text.partition("://")
    driver = _DRIVERS.get(scheme.lower())
    if not separator or driver is None:
        known = ", ".join(sorted(_DRIVERS))
        raise StorageError(f"database URL {_masked(text)!r}: the scheme must be one of {known}")
    if driver == "sqlite":
        return DatabaseUrl(driver, database=_sqlite_file(rest))
    return _parse_server(text, driver, rest)


def _sqlite_file(rest: str) -> str:
    path = rest.removeprefix("/")
    return "" if path in ("", ":memory:") else path


def _parse_server(text: str, driver: str, rest: str) -> DatabaseUrl:
    # A password may hold "@" or "/": the last "@" ends the credentials, as Kamailio reads it.
    credentials, _, address = rest.rpartition("@")
    user, _, password = credentials.partition(":")
    host_port, slash, database = address.partition("/")
    if not slash or not database:
        raise StorageError(f"database URL {_masked(text)!r}: the database's name is missing")
    host, port = _split_port(text, host_port)
    return DatabaseUrl(driver, user, password, host or "localhost", port, database)


def _split_port(text: str, host_port: str) -> tuple[str, int | None]:
    if host_port.startswith("["):
        host, _, after = host_port[1:].partition("]")
        port = after.removeprefix(":")
    else:
        host, _, port = host_port.partition(":")
    if not port:
        return host, None
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise StorageError(f"database URL {_masked(text)!r}: the port is no number from 1 to 65535")
    return host, int(port)


def _masked(text: str) -> str:
    """A URL without its password, also one whose end, from the "@" on, was forgotten."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "", text
    credentials, at, address = rest.rpartition("@")
    if not at and not address.partition(":")[2].partition("/")[0].isdecimal():
        credentials, address = address, ""
    user, colon, _ = credentials.partition(":")
    return f"{scheme}{separator}{user}{':***' if colon else ''}{at}{address}"
