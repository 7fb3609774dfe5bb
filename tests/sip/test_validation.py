import pytest

from luasip.errors import SipError
from luasip.sip.message import Request
from luasip.sip.parser import parse_message
from luasip.sip.validation import unsupported_extensions, validate_request, validate_response
from tests.sip.messages import INVITE, RESPONSE, minimal, request_with


def request(text: str) -> Request:
    message = parse_message(text)
    assert isinstance(message, Request)
    return message


@pytest.mark.parametrize(
    "text",
    [
        INVITE,
        minimal(),
        minimal(max_forwards=""),
        minimal(via="SIP/2.0/UDP h, garbage below"),
        minimal().replace("sip:bob@example.com", "tel:+1"),
        minimal(proxy_require="x", cseq="1 CANCEL").replace("OPTIONS sip", "CANCEL sip"),
    ],
)
def test_valid(text: str) -> None:
    validate_request(request(text))


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"via": ""}, 400, "Via"),
        ({"via": "SIP/2.0/UDP"}, 400, "Via"),
        ({"from": ""}, 400, "From"),
        ({"to": ""}, 400, "To"),
        ({"call_id": ""}, 400, "Call-ID"),
        ({"cseq": ""}, 400, "CSeq"),
        ({"cseq": "1 INVITE"}, 400, "CSeq header .method differs"),
        ({"cseq": "1 options"}, 400, "CSeq"),
        ({"cseq": "36893488147419103232 OPTIONS"}, 400, "CSeq"),
        ({"max_forwards": "300"}, 400, "Max-Forwards"),
        ({"proxy_require": "foo, bar"}, 420, "Bad Extension"),
        ({"cseq": "1 OPTIONS\r\nCSeq: 1 OPTIONS"}, 400, "CSeq header .given twice"),
        ({"to": "<sip:a>\r\nt: <sip:a>"}, 400, "To header .given twice"),
    ],
)
def test_header_faults(changes: dict[str, str], status: int, reason: str) -> None:
    text = minimal(**{f"{key}_" if key == "from" else key: value for key, value in changes.items()})
    with pytest.raises(SipError, match=reason) as caught:
        validate_request(request(text))
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("start", "status"),
    [
        ("OPTIONS sip:h SIP/7.0", 505),
        ("OPTIONS http://h SIP/2.0", 416),
        ("OPTIONS urn:x:y SIP/2.0", 416),
        ("OPTIONS sip:h:x SIP/2.0", 400),
        ("OPTIONS sip:h?Route=%3Csip:x%3E SIP/2.0", 400),
        ("OPTIONS noscheme SIP/2.0", 400),
    ],
)
def test_start_line_faults(start: str, status: int) -> None:
    text = start + minimal()[minimal().index("\r\n") :]
    with pytest.raises(SipError) as caught:
        validate_request(request(text))
    assert caught.value.status == status


def test_what_is_supported_is_an_argument() -> None:
    text = minimal(proxy_require="Path, foo").replace("sip:bob@example.com", "urn:x:y")
    validate_request(request(text), schemes=("urn",), extensions=("path", "foo"))
    assert unsupported_extensions(request(text), ("path",)) == ["foo"]
    assert unsupported_extensions(request(minimal())) == []


def test_response() -> None:
    validate_response(parse_message(RESPONSE))
    with pytest.raises(SipError, match="CSeq"):
        validate_response(parse_message(request_with(*RESPONSE.split("\r\n")[1:6], start="SIP/2.0 200 OK")))
