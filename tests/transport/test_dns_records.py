import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from luasip.errors import TransportError
from luasip.transport.dns_records import query

Answer = Callable[[bytes], bytes]

SRV = struct.pack("!3H", 10, 60, 5060) + b"\x04sip1\xc0\x0c"
NAPTR = struct.pack("!2H", 50, 51) + b"\x01s\x07SIP+D2U\x00" + b"\x04_sip\x04_udp\x07example\x03com\x00"


def answer(*records: tuple[int, bytes], flags: int = 0x8180) -> Answer:
    """An answer to whatever is asked, with these records (type, data) under the name asked for."""

    def build(request: bytes) -> bytes:
        body = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data for kind, data in records
        )
        return request[:2] + struct.pack("!5H", flags, 1, len(records), 0, 0) + request[12:] + body

    return build


@contextmanager
def server(by_datagram: Answer, by_stream: Answer | None = None) -> Iterator[tuple[str, int]]:
    """A name server for a few questions."""
    stream = socket.create_server(("127.0.0.1", 0))
    address = stream.getsockname()
    datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagram.bind(address)

    def serve() -> None:
        while True:
            request, client = datagram.recvfrom(4096)
            if not request:
                return
            datagram.sendto(by_datagram(request), client)
            if by_stream is not None:
                connection, _ = stream.accept()
                with connection:
                    data = by_stream(connection.recv(4096)[2:])
                    connection.sendall(struct.pack("!H", len(data)) + data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
            ending.sendto(b"", address)
        thread.join(5)
        datagram.close()
        stream.close()


@pytest.mark.parametrize(
    ("name", "kind", "given", "expected"),
    [
        (
            "_sip._udp.example.com",
            "SRV",
            answer((33, SRV)),
            [{"priority": 10, "weight": 60, "port": 5060, "target": "sip1._sip._udp.example.com"}],
        ),
        (
            "example.com.",
            "NAPTR",
            answer((35, NAPTR)),
            [
                {
                    "order": 50,
                    "pref": 51,
                    "flags": "s",
                    "services": "SIP+D2U",
                    "regex": "",
                    "replace": "_sip._udp.example.com",
                }
            ],
        ),
        (
            "example.com",
            "SRV",
            answer((5, b"\x01x\x00"), (33, SRV[:6] + b"\x00")),
            [{"priority": 10, "weight": 60, "port": 5060, "target": ""}],
        ),
        ("example.com", "SRV", answer(), []),
        ("example.com", "SRV", answer(flags=0x8183), []),
    ],
)
def test_records(name: str, kind: str, given: Answer, expected: list[dict[str, str | int]]) -> None:
    with server(given) as address:
        assert query(name, kind, [address]) == expected


def test_what_does_not_fit_comes_over_tcp() -> None:
    with server(answer(flags=0x8380), answer((33, SRV))) as address:
        assert len(query("example.com", "SRV", [address])) == 1


@pytest.mark.parametrize(
    "given",
    [
        answer(flags=0x8182),
        lambda request: b"",
        lambda request: answer((33, SRV))(request)[:-9],
        lambda request: bytes((request[0] ^ 1,)) + answer()(request)[1:],
        lambda request: request,
        answer((33, SRV[:6] + b"\xc0\x2f")),
        answer((33, SRV[:6] + b"\x80")),
        answer((35, NAPTR[:4] + b"\xff")),
    ],
)
def test_broken_answers(given: Answer) -> None:
    with server(given) as address, pytest.raises(TransportError, match=r"no SRV records of 'example\.com'"):
        query("example.com", "SRV", [address], 0.3)


def test_the_next_server_is_asked() -> None:
    with server(answer(flags=0x8182)) as failing, server(answer((33, SRV))) as working:
        assert len(query("example.com", "SRV", [failing, working])) == 1


def test_no_server_answers() -> None:
    with pytest.raises(TransportError, match=r"no SRV records of 'example\.com'"):
        query("example.com", "SRV", [("127.0.0.1", 9)], 0.1)


@pytest.mark.parametrize("name", ["a..b", "x" * 64, "a." * 130])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(TransportError, match="no SRV records of"):
        query(name, "SRV", [("127.0.0.1", 9)], 0.1)
