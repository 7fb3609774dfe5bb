"""The uac module: the functions of the files beside this one, the timer of the registrations, the RPC commands."""

from typing import Any, Final

from luasip.errors import CommandError, StorageError
from luasip.kemi.context import Services
from luasip.kemi.declare import command
from luasip.modules.rr import Rr
from luasip.modules.uac.account import Account, Registration
from luasip.modules.uac.authentication import AuthenticationFunctions
from luasip.modules.uac.registration_functions import RegistrationFunctions
from luasip.modules.uac.replacing import ReplaceFunctions
from luasip.modules.uac.sending import SendFunctions
from luasip.modules.uac.settings import UacSettings, restoring_mode
from luasip.modules.uac.store import AccountStore

_FIRST_LOOK: Final = 1.0
"""Seconds after the start at which what is not delayed registers: the sockets are open then."""


class Uac(SendFunctions, AuthenticationFunctions, ReplaceFunctions, RegistrationFunctions):
    """uac: the server as a client of others."""

    name = "uac"
    uses = ("rr",)

    Settings = UacSettings
    changeable = (
        *("restore_passwd", "credential", "auth_realm_avp", "auth_username_avp", "auth_password_avp"),
        *("event_callback", "default_socket", "reg_timer_interval", "reg_retry_interval"),
        *("reg_random_delay", "reg_keep_callid", "reg_use_domain"),
    )

    def __init__(self, settings: UacSettings, services: Services, rr: Rr) -> None:
        """Raises SettingsError for values there are not and a database that cannot be opened."""
        self.settings = settings
        self._services = services
        self.set_up_restoring(settings, rr)
        self.set_up_credentials(settings)
        self.set_up_registrations(settings, services)

    def start(self) -> None:
        """Load the accounts and begin to register them. Raises StorageError."""
        if self._store is not None:
            self._store.create()
            self._registrations.load(self._store.load())
        if self.settings.reg_contact_addr:
            self._services.after(_FIRST_LOOK, self._registrations.look)
            self._services.every(
                lambda: float(self.settings.reg_timer_interval),
                self._registrations.look,
                "uac.registrations",
            )

    def settings_changed(self) -> None:
        """Read the credentials, and refuse values there are not. SettingsError."""
        restoring_mode(self.settings)
        self.set_up_credentials(self.settings)

    @command("uac.reg_dump")
    def reg_dump(self) -> list[dict[str, Any]]:
        """Every account and its registration."""
        self._check_enabled()
        return [self._shown(registration) for registration in self._registrations.all()]

    @command("uac.reg_info")
    def reg_info(self, attr: str, val: str) -> dict[str, Any]:
        """One account and its registration, by l_uuid, l_username, r_username or auth_username."""
        return self._shown(self._command_registration(attr, val))

    @command("uac.reg_enable")
    def reg_enable(self, attr: str, val: str) -> None:
        """Let an account be registered, from the timer's next look on."""
        self._registrations.switch(self._command_registration(attr, val), True)

    @command("uac.reg_disable")
    def reg_disable(self, attr: str, val: str) -> None:
        """Let an account no longer be registered; what is registered stays until it ends."""
        self._registrations.switch(self._command_registration(attr, val), False)

    @command("uac.reg_unregister")
    def reg_unregister(self, attr: str, val: str) -> None:
        """Disable an account and tell its registrar (Expires: 0)."""
        self._registrations.unregister(self._command_registration(attr, val))

    @command("uac.reg_reload")
    def reg_reload(self) -> None:
        """Read all accounts anew from the database; those that have not changed stay registered."""
        store = self._command_store()
        try:
            self._registrations.load(store.load())
        except StorageError as error:
            raise CommandError(500, f"Failed to reload records - {error}") from error

    @command("uac.reg_refresh")
    def reg_refresh(self, l_uuid: str) -> None:
        """Read one account anew from the database and register it at the timer's next look."""
        store = self._command_store()
        try:
            account = store.find(str(l_uuid))
        except StorageError as error:
            raise CommandError(500, f"Failed to refresh record - {error}") from error
        if account is None:
            raise CommandError(404, "Record not found")
        if not self._registrations.put(account):
            raise CommandError(500, f"Failed to refresh record - {account.problem()}")

    @command("uac.reg_remove")
    def reg_remove(self, l_uuid: str) -> None:
        """Forget an account until the next reload; the other server is not told."""
        self._check_enabled()
        if not self._registrations.remove(str(l_uuid)):
            raise CommandError(404, "Record not found")

    @command("uac.reg_add")
    def reg_add(
        self,
        l_uuid: str,
        l_username: str,
        l_domain: str,
        r_username: str,
        r_domain: str,
        realm: str,
        auth_username: str,
        auth_password: str,
        auth_ha1: str,
        auth_proxy: str,
        expires: int,
        flags: int,
        reg_delay: int,
        socket: str,
        contact_addr: str = ".",
    ) -> None:
        """Add an account until the next reload. "." stands for no value in texts."""
        self._check_enabled()
        try:
            account = Account(
                l_uuid=_text(l_uuid),
                l_username=_text(l_username),
                l_domain=_text(l_domain),
                r_username=_text(r_username),
                r_domain=_text(r_domain),
                realm=_text(realm),
                auth_username=_text(auth_username),
                auth_password=_text(auth_password),
                auth_ha1=_text(auth_ha1),
                auth_proxy=_text(auth_proxy),
                expires=int(str(expires)),
                flags=int(str(flags)),
                reg_delay=int(str(reg_delay)),
                contact_addr=_text(contact_addr),
                socket=_text(socket),
            )
        except ValueError:
            raise CommandError(400, "Invalid Parameters") from None
        if self._registrations.find(account.l_uuid) is not None:
            raise CommandError(409, "uuid already exists")
        if not self._registrations.put(account):
            raise CommandError(500, f"Failed to add record - {account.problem()}")

    @command("uac.reg_active")
    def reg_active(self, mode: int) -> dict[str, int]:
        """Begin (1) or stop (0) registering and renewing all accounts."""
        self._check_enabled()
        before = self._registrations.active
        self._registrations.active = str(mode) != "0"
        return {"omode": int(before), "nmode": int(self._registrations.active)}

    def _check_enabled(self) -> None:
        if not self.settings.reg_contact_addr:
            raise CommandError(500, "Not enabled")

    def _command_store(self) -> AccountStore:
        self._check_enabled()
        if self._store is None:
            raise CommandError(500, "No database: reg_db_url is not set")
        return self._store

    def _command_registration(self, attribute: str, value: str) -> Registration:
        self._check_enabled()
        if not attribute or str(value) == "":
            raise CommandError(400, "Invalid Parameter Values")
        try:
            found = self._registrations.find_by(attribute, str(value))
        except ValueError:
            raise CommandError(400, "Unsupported filter attribute") from None
        if found is None:
            raise CommandError(404, "Record not found")
        return found

    def _shown(self, registration: Registration) -> dict[str, Any]:
        """As Kamailio shows it, but for the password, which is only told to be there."""
        account = registration.account
        now, clock = self._services.now(), self._services.wall_clock()
        return {
            "l_uuid": account.l_uuid,
            "l_username": account.l_username,
            "l_domain": account.l_domain,
            "r_username": account.r_username,
            "r_domain": account.r_domain,
            "realm": account.realm,
            "auth_username": account.auth_username,
            "auth_password": "***" if account.auth_password else "none",
            "auth_ha1": "***" if account.auth_ha1 else "none",
            "auth_proxy": account.auth_proxy or "none",
            "expires": registration.expires,
            "flags": registration.flags,
            "diff_expires": round(registration.due_at - now),
            "timer_expires": round(clock + registration.due_at - now),
            "reg_init": round(clock + registration.loaded_at - now),
            "reg_delay": round(registration.delay),
            "contact_addr": account.contact_addr or "none",
            "socket": account.socket,
        }


def _text(value: object) -> str:
    """A text of a command, which may write "." for none."""
    return "" if str(value) == "." else str(value)
