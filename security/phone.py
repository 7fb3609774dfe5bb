"""The phone of a user who knows the password, at work while the server is attacked."""

import contextlib
import secrets
import socket
import threading
import time
from types import TracebackType
from typing import Self

from luasip.sip.digest import answer_challenge, compute_ha1, parse_challenge
from luasip.sip.message import Response
from security.target import HOST, PHONE_USER, password_of
from security.tools import Target
from tests.wire.peer import Peer

PLACE = "127.0.0.3"
_PAUSE = 0.5


class LegitimatePhone:
    """Registers again and again, on a thread of its own, with a new challenge each time."""

    def __init__(self, target: Target) -> None:
        self.tries = 0
        self.successes = 0
        self.failures: list[str] = []
        self.slowest = 0.0
        """Seconds of the slowest registration that succeeded."""
        self._peer = Peer((target.host, target.port), local=PLACE)
        self._rings = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        """Where its calls go; it does not answer them."""
        self._rings.bind((PLACE, 0))
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self._thread.join(20)
        self._peer.socket.close()
        self._rings.close()

    def _work(self) -> None:
        while not self._ends.is_set():
            began = time.monotonic()
            self.tries += 1
            try:
                answer = self._register()
                failure = "" if answer.status == 200 else f"{answer.status} {answer.reason}"
            except TimeoutError:
                failure = "no answer"
            if failure:
                self.failures.append(failure)
            else:
                self.successes += 1
                self.slowest = max(self.slowest, time.monotonic() - began)
            self._ends.wait(_PAUSE)

    def _register(self) -> Response:
        contact = f"{PLACE}:{self._rings.getsockname()[1]}"
        return register(self._peer, PHONE_USER, password_of(PHONE_USER), contact)


def register(peer: Peer, user: str, password: str, address: str = "") -> Response:
    """The answer to a REGISTER with credentials; `address` is for the Contact when it is not the peer's own."""
    fields = {"to": f"sip:{user}@{HOST}", "call_id": f"register-{user}-{peer.port}"}
    contact = f"Contact: <sip:{user}@{address or peer.address}>"
    challenge = ask(peer, _from(peer.request("REGISTER", user, contact, **fields), user))
    line = challenge.first("www-authenticate")
    if line is None:
        return challenge
    asked = parse_challenge(line.value)
    credentials = answer_challenge(
        asked,
        compute_ha1(user, asked.realm, password, asked.algorithm),
        username=user,
        method="REGISTER",
        uri=f"sip:{peer.target}",
        cnonce=secrets.token_hex(8),
    )
    header = f"Authorization: {credentials}"
    return ask(peer, _from(peer.request("REGISTER", user, contact, header, **fields), user))


def ask(peer: Peer, request: str) -> Response:
    """The answer to a request, which is repeated as RFC 3261 §17.1.2.2 says. Raises TimeoutError."""
    number = request.partition("\r\nCSeq: ")[2].partition(" ")[0]
    for wait in (0.5, 1.0, 2.0, 4.0):
        peer.send(request)
        peer.socket.settimeout(wait)
        with contextlib.suppress(TimeoutError):
            while True:
                answer = peer.receive()
                if isinstance(answer, Response) and str(answer.cseq.number) == number:
                    return answer
    raise TimeoutError


def _from(request: str, user: str) -> str:
    """The request with a From of the server's domain."""
    head, _, rest = request.partition("\r\nFrom: <")
    return f"{head}\r\nFrom: <sip:{user}@{HOST}>{rest.partition('>')[2]}"
