"""What scripts may ask of registrations at other servers."""

import logging
from typing import Final

from luasip.errors import SettingsError, StorageError
from luasip.kemi.context import RouteContext, Services, Suspending
from luasip.kemi.current import parsed_uri
from luasip.kemi.declare import Module, Route, function
from luasip.kemi.operation import Call
from luasip.modules.uac.account import DISABLED, ONGOING, Account, Registration
from luasip.modules.uac.registrations import Registrations
from luasip.modules.uac.settings import UacSettings
from luasip.modules.uac.store import AccountStore

_log = logging.getLogger("luasip.uac")

_POOL: Final = "sql"
_BY_USER: Final = 1
_HA1: Final = 2
_REQUEST_ROUTES: Final = Route.REQUEST | Route.FAILURE | Route.BRANCH | Route.BRANCH_FAILURE


class RegistrationFunctions(Module):
    """uac_reg_*."""

    settings: UacSettings
    _services: Services

    def set_up_registrations(self, settings: UacSettings, services: Services) -> None:
        """Open the database, if there is one. Raises SettingsError."""
        self._registrations = Registrations(settings, services)
        self._store: AccountStore | None = None
        if not settings.reg_db_url:
            return
        try:
            database = services.databases.open(settings.reg_db_url)
        except StorageError as error:
            raise SettingsError([f"modules.uac.reg_db_url: {error}"]) from error
        self._store = AccountStore(database, settings.reg_db_table)

    @function()
    def uac_reg_lookup(self, ctx: RouteContext, userid: str, sdst: str) -> int:
        """Find the account a call from another server is for, and put its local user's URI into a variable.

        Args:
            userid: l_uuid, the user part of the Contact that was registered.
            sdst: the variable, such as "$ru".
        Returns: 1, -1 when there is no such account or the variable cannot be set.
        """
        registration = self._registrations.find(userid)
        if registration is None:
            return -1
        return 1 if self._services.variables.set(ctx, sdst, registration.account.local_uri) else -1

    @function()
    def uac_reg_lookup_uri(self, ctx: RouteContext, suri: str, sdst: str) -> int:
        """Find the account of a local user, and put its l_uuid into a variable.

        Args:
            suri: URI whose user (with reg_use_domain: and host) are l_username (and l_domain).
            sdst: the variable, such as "$var(uuid)".
        Returns: 1, -1 when there is no such account or the variable cannot be set, -2 for an unreadable URI.
        """
        uri = parsed_uri(suri)
        if uri is None:
            return -2
        registration = self._registrations.find_user(uri.user, self._domain(uri.host))
        if registration is None:
            return -1
        return 1 if self._services.variables.set(ctx, sdst, registration.account.l_uuid) else -1

    @function()
    def uac_reg_status(self, ctx: RouteContext, sruuid: str) -> int:
        """Tell whether an account is registered.

        Args:
            sruuid: l_uuid.
        Returns: 1 it is; -1 there is no such account; -2 it is not, but a REGISTER is under way; -3 it is disabled;
            -99 it is not, and waits for the next try.
        """
        registration = self._registrations.find(sruuid)
        if registration is None:
            return -1
        return status_of(registration, self._services.now())

    @function(_REQUEST_ROUTES)
    def uac_reg_request_to(self, ctx: RouteContext, userid: str, imode: int) -> int:
        """Send this request as an account's user: sets $ru, $du and the variables uac_auth reads.

        Args:
            userid: l_uuid, or l_username (with reg_use_domain a URI).
            imode: sum of 1 userid is a user and not l_uuid, 2 auth_password_avp gets H(A1): then use
                uac_auth_mode(1).
        Returns: 1; -1 when there is no such account, imode is unknown, or auth_*_avp are not set in the settings;
            -2 for an unreadable URI.
        """
        if imode < 0 or imode > _BY_USER | _HA1:
            _log.error("uac_reg_request_to: unknown mode %d", imode)
            return -1
        user, domain = userid, ""
        if imode & _BY_USER and self.settings.reg_use_domain:
            uri = parsed_uri(userid)
            if uri is None:
                return -2
            user, domain = uri.user, uri.host
        found = (
            self._registrations.find_user(user, domain)
            if imode & _BY_USER
            else self._registrations.find(user)
        )
        if found is None:
            return -1
        return self._aim(ctx, found.account, bool(imode & _HA1))

    def _aim(self, ctx: RouteContext, account: Account, with_ha1: bool) -> int:
        settings = self.settings
        if not settings.auth_realm_avp:
            _log.error(
                "uac_reg_request_to: auth_realm_avp, auth_username_avp and auth_password_avp are not set"
            )
            return -1
        ctx.target.uri = account.address_of_record
        ctx.target.destination_uri = account.auth_proxy
        values = {
            settings.auth_realm_avp: account.realm,
            settings.auth_username_avp: account.auth_username or account.r_username,
            settings.auth_password_avp: account.auth_ha1 if with_ha1 else account.auth_password,
        }
        done = [self._services.variables.set(ctx, name, value) for name, value in values.items()]
        return 1 if all(done) else -1

    @function()
    def uac_reg_enable(self, ctx: RouteContext, attr: str, val: str) -> int:
        """Let an account be registered, from the timer's next look on.

        Args:
            attr: "l_uuid", "l_username", "r_username" or "auth_username".
            val: its value.
        Returns: 1, -1 when one is empty, -2 when there is no such account, -3 for another attribute.
        """
        return self._switch(attr, val, True)

    @function()
    def uac_reg_disable(self, ctx: RouteContext, attr: str, val: str) -> int:
        """Let an account no longer be registered; what is registered stays until it ends.

        Args:
            attr: "l_uuid", "l_username", "r_username" or "auth_username".
            val: its value.
        Returns: as uac_reg_enable.
        """
        return self._switch(attr, val, False)

    def _switch(self, attribute: str, value: str, enabled: bool) -> int:
        if not attribute or not value:
            return -1
        try:
            registration = self._registrations.find_by(attribute, value)
        except ValueError as error:
            _log.error("uac_reg: %s", error)
            return -3
        if registration is None:
            return -2
        self._registrations.switch(registration, enabled)
        return 1

    @function(suspends=True)
    def uac_reg_refresh(self, ctx: RouteContext, l_uuid: str) -> Suspending:
        """Read an account anew from the database, or for the first time; it is registered at the timer's next look.

        Other messages are handled while the database is asked.

        Args:
            l_uuid: of the account.
        Returns: 1, 0 when the database does not have it, -1 on failure or without database.
        """
        store = self._store
        if store is None:
            return -1
        found = yield Call(_POOL, lambda: store.find(l_uuid))
        if found is None:
            return 0
        if not isinstance(found, Account):
            _log.error("account %s cannot be read: %s", l_uuid, found)
            return -1
        return 1 if self._registrations.put(found) else -1

    def _domain(self, host: str) -> str:
        return host if self.settings.reg_use_domain else ""


def status_of(registration: Registration, now: float) -> int:
    """Kamailio's code for a registration's state."""
    if registration.is_valid(now):
        return 1
    if registration.flags & ONGOING:
        return -2
    return -3 if registration.flags & DISABLED else -99
