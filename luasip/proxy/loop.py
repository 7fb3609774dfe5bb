"""Loop detection: RFC 3261 §16.6 step 8 and §16.3 step 4 as corrected by RFC 5393 §4.2.

Our branch carries a hash of everything that decided where the request went. When the request comes back and
our own Via has the hash that would be made now, it would go round the same way again: a loop, answered with
482. A different hash is a spiral, which is allowed. The topmost Via and Max-Forwards change on each round and
stay out of the hash (RFC 5393 §4.2.1).

This module must not know which addresses are ours: `is_own` says so.
"""

from collections.abc import Callable
from typing import Final
from zlib import crc32

from luasip.sip.grammar import is_number
from luasip.sip.header_lines import next_row
from luasip.sip.header_names import CODES
from luasip.sip.message import Request
from luasip.sip.values import MAGIC_COOKIE, Via

MAX_HASH_LENGTH: Final = 10
SEPARATOR: Final = "."

_ROUTE: Final = CODES["route"]
_PROXY_REQUIRE: Final = CODES["proxy-require"]
_PROXY_AUTHORIZATION: Final = CODES["proxy-authorization"]
_crc32: Final = crc32


def loop_hash(request: Request) -> str:
    """Up to 10 digits from what routing depends on: Request-URI as received, dialog identity, Route, credentials.

    A checksum of 32 bits: nobody gains by a false one, and only a request that spirals could have it by chance.

    Errors: HeaderError when From, To, Call-ID or CSeq is malformed.
    """
    tags = f"{request.from_.tag}\n{request.to.tag}"
    text = f"{request.request_uri}\n{tags}\n{request.call_id}\n{request.cseq.number}"
    text = _with_values(request, _ROUTE, text)
    text = _with_values(request, _PROXY_REQUIRE, text)
    text = _with_values(request, _PROXY_AUTHORIZATION, text)
    return str(_crc32(text.encode("latin-1", "replace")))


def _with_values(request: Request, code: int, text: str) -> str:
    """`text` and the values of all headers with this code."""
    row = next_row(request.table, code)
    while row != 0:
        text += f"\n{request.value_in(row)}"
        row = next_row(request.table, code, row)
    return text


def make_branch(unique: str, loop: str = "") -> str:
    """A branch parameter: magic cookie, a part never used before, and the loop hash if one is wanted.

    unique: token characters, different for each branch of each request (a CANCEL has its INVITE's).
    """
    return f"{MAGIC_COOKIE}{unique}{SEPARATOR}{loop}" if loop else f"{MAGIC_COOKIE}{unique}"


def loop_part(branch: str) -> str:
    """The loop hash in a branch that `make_branch` made, "" when it has none."""
    _, separator, loop = branch.rpartition(SEPARATOR)
    return loop if separator and len(loop) <= MAX_HASH_LENGTH and is_number(loop) else ""


def find_own_loop(request: Request, is_own: Callable[[Via], bool], loop: str) -> Via | None:
    """The Via value of ours which proves that `request`, whose hash is `loop` now, has been here just like
    this.

    Errors: HeaderError when a Via is malformed.
    """
    for via in request.vias:
        if loop_part(via.branch) == loop and is_own(via):
            return via
    return None
