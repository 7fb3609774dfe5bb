import pytest

from luasip.errors import TransportError
from luasip.transport.address import (
    is_literal,
    normal_literal,
    parse_listener,
    pick_listener,
    socket_address,
    split_host_port,
)
from luasip.transport.packet import Listener


@pytest.mark.parametrize(
    ("text", "advertise", "listener"),
    [
        ("udp:127.0.0.1:5060", "", Listener("udp", "127.0.0.1", 5060)),
        (" TCP:[::1]:5060 ", "", Listener("tcp", "::1", 5060)),
        ("tcp:[2001:DB8:0::1]:0", "", Listener("tcp", "2001:db8::1", 0)),
        ("udp:0.0.0.0:5060", "sip.example.com", Listener("udp", "0.0.0.0", 5060, "sip.example.com")),
        ("udp:10.0.0.1:5060", "192.0.2.1:5080", Listener("udp", "10.0.0.1", 5060, "192.0.2.1", 5080)),
        ("udp:10.0.0.1:5060", "[2001:db8::1]:5080", Listener("udp", "10.0.0.1", 5060, "2001:db8::1", 5080)),
    ],
)
def test_parse_listener(text: str, advertise: str, listener: Listener) -> None:
    assert parse_listener(text, advertise) == listener


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1:5060",
        "sctp2:127.0.0.1:5060",
        "udp:127.0.0.1",
        "udp:127.0.0.1:",
        "udp:127.0.0.1:65536",
        "udp:127.0.0.1:-1",
        "udp:127.0.0.1:sip",
        "udp:[::1:5060",
        "udp:::1:5060",
        "udp:[::1]5060",
        "udp:example.com:5060",
        "udp::5060",
    ],
)
def test_parse_listener_names_what_is_wrong_and_what_is_allowed(text: str) -> None:
    with pytest.raises(TransportError, match="allowed:") as raised:
        parse_listener(text)
    assert repr(text) in str(raised.value)


def test_parse_listener_with_a_bad_advertised_port() -> None:
    with pytest.raises(TransportError, match="'x' is not a port"):
        parse_listener("udp:127.0.0.1:5060", "example.com:x")


@pytest.mark.parametrize(
    ("text", "result"),
    [("a", ("a", 0)), ("a:1", ("a", 1)), ("[::1]", ("::1", 0)), ("[::1]:2", ("::1", 2)), ("", ("", 0))],
)
def test_split_host_port(text: str, result: tuple[str, int]) -> None:
    assert split_host_port(text) == result


@pytest.mark.parametrize(
    ("host", "literal"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("[0:0::0001]", "::1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%lo", "fe80::1%lo"),
        ("[192.0.2.1", ""),
        ("192.0.2", ""),
        ("example.com", ""),
        ("", ""),
    ],
)
def test_normal_literal(host: str, literal: str) -> None:
    assert normal_literal(host) == literal
    assert is_literal(host) == bool(literal)


def test_socket_address() -> None:
    assert socket_address("192.0.2.1", 5060) == ("192.0.2.1", 5060)
    assert socket_address("[::1]", 5060) == ("::1", 5060, 0, 0)
    assert socket_address("fe80::1%lo", 5060) == ("fe80::1", 5060, 0, 1)


@pytest.mark.parametrize(
    ("host", "port"), [("example.com", 5060), ("192.0.2.1", 65536), ("192.0.2.1", -1), ("", 1)]
)
def test_socket_address_takes_no_names(host: str, port: int) -> None:
    with pytest.raises(TransportError, match="is not an IP address and port"):
        socket_address(host, port)


def test_socket_address_with_an_unknown_scope() -> None:
    with pytest.raises(TransportError, match="nowhere0"):
        socket_address("fe80::1%nowhere0", 5060)


LOOPBACK = Listener("udp", "127.0.0.1", 5060)
OUTSIDE = Listener("udp", "192.0.2.9", 5060)
ANY = Listener("udp", "0.0.0.0", 5060)
LOOPBACK_6 = Listener("udp", "::1", 5060)


@pytest.mark.parametrize(
    ("listeners", "host", "picked"),
    [
        ([OUTSIDE, LOOPBACK], "127.0.0.2", LOOPBACK),
        ([LOOPBACK, OUTSIDE], "198.51.100.1", OUTSIDE),
        ([LOOPBACK], "198.51.100.1", LOOPBACK),
        ([LOOPBACK, ANY], "198.51.100.1", ANY),
        ([LOOPBACK, LOOPBACK_6], "::1", LOOPBACK_6),
        ([LOOPBACK_6], "127.0.0.1", None),
        ([Listener("tcp", "127.0.0.1", 5060)], "127.0.0.1", None),
    ],
)
def test_pick_listener(listeners: list[Listener], host: str, picked: Listener | None) -> None:
    assert pick_listener(listeners, "udp", host) == picked
