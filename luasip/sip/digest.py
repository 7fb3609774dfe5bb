"""Digest access authentication, the computing part (RFC 7616, RFC 8760; RFC 2617 clients without qop
included).

It must not know where passwords or nonces come from. Text is wire text and is hashed as its bytes.
"""

import hashlib
import hmac
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from luasip.errors import HeaderError
from luasip.sip.grammar import is_token, quote
from luasip.sip.params import parse_comma_params

ALGORITHMS: Final[dict[str, Callable[..., Any]]] = {
    "MD5": hashlib.md5,
    "SHA-256": hashlib.sha256,
    "SHA-512-256": partial(hashlib.new, "sha512_256"),
}
"""Algorithm as in a challenge, without "-sess" → what hashes by it in hashlib."""


class Credentials:
    """The Authorization or Proxy-Authorization header.

    Attributes:
        scheme: as written, "Digest".
        params: names in lower case, values unquoted.
    """

    __slots__ = ("header", "params", "scheme")

    def __init__(self, scheme: str, params: dict[str, str], header: str) -> None:
        self.scheme = scheme
        self.params = params
        self.header = header

    @property
    def is_digest(self) -> bool:
        """True for the Digest scheme, in any case."""
        return self.scheme.lower() == "digest"

    @property
    def username(self) -> str:
        """The username parameter, "" when absent."""
        return self.params.get("username", "")

    @property
    def realm(self) -> str:
        """The realm parameter, "" when absent."""
        return self.params.get("realm", "")

    @property
    def nonce(self) -> str:
        """The nonce parameter, "" when absent."""
        return self.params.get("nonce", "")

    @property
    def uri(self) -> str:
        """The uri parameter (the Request-URI the client hashed), "" when absent."""
        return self.params.get("uri", "")

    @property
    def response(self) -> str:
        """The response parameter, "" when absent."""
        return self.params.get("response", "")

    @property
    def algorithm(self) -> str:
        """The algorithm in upper case, "MD5" when absent."""
        return self.params.get("algorithm", "MD5").upper()

    @property
    def qop(self) -> str:
        """The qop in lower case, "" when absent."""
        return self.params.get("qop", "").lower()

    @property
    def nonce_count(self) -> str:
        """The nc parameter as written (eight hexadecimal digits), "" when absent."""
        return self.params.get("nc", "")

    @property
    def cnonce(self) -> str:
        """The cnonce parameter, "" when absent."""
        return self.params.get("cnonce", "")

    @property
    def opaque(self) -> str:
        """The opaque parameter, "" when absent."""
        return self.params.get("opaque", "")


_NEEDED: Final = ("username", "realm", "nonce", "uri", "response")


def parse_credentials(text: str, header: str = "Authorization") -> Credentials:
    """The value of an Authorization or Proxy-Authorization header.

    Digest credentials must have username, realm, nonce, uri and response, with a qop also nc and cnonce.
    Credentials of another scheme come back without parameters. Raises HeaderError about `header`.
    """
    credentials = _parse_auth(text, header)
    if credentials.is_digest:
        for name in _NEEDED:
            if name not in credentials.params:
                raise HeaderError(header, text, f"no {name}")
        if credentials.qop and not (credentials.nonce_count and credentials.cnonce):
            raise HeaderError(header, text, "qop without nc and cnonce")
    return credentials


def parse_challenge(text: str, header: str = "WWW-Authenticate") -> Credentials:
    """The value of a WWW-Authenticate or Proxy-Authenticate header. Raises HeaderError about `header`."""
    challenge = _parse_auth(text, header)
    if challenge.is_digest and not ("realm" in challenge.params and "nonce" in challenge.params):
        raise HeaderError(header, text, "no realm or nonce")
    return challenge


def _parse_auth(text: str, header: str) -> Credentials:
    scheme, _, rest = text.strip(" \t").partition(" ")
    if not is_token(scheme):
        raise HeaderError(header, text, "no scheme")
    if scheme.lower() != "digest":
        return Credentials(scheme, {}, header)
    return Credentials(scheme, parse_comma_params(rest, header), header)


def digest_hash(algorithm: str, text: str) -> str:
    """Lower-case hexadecimal H(text), "-sess" ignored. ValueError: the algorithm is not in `ALGORITHMS`."""
    hash_by = ALGORITHMS.get(algorithm.upper().removesuffix("-SESS"))
    if hash_by is None:
        raise ValueError(f"unknown digest algorithm {algorithm!r}")
    digest: str = hash_by(text.encode("latin-1", "replace"), usedforsecurity=False).hexdigest()
    return digest


def digest_length(algorithm: str) -> int:
    """Characters of what `digest_hash` gives."""
    return 32 if algorithm.startswith("MD5") else 64


def compute_ha1(
    username: str, realm: str, password: str, algorithm: str = "MD5", nonce: str = "", cnonce: str = ""
) -> str:
    """H(A1), RFC 7616 §3.4.2; `nonce` and `cnonce` count for "-sess" algorithms only."""
    ha1 = digest_hash(algorithm, f"{username}:{realm}:{password}")
    return session_ha1(ha1, algorithm, nonce, cnonce)


def session_ha1(ha1: str, algorithm: str, nonce: str, cnonce: str) -> str:
    """The stored H(A1) turned into that of the session when the algorithm ends in "-sess", else itself."""
    if not algorithm.upper().endswith("-SESS"):
        return ha1
    return digest_hash(algorithm, f"{ha1}:{nonce}:{cnonce}")


def compute_response(ha1: str, method: str, credentials: Credentials, body: str = "") -> str:
    """The response parameter RFC 7616 §3.4.1 expects; `body` counts for qop=auth-int. ValueError: unknown
    algorithm.
    """
    algorithm = credentials.algorithm
    a2 = f"{method}:{credentials.uri}"
    if credentials.qop == "auth-int":
        a2 = f"{a2}:{digest_hash(algorithm, body)}"
    ha2 = digest_hash(algorithm, a2)
    if not credentials.qop:
        return digest_hash(algorithm, f"{ha1}:{credentials.nonce}:{ha2}")
    middle = f"{credentials.nonce}:{credentials.nonce_count}:{credentials.cnonce}:{credentials.qop}"
    return digest_hash(algorithm, f"{ha1}:{middle}:{ha2}")


def response_matches(ha1: str, method: str, credentials: Credentials, body: str = "") -> bool:
    """True when the credentials prove knowledge of H(A1); False also for an unknown algorithm. Constant
    time.
    """
    try:
        expected = compute_response(ha1, method, credentials, body)
    except ValueError:
        return False
    given = credentials.response.lower().encode("latin-1", "replace")
    return hmac.compare_digest(expected.encode("latin-1"), given)


def render_challenge(
    realm: str, nonce: str, *, algorithm: str = "", qop: str = "", opaque: str = "", stale: bool = False
) -> str:
    """The value of a WWW-Authenticate or Proxy-Authenticate header; empty parts are left out."""
    pieces = [f"Digest realm={quote(realm)}", f"nonce={quote(nonce)}"]
    if opaque:
        pieces.append(f"opaque={quote(opaque)}")
    if stale:
        pieces.append("stale=true")
    if qop:
        pieces.append(f"qop={quote(qop)}")
    if algorithm:
        pieces.append(f"algorithm={algorithm}")
    return ", ".join(pieces)


def can_answer(challenge: Credentials) -> bool:
    """Whether a challenge is Digest with an algorithm and a qop that are known here (RFC 7616 §3.3)."""
    known = challenge.algorithm.removesuffix("-SESS") in ALGORITHMS
    return challenge.is_digest and known and ("qop" not in challenge.params or _chosen_qop(challenge) != "")


def answer_challenge(
    challenge: Credentials, ha1: str, *, username: str, method: str, uri: str, cnonce: str, body: str = ""
) -> str:
    """The value of an Authorization or Proxy-Authorization header that answers a challenge `can_answer` accepts.

    `ha1` is H(username:realm:password) by the challenge's algorithm, without the session part. The nonce count is 1:
    `cnonce` is to be new each time. qop=auth is preferred to auth-int, for which `body` counts.
    """
    params = {"username": username, "realm": challenge.realm, "nonce": challenge.nonce, "uri": uri}
    params.update((name, challenge.params[name]) for name in ("algorithm", "opaque") if name in challenge.params)
    qop = _chosen_qop(challenge)
    if qop:
        params.update(qop=qop, nc="00000001", cnonce=cnonce)
    elif challenge.algorithm.endswith("-SESS"):
        params["cnonce"] = cnonce
    proof = session_ha1(ha1, challenge.algorithm, challenge.nonce, cnonce)
    params["response"] = compute_response(proof, method, Credentials("Digest", params, ""), body)
    shown = [f"{name}={value if name in _UNQUOTED else quote(value)}" for name, value in params.items()]
    return f"Digest {', '.join(shown)}"


_UNQUOTED: Final = ("algorithm", "qop", "nc")


def _chosen_qop(challenge: Credentials) -> str:
    offered = [part.strip(" \t") for part in challenge.qop.split(",")]
    return next((qop for qop in ("auth", "auth-int") if qop in offered), "")
