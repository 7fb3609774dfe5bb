"""luasip/server/sockets.py: which listener sends, and what is ours."""

from collections.abc import Callable, Sequence

import pytest

from luasip.errors import TransportError
from luasip.server.sockets import Sockets
from luasip.transport.packet import Destination, ErrorCallback, Listener, Packet

UDP = Listener("udp", "192.0.2.1", 5060)
UDP_INSIDE = Listener("udp", "10.0.0.1", 5060)
UDP_OTHER_PORT = Listener("udp", "192.0.2.1", 5080)
UDP6 = Listener("udp", "2001:db8::1", 5060)
TCP = Listener("tcp", "192.0.2.1", 5060, "sip.Example.com", 5070)
TCP_INSIDE = Listener("tcp", "10.0.0.1", 5060)


class FakeTransport:
    """Keeps what is sent. Once bound, its listeners may be others."""

    def __init__(self, *listeners: Listener) -> None:
        self.listeners: Sequence[Listener] = listeners
        self.sent: list[tuple[bytes, Destination]] = []

    def start(self, handle: Callable[[Packet], None]) -> None:
        raise AssertionError

    def send(self, data: bytes, destination: Destination, on_error: ErrorCallback | None = None) -> None:
        self.sent.append((data, destination))

    def stop(self, timeout: float = 5.0) -> list[str]:
        return []


class FakeStreams:
    """Stream connections with these ids."""

    def __init__(self, *ids: int) -> None:
        self._ids = ids
        self.told: list[Callable[[int], None]] = []

    def add_alias(self, connection_id: int, port: int) -> bool:
        return connection_id in self._ids

    def on_closed(self, told: Callable[[int], None]) -> None:
        self.told.append(told)

    def close(self, connection_id: int) -> bool:
        return connection_id in self._ids


def sockets(aliases: Sequence[tuple[str, str, int]] = (), streams: Sequence[FakeStreams] = ()) -> Sockets:
    transports = {
        "udp": FakeTransport(UDP, UDP_INSIDE, UDP_OTHER_PORT, UDP6),
        "tcp": FakeTransport(TCP, TCP_INSIDE),
    }
    return Sockets(transports, aliases, streams)


@pytest.mark.parametrize(
    ("protocol", "is_ipv6", "preferred", "received", "expected"),
    [
        ("udp", False, None, UDP, UDP),
        ("udp", False, None, UDP_INSIDE, UDP_INSIDE),
        ("udp", False, None, UDP_OTHER_PORT, UDP_OTHER_PORT),
        ("udp", False, None, TCP_INSIDE, UDP),
        ("udp", False, None, UDP6, UDP),
        ("udp", True, None, UDP, UDP6),
        ("tcp", False, None, TCP_INSIDE, TCP_INSIDE),
        ("tcp", True, None, TCP, None),
        ("tls", False, None, UDP, None),
        ("udp", False, UDP_INSIDE, UDP, UDP_INSIDE),
        ("udp", False, UDP, UDP_INSIDE, UDP),
        ("udp", False, TCP_INSIDE, UDP_INSIDE, UDP_INSIDE),  # the script's choice does not fit
        ("udp", False, UDP6, UDP_OTHER_PORT, UDP_OTHER_PORT),
        ("udp", False, Listener("udp", "198.51.100.1", 5060), TCP, UDP),
        ("tls", False, UDP, UDP, None),
    ],
)
def test_choose(
    protocol: str, is_ipv6: bool, preferred: Listener | None, received: Listener, expected: Listener | None
) -> None:
    assert sockets().choose(protocol, is_ipv6, preferred, received) is expected


ALIASES = [("", "Example.org", 0), ("udp", "example.net", 5080), ("tcp", "[2001:DB8::5]", 0), ("", "one", 7)]


@pytest.mark.parametrize(
    ("host", "port", "protocol", "expected"),
    [
        ("192.0.2.1", 0, "", True),
        ("192.0.2.1", 5060, "udp", True),
        ("192.0.2.1", 5080, "udp", True),
        ("192.0.2.1", 5080, "tcp", False),
        ("192.0.2.1", 5061, "", False),
        ("192.0.2.1", 0, "tls", False),
        ("192.0.2.2", 0, "", False),
        ("[2001:db8::1]", 5060, "udp", True),
        ("2001:DB8::1", 0, "", True),
        ("[2001:db8:0:0::1]", 5060, "", True),
        ("[2001:db8::2]", 0, "", False),
        ("[nonsense::]", 0, "", False),
        ("sip.example.COM", 5070, "tcp", True),
        ("sip.example.com", 0, "", True),
        ("sip.example.com", 5060, "tcp", False),
        ("sip.example.com", 5070, "udp", False),
        ("EXAMPLE.org", 0, "", True),
        ("example.org", 4711, "tls", True),
        ("example.net", 0, "", True),
        ("example.net", 5080, "udp", True),
        ("example.net", 5060, "udp", False),
        ("example.net", 5080, "tcp", False),
        ("[2001:db8::5]", 9, "tcp", True),
        ("one", 7, "udp", True),
        ("one", 8, "udp", False),
        ("", 0, "", False),
    ],
)
def test_is_own(host: str, port: int, protocol: str, expected: bool) -> None:
    assert sockets(ALIASES).is_own(host, port, protocol) is expected


def test_ports_chosen_by_the_system_are_known_after_refresh() -> None:
    transport = FakeTransport(Listener("udp", "127.0.0.1", 0))
    both = Sockets({"udp": transport, "tcp": transport})
    assert len(both.listeners) == 1
    bound = Listener("udp", "127.0.0.1", 40001)
    transport.listeners = [bound]
    both.refresh()
    assert both.listeners == [bound]
    assert both.is_own("127.0.0.1", 40001)
    assert not both.is_own("127.0.0.1", 40002)


def test_sending_text_one_byte_a_character() -> None:
    transport = FakeTransport(UDP)
    destination = Destination("udp", "192.0.2.9", 5060)
    Sockets({"udp": transport}).send("\xe4\r\n", destination)
    assert transport.sent == [(b"\xe4\r\n", destination)]


def test_sending_by_a_protocol_nothing_listens_on() -> None:
    errors: list[Exception] = []
    destination = Destination("tls", "192.0.2.9", 5061)
    sockets().send("x", destination, errors.append)
    sockets().send("x", destination)
    assert [str(error) for error in errors] == ["nothing listens on tls"]
    assert isinstance(errors[0], TransportError)


def test_connections_are_looked_for_in_every_stream_transport() -> None:
    streams = [FakeStreams(1), FakeStreams(2)]
    asked = sockets(streams=streams)
    assert [asked.add_alias(number, 5060) for number in (1, 2, 3)] == [True, True, False]
    assert [asked.close_connection(number) for number in (1, 2, 3)] == [True, True, False]
    told: list[int] = []
    asked.on_closed(told.append)
    for stream in streams:
        stream.told[0](7)
    assert told == [7, 7]
    assert not sockets().close_connection(1)
