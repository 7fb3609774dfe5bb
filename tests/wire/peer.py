"""A phone of few words: builds a SIP message by hand and sends it over a real socket."""

import itertools
import socket
from types import TracebackType
from typing import Self

from luasip.sip.message import Request, Response
from luasip.sip.parser import parse_message

_NUMBERS = itertools.count(1)


class Peer:
    """A UDP or TCP socket towards the server; fails after `timeout` seconds without a message."""

    def __init__(
        self, server: tuple[str, int], protocol: str = "udp", timeout: float = 3.0, local: str = ""
    ) -> None:
        """`local` is the address to send from, "" for whichever the system chooses."""
        self.server = server
        self.protocol = protocol
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
        self.socket.settimeout(timeout)
        if local:
            self.socket.bind((local, 0))
        self.socket.connect(server)
        host, port = self.socket.getsockname()[:2]
        self.port: int = port
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        host, port = server
        self.target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._pending = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def request(self, method: str, user: str, *headers: str, to: str = "", call_id: str = "") -> str:
        """A request to `user` of the server ("" for the server itself)."""
        number = next(_NUMBERS)
        at = f"{user}@" if user else ""
        lines = [
            f"{method} sip:{'' if method == 'REGISTER' else at}{self.target} SIP/2.0",
            f"Via: SIP/2.0/{self.protocol.upper()} {self.address};branch=z9hG4bK-wire-{self.port}-{number}",
            "Max-Forwards: 70",
            f"From: <sip:{user or 'peer'}@{self.target}>;tag=from-{number}",
            f"To: <{to or f'sip:{at}{self.target}'}>",
            f"Call-ID: {call_id or f'wire-{self.port}-{number}'}",
            f"CSeq: {number} {method}",
            *headers,
            "Content-Length: 0",
        ]
        return "\r\n".join(lines) + "\r\n\r\n"

    def register(self, user: str, contact: str, expires: int = 600) -> Response:
        """Register `contact` (a URI) and return the answer."""
        return self.ask(self.request("REGISTER", user, f"Contact: <{contact}>", f"Expires: {expires}"))

    def ask(self, request: str) -> Response:
        """Send a request and return the first message that comes back."""
        self.send(request)
        answer = self.receive()
        assert isinstance(answer, Response)
        return answer

    def send(self, text: str | bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(text if isinstance(text, bytes) else text.encode("latin-1"))

    def receive(self) -> Request | Response:
        """The next message."""
        if self.protocol == "udp":
            return parse_message(self.socket.recv(65535).decode("latin-1"))
        while b"\r\n\r\n" not in self._pending:
            self._pending += self._more()
        head, _, rest = self._pending.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        while len(rest) < length:
            rest += self._more()
        self._pending = rest[length:]
        return parse_message((head + b"\r\n\r\n" + rest[:length]).decode("latin-1"))

    def _more(self) -> bytes:
        data = self.socket.recv(65535)
        assert data, "the server closed the connection"
        return data
