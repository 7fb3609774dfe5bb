"""Questions of our own to the server, for what SIPVicious does not ask: what it tells, and where it forwards to."""

import re
import socket
import time
from collections.abc import Sequence

from luasip.sip.message import Response
from security.phone import register
from security.target import HOST, PHONE_USER, VICTIM_USER
from security.tools import Target
from tests.wire.peer import Peer

STRANGER = "127.0.0.5"
ELSEWHERE = "127.0.0.4"
"""Where nothing of a stranger's may arrive."""
NOBODY = "1050"
METHODS = ("REGISTER", "INVITE", "OPTIONS", "MESSAGE", "SUBSCRIBE", "NONSENSE")

_VERSION = re.compile(r"\d+\.\d+|python|lupa|linux|debian", re.I)


def request(peer: Peer, method: str, user: str, sender: str, *headers: str, to: str = "") -> str:
    """A request for a user of the server, From `sender`."""
    text = peer.request(method, user, *headers, to=to or f"sip:{user}@{HOST}")
    first, _, rest = text.partition("\r\nFrom: <")
    first = first.replace(f"@{peer.target} SIP", f"@{HOST} SIP")
    return f"{first}\r\nFrom: <{sender}>{rest.partition('>')[2]}"


def identities(target: Target) -> list[str]:
    """What the server calls itself in the answers to requests of many kinds, the malformed included."""
    found: set[str] = set()
    with Peer((target.host, target.port), local=STRANGER) as peer:
        texts = [request(peer, method, NOBODY, "sip:x@elsewhere.example") for method in METHODS]
        texts += [peer.request("OPTIONS", ""), texts[1].replace("Max-Forwards: 70", "Max-Forwards: none")]
        for text in texts:
            answer = _answer(peer, text)
            for name in ("server", "user-agent", "warning"):
                line = None if answer is None else answer.first(name)
                if line is not None:
                    found.add(f"{line.name}: {line.value}")
    return sorted(found)


def versions(texts: Sequence[str]) -> list[str]:
    """Those of the texts in which a version, or what the server is made of, is told."""
    return [text for text in texts if _VERSION.search(text)]


def told_apart(target: Target, one: str = VICTIM_USER, other: str = NOBODY) -> list[str]:
    """In which requests of strangers the answers for two users differ, and how."""
    found: list[str] = []
    for sender in ("sender of the domain", "stranger"):
        for method in METHODS:
            seen = [_shown(target, method, user, sender) for user in (one, other)]
            if seen[0] != seen[1]:
                found.append(f"{method} from a {sender}: {seen[0]} or {seen[1]}")
    return found


def _shown(target: Target, method: str, user: str, sender: str) -> str:
    with Peer((target.host, target.port), local=STRANGER) as peer:
        at = HOST if sender != "stranger" else "elsewhere.example"
        answer = _answer(peer, request(peer, method, user, f"sip:{user}@{at}"))
    if answer is None:
        return "no answer"
    return f"{answer.status} {answer.reason} ({', '.join(line.name for line in answer.headers)})"


def _answer(peer: Peer, text: str) -> Response | None:
    """The final answer to a request, None when none comes in time."""
    peer.socket.settimeout(1.5)
    try:
        answer = peer.ask(text)
        while answer.status < 200:
            received = peer.receive()
            if isinstance(received, Response):
                answer = received
    except TimeoutError:
        return None
    return answer


def slowness(target: Target, rounds: int = 8) -> tuple[float, float]:
    """Least milliseconds until a wrong password of a user, and of nobody, is refused."""
    least = [1000.0, 1000.0]
    peers = [
        Peer((target.host, target.port), timeout=10.0, local=place) for place in ("127.0.0.6", "127.0.0.7")
    ]
    users = (VICTIM_USER, NOBODY)
    for number in range(rounds):
        for index in (number % 2, 1 - number % 2):
            began = time.perf_counter()
            register(peers[index], users[index], "wrong")
            least[index] = min(least[index], (time.perf_counter() - began) * 1000)
    for peer in peers:
        peer.socket.close()
    return least[0], least[1]


def relayed(target: Target) -> list[str]:
    """Which requests of a stranger the server forwarded to somewhere else."""
    found: list[str] = []
    for name, method, route, to_tag in (
        ("ACK of a user for another domain", "ACK", "user", ""),
        ("PRACK of a user for another domain", "PRACK", "user", ""),
        ("CANCEL of a user for another domain", "CANCEL", "user", ""),
        ("OPTIONS of a user for another domain", "OPTIONS", "user", ""),
        ("INVITE for another domain", "INVITE", "", ""),
        ("INVITE with a Route", "INVITE", "route", ""),
        ("MESSAGE for another domain", "MESSAGE", "", ""),
        ("REGISTER for another domain", "REGISTER", "", ""),
        ("MESSAGE that pretends to be within a dialog", "MESSAGE", "own", ";tag=x"),
        ("INVITE that pretends to be within a dialog", "INVITE", "own", ";tag=x"),
    ):
        if _arrives(target, method, route, to_tag):
            found.append(name)
    return found


def _arrives(target: Target, method: str, route: str, to_tag: str) -> bool:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim,
        Peer((target.host, target.port), local=STRANGER) as peer,
    ):
        victim.bind((ELSEWHERE, 0))
        victim.settimeout(0.7)
        address = f"{ELSEWHERE}:{victim.getsockname()[1]}"
        routes: tuple[str, ...] = {
            "": (),
            "user": (),
            "route": (f"Route: <sip:{target.host}:{target.port};lr>, <sip:{address};lr>",),
            "own": (f"Route: <sip:{target.host}:{target.port};lr>",),
        }[route]
        text = peer.request(method, "x", *routes)
        rest = text.partition("\r\n")[2]
        text = f"{method} sip:x@{address} SIP/2.0\r\n{rest}"
        if route == "user":
            text = re.sub(r"\r\nFrom: <[^>]*>", f"\r\nFrom: <sip:{VICTIM_USER}@{HOST}>", text)
        if to_tag:
            text = re.sub(r"\r\nTo: (<[^>]*>)", lambda found: f"\r\nTo: {found[1]}{to_tag}", text)
        peer.send(text)
        try:
            victim.recv(65535)
        except TimeoutError:
            return False
        return True


def phone_is_told(target: Target) -> list[str]:
    """In which requests of strangers a user whose phone is there differs from nobody."""
    return told_apart(target, PHONE_USER, NOBODY)
