"""Many requests at one time, and how long the server takes to answer plain ones meanwhile."""

import socket
import threading
import time

from luasip.sip.message import Response
from tests.wire.peer import Peer


def burst(peer: Peer, user: str, count: int) -> None:
    """Send `count` OPTIONS for `user` and do not wait."""
    for _ in range(count):
        peer.send(peer.request("OPTIONS", user))


def reasons(peer: Peer, count: int) -> list[str]:
    """The reason phrases of the next `count` final responses."""
    found: list[str] = []
    while len(found) < count:
        message = peer.receive()
        assert isinstance(message, Response)
        if message.status >= 200:
            found.append(message.reason)
    return found


def latencies(server: tuple[str, int], seconds: float) -> list[float]:
    """How long each of many plain OPTIONS took, one after the other for so long; sorted."""
    found: list[float] = []
    ends_at = time.monotonic() + seconds
    with Peer(server) as peer:
        while time.monotonic() < ends_at:
            began = time.monotonic()
            assert peer.ask(peer.request("OPTIONS", "quick")).status == 200
            found.append(time.monotonic() - began)
            time.sleep(0.005)
    return sorted(found)


def under_load(server: tuple[str, int], user: str, rate: int, seconds: float) -> tuple[list[str], list[float]]:
    """Send `rate` OPTIONS a second for `user`, and plain ones meanwhile: the answers to the former, latencies."""
    count = int(rate * seconds)
    found: list[str] = []

    def send() -> None:
        began = time.monotonic()
        with Peer(server, timeout=10) as peer:
            for number in range(count):
                time.sleep(max(0.0, began + number / rate - time.monotonic()))
                peer.send(peer.request("OPTIONS", user))
            found.extend(reasons(peer, count))

    sender = threading.Thread(target=send)
    sender.start()
    waits = latencies(server, seconds)
    sender.join()
    return found, waits


def ask(server: tuple[str, int], user: str, timeout: float = 5.0) -> str:
    """The reason phrase of the final response to an OPTIONS."""
    with Peer(server, timeout=timeout) as peer:
        peer.send(peer.request("OPTIONS", user))
        return reasons(peer, 1)[0]


def is_refused(port: int) -> bool:
    """Whether nobody listens on a TCP port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
