"""A server process that the tests break from inside, and what they ask it afterwards."""

import contextlib
import os
import resource
import socket
import struct
from pathlib import Path

from tests.wire.hostile import NO_FLOODS
from tests.wire.peer import Peer
from tests.wire.process import Served


class Faulty(Served):
    """A server that lets the tests break it from inside; see inject/sitecustomize.py."""

    def __init__(self, folder: Path, settings: str = "", script: str = "") -> None:
        super().__init__(folder, NO_FLOODS + settings, script)
        self._faults = folder / "faults"
        self._faults.touch()
        path = [str(Path(__file__).parent / "inject"), os.environ.get("PYTHONPATH", "")]
        self.environment = {"PYTHONPATH": os.pathsep.join(filter(None, path)), "LUASIP_FAULTS": str(self._faults)}

    def fault(self, line: str) -> None:
        """Have a fault happen."""
        with self._faults.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def limit(self, which: int, amount: int) -> None:
        """Set a resource limit of the process; it can be raised again."""
        _, highest = resource.prlimit(self.process.pid, which)
        resource.prlimit(self.process.pid, which, (amount, highest))


def is_alive(server: Served, protocol: str = "udp") -> bool:
    """Whether an OPTIONS is answered within a second."""
    with contextlib.suppress(OSError), Peer(server.address, protocol, timeout=1.0) as peer:
        return peer.ask(peer.request("OPTIONS", "")).status == 200
    return False


def reset(connection: socket.socket) -> None:
    """Close a connection the hard way."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
