"""Users looked up on the pool "sql", and credentials checked against what is found there.

Knows no digest; auth's Checker does. Every call with a password passes here, so the file is one that mypyc compiles.
"""

import logging
from collections.abc import Generator
from functools import partial
from typing import Any, Final

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.operation import Call, Operation
from luasip.modules.auth.checking import EXEMPT, Checker, check_user
from luasip.modules.auth.outcomes import Outcome
from luasip.modules.auth_db.settings import AuthDbSettings, is_name
from luasip.sip.digest import Credentials, compute_ha1
from luasip.storage import Rows
from luasip.storage.database import Database

_log = logging.getLogger("luasip.auth_db")

_POOL: Final = "sql"
_CHECK_USER: Final = 1
_SKIP_SENDER: Final = 2

Row = tuple[Any, ...]
Checking = Generator[Operation, Any, Outcome]
Searching = Generator[Operation, Any, Row | Outcome]
Columns = list[tuple[str, str]]
"""Columns to be read, each with the pseudo-variable it goes to."""


class Users:
    """The users of a database. May be called from any thread."""

    def __init__(
        self,
        settings: AuthDbSettings,
        services: Services,
        checker: Checker,
        database: Database,
        loaded: Columns,
    ) -> None:
        self._settings = settings
        self._services = services
        self._checker = checker
        self._database = database
        self._loaded = loaded

    def check(
        self, ctx: RouteContext, realm: str, table: str, header: str, flags: int = 0, method: str = ""
    ) -> Checking:
        """As AuthDb.auth_check, with the credentials of any header and for any method."""
        begun = self._checker.begin(ctx, realm, header)
        if not isinstance(begun, Credentials):
            return begun
        user, _, domain = begun.username.partition("@")
        plain = bool(self._settings.calculate_ha1)
        names = [self._password_column(begun), *(column for column, _ in self._loaded)]
        sought = (domain or realm) if self._settings.use_domain else ""
        row = yield from self.find(table, names, user, sought)
        found = "" if isinstance(row, Outcome) else str(row[0] or "")
        ha1 = (
            compute_ha1(begun.username, self._checker.realm(realm), found, begun.algorithm)
            if plain
            else found
        )
        if row is Outcome.ERROR:
            self._checker.abandon(ctx)
            return row
        if isinstance(row, Outcome) or not found:
            self._checker.refuse(ctx, begun, ha1)
            return row if isinstance(row, Outcome) else Outcome.WRONG_PASSWORD
        if self._settings.force_generate_avps:
            self.load(ctx, row[1:], self._loaded)
        outcome = self._checker.finish(ctx, begun, ha1, method)
        if outcome is not Outcome.ACCEPTED:
            return outcome
        if not self._settings.force_generate_avps:
            self.load(ctx, row[1:], self._loaded)
        if not flags & _CHECK_USER or ctx.request.method in EXEMPT:
            return outcome
        return check_user(ctx, begun.username, bool(self._settings.use_domain), bool(flags & _SKIP_SENDER))

    def _password_column(self, given: Credentials) -> str:
        """The column with the password or H(A1) that these credentials are checked against."""
        settings = self._settings
        if settings.calculate_ha1:
            return settings.password_column
        own = {
            "SHA-256": settings.password_column_sha256,
            "SHA-512-256": settings.password_column_sha512_256,
        }.get(given.algorithm)
        if own:
            return own
        return settings.password_column_2 if given.username.partition("@")[2] else settings.password_column

    def find(self, table: str, columns: list[str], user: str, domain: str) -> Searching:
        """The first row of a user, or UNKNOWN_USER or ERROR; `domain` "" matches any."""
        if not is_name(table):
            _log.error("%r is no name of a table", table)
            return Outcome.ERROR
        statement = f"select {', '.join(columns)} from {table} where {self._settings.user_column} = ?"
        values = [user]
        if domain:
            statement += f" and {self._settings.domain_column} = ?"
            values.append(domain)
        answer = yield Call(_POOL, partial(self._database.execute_positional, statement, values))
        if not isinstance(answer, Rows):
            self._services.count("auth_db:failures")
            _log.error("users of table %s cannot be looked up: %s", table, answer)
            return Outcome.ERROR
        return answer.rows[0] if answer.rows else Outcome.UNKNOWN_USER

    def load(self, ctx: RouteContext, values: Row, columns: Columns) -> None:
        """Set the pseudo-variables of these columns."""
        for value, (_, variable) in zip(values, columns, strict=True):
            if value is not None:
                self._services.variables.set(ctx, variable, value if isinstance(value, int) else str(value))
