"""A sender of bytes no phone would send, and of what comes back for them.

The messages are sent unchanged, so the answers go to the port in their Via: 5060 in most. The sender therefore has
a loopback address of its own on which it can bind that port.
"""

import re
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from luasip.sip.message import Response
from luasip.sip.parser import parse_message
from tests.wire.process import ROOT, Served

DOMAINS = ["example.com", "example.net", "chair-dnrc.example.com", "company.com", "[2001:db8::10]"]
INSTEAD_OF_FORWARDING = '\nfunction relay() reply(480, "Not Forwarded") end\n'
# The default script takes more than 30 requests in 2 seconds from one address for a flood.
NO_FLOODS = "[modules.pike]\nreqs_density_per_unit = 1000000\n"


def victim(folder: Path) -> Served:
    """A server for the domains of the torture messages. Where the default script forwards, this one says 480."""
    script = (ROOT / "lua/default.lua").read_text("utf-8") + INSTEAD_OF_FORWARDING
    served = Served(folder, NO_FLOODS, script)
    aliases = ", ".join(f'"{name}"' for name in DOMAINS)
    text = served.config.read_text("utf-8").replace('# aliases = ["example.com"]', f"aliases = [{aliases}]")
    assert aliases in text
    served.config.write_text(text, "utf-8")
    return served


CLOSED = "closed"
"""The server has closed the connection."""
WAITS = "waits"
"""The server neither answers nor closes: for it the message has not ended yet."""

SILENCE_AFTER = 0.6
"""Seconds without an answer, not even to the OPTIONS behind the message, that count as waiting."""

Outcome = list[int] | str

VIA_PORT = re.compile(rb"\r\nv(?:ia)?[ \t]*:[^,;\r\n]*?[\w\].]:(\d+)(?=[ \t;,\r])", re.IGNORECASE)


def own_address() -> str:
    """A loopback address on which the UDP port 5060 is free."""
    for last in range(9, 250):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
            try:
                tried.bind((f"127.0.0.{last}", 5060))
            except OSError:
                continue
            return f"127.0.0.{last}"
    raise AssertionError("no loopback address with a free port 5060")


def via_port(data: bytes) -> int:
    """The port in the topmost Via, 5060 when there is none."""
    found = VIA_PORT.search(data)
    head = data[: found.start()].lower() if found else b""
    if found and b"\r\nvia" not in head and b"\r\nv:" not in head:
        return int(found[1]) if int(found[1]) < 65536 else 5060
    return 5060


class Hostile:
    """Sends to one server over both protocols; each `send` uses sockets of its own."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self.address = own_address()
        self._sent = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing stays open between two messages."""

    def options(self, protocol: str, port: int) -> tuple[bytes, str]:
        """A sound OPTIONS for the server itself, and its Call-ID."""
        self._sent += 1
        call_id = f"alive-{self._sent}"
        text = (
            f"OPTIONS sip:{self.server[0]}:{self.server[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/{protocol.upper()} {self.address}:{port};rport;branch=z9hG4bK{call_id}\r\n"
            f"From: <sip:x@{self.address}>;tag=1\r\nTo: <sip:{self.server[0]}>\r\nCall-ID: {call_id}\r\n"
            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
        return text.encode(), call_id

    def connect(self) -> socket.socket:
        """A connection to the server."""
        opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        opened.bind((self.address, 0))
        opened.settimeout(5.0)
        opened.connect(self.server)
        return opened

    def udp(self, data: bytes) -> list[int]:
        """The statuses that come back for one datagram.

        An OPTIONS follows it: the server takes datagrams in order, so what has not come before the answer to
        that one is not going to. Fails when that answer does not come: the server is gone.
        """
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
            opened.bind((self.address, via_port(data)))
            opened.settimeout(5.0)
            opened.sendto(data, self.server)
            alive, call_id = self.options("udp", opened.getsockname()[1])
            opened.sendto(alive, self.server)
            statuses: list[int] = []
            while True:
                answer = _response(opened.recv(65535))
                named = answer.first("call-id")
                if named is not None and named.value == call_id:
                    assert answer.status == 200
                    return statuses
                statuses.append(answer.status)

    def tcp(self, data: bytes) -> Outcome:
        """The statuses that come back on a connection, `CLOSED` or `WAITS`; an OPTIONS follows here too."""
        with self.connect() as opened:
            alive, call_id = self.options("tcp", opened.getsockname()[1])
            received = b""
            try:
                opened.sendall(data + alive)
                opened.settimeout(SILENCE_AFTER)
                while call_id.encode() not in received or not received.endswith(b"\r\n\r\n"):
                    more = opened.recv(65535)
                    if not more:
                        return CLOSED
                    received += more
            except ConnectionError:
                return CLOSED
            except TimeoutError:
                return WAITS
        starts = [line for line in received.split(b"\r\n") if line.startswith(b"SIP/2.0 ")]
        return [int(line.split(b" ")[1]) for line in starts[:-1]]


def _response(data: bytes) -> Response:
    answer = parse_message(data.decode("latin-1"))
    assert isinstance(answer, Response)
    return answer
