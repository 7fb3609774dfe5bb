"""Which transaction a message belongs to: RFC 3261 §17.1.3, §17.2.3 and §9.2.

A key is one str, made of the parts that must be equal, so that a plain dict is the transaction table. This
module must not know the table.
"""

from typing import Final

from luasip.sip.message import Request, Response
from luasip.sip.values import MAGIC_COOKIE

_COOKIE_FOLDED: Final = MAGIC_COOKIE.lower()


def server_key(request: Request) -> str:
    """The key of the server transaction `request` belongs to; an ACK has that of its INVITE.

    Errors: HeaderError when a header it needs cannot be read.
    """
    key = request.server_key
    if not key:
        method = request.method
        key = request.server_key = _key(request, "INVITE" if method == "ACK" else method)
    return key


def cancel_key(request: Request) -> str:
    """The key of the INVITE that the CANCEL `request` cancels (RFC 3261 §9.2)."""
    return _key(request, "INVITE")


def client_key(response: Response) -> tuple[str, str]:
    """(branch of our Via, CSeq method): the key of the client transaction `response` answers (§17.1.3)."""
    return response.top_via.branch, response.cseq.method


def ack_key(request: Request) -> str:
    """Equal for an INVITE and the ACK for its 2xx, which has another branch (RFC 3261 §13.2.2.4)."""
    return f"{request.call_id}\n{request.from_.tag}\n{request.cseq.number}"


def _key(request: Request, method: str) -> str:
    via = request.top_via
    branch = via.branch
    if len(branch) > 7 and (branch.startswith(MAGIC_COOKIE) or branch[:7].lower() == _COOKIE_FOLDED):
        return f"{branch}\n{via.sent_by.lower()}\n{method}"
    return _key_2543(request, method)


def _key_2543(request: Request, method: str) -> str:
    """Without the magic cookie the whole request identifies it (§17.2.3).

    The To tag is left out: an ACK or CANCEL would not match with it, and whatever else is equal has it equal.
    """
    parts = (
        request.request_uri,
        request.from_.tag,
        request.call_id,
        str(request.cseq.number),
        request.top_via.text,
        method,
    )
    return "\n".join(parts)
