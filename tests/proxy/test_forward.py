import pytest

from luasip.errors import HeaderError
from luasip.proxy.forward import forward_request, forward_response
from luasip.sip.edits import Edits
from luasip.sip.parser import parse_message
from tests.proxy.messages import INVITE, request, response

VIA = "SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bKp"
URI = "sip:bob@example.com"


def test_only_our_via_is_added() -> None:
    text = forward_request(request(), Edits(), request_uri=URI, via=VIA)
    assert text == INVITE.replace("Via:", f"Via: {VIA}\r\nVia:", 1)


def test_everything_at_once() -> None:
    message = request()
    message.top_via_text = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa;rport=9;received=192.0.2.9"
    edits = Edits()
    edits.append_header(message, "X-Script: yes\r\n")
    text = forward_request(
        message,
        edits,
        request_uri="sip:bob@198.51.100.7:5070",
        via=VIA,
        max_forwards=69,
        record_routes=("<sip:203.0.113.1;r2=on;lr>", "<sip:203.0.113.1;transport=tcp;r2=on;lr>"),
        routes=("<sip:edge.example.com;lr>",),
    )
    assert text == (
        "INVITE sip:bob@198.51.100.7:5070 SIP/2.0\r\n"
        f"Via: {VIA}\r\n"
        "Record-Route: <sip:203.0.113.1;r2=on;lr>\r\n"
        "Record-Route: <sip:203.0.113.1;transport=tcp;r2=on;lr>\r\n"
        "Route: <sip:edge.example.com;lr>\r\n"
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa;rport=9;received=192.0.2.9\r\n"
        "Max-Forwards: 69\r\n"
        "f: Alice  <sip:alice@example.com>;tag=1\r\n"
        "To: <sip:bob@example.com>\r\n"
        "Call-ID: c1@192.0.2.1\r\n"
        "CSeq: 42 INVITE\r\n"
        "Contact: <sip:alice@192.0.2.1>\r\n"
        "Content-Length: 4\r\n"
        "X-Script: yes\r\n"
        "\r\n"
        "v=0\n"
    )


def test_edits_of_the_script_stay_as_they_were() -> None:
    message, edits = request(), Edits()
    edits.append_header(message, "X-Script: yes\r\n")
    first = forward_request(message, edits, request_uri="sip:x@y", via=VIA, max_forwards=1)
    assert forward_request(message, edits, request_uri="sip:x@y", via=VIA, max_forwards=1) == first


@pytest.mark.parametrize(
    ("present", "given", "expected"),
    [
        ("Max-Forwards: 70\r\n", None, "Max-Forwards: 70\r\n"),
        ("Max-Forwards: 70\r\n", 70, "Max-Forwards: 70\r\n"),
        ("Max-Forwards: 70\r\n", 9, "Max-Forwards: 9\r\n"),
        ("max-forwards:\t007\r\n", 6, "max-forwards:\t6\r\n"),
        ("", None, "Max-Forwards: 70\r\n"),
        ("", 15, "Max-Forwards: 15\r\n"),
    ],
)
def test_max_forwards(present: str, given: int | None, expected: str) -> None:
    message = request(INVITE.replace("Max-Forwards: 70\r\n", present))
    text = forward_request(message, Edits(), request_uri=URI, via=VIA, max_forwards=given)
    assert expected in text
    assert text.lower().count("max-forwards") == 1


def test_max_forwards_added_by_the_script_stands_alone() -> None:
    message = request(INVITE.replace("Max-Forwards: 70\r\n", ""))
    edits = Edits()
    edits.append_header(message, "Max-Forwards: 9\r\n")
    text = forward_request(message, edits, request_uri=URI, via=VIA)
    assert "Max-Forwards: 9\r\n" in text
    assert text.count("Max-Forwards") == 1


def test_first_of_several_via_values_is_marked() -> None:
    message = request(INVITE.replace(";rport\r\n", ";rport ,\r\n SIP/2.0/TCP b;branch=z9hG4bKb\r\n", 1))
    message.top_via_text = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa;rport=1"
    text = forward_request(message, Edits(), request_uri=URI, via=VIA)
    assert f"Via: {VIA}\r\nVia: {message.top_via_text} ,\r\n SIP/2.0/TCP b;branch=z9hG4bKb\r\nMax" in text


def test_record_route_stands_before_those_that_came() -> None:
    message = request(INVITE.replace("Via:", "Record-Route: <sip:old;lr>\r\nVia:", 1))
    text = forward_request(message, Edits(), request_uri=URI, via=VIA, record_routes=("<sip:new;lr>",))
    assert [value.uri_text for value in request(text).record_routes] == ["sip:new;lr", "sip:old;lr"]
    assert [via.branch for via in request(text).vias] == ["z9hG4bKp", "z9hG4bKa"]


def test_request_without_via() -> None:
    message = request(INVITE.replace("Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa;rport\r\n", ""))
    with pytest.raises(HeaderError, match="Via"):
        forward_request(message, Edits(), request_uri=URI, via=VIA)


OURS = "SIP/2.0/UDP p;branch=z9hG4bKp"
THEIRS = "SIP/2.0/UDP a;branch=z9hG4bKa"


@pytest.mark.parametrize(
    ("came", "leaves"),
    [
        (f"Via: {OURS}\r\nVia: {THEIRS}\r\n", f"Via: {THEIRS}\r\n"),
        (f"v:{OURS} \r\nv:{THEIRS}\r\n", f"v:{THEIRS}\r\n"),
        (f"Via: {OURS}, {THEIRS}\r\n", f"Via: {THEIRS}\r\n"),
        (f"Via: {OURS},{THEIRS} , {THEIRS}\r\n", f"Via: {THEIRS} , {THEIRS}\r\n"),
        (f"Via: {OURS} ,\r\n\t{THEIRS}\r\n", f"Via: {THEIRS}\r\n"),
        (f"Via: {OURS}\r\n", ""),
        (f"Subject: x\r\nVia: {OURS}\r\nVia: {THEIRS}\r\n", f"Subject: x\r\nVia: {THEIRS}\r\n"),
    ],
)
def test_our_via_is_taken_away(came: str, leaves: str) -> None:
    message = response(200, came)
    assert forward_response(message, Edits()) == message.text.replace(came, leaves)
    assert forward_response(message, None) == message.text.replace(came, leaves)


def test_status_can_be_rewritten_and_edits_count() -> None:
    message, edits = response(503, f"Via: {OURS}\r\nVia: {THEIRS}\r\n"), Edits()
    edits.append_header(message, "X-Y: z\r\n")
    text = forward_response(message, edits, status=500, reason="Server Internal Error")
    assert text.startswith(f"SIP/2.0 500 Server Internal Error\r\nVia: {THEIRS}\r\nFrom")
    assert text.endswith("X-Y: z\r\n\r\n")
    assert parse_message(text).first("x-y") is not None


def test_status_of_the_server_wins_over_that_of_the_script() -> None:
    answer = response(503)
    edits = Edits()
    edits.set_start_line("SIP/2.0 503 Changed")
    assert forward_response(answer, edits).startswith("SIP/2.0 503 Changed\r\n")
    text = forward_response(answer, edits, status=500, reason="Server Error")
    assert text.startswith("SIP/2.0 500 Server Error\r\n")
    assert text.count("SIP/2.0 5") == 1
