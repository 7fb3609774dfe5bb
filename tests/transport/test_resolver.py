import socket
from typing import Any

import pytest

from luasip.errors import TransportError
from luasip.transport.resolver import NextHop, default_port, name_of, resolve


def no_lookup(*arguments: Any) -> list[tuple[Any, ...]]:
    raise AssertionError(arguments)


def found(*addresses: str) -> Any:
    return lambda *arguments: [(0, 0, 0, "", (address, 0)) for address in addresses]


@pytest.mark.parametrize(
    ("host", "port", "transport", "secure", "hop"),
    [
        ("192.0.2.1", None, "", False, NextHop("udp", "192.0.2.1", 5060)),
        ("192.0.2.1", 0, "TCP", False, NextHop("tcp", "192.0.2.1", 5060)),
        ("[::0001]", 5070, "tcp", False, NextHop("tcp", "::1", 5070)),
        ("192.0.2.1", None, "", True, NextHop("tls", "192.0.2.1", 5061)),
        ("192.0.2.1", None, "tcp", True, NextHop("tls", "192.0.2.1", 5061)),
        ("192.0.2.1", None, "ws", True, NextHop("wss", "192.0.2.1", 443)),
        ("192.0.2.1", None, "ws", False, NextHop("ws", "192.0.2.1", 80)),
        ("192.0.2.1", None, "sctp", True, NextHop("sctp", "192.0.2.1", 5060)),
    ],
)
def test_a_literal_needs_no_lookup(
    host: str, port: int | None, transport: str, secure: bool, hop: NextHop
) -> None:
    assert resolve(host, port, transport, secure=secure, lookup=no_lookup) == [hop]


def test_every_address_once_in_order() -> None:
    lookup = found("2001:db8::1", "192.0.2.1", "2001:db8::1")
    assert resolve("example.com", lookup=lookup) == [
        NextHop("udp", "2001:db8::1", 5060),
        NextHop("udp", "192.0.2.1", 5060),
    ]


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "hosts"), [(True, False, ["192.0.2.1"]), (False, True, ["2001:db8::1"])]
)
def test_only_families_the_server_can_send_to(ipv4: bool, ipv6: bool, hosts: list[str]) -> None:
    hops = resolve("example.com", lookup=found("2001:db8::1", "192.0.2.1"), ipv4=ipv4, ipv6=ipv6)
    assert [hop.host for hop in hops] == hosts


@pytest.mark.parametrize(
    "error", [socket.gaierror(-2, "Name or service not known"), UnicodeError("label too long")]
)
def test_an_unknown_name_is_an_error_naming_it(error: Exception) -> None:
    def fail(*arguments: Any) -> list[tuple[Any, ...]]:
        raise error

    with pytest.raises(TransportError, match=r"'nowhere\.invalid'"):
        resolve("nowhere.invalid", lookup=fail)


def test_no_address_of_a_usable_family() -> None:
    with pytest.raises(TransportError, match="family"):
        resolve("example.com", lookup=found("192.0.2.1"), ipv4=False)


def test_the_system_knows_localhost() -> None:
    assert NextHop("tcp", "127.0.0.1", 5060) in resolve("localhost", None, "tcp")


@pytest.mark.parametrize(("protocol", "port"), [("udp", 5060), ("tcp", 5060), ("tls", 5061), ("wss", 443)])
def test_default_port(protocol: str, port: int) -> None:
    assert default_port(protocol) == port


def test_the_name_of_an_address() -> None:
    def known(address: str) -> tuple[str, list[str], list[str]]:
        if address != "192.0.2.1":
            raise OSError("host not found")
        return "one.example", [], [address]

    assert name_of("192.0.2.1", known) == "one.example"
    with pytest.raises(TransportError, match=r"192\.0\.2\.2"):
        name_of("192.0.2.2", known)
