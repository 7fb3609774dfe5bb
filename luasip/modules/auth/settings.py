"""auth's settings: Kamailio's modparams."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from luasip.errors import SettingsError
from luasip.kemi.declare import Module
from luasip.sip.digest import ALGORITHMS
from luasip.sip.grammar import is_token

SHORTEST_SECRET: Final = 8


@dataclass
class AuthSettings(Module.Settings):
    """How challenges are made and how long they are good for."""

    secret: str = ""
    """Key of the nonces, the same on all servers of a cluster; "" for a random one, new at each start."""
    nonce_expire: int = 300
    """Seconds after which a nonce is stale."""
    nonce_auth_max_drift: int = 3
    """Seconds that a nonce of another server may come from the future."""
    nonce_count: int = 0
    """1: with a qop, a nonce may be used again only with a higher nonce count (nc)."""
    one_time_nonce: int = 0
    """1: a nonce may be used once; with nonce_count this is about credentials without nc."""
    nc_array_size: int = 1048576
    """How many nonces in use are remembered for nonce_count; older ones are stale."""
    otn_in_flight_no: int = 1048576
    """How many used nonces are remembered for one_time_nonce; older ones count as used."""
    auth_checks_register: int = 0
    """What binds the nonce of a REGISTER to the request: sum of 1 Request-URI, 2 Call-ID, 4 From tag,
    8 source address."""
    auth_checks_no_dlg: int = 0
    """The same for other requests without To tag."""
    auth_checks_in_dlg: int = 0
    """The same for requests with To tag."""
    algorithm: str = ""
    """MD5, SHA-256 or SHA-512-256; "" for MD5. Several with commas, "SHA-256, MD5", are all offered, the best
    first, and any of them is accepted (RFC 8760)."""
    check_uri: int = 1
    """1: the uri in credentials must name the user, host and port of the Request-URI; 0: it is not compared, as in
    Kamailio."""
    guess_limit: int = 10
    """Wrong passwords for one user from one address in guess_window before waiting begins; 0: any number."""
    guess_limit_address: int = 100
    """The same for one address (IPv6: its /64 network) and all users."""
    guess_limit_user: int = 200
    """The same for one user from everywhere; does not hold up addresses at which the password was right lately."""
    guess_delay: float = 5.0
    """Seconds of the first wait, in which no password is right; each further wrong one doubles it."""
    guess_delay_max: float = 900.0
    """Seconds of the longest wait."""
    guess_window: float = 86400.0
    """Seconds in which as many wrong passwords are forgotten as the limit allows."""
    guess_table_size: int = 65536
    """How many addresses, users and pairs of both are counted; the oldest are forgotten."""
    guess_exempt: list[str] = field(default_factory=list)
    """Addresses and networks that are not counted, such as a load balancer in front that everybody comes through."""
    realm_prefix: str = ""
    """Taken off the beginning of realms."""
    use_domain: int = 0
    """pv_auth_check with checks compares domains too."""
    force_stateless_reply: int = 0
    """Send challenges past the transaction."""
    add_authinfo_hdr: int = 0
    """Add Authentication-Info to the answer to accepted credentials that have a qop."""
    challenge_attr: str = "$digest_challenge"
    """AVP for challenges of the pv functions; "$name" means $avp(name)."""
    proxy_challenge_header: str = "Proxy-Authenticate"
    """Name of the header with a 407's challenge."""
    www_challenge_header: str = "WWW-Authenticate"
    """Name of the header with a 401's challenge."""
    qop: str = ""
    """Accepted; the flags of each challenge choose."""
    protect_contacts: int = 0
    """Accepted; Contacts are not part of a nonce in Kamailio either."""
    nid_pool_no: int = 1
    """Accepted; nonces are unique without pools."""
    nc_array_order: int = 0
    """Accepted; nc_array_size says how many."""
    otn_in_flight_order: int = 0
    """Accepted; otn_in_flight_no says how many."""


def read_algorithms(text: str) -> tuple[str, ...]:
    """The algorithms of a list with commas, each once; () when one is unknown."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    return names if all(name in ALGORITHMS for name in names) else ()


def read_networks(texts: list[str]) -> list[IPv4Network | IPv6Network]:
    """The addresses and networks of a list; those that are none are left out."""
    found = []
    for text in texts:
        try:
            found.append(ip_network(text, strict=False))
        except ValueError:
            continue
    return found


def check(settings: AuthSettings) -> None:
    """Raises SettingsError for values there are not."""
    problems = [
        f"modules.auth.{key}: {getattr(settings, key)} is not a positive number"
        for key in (
            "nonce_expire",
            "nc_array_size",
            "otn_in_flight_no",
            "guess_delay",
            "guess_delay_max",
            "guess_window",
            "guess_table_size",
        )
        if getattr(settings, key) <= 0
    ]
    problems += [
        f"modules.auth.{key}: {getattr(settings, key)} is negative"
        for key in ("guess_limit", "guess_limit_address", "guess_limit_user")
        if getattr(settings, key) < 0
    ]
    problems += [
        f"modules.auth.{key}: {getattr(settings, key)!r} is no name of a header"
        for key in ("proxy_challenge_header", "www_challenge_header")
        if not is_token(getattr(settings, key))
    ]
    problems += [
        f"modules.auth.{key}: {getattr(settings, key)} is not a number from 0 to 15"
        for key in ("auth_checks_register", "auth_checks_no_dlg", "auth_checks_in_dlg")
        if not 0 <= getattr(settings, key) <= 15
    ]
    if settings.algorithm and not read_algorithms(settings.algorithm):
        allowed = ", ".join(ALGORITHMS)
        problems.append(f"modules.auth.algorithm: {settings.algorithm!r} is unknown; allowed: {allowed}")
    problems += [
        f"modules.auth.guess_exempt: {text!r} is no address or network"
        for text in settings.guess_exempt
        if not read_networks([text])
    ]
    if settings.secret and len(settings.secret) < SHORTEST_SECRET:
        problems.append(f"modules.auth.secret: shorter than {SHORTEST_SECRET} characters")
    if not settings.challenge_attr.startswith("$"):
        problems.append(f"modules.auth.challenge_attr: {settings.challenge_attr!r} does not begin with $")
    if problems:
        raise SettingsError(problems)
