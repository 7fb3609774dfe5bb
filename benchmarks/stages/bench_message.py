"""Stages of a message that are plain text work: parse, values, match, forward, print."""

import itertools

from pytest_benchmark.fixture import BenchmarkFixture

from luasip.proxy.forward import forward_request, forward_response
from luasip.sip.edits import Edits
from luasip.sip.message import Request, Response
from luasip.sip.parser import parse_message
from luasip.sip.response import build_response
from luasip.sip.uri import parse_uri
from luasip.sip.values import parse_name_addr, parse_via
from luasip.sip.via import received_via
from luasip.transaction.key import client_key, server_key

BODY = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8\r\n"
INVITE = (
    "INVITE sip:callee@127.0.0.1:5060 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-1234-1-0;rport\r\n"
    "Max-Forwards: 70\r\n"
    "From: <sip:caller@127.0.0.1:5060>;tag=caller-1\r\n"
    "To: <sip:callee@127.0.0.1:5060>\r\n"
    "Call-ID: 1-1234@127.0.0.1\r\n"
    "CSeq: 1 INVITE\r\n"
    "Contact: <sip:caller@127.0.0.1:5070;transport=UDP>\r\n"
    "User-Agent: phone/1.0\r\n"
    "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE\r\n"
    "Content-Type: application/sdp\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n{BODY}"
)
RINGING = (
    "SIP/2.0 180 Ringing\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1a2b.3c4d5e6f.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-1234-1-0;rport=5070;received=127.0.0.1\r\n"
    "Record-Route: <sip:127.0.0.1:5060;lr>\r\n"
    "From: <sip:caller@127.0.0.1:5060>;tag=caller-1\r\n"
    "To: <sip:callee@127.0.0.1:5060>;tag=callee-1\r\n"
    "Call-ID: 1-1234@127.0.0.1\r\n"
    "CSeq: 1 INVITE\r\n"
    "Contact: <sip:callee@127.0.0.1:5080>\r\n"
    "Content-Length: 0\r\n\r\n"
)
VIA = "SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-1234-1-0;rport"
OUR_VIA = "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1a2b.3c4d5e6f.0"


def request() -> Request:
    """An INVITE, parsed."""
    message = parse_message(INVITE)
    assert isinstance(message, Request)
    return message


def response() -> Response:
    """Its 180, parsed."""
    message = parse_message(RINGING)
    assert isinstance(message, Response)
    return message


def test_parse_request(benchmark: BenchmarkFixture) -> None:
    assert benchmark(parse_message, INVITE).is_request


def test_parse_response(benchmark: BenchmarkFixture) -> None:
    assert not benchmark(parse_message, RINGING).is_request


def test_parse_via(benchmark: BenchmarkFixture) -> None:
    assert benchmark(parse_via, VIA).branch == "z9hG4bK-1234-1-0"


def test_parse_name_addr(benchmark: BenchmarkFixture) -> None:
    assert benchmark(parse_name_addr, "<sip:caller@127.0.0.1:5060>;tag=caller-1").tag == "caller-1"


def test_parse_uri_never_seen(benchmark: BenchmarkFixture) -> None:
    numbers = itertools.count()

    def another() -> tuple[tuple[str], dict[str, str]]:
        return (f"sip:caller{next(numbers)}@127.0.0.1:5070;transport=udp",), {}

    benchmark.pedantic(parse_uri, setup=another, rounds=20_000)  # type: ignore[no-untyped-call]


def test_parse_uri_seen_before(benchmark: BenchmarkFixture) -> None:
    assert benchmark(parse_uri, "sip:caller@127.0.0.1:5070").user == "caller"


def test_received_via(benchmark: BenchmarkFixture) -> None:
    via = parse_via(VIA)
    assert "received=127.0.0.1" in benchmark(received_via, via, "127.0.0.1", 5070)


def test_match_request(benchmark: BenchmarkFixture) -> None:
    one = request()
    assert benchmark(server_key, one)


def test_match_response(benchmark: BenchmarkFixture) -> None:
    one = response()
    assert benchmark(client_key, one) == ("z9hG4bK1a2b.3c4d5e6f.0", "INVITE")


def test_forward_request(benchmark: BenchmarkFixture) -> None:
    one, edits = request(), Edits()
    edits.insert_header(one, "Record-Route: <sip:127.0.0.1:5060;lr>\r\n")
    one.top_via_text = received_via(one.top_via, "127.0.0.1", 5070)

    def forward() -> str:
        return forward_request(
            one, edits, request_uri="sip:callee@127.0.0.1:5080", via=OUR_VIA, max_forwards=69
        )

    assert benchmark(forward).startswith("INVITE sip:callee@127.0.0.1:5080 SIP/2.0\r\n")


def test_forward_response(benchmark: BenchmarkFixture) -> None:
    one, edits = response(), Edits()
    assert "5060;branch" not in benchmark(forward_response, one, edits)


def test_print_response(benchmark: BenchmarkFixture) -> None:
    one = request()
    assert benchmark(build_response, one, 180, "Ringing", to_tag="a").startswith("SIP/2.0 180")
