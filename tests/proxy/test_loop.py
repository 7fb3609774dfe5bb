"""Loop detection: RFC 5393 §4.2."""

import pytest

from luasip.proxy.forward import forward_request
from luasip.proxy.loop import find_own_loop, loop_hash, loop_part, make_branch
from luasip.sip.edits import Edits
from luasip.sip.message import Request
from luasip.sip.values import Via
from tests.proxy.messages import INVITE, request

URI = "sip:bob@example.com"


def is_own(via: Via) -> bool:
    return via.host == "proxy.example.com"


def pass_through(message: Request, host: str, uri: str, unique: str) -> Request:
    """What the next element receives after `host` has forwarded `message`."""
    branch = make_branch(unique, loop_hash(message))
    via = f"SIP/2.0/UDP {host};branch={branch}"
    return request(forward_request(message, Edits(), request_uri=uri, via=via, max_forwards=60))


def test_request_that_comes_back_unchanged_is_a_loop() -> None:
    first = pass_through(request(), "proxy.example.com", URI, "1")
    again = pass_through(first, "other.example.com", URI, "2")
    found = find_own_loop(again, is_own, loop_hash(again))
    assert found is not None
    assert found.sent_by == "proxy.example.com"


def test_changed_request_uri_is_a_spiral() -> None:
    first = pass_through(request(), "proxy.example.com", "sip:carol@example.com", "1")
    assert find_own_loop(first, is_own, loop_hash(first)) is None


def test_hash_of_somebody_else_is_no_loop() -> None:
    again = pass_through(request(), "other.example.com", URI, "1")
    assert find_own_loop(again, is_own, loop_hash(again)) is None


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("branch=z9hG4bKa", "branch=z9hG4bKother", True),
        ("Max-Forwards: 70", "Max-Forwards: 3", True),
        ("Contact:", "X-Other:", True),
        ("INVITE sip:bob@", "INVITE sip:carol@", False),
        ("CSeq: 42", "CSeq: 43", False),
        ("Call-ID: c1", "Call-ID: c2", False),
        (";tag=1", ";tag=2", False),
        ("To: <sip:bob@example.com>", "To: <sip:bob@example.com>;tag=3", False),
        ("Contact:", "Route: <sip:r;lr>\r\nContact:", False),
        ("Contact:", "Proxy-Authorization: Digest x=1\r\nContact:", False),
        ("Contact:", "Proxy-Require: sec\r\nContact:", False),
    ],
)
def test_what_the_hash_covers(old: str, new: str, same: bool) -> None:
    assert old in INVITE
    changed = loop_hash(request(INVITE.replace(old, new, 1)))
    assert (changed == loop_hash(request())) is same


@pytest.mark.parametrize(
    ("unique", "loop", "branch"),
    [
        ("a1", "", "z9hG4bKa1"),
        ("a1.0", "4294967295", "z9hG4bKa1.0.4294967295"),
        ("a1.0", "7", "z9hG4bKa1.0.7"),
    ],
)
def test_branch(unique: str, loop: str, branch: str) -> None:
    assert make_branch(unique, loop) == branch
    assert loop_part(branch) == loop


@pytest.mark.parametrize("branch", ["", "z9hG4bK", "z9hG4bK.", "z9hG4bK.word", "z9hG4bK.12345678901", "4294967295"])
def test_branch_without_hash(branch: str) -> None:
    assert loop_part(branch) == ""
