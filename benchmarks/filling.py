"""Fills a server: transactions that live, end or wait, contacts in its database, TCP connections."""

import itertools
import os
import selectors
import socket
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.probe import answer
from luasip.storage import Databases
from luasip.storage.tables import location_table

BATCH = 40
"""Requests that are sent together; their answers fit into any socket's buffer."""


class Filler:
    """A UDP socket that is caller and callee in one. What it asks for waits for it, so nothing is lost."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = f"{server[0]}:{server[1]}"
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.connect(server)
        self._socket.settimeout(10.0)
        self._numbers = itertools.count(1)
        host, port = self._socket.getsockname()
        self._own = f"{host}:{port}"

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def statistic(self, name: str) -> int:
        """A statistic of the server."""
        return int(self._sync(name) or -1)

    def fill(self, kind: str, count: int) -> None:
        """Make `count` transactions.

        "live": INVITEs relayed to us, which ring; "completed": MESSAGEs relayed to us and answered; "held": INVITEs
        that the server keeps; "asleep": the same, and their routes wait.
        """
        method = "MESSAGE" if kind == "completed" else "INVITE"
        at = self._own if kind in ("live", "completed") else self._server
        for begin in range(0, count, BATCH):
            for _ in range(min(BATCH, count - begin)):
                self._send(self._request(method, f"{kind}@{at}"))
            self._sync("")
        time.sleep(0.2)
        self._sync("")

    def _request(self, method: str, target: str) -> str:
        number = next(self._numbers)
        branch = f"z9hG4bKf{self._own.rpartition(':')[2]}-{number}"
        return (
            f"{method} sip:{target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self._own};branch={branch}\r\nMax-Forwards: 70\r\n"
            f"From: <sip:filler@{self._server}>;tag={number}\r\nTo: <sip:{target}>\r\nCall-ID: {branch}\r\n"
            f"CSeq: 1 {method}\r\nContact: <sip:filler@{self._own}>\r\nContent-Length: 0\r\n\r\n"
        )

    def _send(self, text: str) -> None:
        self._socket.send(text.encode("latin-1"))

    def _sync(self, user: str) -> str:
        """Ask for a statistic and play the callee until it comes: then all that was sent before has been handled."""
        text = self._request("OPTIONS", f"{user}@{self._server}" if user else self._server)
        self._send(text)
        branch = text.partition("branch=")[2].partition("\r\n")[0]
        while True:
            received = self._socket.recv(65535).decode("latin-1")
            if received.startswith("INVITE "):
                self._send(answer(received).replace(" 200 OK", " 180 Ringing", 1))
            elif received.startswith("MESSAGE "):
                self._send(answer(received))
            elif f"{branch};" in received or f"{branch}\r\n" in received:
                return received.partition("\r\n")[0].split(" ", 2)[2]


def write_contacts(path: Path, count: int, contact_host: str) -> None:
    """An SQLite database with a location table of `count` users, each with one contact, valid for a day."""
    path.parent.mkdir(parents=True, exist_ok=True)
    now = datetime.now()
    rows = [
        {
            "ruid": f"ruid-{number}",
            "username": f"user{number}",
            "contact": f"sip:user{number}@{contact_host}",
            "callid": f"call-{number}@127.0.0.1",
            "expires": now + timedelta(days=1),
            "last_modified": now,
            "user_agent": "phone/1.0",
        }
        for number in range(count)
    ]
    location = location_table("location", {})
    with closing(Databases()) as databases:
        database = databases.open(f"sqlite:///{path}")
        database.create_table(location)
        with database.transaction() as transaction:
            transaction.execute(location.insert(), rows)


class Connections:
    """TCP connections, each asked in turn for an answer to OPTIONS."""

    def __init__(self, server: tuple[str, int], count: int) -> None:
        self._server = f"{server[0]}:{server[1]}"
        self._selector = selectors.DefaultSelector()
        self._sockets = [socket.create_connection(server) for _ in range(count)]
        for one in self._sockets:
            one.setblocking(False)
            self._selector.register(one, selectors.EVENT_READ)

    def close(self) -> None:
        """Close them all."""
        self._selector.close()
        for one in self._sockets:
            one.close()

    def ask(self, rate: int, seconds: float) -> int:
        """OPTIONS at a rate for so long, over one connection after the other; gives how many were answered."""
        count = int(rate * seconds)
        began = time.monotonic()
        sent = answered = 0
        while answered < count and time.monotonic() < began + seconds + 5:
            due = min(count, int((time.monotonic() - began) * rate) + 1)
            while sent < due:
                self._sockets[sent % len(self._sockets)].send(self._request(sent).encode("ascii"))
                sent += 1
            for key, _ in self._selector.select(0.001):
                answered += key.fileobj.recv(65535).count(b"SIP/2.0 200")  # type: ignore[union-attr]
        return answered

    def _request(self, number: int) -> str:
        branch = f"z9hG4bKt{os.getpid()}-{time.monotonic_ns()}-{number}"
        return (
            f"OPTIONS sip:{self._server} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch={branch}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:filler@{self._server}>;tag={number}\r\nTo: <sip:{self._server}>\r\n"
            f"Call-ID: {branch}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
