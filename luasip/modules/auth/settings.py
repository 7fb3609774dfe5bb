"""auth's settings: Kamailio's modparams."""

from dataclasses import dataclass
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
    """MD5, SHA-256 or SHA-512-256; "" for MD5."""
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


def check(settings: AuthSettings) -> None:
    """Raises SettingsError for values there are not."""
    problems = [
        f"modules.auth.{key}: {getattr(settings, key)} is not a positive number"
        for key in ("nonce_expire", "nc_array_size", "otn_in_flight_no")
        if getattr(settings, key) <= 0
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
    if settings.algorithm and settings.algorithm not in ALGORITHMS:
        allowed = ", ".join(ALGORITHMS)
        problems.append(f"modules.auth.algorithm: {settings.algorithm!r} is unknown; allowed: {allowed}")
    if settings.secret and len(settings.secret) < SHORTEST_SECRET:
        problems.append(f"modules.auth.secret: shorter than {SHORTEST_SECRET} characters")
    if not settings.challenge_attr.startswith("$"):
        problems.append(f"modules.auth.challenge_attr: {settings.challenge_attr!r} does not begin with $")
    if problems:
        raise SettingsError(problems)
