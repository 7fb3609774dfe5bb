"""Credentials of a request checked in two steps, so that between them somebody may look the password up.

`begin` finds the credentials for a realm and looks at their nonce; `finish` looks at the response and uses the
nonce up. Knows neither passwords nor where they come from.
"""

import logging
from collections.abc import Sequence
from typing import Final

from luasip.errors import SipError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.credentials import accept_credentials
from luasip.kemi.current import from_header, request_uri, to_header, uri_of
from luasip.modules.auth.guesses import Attempt, Guesses, GuessLimits, Verdict
from luasip.modules.auth.nonces import Freshness, Nonces, UsedNonces, read_count
from luasip.modules.auth.outcomes import Outcome
from luasip.modules.auth.places import guesser, is_for, is_within
from luasip.modules.auth.settings import AuthSettings, read_algorithms, read_networks
from luasip.sip.digest import (
    Credentials,
    compute_response,
    digest_length,
    parse_credentials,
    render_challenge,
    response_matches,
)
from luasip.sip.message import HeaderLine
from luasip.sip.uri import Uri

_log = logging.getLogger("luasip.auth")

AUTHORIZATION: Final = "authorization"
PROXY_AUTHORIZATION: Final = "proxy-authorization"

EXEMPT: Final = ("ACK", "CANCEL", "PRACK")
"""Requests that cannot be challenged (RFC 3261 §22.1) and, as in Kamailio, PRACK."""

_USED: Final = "auth.header"
_STALE: Final = "auth.stale"
_ALGORITHM: Final = "auth.algorithm"
_ATTEMPT: Final = "auth.attempt"
_QOPS: Final = ("", "auth", "auth-int")
_MD5: Final = "MD5"


def _guess_limits(settings: AuthSettings) -> GuessLimits:
    return GuessLimits(
        settings.guess_limit,
        settings.guess_limit_address,
        settings.guess_limit_user,
        settings.guess_delay,
        settings.guess_delay_max,
        settings.guess_window,
        settings.guess_table_size,
    )


class Checker:
    """Makes challenges and checks what comes back. May be called from any thread."""

    def __init__(self, settings: AuthSettings, services: Services) -> None:
        self._settings = settings
        self._services = services
        lasting = bool(settings.secret) and not (settings.nonce_count or settings.one_time_nonce)
        self._nonces = Nonces(
            settings.secret or services.random_token(32),
            settings.nonce_expire,
            settings.nonce_auth_max_drift,
            0 if lasting else self._now,
        )
        self._counts = UsedNonces(settings.nc_array_size, settings.nonce_expire)
        self._once = UsedNonces(settings.otn_in_flight_no, settings.nonce_expire)
        self._algorithms = read_algorithms(settings.algorithm) or (_MD5,)
        self._exempt = read_networks(settings.guess_exempt)
        self.guesses = Guesses(_guess_limits(settings))

    def use_settings(self) -> None:
        """The settings have changed."""
        settings = self._settings
        self._algorithms = read_algorithms(settings.algorithm) or (_MD5,)
        self._exempt = read_networks(settings.guess_exempt)
        self.guesses.use(_guess_limits(settings))

    # ── challenges ─────────────────────────────────────────────────────────────────────────────────────────

    def challenge(self, ctx: RouteContext, realm: str, qop: str, header: str, stale: bool) -> str:
        """Header lines, each with CRLF, that ask for credentials by `header`: one for each algorithm (RFC 8760)."""
        named = self._settings.www_challenge_header
        if header == PROXY_AUTHORIZATION:
            named = self._settings.proxy_challenge_header
        nonce, stale = self._make_nonce(ctx), stale or bool(ctx.attributes.get(_STALE))
        values = [
            render_challenge(self.realm(realm), nonce, algorithm=algorithm, qop=qop, stale=stale)
            for algorithm in self.algorithms(ctx)
        ]
        return "".join([f"{named}: {value}\r\n" for value in values])

    def realm(self, realm: str) -> str:
        """A realm without realm_prefix."""
        return realm.removeprefix(self._settings.realm_prefix)

    def algorithms(self, ctx: RouteContext) -> tuple[str, ...]:
        """The algorithms of this run's challenges, the best first."""
        chosen = ctx.attributes.get(_ALGORITHM)
        return chosen if isinstance(chosen, tuple) else self._algorithms

    def choose_algorithm(self, ctx: RouteContext, algorithm: str) -> bool:
        """Use another algorithm, or several with commas, for the rest of this run; False when one is unknown."""
        algorithms = read_algorithms(algorithm)
        if algorithms:
            ctx.attributes[_ALGORITHM] = algorithms
        return bool(algorithms)

    # ── credentials ────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, ctx: RouteContext, realm: str, header: str) -> Outcome | Credentials:
        """The credentials for `realm` when their form and nonce are good, else what is wrong with them."""
        if ctx.request.method in EXEMPT:
            return Outcome.ACCEPTED
        if not realm:
            return Outcome.ERROR
        algorithms = self.algorithms(ctx)
        found = find_credentials(ctx, self.realm(realm), header, algorithms)
        if isinstance(found, Outcome):
            return found
        line, given = found
        ctx.attributes[_USED] = line
        if given.algorithm not in algorithms or not _is_sound(given):
            return Outcome.ERROR
        if self._settings.check_uri and not is_for(given.uri, ctx.request.request_uri):
            return Outcome.ERROR
        freshness = self._nonces.check(given.nonce, self._now, self._bound_to(ctx))
        if freshness is Freshness.STALE:
            return _stale(ctx)
        return Outcome.ERROR if freshness is Freshness.FOREIGN else self._allow_guess(ctx, given)

    def finish(self, ctx: RouteContext, given: Credentials, ha1: str, method: str = "") -> Outcome:
        """Check the response with H(A1) and use the nonce up; the user counts as authenticated when accepted."""
        if not response_matches(ha1.lower(), method or ctx.request.method, given, ctx.message.body):
            self._count_guess(ctx)
            return Outcome.WRONG_PASSWORD
        attempt = _attempt(ctx)
        if attempt is not None:
            self.guesses.succeed(attempt, self._services.now())
        freshness = self._use(given)
        if freshness is Freshness.STALE:
            return _stale(ctx)
        if freshness is Freshness.USED:
            return Outcome.NONCE_REUSED
        accept_credentials(ctx, given)
        if self._settings.add_authinfo_hdr and given.qop:
            ctx.reply_headers.append(self._authentication_info(ctx, given, ha1))
        return Outcome.ACCEPTED

    def refuse(self, ctx: RouteContext, given: Credentials, ha1: str) -> None:
        """Take the time that `finish` takes, for a user who has no password, and count it as wrong."""
        response_matches(ha1, ctx.request.method, given, ctx.message.body)
        self._count_guess(ctx)

    def abandon(self, ctx: RouteContext) -> None:
        """In place of `finish`: the password cannot be found out."""
        attempt = _attempt(ctx)
        if attempt is not None:
            self.guesses.abandon(attempt, self._services.now())

    def used_header(self, ctx: RouteContext) -> HeaderLine | None:
        """The header line that `begin` found last in this run."""
        line = ctx.attributes.get(_USED)
        return line if isinstance(line, HeaderLine) else None

    def _allow_guess(self, ctx: RouteContext, given: Credentials) -> Outcome | Credentials:
        """`given`, unless too many were wrong before."""
        self.abandon(ctx)
        host = ctx.source.host
        if self._exempt and is_within(host, self._exempt):
            return given
        user = f"{given.username.partition('@')[0].strip().lower()}@{given.realm.lower()}"
        origin = self._nonces.origin(given.nonce)
        elsewhere = not self._nonces.went_to(given.nonce, guesser(host))
        attempt = Attempt(origin, host, ctx.source.port, user, given.response, elsewhere)
        verdict = self.guesses.begin(attempt, self._services.now())
        if verdict is Verdict.FREE:
            ctx.attributes[_ATTEMPT] = attempt
            return given
        self._services.count("auth:refused_guesses")
        return _stale(ctx) if verdict is Verdict.BUSY else Outcome.WRONG_PASSWORD

    def _count_guess(self, ctx: RouteContext) -> None:
        attempt = _attempt(ctx)
        if attempt is None:
            return
        self._services.count("auth:wrong_passwords")
        if self.guesses.fail(attempt, self._services.now()):
            _log.warning("wrong passwords for %r from %s: waiting begins", attempt.user, attempt.host)

    def _use(self, given: Credentials) -> Freshness:
        made_at = self._nonces.made_at(given.nonce)
        count = read_count(given.nonce_count) if given.qop else None
        if self._settings.nonce_count and count is not None:
            if not self._counts.claim(given.nonce, made_at, count, self._now):
                return Freshness.STALE
        elif self._settings.one_time_nonce and not self._once.claim(given.nonce, made_at, 1, self._now):
            return Freshness.USED
        return Freshness.GOOD

    def _authentication_info(self, ctx: RouteContext, given: Credentials, ha1: str) -> str:
        """RFC 7616 §3.5; rspauth is the response with an empty method."""
        following = self._make_nonce(ctx) if self._settings.one_time_nonce else given.nonce
        proof = compute_response(ha1.lower(), "", given)
        parts = f'nextnonce="{following}", qop={given.qop}, rspauth="{proof}"'
        return f'Authentication-Info: {parts}, cnonce="{given.cnonce}", nc={given.nonce_count}\r\n'

    def _make_nonce(self, ctx: RouteContext) -> str:
        address = guesser(ctx.source.host)
        return self._nonces.make(self._now, self._services.random_token(16), self._bound_to(ctx), address)

    @property
    def _now(self) -> int:
        return int(self._services.wall_clock())

    def _bound_to(self, ctx: RouteContext) -> str:
        """What the settings bind a nonce of this request to."""
        if not ctx.is_request:
            return ""
        checks, address = self._settings.auth_checks_no_dlg, to_header(ctx.message)
        if ctx.request.method == "REGISTER":
            checks = self._settings.auth_checks_register
        elif address is not None and address.tag:
            checks = self._settings.auth_checks_in_dlg
        if not checks:
            return ""
        sender = from_header(ctx.message)
        parts = (
            ctx.request.request_uri,
            ctx.message.call_id,
            "" if sender is None else sender.tag,
            ctx.source.host,
        )
        return "\n".join(part for bit, part in enumerate(parts) if checks >> bit & 1)


def find_credentials(
    ctx: RouteContext, realm: str, header: str, algorithms: Sequence[str] = ()
) -> Outcome | tuple[HeaderLine, Credentials]:
    """The first credentials for `realm` (for any when it is "") in the headers with this key.

    When there are some with one of `algorithms`, the first of these.
    """
    found: tuple[HeaderLine, Credentials] | None = None
    for line in ctx.message.all(header):
        try:
            given = parse_credentials(line.value, line.name)
        except SipError:
            return Outcome.ERROR
        if given.is_digest and (not realm or given.realm.lower() == realm.lower()):
            if given.algorithm in algorithms or not algorithms:
                return line, given
            found = found or (line, given)
    return found or Outcome.NO_CREDENTIALS


def check_user(ctx: RouteContext, username: str, with_domain: bool, skip_sender: bool = False) -> Outcome:
    """Whether a request speaks for the user who sent it: From, for REGISTER and PUBLISH To, which must be From's.

    Args:
        username: of the credentials; what follows an "@" does not count.
        with_domain: compare domains of From, To and Request-URI too.
        skip_sender: do not compare the credentials' user for requests a phone may send on behalf of another.
    """
    method = ctx.request.method
    sender, receiver, target = (
        uri_of(from_header(ctx.message)),
        uri_of(to_header(ctx.message)),
        request_uri(ctx),
    )
    if sender is None or receiver is None or target is None:
        return Outcome.ERROR
    own = method in ("REGISTER", "PUBLISH")
    named = receiver if own else sender
    skipped = skip_sender and method in ("INVITE", "BYE", "PRACK", "UPDATE", "MESSAGE")
    if not skipped and username.partition("@")[0] != named.user:
        return Outcome.OTHER_USER
    if own and not _same_user(sender, receiver, with_domain):
        return Outcome.OTHER_USER
    if method == "PUBLISH" and not _same_user(sender, target, with_domain):
        return Outcome.OTHER_USER
    return Outcome.ACCEPTED


def _is_sound(given: Credentials) -> bool:
    """Whether qop, nonce count and response have the form they must have."""
    if given.qop not in _QOPS or (given.qop and read_count(given.nonce_count) is None):
        return False
    return len(given.response) == digest_length(given.algorithm)


def _stale(ctx: RouteContext) -> Outcome:
    """The next challenge says that nothing but the nonce was wrong."""
    ctx.attributes[_STALE] = True
    return Outcome.STALE_NONCE


def _attempt(ctx: RouteContext) -> Attempt | None:
    """The attempt that `begin` counted last in this run, once."""
    attempt = ctx.attributes.pop(_ATTEMPT, None)
    return attempt if isinstance(attempt, Attempt) else None


def _same_user(one: Uri, other: Uri, with_domain: bool) -> bool:
    return one.user == other.user and (not with_domain or one.host.lower() == other.host.lower())
