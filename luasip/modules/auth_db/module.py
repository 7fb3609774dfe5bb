"""The auth_db module: looking users up on the pool "sql" and having auth check their credentials.

Knows no digest; auth's Checker does.
"""

import logging
from collections.abc import Generator
from typing import Any, Final

from luasip.errors import SettingsError, StorageError
from luasip.kemi.context import RouteContext, Services, Suspending
from luasip.kemi.current import parsed_uri
from luasip.kemi.declare import Module, Route, function
from luasip.kemi.operation import Call, Operation
from luasip.modules.auth import Auth, Outcome
from luasip.modules.auth.checking import AUTHORIZATION, EXEMPT, check_user
from luasip.modules.auth.module import authentication_header
from luasip.modules.auth_db.settings import AuthDbSettings, check, is_name
from luasip.sip.digest import Credentials, compute_ha1
from luasip.sip.uri import unescape
from luasip.storage import Rows
from luasip.storage.tables import subscriber_table

_log = logging.getLogger("luasip.auth_db")

_POOL: Final = "sql"
_CHECK_USER: Final = 1
_SKIP_SENDER: Final = 2
_BY_DOMAIN: Final = 1
_SKIP_COLUMNS: Final = 2

Row = tuple[Any, ...]
Checking = Generator[Operation, Any, Outcome]
Searching = Generator[Operation, Any, Row | Outcome]


class AuthDb(Module):
    """auth_db: passwords in a database."""

    name = "auth_db"
    uses = ("auth",)

    Settings = AuthDbSettings
    changeable = ("calculate_ha1", "use_domain", "force_generate_avps")

    def __init__(self, settings: AuthDbSettings, services: Services, auth: Auth) -> None:
        """Raises SettingsError for values there are not and a database that cannot be opened."""
        self._loaded = check(settings)
        self.settings = settings
        self._services = services
        self._checker = auth.checker
        try:
            self._database = services.databases.open(settings.db_url)
        except StorageError as error:
            raise SettingsError([f"modules.auth_db.db_url: {error}"]) from error

    def start(self) -> None:
        """Make Kamailio's subscriber table where there is none. Raises StorageError."""
        self._database.create_table(subscriber_table("subscriber"))

    @function(Route.REQUEST, suspends=True)
    def auth_check(self, ctx: RouteContext, srealm: str, stable: str, iflags: int) -> Suspending:
        """Check the credentials in Authorization of a REGISTER, in Proxy-Authorization of every other request.

        Other messages are handled while the database is asked.

        Args:
            srealm: realm of the credentials.
            stable: table of the users, "subscriber".
            iflags: 0; 1 the user must be that of From (REGISTER and PUBLISH: of To, which must be From's);
                3 the same, but not of From for INVITE, BYE, PRACK, UPDATE and MESSAGE.
        Returns: 1, -1 error (also of the database), -2 wrong password, -3 unknown user, -4 stale nonce, -5 no
            credentials for the realm, -6 nonce used before, -8 another user.
        """
        if ctx.request.method in ("ACK", "CANCEL"):
            return Outcome.ACCEPTED.value
        outcome = yield from self._check(ctx, srealm, stable, authentication_header(ctx), iflags)
        return outcome.value

    @function(Route.REQUEST, suspends=True)
    def www_authenticate(self, ctx: RouteContext, realm: str, table: str) -> Suspending:
        """Check the credentials in Authorization; other messages are handled while the database is asked.

        Args:
            realm: of the credentials.
            table: of the users.
        Returns: as auth_check without flags.
        """
        outcome = yield from self._check(ctx, realm, table, AUTHORIZATION)
        return outcome.value

    @function(Route.REQUEST, suspends=True)
    def www_authenticate_method(self, ctx: RouteContext, realm: str, table: str, method: str) -> Suspending:
        """Check the credentials in Authorization as if the request had another method.

        Args:
            realm: of the credentials.
            table: of the users.
            method: the method the credentials were made for.
        Returns: as auth_check without flags; -1 without a method.
        """
        if not method:
            return Outcome.ERROR.value
        outcome = yield from self._check(ctx, realm, table, AUTHORIZATION, method=method)
        return outcome.value

    @function(suspends=True)
    def is_subscriber(self, ctx: RouteContext, suri: str, stable: str, iflags: int) -> Suspending:
        """Tell whether there is a user with this address; other messages are handled while the database is asked.

        Args:
            suri: the address, a SIP URI.
            stable: table of the users.
            iflags: sum of 1 compare the domain too, 2 do not read load_credentials into AVPs.
        Returns: 1 there is, -1 error (also of the database or the URI), -2 there is none.
        """
        uri = parsed_uri(suri)
        if uri is None or not uri.user or not uri.host:
            return -1
        columns = [] if iflags & _SKIP_COLUMNS else self._loaded
        domain = uri.host if iflags & _BY_DOMAIN else ""
        names = [self.settings.user_column, *(column for column, _ in columns)]
        row = yield from self._find(stable, names, unescape(uri.user), domain)
        if isinstance(row, Outcome):
            return -2 if row is Outcome.UNKNOWN_USER else -1
        self._load(ctx, row[1:], columns)
        return 1

    def _check(
        self, ctx: RouteContext, realm: str, table: str, header: str, flags: int = 0, method: str = ""
    ) -> Checking:
        begun = self._checker.begin(ctx, realm, header)
        if not isinstance(begun, Credentials):
            return begun
        user, _, domain = begun.username.partition("@")
        plain = bool(self.settings.calculate_ha1)
        names = [self._password_column(begun), *(column for column, _ in self._loaded)]
        sought = (domain or realm) if self.settings.use_domain else ""
        row = yield from self._find(table, names, user, sought)
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
        if self.settings.force_generate_avps:
            self._load(ctx, row[1:], self._loaded)
        outcome = self._checker.finish(ctx, begun, ha1, method)
        if outcome is not Outcome.ACCEPTED:
            return outcome
        if not self.settings.force_generate_avps:
            self._load(ctx, row[1:], self._loaded)
        if not flags & _CHECK_USER or ctx.request.method in EXEMPT:
            return outcome
        return check_user(ctx, begun.username, bool(self.settings.use_domain), bool(flags & _SKIP_SENDER))

    def _password_column(self, given: Credentials) -> str:
        """The column with the password or H(A1) that these credentials are checked against."""
        settings = self.settings
        if settings.calculate_ha1:
            return settings.password_column
        own = {
            "SHA-256": settings.password_column_sha256,
            "SHA-512-256": settings.password_column_sha512_256,
        }.get(given.algorithm)
        if own:
            return own
        return settings.password_column_2 if given.username.partition("@")[2] else settings.password_column

    def _find(self, table: str, columns: list[str], user: str, domain: str) -> Searching:
        """The first row of a user, or UNKNOWN_USER or ERROR; `domain` "" matches any."""
        if not is_name(table):
            _log.error("%r is no name of a table", table)
            return Outcome.ERROR
        statement = f"select {', '.join(columns)} from {table} where {self.settings.user_column} = ?"
        values = [user]
        if domain:
            statement += f" and {self.settings.domain_column} = ?"
            values.append(domain)
        answer = yield Call(_POOL, lambda: self._database.execute_positional(statement, values))
        if not isinstance(answer, Rows):
            self._services.count("auth_db:failures")
            _log.error("users of table %s cannot be looked up: %s", table, answer)
            return Outcome.ERROR
        return answer.rows[0] if answer.rows else Outcome.UNKNOWN_USER

    def _load(self, ctx: RouteContext, values: Row, columns: list[tuple[str, str]]) -> None:
        for value, (_, variable) in zip(values, columns, strict=True):
            if value is not None:
                self._services.variables.set(ctx, variable, value if isinstance(value, int) else str(value))
