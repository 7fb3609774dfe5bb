"""luasip/server/transactions/destination.py: where a response goes (RFC 3261 §18.2.2, RFC 3581)."""

import pytest

from luasip.kemi.context import SEND_CLOSE, SEND_NO_CONNECT, Source
from luasip.server.transactions.destination import response_destination
from luasip.sip.message import Request
from luasip.sip.parser import parse_message
from luasip.sip.via import received_via
from luasip.transport.packet import Listener
from tests.bench import INVITE

SOURCE = ("198.51.100.7", 40000)


def request(via: str) -> Request:
    """A request as it is after its top Via was looked at, from SOURCE."""
    message = parse_message(INVITE.replace("SIP/2.0/UDP 127.0.0.2:5070;branch=z9hG4bKone;rport", via))
    assert isinstance(message, Request)
    message.top_via_text = received_via(message.top_via, *SOURCE)
    return message


@pytest.mark.parametrize(
    ("via", "expected"),
    [
        ("SIP/2.0/UDP 198.51.100.7:5070;branch=z9hG4bKa", ("198.51.100.7", 5070)),
        ("SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKa", ("198.51.100.7", 5060)),
        ("SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa", ("198.51.100.7", 5070)),
        ("SIP/2.0/UDP phone.example:5070;branch=z9hG4bKa", ("198.51.100.7", 5070)),
        ("SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa;rport", SOURCE),
        ("SIP/2.0/UDP 198.51.100.7:5070;rport;branch=z9hG4bKa", SOURCE),
        ("SIP/2.0/UDP 10.0.0.1:5070;maddr=192.0.2.9;branch=z9hG4bKa", ("192.0.2.9", 5070)),
        ("SIP/2.0/UDP 10.0.0.1:5070;maddr=a.example;branch=z9hG4bKa", SOURCE),
    ],
)
def test_over_udp_the_via_decides(via: str, expected: tuple[str, int]) -> None:
    listener = Listener("udp", "192.0.2.1", 5060)
    found = response_destination(request(via), Source(*SOURCE, listener), 0)
    assert (found.protocol, found.host, found.port) == ("udp", *expected)
    assert found.listener is listener


@pytest.mark.parametrize(
    ("protocol", "via", "port"),
    [
        ("tcp", "SIP/2.0/TCP 10.0.0.1:5070;branch=z9hG4bKa", 5070),
        ("tcp", "SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKa", 5060),
        ("tls", "SIP/2.0/TLS phone.example;branch=z9hG4bKa", 5061),
        ("ws", "SIP/2.0/WS x.invalid;branch=z9hG4bKa", SOURCE[1]),
    ],
)
def test_over_a_stream_the_connection_then_the_port_of_the_via(protocol: str, via: str, port: int) -> None:
    source = Source(*SOURCE, Listener(protocol, "192.0.2.1", 5060), 7)
    found = response_destination(request(via), source, 0)
    assert (found.host, found.port, found.connection_id) == (SOURCE[0], port, 7)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [(0, (True, False)), (SEND_NO_CONNECT, (False, False)), (SEND_CLOSE, (True, True))],
)
def test_flags(flags: int, expected: tuple[bool, bool]) -> None:
    source = Source(*SOURCE, Listener("tcp", "192.0.2.1", 5060), 7)
    found = response_destination(request("SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKa"), source, flags)
    assert (found.may_connect, found.close_after) == expected
