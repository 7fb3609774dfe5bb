"""Answering a 401 or 407: which of its challenges, and the header line that answers it.

Knows no transaction and no settings; the caller has the credentials.
"""

from collections.abc import Callable

from luasip.errors import HeaderError
from luasip.modules.uac.settings import Credential
from luasip.sip.digest import (
    Credentials,
    answer_challenge,
    can_answer,
    compute_ha1,
    digest_hash,
    parse_challenge,
)
from luasip.sip.message import Response

CHALLENGES = {401: ("www-authenticate", "Authorization"), 407: ("proxy-authenticate", "Proxy-Authorization")}
"""Status → header that asks, header that answers."""


def challenges_of(response: Response) -> list[Credentials]:
    """The challenges of a 401 or 407 that can be answered, in the order of the server's preference (RFC 8760 §2.3)."""
    asking, _ = CHALLENGES.get(response.status, ("", ""))
    found: list[Credentials] = []
    for line in response.all(asking) if asking else ():
        try:
            challenge = parse_challenge(line.value, line.name)
        except HeaderError:
            continue
        if can_answer(challenge):
            found.append(challenge)
    return found


def answer(
    response: Response,
    find: Callable[[str], Credential | None],
    *,
    method: str,
    uri: str,
    cnonce: str,
    body: str = "",
    is_ha1: bool = False,
) -> str:
    """The header line, with CRLF, that answers the first challenge there are credentials for; "" when there is none.

    Args:
        find: gives the credential for a realm, or None.
        uri: the Request-URI the answer is sent with.
        is_ha1: the password is H(A1); challenges whose algorithm makes a longer or shorter one are passed over.
    """
    for challenge in challenges_of(response):
        credential = find(challenge.realm)
        if credential is None:
            continue
        algorithm = challenge.algorithm.removesuffix("-SESS")
        if not is_ha1:
            ha1 = compute_ha1(credential.username, challenge.realm, credential.password, algorithm)
        elif len(credential.password) == len(digest_hash(algorithm, "")):
            ha1 = credential.password.lower()
        else:
            continue
        value = answer_challenge(
            challenge,
            ha1,
            username=credential.username,
            method=method,
            uri=uri,
            cnonce=cnonce,
            body=body,
        )
        return f"{CHALLENGES[response.status][1]}: {value}\r\n"
    return ""


def is_stale(response: Response) -> bool:
    """Whether the server says that only the nonce was too old (RFC 7616 §3.3)."""
    return any(challenge.params.get("stale", "").lower() == "true" for challenge in challenges_of(response))
