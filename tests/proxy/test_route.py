"""Route processing: RFC 3261 §16.4, §16.6 step 6, and the call flows of §16.12.1."""

import pytest

from luasip.proxy.route import append_route, is_loose, process_routes
from luasip.sip.edits import Edits
from luasip.sip.uri import Uri
from tests.proxy.messages import INVITE, request


def is_own(uri: Uri) -> bool:
    return uri.host == "p1"


def run(uri: str, *routes: str, record_routed: bool = True) -> tuple[str, str, list[str], list[str], bool]:
    """(Request-URI, next hop, Routes left, Routes consumed, from strict router); a text in `routes` is one
    line."""
    lines = "".join([f"Route: {line}\r\n" for line in routes])
    message, edits = request(INVITE.replace("To:", f"{lines}To:", 1)), Edits()
    result = process_routes(message, edits, uri, is_own, record_routed)
    left = [value.uri_text for value in request(edits.apply(message)).routes]
    assert result.remaining == len(left) - (result.request_uri != uri and not result.from_strict_router)
    consumed = [value.uri_text for value in result.consumed]
    return result.request_uri, result.next_hop, left, consumed, result.from_strict_router


@pytest.mark.parametrize(
    ("uri", "routes", "expected"),
    [
        ("sip:callee@u2", [], ("sip:callee@u2", "", [], [], False)),
        # the last Route is ours
        ("sip:callee@u2", ["<sip:p1;lr>"], ("sip:callee@u2", "", [], ["sip:p1;lr"], False)),
        # loose next hop
        (
            "sip:callee@u2",
            ["<sip:p1;lr>, <sip:p2;lr>"],
            ("sip:callee@u2", "sip:p2;lr", ["sip:p2;lr"], ["sip:p1;lr"], False),
        ),
        # double Record-Route
        (
            "sip:callee@u2",
            ["<sip:p1;r2=on;lr>,<sip:p1;transport=tcp;r2=on;lr>", "<sip:p2;lr>"],
            (
                "sip:callee@u2",
                "sip:p2;lr",
                ["sip:p2;lr"],
                ["sip:p1;r2=on;lr", "sip:p1;transport=tcp;r2=on;lr"],
                False,
            ),
        ),
        # strict next hop, §16.12.1.2: it goes into the Request-URI, the Request-URI behind the Routes
        (
            "sip:callee@u2",
            ["<sip:p1;lr>", "<sip:p2>", "<sip:p3;lr>"],
            ("sip:p2", "", ["sip:p3;lr", "sip:callee@u2"], ["sip:p1;lr"], False),
        ),
        # from a strict router: we are the Request-URI, the destination is the last Route
        (
            "sip:p1",
            ["<sip:p3;lr>", "<sip:callee@u2>"],
            ("sip:callee@u2", "sip:p3;lr", ["sip:p3;lr"], [], True),
        ),
        ("sip:p1", ["<sip:callee@u2>"], ("sip:callee@u2", "", [], [], True)),
        ("sip:p1", ["<sip:p1;lr>,<sip:callee@u2>"], ("sip:callee@u2", "", [], ["sip:p1;lr"], True)),
        # preloaded Route to somebody else: nothing of ours
        ("sip:callee@u2", ["<sip:p2;lr>"], ("sip:callee@u2", "sip:p2;lr", ["sip:p2;lr"], [], False)),
        # what cannot be read is neither ours nor strict
        ("nonsense", ["<sip:@>"], ("nonsense", "sip:@", ["sip:@"], [], False)),
    ],
)
def test_routes(uri: str, routes: list[str], expected: tuple[str, str, list[str], list[str], bool]) -> None:
    assert run(uri, *routes) == expected


def test_own_request_uri_without_record_route_is_just_ours() -> None:
    assert run("sip:p1", "<sip:p2;lr>", record_routed=False)[0] == "sip:p1"


def test_line_with_some_values_left_keeps_them_byte_for_byte() -> None:
    message = request(INVITE.replace("To:", 'Route: <sip:p1;lr> ,  "Two"  <sip:p2;lr>;x=1\r\nTo:', 1))
    edits = Edits()
    process_routes(message, edits, "sip:callee@u2", is_own)
    assert '\r\nRoute: "Two"  <sip:p2;lr>;x=1\r\nTo:' in edits.apply(message)


def test_values_between_others_can_go() -> None:
    message = request(
        INVITE.replace("To:", "Route: <sip:p1;lr>, <sip:p2>, <sip:p3;lr>,<sip:p4;lr>\r\nTo:", 1)
    )
    edits = Edits()
    result = process_routes(message, edits, "sip:callee@u2", is_own)
    assert result.request_uri == "sip:p2"
    text = edits.apply(message)
    assert "Route: <sip:p3;lr>, <sip:p4;lr>\r\nRoute: <sip:callee@u2>\r\nTo:" in text


@pytest.mark.parametrize(
    ("route", "loose"), [("<sip:p;lr>", True), ("<sip:p;lr=on>", True), ("<sip:p>", False), ("<sip:@>", True)]
)
def test_is_loose(route: str, loose: bool) -> None:
    message = request(INVITE.replace("To:", f"Route: {route}\r\nTo:", 1))
    assert is_loose(message.routes[0]) is loose


def test_first_route_of_a_message_goes_behind_its_headers() -> None:
    message, edits = request(), Edits()
    append_route(message, edits, "<sip:p;lr>")
    assert edits.apply(message) == INVITE.replace("\r\n\r\n", "\r\nRoute: <sip:p;lr>\r\n\r\n")
