"""The auth module as scripts see it, and what auth_db uses of it. Knows no database."""

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.credentials import accepted_credentials
from luasip.kemi.declare import Module, Route, command, function
from luasip.modules.auth.checking import (
    AUTHORIZATION,
    EXEMPT,
    PROXY_AUTHORIZATION,
    Checker,
    check_user,
    find_credentials,
)
from luasip.modules.auth.outcomes import Outcome
from luasip.modules.auth.settings import AuthSettings, check
from luasip.sip.digest import Credentials, compute_ha1

_ANSWERING = Route.REQUEST | Route.FAILURE

_HA1 = 1
_CHALLENGE = 2 | 4 | 8


class Auth(Module):
    """auth: challenges and passwords."""

    name = "auth"

    Settings = AuthSettings
    changeable = (
        *("auth_checks_register", "auth_checks_no_dlg"),
        *("auth_checks_in_dlg", "algorithm", "check_uri", "guess_limit", "guess_limit_address"),
        *("guess_limit_user", "guess_delay", "guess_delay_max", "guess_window", "guess_table_size"),
        *("guess_exempt", "realm_prefix", "use_domain", "force_stateless_reply", "add_authinfo_hdr"),
        *("challenge_attr", "proxy_challenge_header", "www_challenge_header"),
    )

    def __init__(self, settings: AuthSettings, services: Services) -> None:
        """Raises SettingsError for values there are not."""
        check(settings)
        self.settings = settings
        self.checker = Checker(settings, services)
        self._services = services

    def settings_changed(self) -> None:
        """Check by other rules from now on. Raises SettingsError."""
        check(self.settings)
        self.checker.use_settings()

    @function(_ANSWERING)
    def auth_challenge(self, ctx: RouteContext, realm: str, flags: int) -> int:
        """Ask for credentials: 401 for a REGISTER, 407 for every other request.

        Args:
            realm: for which; the domain of the user as a rule.
            flags: sum of 1 qop=auth, 2 qop=auth-int, 4 no 500 when no challenge can be made, 16 stale=true.
        Returns: 1, -1 without a realm, -3 when the reply cannot be sent, -4 when the 500 cannot.
        """
        return self._challenge(ctx, realm, flags, authentication_header(ctx))

    @function(_ANSWERING)
    def www_challenge(self, ctx: RouteContext, realm: str, flags: int) -> int:
        """Ask for credentials by 401.

        Args:
            realm: for which.
            flags: as for auth_challenge.
        Returns: 1, -1 without a realm, -3 when the reply cannot be sent, -4 when the 500 cannot.
        """
        return self._challenge(ctx, realm, flags, AUTHORIZATION)

    @function(_ANSWERING)
    def proxy_challenge(self, ctx: RouteContext, realm: str, flags: int) -> int:
        """Ask for credentials by 407.

        Args:
            realm: for which.
            flags: as for auth_challenge.
        Returns: 1, -1 without a realm, -3 when the reply cannot be sent, -4 when the 500 cannot.
        """
        return self._challenge(ctx, realm, flags, PROXY_AUTHORIZATION)

    @function()
    def auth_get_www_authenticate(self, ctx: RouteContext, realm: str, flags: int, pvdst: str) -> int:
        """Make the header line of a 401 without sending it.

        Args:
            realm: for which.
            flags: as for auth_challenge.
            pvdst: pseudo-variable it is written to.
        Returns: 1, or -1 without a realm or when the variable cannot be set.
        """
        if not realm:
            return -1
        line = self.checker.challenge(ctx, realm, _qop(flags), AUTHORIZATION, bool(flags & 16))
        return 1 if self._services.variables.set(ctx, pvdst, line) else -1

    @function()
    def auth_algorithm(self, ctx: RouteContext, alg: str) -> int:
        """Use another algorithm than the settings' for the rest of this run of the callback.

        Args:
            alg: MD5, SHA-256 or SHA-512-256; several with commas are all offered, the best first.
        Returns: 1, or -1 when one is unknown.
        """
        return 1 if self.checker.choose_algorithm(ctx, alg) else -1

    @function(Route.REQUEST)
    def pv_www_authenticate(self, ctx: RouteContext, realm: str, passwd: str, flags: int) -> int:
        """Check the credentials in Authorization against a password.

        Args:
            realm: of the credentials.
            passwd: password, or H(A1) with flag 1.
            flags: sum of 1 passwd is H(A1), and of what puts a challenge into the AVP challenge_attr on failure:
                2 without qop, 4 qop=auth, 8 qop=auth-int, 16 with stale=true.
        Returns: 1, -1 error, -2 wrong password, -4 stale nonce, -5 no credentials for the realm, -6 nonce used before.
        """
        return self._authenticate(ctx, realm, passwd, flags, AUTHORIZATION).value

    @function(Route.REQUEST)
    def pv_www_authenticate_method(
        self, ctx: RouteContext, realm: str, passwd: str, flags: int, method: str
    ) -> int:
        """Check the credentials in Authorization as if the request had another method.

        Args:
            realm: of the credentials.
            passwd: password, or H(A1) with flag 1.
            flags: as for pv_www_authenticate.
            method: the method the credentials were made for.
        Returns: as pv_www_authenticate; -1 without a method.
        """
        if not method:
            return Outcome.ERROR.value
        return self._authenticate(ctx, realm, passwd, flags, AUTHORIZATION, method).value

    @function(Route.REQUEST)
    def pv_proxy_authenticate(self, ctx: RouteContext, realm: str, passwd: str, flags: int) -> int:
        """Check the credentials in Proxy-Authorization against a password.

        Args:
            realm: of the credentials.
            passwd: password, or H(A1) with flag 1.
            flags: as for pv_www_authenticate.
        Returns: as pv_www_authenticate.
        """
        return self._authenticate(ctx, realm, passwd, flags, PROXY_AUTHORIZATION).value

    @function(Route.REQUEST)
    def pv_auth_check(self, ctx: RouteContext, srealm: str, spasswd: str, vflags: int, vchecks: int) -> int:
        """Check the credentials in Authorization of a REGISTER, in Proxy-Authorization of every other request.

        Args:
            srealm: of the credentials.
            spasswd: password, or H(A1) with flag 1.
            vflags: as for pv_www_authenticate.
            vchecks: 1 the user must be that of From (REGISTER and PUBLISH: of To, which must be From's).
        Returns: as pv_www_authenticate; -8 when it is another user.
        """
        outcome = self._authenticate(ctx, srealm, spasswd, vflags, authentication_header(ctx))
        if outcome is not Outcome.ACCEPTED or not vchecks & 1 or ctx.request.method in EXEMPT:
            return outcome.value
        given = accepted_credentials(ctx)
        if given is None:
            return Outcome.ERROR.value
        return check_user(ctx, given.username, bool(self.settings.use_domain)).value

    @function()
    def has_credentials(self, ctx: RouteContext, srealm: str) -> int:
        """Tell whether the request brings credentials for a realm, whatever they are worth.

        Args:
            srealm: the realm.
        Returns: 1 or -1.
        """
        found = [find_credentials(ctx, srealm, header) for header in (PROXY_AUTHORIZATION, AUTHORIZATION)]
        return -1 if all(isinstance(one, Outcome) for one in found) else 1

    @function(Route.REQUEST)
    def consume_credentials(self, ctx: RouteContext) -> int:
        """Remove the header with the credentials that were checked: they are for this server only.

        Returns: 1, or -1 when none were checked.
        """
        line = self.checker.used_header(ctx)
        if line is None or ctx.request.method in EXEMPT:
            return -1
        ctx.edits.remove_header(line)
        return 1

    @command("auth.guesses")
    def guesses(self) -> list[dict[str, str | int]]:
        """Wrong passwords counted by user and address, by address, and by user; locked: for how many seconds."""
        return self.checker.guesses.listed(self._services.now())

    @command("auth.forgive")
    def forgive(self, which: str = "") -> dict[str, int]:
        """Forget wrong passwords, so that nobody has to wait.

        Args:
            which: an address, a user's name or name@realm; all without.
        """
        return {"forgotten": self.checker.guesses.clear(which)}

    def _challenge(self, ctx: RouteContext, realm: str, flags: int, header: str) -> int:
        if not realm:
            return -1 if flags & 4 or self._reply(ctx, 500, "Internal Server Error") else -4
        line = self.checker.challenge(ctx, realm, _qop(flags), header, bool(flags & 16))
        ctx.reply_headers.append(line)
        if header == AUTHORIZATION:
            sent = self._reply(ctx, 401, "Unauthorized")
        else:
            sent = self._reply(ctx, 407, "Proxy Authentication Required")
        return 1 if sent else -3

    def _reply(self, ctx: RouteContext, status: int, reason: str) -> bool:
        stateless = bool(self.settings.force_stateless_reply)
        return self._services.reply(ctx, status, reason, stateless=stateless) > 0

    def _authenticate(
        self, ctx: RouteContext, realm: str, password: str, flags: int, header: str, method: str = ""
    ) -> Outcome:
        outcome = self._check(ctx, realm, password, flags, header, method)
        if outcome is not Outcome.ACCEPTED and flags & _CHALLENGE:
            qop = "auth-int" if flags & 8 else "auth" if flags & 4 else ""
            line = self.checker.challenge(ctx, realm, qop, header, bool(flags & 16))
            name = self.settings.challenge_attr.removeprefix("$").removeprefix("avp(").removesuffix(")")
            ctx.lists.avps.setdefault(name, []).insert(0, line)
        return outcome

    def _check(
        self, ctx: RouteContext, realm: str, password: str, flags: int, header: str, method: str
    ) -> Outcome:
        begun = self.checker.begin(ctx, realm, header)
        if not isinstance(begun, Credentials):
            return begun
        if not password:
            self.checker.abandon(ctx)
            return Outcome.ERROR  # a script's missing password must let nobody in
        return self.checker.finish(ctx, begun, _ha1_of(begun, realm, password, flags, self.checker), method)


def authentication_header(ctx: RouteContext) -> str:
    """The header a request's credentials belong into."""
    return AUTHORIZATION if ctx.request.method == "REGISTER" else PROXY_AUTHORIZATION


def _ha1_of(given: Credentials, realm: str, password: str, flags: int, checker: Checker) -> str:
    if flags & _HA1:
        return password
    return compute_ha1(given.username, checker.realm(realm), password, given.algorithm)


def _qop(flags: int) -> str:
    return "auth-int" if flags & 2 else "auth" if flags & 1 else ""
