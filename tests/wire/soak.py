"""Mixed traffic and faults for a long time, and whether the server holds more at the end.

Calls, registrations and messages over UDP, OPTIONS over TCP, damaged messages, reset connections, reloads, threads that
die. Every ten seconds memory, threads and descriptors are noted; the exit code is 1 when they grow. `scripts/soak` is
the way to call this (`python -m tests.wire.soak MINUTES`).
"""

import contextlib
import itertools
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from luasip.sip.message import Request
from luasip.sip.response import build_response
from tests.wire.faulty import Faulty, is_alive, reset
from tests.wire.peer import Peer
from tests.wire.test_mutated_traffic import mutated

NOTED_EVERY = 10.0
GROWTH = 2 * 1024 * 1024
GROWTH_AN_HOUR = 6 * 1024 * 1024
"""Bytes of memory that the second half of the time may bring: so many, and so many more an hour."""
USERS = 10
DAMAGED = 1000
"""Different damaged messages: few enough that what caches keep of them is kept soon."""


@dataclass(frozen=True)
class Note:
    """What the server held at an instant."""

    at: float
    memory: int
    threads: int
    files: int


class Soak:
    """The traffic, the faults, and the notes on the server."""

    def __init__(self, server: Faulty) -> None:
        self.server = server
        self.done: Counter[str] = Counter()
        self.notes: list[Note] = []
        self._ended = threading.Event()
        self._phone = Peer(server.address, timeout=0.5)
        self._chance = random.Random(1)
        self._damaged = [mutated(self._chance)[:60000] for _ in range(DAMAGED)]
        self._numbers = itertools.count()

    def run(self, seconds: float) -> None:
        """All of it for this long."""
        work = (self._answer, self._call, self._noise, self._break)
        threads = [threading.Thread(target=self._again, args=(action,), daemon=True) for action in work]
        for user in range(USERS):
            self._phone.register(f"user{user}", f"sip:user{user}@{self._phone.address}", 7200)
        for thread in threads:
            thread.start()
        began_at = time.monotonic()
        while time.monotonic() - began_at < seconds:
            self._ended.wait(NOTED_EVERY)
            self.note(time.monotonic() - began_at)
        self._ended.set()
        for thread in threads:
            thread.join(10.0)

    def _again(self, action: Callable[[], None]) -> None:
        while not self._ended.is_set():
            try:
                action()
            except (OSError, AssertionError) as error:
                self.done[f"{action.__name__[1:]} failed: {type(error).__name__}"] += 1

    def note(self, at: float) -> None:
        server = self.server
        note = Note(at, server.memory(), server.threads(), server.files())
        self.notes.append(note)
        print(
            f"{at:7.0f} s  {note.memory / 2**20:6.1f} MiB  {note.threads} threads  {note.files} files  "
            f"{self.done['calls']} calls",
            flush=True,
        )

    def _answer(self) -> None:
        """The phones that are called, all at one address."""
        with contextlib.suppress(TimeoutError):
            message = self._phone.receive()
            if isinstance(message, Request) and message.method != "ACK":
                for status in (180, 200) if message.method == "INVITE" else (200,):
                    self._phone.send(build_response(message, status, "OK", to_tag="phone"))

    def _call(self) -> None:
        """A call, a registration and a message."""
        user = f"user{next(self._numbers) % USERS}"
        with Peer(self.server.address) as caller:
            invite = caller.request("INVITE", user, f"Contact: <sip:caller@{caller.address}>")
            answer = caller.ask(invite)
            while answer.status < 200:
                received = caller.receive()
                assert not isinstance(received, Request)
                answer = received
            self.done[f"calls {answer.status}"] += 1
            self.done["calls"] += 1
            routes = "".join(f"Route: {route.text}\r\n" for route in reversed(answer.record_routes))
            for method in ("ACK", "BYE"):
                text = caller.request(method, user).replace("\r\nCall-ID", ";tag=phone\r\nCall-ID", 1)
                caller.send(text.replace("Max-Forwards", f"{routes}Max-Forwards", 1))
            caller.register(f"guest{next(self._numbers) % 50}", f"sip:guest@{caller.address}", 60)
        assert is_alive(self.server, "tcp")

    def _noise(self) -> None:
        """Damaged messages and broken connections."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(20):
                sender.sendto(self._chance.choice(self._damaged), self.server.address)
        connection = socket.create_connection(self.server.address, 5.0)
        connection.sendall(self._chance.choice(self._damaged))
        reset(connection)
        self.done["damaged"] += 21
        self._ended.wait(0.3)

    def _break(self) -> None:
        """A reload, and a thread that dies."""
        self._ended.wait(15.0)
        self.server.process.send_signal(signal.SIGHUP)
        self._ended.wait(15.0)
        host, port = self.server.address
        name = self._chance.choice((f"udp:{host}:{port}#1", "streams", "timers", "housekeeping", "log-writer"))
        self.server.fault(f"kill {name}")
        self.done["threads killed"] += 1


def main(minutes: float) -> int:
    """Soak a server of its own and say how it went."""
    with tempfile.TemporaryDirectory(prefix="luasip-soak-") as folder, Faulty(Path(folder)) as server:
        soak = Soak(server)
        soak.run(minutes * 60)
        time.sleep(20.0)
        soak.note(minutes * 60 + 20)
        middle, last = soak.notes[len(soak.notes) // 2], soak.notes[-1]
        grown = last.memory - middle.memory
        allowed = GROWTH + GROWTH_AN_HOUR * (last.at - middle.at) / 3600
        for name, count in sorted(soak.done.items()):
            print(f"{count:8} {name}")
        print(f"second half: memory {grown / 2**20:+.1f} MiB, {allowed / 2**20:.1f} are allowed")
        print(f"threads {middle.threads} to {last.threads}, descriptors {middle.files} to {last.files}")
        alive = is_alive(server) and is_alive(server, "tcp")
        sound = alive and grown <= allowed and last.threads <= middle.threads and last.files <= middle.files
        print("sound" if sound else "NOT sound")
        return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0))
