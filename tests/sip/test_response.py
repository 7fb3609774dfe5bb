import pytest

from luasip.errors import HeaderError
from luasip.sip.message import Request, Response
from luasip.sip.parser import parse_message
from luasip.sip.response import build_response
from tests.sip.messages import INVITE, minimal, request_with


def request(text: str) -> Request:
    message = parse_message(text)
    assert isinstance(message, Request)
    return message


def test_copies_byte_for_byte() -> None:
    invite = request(INVITE)
    invite.top_via_text = (
        "SIP/2.0/UDP pc33.atlanta.example.com:5066;branch=z9hG4bK776asdhds;rport=1;received=1.2.3.4"
    )
    text = build_response(
        invite, 183, "Session Progress", to_tag="t1", headers="Contact: <sip:x>\r\n", body="v=0", server="S"
    )
    lines = INVITE.split("\r\n")
    assert text.split("\r\n") == [
        "SIP/2.0 183 Session Progress",
        "Via: " + invite.top_via_text,
        *lines[2:4],
        *lines[9:11],
        lines[6],
        lines[5] + ";tag=t1",
        *lines[7:9],
        "Contact: <sip:x>",
        "Server: S",
        "Content-Length: 3",
        "",
        "v=0",
    ]


@pytest.mark.parametrize(
    ("status", "copied"), [(100, False), (180, True), (200, True), (302, False), (486, False)]
)
def test_record_route_only_where_dialogs_begin(status: int, copied: bool) -> None:
    response = parse_message(build_response(request(INVITE), status, "X"))
    assert bool(response.record_routes) is copied


def test_100_has_no_tag_but_the_timestamp() -> None:
    text = build_response(request(minimal(timestamp="54")), 100, "Trying", to_tag="t")
    assert "tag=t" not in text
    assert "timestamp: 54\r\n" in text
    assert "timestamp" not in build_response(request(minimal(timestamp="54")), 200, "OK")


@pytest.mark.parametrize(
    ("to", "tag"),
    [
        ("<sip:b@h>", "t"),
        ("sip:b@h", "t"),
        ("<sip:b@h;x> ;y=1", "t"),
        ("<sip:b@h>;tag=own", "own"),
        ("sip:b@h ; TAG = own", "own"),
        ("Bob\r\n <sip:b@h>\r\n ;x", "t"),
    ],
)
def test_to_tag(to: str, tag: str) -> None:
    response = parse_message(build_response(request(minimal(to=to)), 200, "OK", to_tag="t"))
    assert isinstance(response, Response)
    assert response.to.tag == tag


def test_second_via_value_on_the_line_stays() -> None:
    options = request(minimal(via="SIP/2.0/UDP a;rport , SIP/2.0/UDP b"))
    options.top_via_text = "SIP/2.0/UDP a;rport=7"
    assert "\r\nvia: SIP/2.0/UDP a;rport=7 , SIP/2.0/UDP b\r\n" in build_response(options, 200, "OK")


def test_malformed_headers_are_copied() -> None:
    options = request(minimal(via="SIP/2.0/UDP h;;", to='"x <sip:b@h>', cseq="huh"))
    text = build_response(options, 400, "Bad", to_tag="t")
    assert "via: SIP/2.0/UDP h;;\r\n" in text
    assert 'to: "x <sip:b@h>;tag=t\r\n' in text
    assert "cseq: huh\r\n" in text
    twice = build_response(request(minimal(to='"x <sip:b@h>;TAG=u')), 400, "Bad", to_tag="t")
    assert ";tag=t" not in twice


def test_reason_cannot_add_lines() -> None:
    assert build_response(request(minimal()), 400, "a\r\nX: y").startswith("SIP/2.0 400 a  X: y\r\n")


@pytest.mark.parametrize("missing", ["from_", "to", "call_id", "cseq"])
def test_only_a_refusal_may_leave_out_what_is_missing(missing: str) -> None:
    broken = request(minimal(**{missing: ""}))
    with pytest.raises(HeaderError, match="missing"):
        build_response(broken, 200, "OK")
    whole = build_response(request(minimal()), 400, "Bad").splitlines()
    refusal = build_response(broken, 400, "Bad").splitlines()
    assert [line for line in whole if line not in refusal] == [
        line for line in whole if line.lower().startswith(missing.strip("_").replace("_", "-") + ":")
    ]
    assert len(refusal) == len(whole) - 1


def test_without_via_there_is_no_answer() -> None:
    with pytest.raises(HeaderError, match="missing"):
        build_response(request(minimal(via="")), 400, "Bad")
    with pytest.raises(HeaderError, match="Via"):
        build_response(request(request_with("A: b")), 400, "Bad")
