"""RFC 5118: torture messages with IPv6 addresses. All but one are to be accepted."""

import pytest

from luasip.errors import SipError
from luasip.sip.message import Request
from luasip.sip.parser import parse_message
from luasip.sip.sdp import parse_sdp
from luasip.sip.uri import parse_uri
from tests.sip.examined import examine
from tests.sip.messages import request_with


def register(
    request_uri: str, *vias: str, contact: str = "<sip:caller@[2001:db8::1]>", method: str = "REGISTER"
) -> Request:
    """The RFC's request around what each section varies."""
    message = parse_message(
        request_with(
            *[f"Via: {via}" for via in vias],
            "To: sip:user@example.com",
            "From: sip:user@example.com;tag=81x2",
            "Call-ID: SSG9559905523997077@hlau_4100",
            "Max-Forwards: 70",
            f"Contact: {contact}",
            f"CSeq: 98176 {method}",
            "Content-Length: 0",
            start=f"{method} {request_uri} SIP/2.0",
        )
    )
    assert isinstance(message, Request)
    return message


_VIA = "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111"


@pytest.mark.parametrize(
    ("section", "uri", "host", "port"),
    [
        ("4.1 reference", "sip:[2001:db8::10]", "[2001:db8::10]", None),
        ("4.3 port ambiguous", "sip:[2001:db8::10:5070]", "[2001:db8::10:5070]", None),
        ("4.4 port unambiguous", "sip:[2001:db8::10]:5070", "[2001:db8::10]", 5070),
        ("4.9 mapped", "sip:[::ffff:192.0.2.10]:19823", "[::ffff:192.0.2.10]", 19823),
        ("4.10 two colons", "sip:user@[2001:db8::192.0.2.1]", "[2001:db8::192.0.2.1]", None),
        ("4.10 three colons", "sip:user@[2001:db8:::192.0.2.1]", "[2001:db8:::192.0.2.1]", None),
    ],
)
def test_request_uri(section: str, uri: str, host: str, port: int | None) -> None:
    request = register(uri, _VIA)
    examine(request)
    parsed = parse_uri(request.request_uri)
    assert (parsed.host, parsed.port) == (host, port), section


def test_4_2_address_without_brackets() -> None:
    request = register("sip:2001:db8::10", _VIA)
    with pytest.raises(SipError, match="Bad Request URI") as caught:
        examine(request)
    assert caught.value.status == 400


@pytest.mark.parametrize("received", ["[2001:db8::9:255]", "2001:db8::9:255"])
def test_4_5_received_with_and_without_brackets(received: str) -> None:
    request = register(
        "sip:[2001:db8::10]", f"SIP/2.0/UDP [2001:db8::9:1];received={received};branch=z9hG4bKas3-111"
    )
    examine(request)
    assert request.top_via.received == received


def test_4_6_addresses_in_sdp_have_no_brackets() -> None:
    session = parse_sdp(
        "v=0\r\no=assistant 971731711378798081 0 IN IP6 2001:db8::20\r\ns=x\r\nc=IN IP6 2001:db8::20\r\n"
    )
    assert session.connection is not None
    assert (session.connection.address_type, session.connection.address) == ("IP6", "2001:db8::20")


def test_4_7_mixed_addresses() -> None:
    request = register(
        "sip:user@host.example.com",
        "SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111",
        "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144",
        "SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200",
        method="BYE",
    )
    examine(request)
    assert [(via.host, via.port) for via in request.vias] == [
        ("[2001:db8::9:1]", 6050),
        ("192.0.2.1", None),
        ("[2001:db8::9:255]", None),
    ]


def test_4_8_mixed_addresses_in_sdp() -> None:
    session = parse_sdp(
        "v=0\r\no=bob 280744730 28977631 IN IP4 host.example.com\r\ns=\r\nt=0 0\r\n"
        "m=audio 22334 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n"
        "m=video 6024 RTP/AVP 107\r\nc=IN IP6 2001:db8::1\r\n"
    )
    assert [connection.address for connection in session.connections] == ["192.0.2.1", "2001:db8::1"]


def test_4_9_mapped_addresses() -> None:
    request = register(
        "sip:user@example.com",
        "SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19",
        "SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111",
        contact='"T. desk phone" <sip:ted@[::ffff:192.0.2.2]>',
        method="INVITE",
    )
    examine(request)
    assert request.vias[0].host == "[::ffff:192.0.2.10]"
    assert request.contacts[0].uri.host == "[::ffff:192.0.2.2]"
