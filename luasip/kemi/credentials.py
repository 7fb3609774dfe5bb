"""The credentials in a request, and those an auth module has accepted ($Au is theirs)."""

from typing import Final

from luasip.errors import SipError
from luasip.kemi.context import RouteContext
from luasip.sip.digest import Credentials, parse_credentials
from luasip.sip.message import Request

_ACCEPTED: Final = "auth.credentials"


def credentials(ctx: RouteContext) -> Credentials | None:
    """The Proxy-Authorization, else the Authorization header; None for ACK, CANCEL, replies and malformed
    ones.
    """
    message = ctx.message
    if not isinstance(message, Request) or message.method in ("ACK", "CANCEL"):
        return None
    line = message.first("proxy-authorization") or message.first("authorization")
    if line is None:
        return None
    try:
        return parse_credentials(line.value, line.name)
    except SipError:
        return None


def accept_credentials(ctx: RouteContext, accepted: Credentials) -> None:
    """Say that a user has proved to be who these credentials name; called by auth modules."""
    ctx.attributes[_ACCEPTED] = accepted


def accepted_credentials(ctx: RouteContext) -> Credentials | None:
    """What `accept_credentials` was told in this run, None when nobody has been authenticated."""
    accepted = ctx.attributes.get(_ACCEPTED)
    return accepted if isinstance(accepted, Credentials) else None
