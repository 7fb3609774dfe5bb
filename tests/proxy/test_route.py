import pytest

from luasip.proxy.route import append_route, remove_routes
from luasip.sip.edits import Edits
from luasip.sip.message import Request
from luasip.sip.parser import parse_message


def request(*routes: str) -> Request:
    lines = "".join(f"Route: {route}\r\n" for route in routes)
    message = parse_message(
        f"BYE sip:callee@u2 SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n{lines}"
        "From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\nCall-ID: 1\r\nCSeq: 7 BYE\r\n\r\n"
    )
    assert isinstance(message, Request)
    return message


def routes_after(message: Request, edits: Edits) -> list[str]:
    changed = parse_message(edits.apply(message))
    return [message.text[line.value_start : line.value_end] for message in [changed] for line in changed.all("route")]


@pytest.mark.parametrize(
    ("routes", "removed", "left"),
    [
        (["<sip:p1;lr>"], [0], []),
        (["<sip:p1;lr>", "<sip:p2;lr>"], [0], ["<sip:p2;lr>"]),
        (["<sip:p1;lr>, <sip:p2;lr>"], [0], ["<sip:p2;lr>"]),
        (["<sip:p1;lr> ,\t<sip:p2;lr>;x=1 , <sip:p3>"], [1], ["<sip:p1;lr>, <sip:p3>"]),
        (["<sip:p1;lr>, <sip:p2;lr>", "<sip:p3;lr>"], [0, 1], ["<sip:p3;lr>"]),
        (["<sip:p1;lr>, <sip:p2;lr>"], [], ["<sip:p1;lr>, <sip:p2;lr>"]),
    ],
)
def test_removed_values_leave_the_others_byte_for_byte(
    routes: list[str], removed: list[int], left: list[str]
) -> None:
    message, edits = request(*routes), Edits()
    remove_routes(message, edits, [message.routes[index] for index in removed])
    assert routes_after(message, edits) == left


@pytest.mark.parametrize("routes", [[], ["<sip:p1;lr>"], ["<sip:p1;lr>", "<sip:p2;lr>"]])
def test_a_route_goes_behind_all_others(routes: list[str]) -> None:
    message, edits = request(*routes), Edits()
    append_route(message, edits, "<sip:last;lr>")
    assert routes_after(message, edits) == [*routes, "<sip:last;lr>"]
