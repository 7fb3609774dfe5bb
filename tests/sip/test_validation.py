import pytest

from luasip.errors import SipError
from luasip.sip.parser import parse_message
from luasip.sip.validation import check_headers
from tests.sip.messages import INVITE, RESPONSE, minimal, request_with


@pytest.mark.parametrize(
    "text",
    [
        INVITE,
        minimal(),
        minimal(max_forwards=""),
        minimal(via="SIP/2.0/UDP h, garbage below"),
    ],
)
def test_valid(text: str) -> None:
    check_headers(parse_message(text))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"via": ""}, "Via"),
        ({"via": "SIP/2.0/UDP"}, "Via"),
        ({"from": ""}, "From"),
        ({"to": ""}, "To"),
        ({"call_id": ""}, "Call-ID"),
        ({"cseq": ""}, "CSeq"),
        ({"cseq": "36893488147419103232 OPTIONS"}, "CSeq"),
        ({"max_forwards": "300"}, "Max-Forwards"),
        ({"cseq": "1 OPTIONS\r\nCSeq: 1 OPTIONS"}, "CSeq header .given twice"),
        ({"to": "<sip:a>\r\nt: <sip:a>"}, "To header .given twice"),
    ],
)
def test_header_faults(changes: dict[str, str], reason: str) -> None:
    text = minimal(**{f"{key}_" if key == "from" else key: value for key, value in changes.items()})
    with pytest.raises(SipError, match=reason) as caught:
        check_headers(parse_message(text))
    assert caught.value.status == 400


def test_response() -> None:
    check_headers(parse_message(RESPONSE))
    with pytest.raises(SipError, match="CSeq"):
        check_headers(parse_message(request_with(*RESPONSE.split("\r\n")[1:6], start="SIP/2.0 200 OK")))
