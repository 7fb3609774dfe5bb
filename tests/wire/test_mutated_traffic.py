"""Thousands of damaged messages to a running server: it loses no thread, grows no further and goes on answering."""

import contextlib
import random
import socket
from pathlib import Path

from tests.fuzz.seeds import CALL, MESSAGES
from tests.wire.hostile import Hostile, victim
from tests.wire.process import Served, wait_for

DATAGRAMS = 3000
CONNECTIONS = 150
GROWTH = 8 * 1024 * 1024
"""Bytes of memory the second round may take beyond the first, which fills caches and arenas."""

PIECES = (b"\r\n", b"\n", b"\0", b'"', b"<", b">", b",", b";", b":", b"\\", b"%", b"@", b" ", b"\xff", b"99999")


def mutated(chance: random.Random) -> bytes:
    """A message with up to six damages; now and then one that begins a transaction."""
    data = chance.choice(MESSAGES) if chance.random() < 0.8 else CALL.replace(b"fuzz", b"%d" % chance.getrandbits(60))
    for _ in range(chance.randrange(7)):
        at = chance.randrange(len(data) + 1)
        data = data[:at] + chance.choice(PIECES) + data[at + chance.randrange(12) :]
    return data


def datagrams(server: Served, chance: random.Random, address: str) -> None:
    """Damaged datagrams, a few at a time so that none is dropped by the system."""
    with Hostile(server.address) as hostile, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind((address, 0))
        for number in range(DATAGRAMS):
            opened.sendto(mutated(chance)[:60000], server.address)
            if number % 100 == 0:
                hostile.udp(b"\r\n\r\n")  # also answers to damaged messages may come to its port


def connections(server: Served, chance: random.Random) -> None:
    """Damaged streams, ended by either side."""
    for _ in range(CONNECTIONS):
        with contextlib.suppress(OSError), socket.create_connection(server.address, 5.0) as opened:
            for _ in range(chance.randrange(1, 8)):
                opened.sendall(mutated(chance))
            opened.settimeout(0.01)
            opened.recv(65535)


def test_mutated_traffic(tmp_path: Path) -> None:
    chance = random.Random(4711)
    with victim(tmp_path) as server, Hostile(server.address) as hostile:
        hostile.tcp(b"")
        threads, files = server.threads(), server.files()
        memory: list[int] = []
        for _ in range(2):
            datagrams(server, chance, hostile.address)
            connections(server, chance)
            hostile.udp(b"\r\n\r\n")
            memory.append(server.memory())
        assert server.threads() == threads
        wait_for(lambda: server.files() <= files, "connections to be closed", 30.0)
        assert memory[1] - memory[0] < GROWTH
        assert hostile.tcp(b"") == []
        for unwanted in ("Traceback", " ERROR ", " CRITICAL "):
            assert not server.logged(unwanted), [line for line in server.log if unwanted in line]
