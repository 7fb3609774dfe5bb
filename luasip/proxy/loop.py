"""Loop detection: RFC 3261 §16.6 step 8 and §16.3 step 4 as corrected by RFC 5393 §4.2.

Our branch carries a hash of everything that decided where the request went. When the request comes back and
our own Via has the hash that would be made now, it would go round the same way again: a loop, answered with
482. A different hash is a spiral, which is allowed. The topmost Via and Max-Forwards change on each round and
stay out of the hash (RFC 5393 §4.2.1).

This module must not know which addresses are ours: `is_own` says so.
"""

from collections.abc import Callable, Iterable
from hashlib import blake2s
from typing import Final

from luasip.sip.message import Request
from luasip.sip.values import MAGIC_COOKIE, Via

HASH_LENGTH: Final = 16
SEPARATOR: Final = "."

_ROUTING_HEADERS: Final = ("route", "proxy-require", "proxy-authorization")


def loop_hash(request: Request, more: Iterable[str] = ()) -> str:
    """16 hex digits from what routing depends on: Request-URI as received, dialog identity, Route,
    credentials.

    more: anything else the script decides by.  Errors: HeaderError when From, To, Call-ID or CSeq is
    malformed.
    """
    fields = [
        request.request_uri,
        request.from_.tag,
        request.to.tag,
        request.call_id,
        str(request.cseq.number),
    ]
    for key in _ROUTING_HEADERS:
        if request.first(key) is not None:
            fields.extend([line.value for line in request.all(key)])
    fields.extend(more)
    wire = "\n".join(fields).encode("latin-1", "replace")
    return blake2s(wire, digest_size=HASH_LENGTH // 2).hexdigest()


def make_branch(unique: str, loop: str = "") -> str:
    """A branch parameter: magic cookie, a part never used before, and the loop hash if one is wanted.

    unique: token characters, different for each branch of each request (a CANCEL has its INVITE's).
    """
    return f"{MAGIC_COOKIE}{unique}{SEPARATOR}{loop}" if loop else f"{MAGIC_COOKIE}{unique}"


def loop_part(branch: str) -> str:
    """The loop hash in a branch that `make_branch` made, "" when it has none."""
    _, separator, loop = branch.rpartition(SEPARATOR)
    return loop if separator and len(loop) == HASH_LENGTH else ""


def find_own_loop(request: Request, is_own: Callable[[Via], bool], loop: str) -> Via | None:
    """The Via value of ours which proves that `request`, whose hash is `loop` now, has been here just like
    this.

    Errors: HeaderError when a Via is malformed.
    """
    for via in request.vias:
        if loop_part(via.branch) == loop and is_own(via):
            return via
    return None
