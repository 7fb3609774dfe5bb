"""The auth_db module as scripts see it. What it does stands in users.py."""

from typing import Final

from luasip.errors import SettingsError, StorageError
from luasip.kemi.context import RouteContext, Services, Suspending
from luasip.kemi.current import parsed_uri
from luasip.kemi.declare import Module, Route, function
from luasip.modules.auth import Auth, Outcome
from luasip.modules.auth.checking import AUTHORIZATION
from luasip.modules.auth.module import authentication_header
from luasip.modules.auth_db.settings import AuthDbSettings, check
from luasip.modules.auth_db.users import Users
from luasip.sip.uri import unescape
from luasip.storage.tables import subscriber_table

_BY_DOMAIN: Final = 1
_SKIP_COLUMNS: Final = 2


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
        try:
            self._database = services.databases.open(settings.db_url)
        except StorageError as error:
            raise SettingsError([f"modules.auth_db.db_url: {error}"]) from error
        self._users = Users(settings, services, auth.checker, self._database, self._loaded)

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
        outcome = yield from self._users.check(ctx, srealm, stable, authentication_header(ctx), iflags)
        return outcome.value

    @function(Route.REQUEST, suspends=True)
    def www_authenticate(self, ctx: RouteContext, realm: str, table: str) -> Suspending:
        """Check the credentials in Authorization; other messages are handled while the database is asked.

        Args:
            realm: of the credentials.
            table: of the users.
        Returns: as auth_check without flags.
        """
        outcome = yield from self._users.check(ctx, realm, table, AUTHORIZATION)
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
        outcome = yield from self._users.check(ctx, realm, table, AUTHORIZATION, method=method)
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
        row = yield from self._users.find(stable, names, unescape(uri.user), domain)
        if isinstance(row, Outcome):
            return -2 if row is Outcome.UNKNOWN_USER else -1
        self._users.load(ctx, row[1:], columns)
        return 1
