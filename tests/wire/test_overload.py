"""More requests than a server can deal with: calls go on, new requests are refused or dropped, and then all is well."""

import contextlib
import socket
import threading
import time
from pathlib import Path

from tests.wire.hostile import NO_FLOODS
from tests.wire.peer import Peer
from tests.wire.process import Served

# A new request costs twenty milliseconds of CPU time, so that any machine can be overloaded by a few hundred a second.
SLOW = """
function ksr_request_route()
  if KSR.is_OPTIONS() or KSR.is_INFO() then KSR.sl.send_reply(200, "OK") return end
  local ends_at = os.clock() + 0.02
  while os.clock() < ends_at do end
  KSR.sl.send_reply(202, "Done")
end
"""
OFFERED = 150
"""New requests a second: three times what the server can do."""
SECONDS = 6.0
PHONE = "127.0.0.6"


class Load:
    """Sends new requests evenly and counts what comes back."""

    def __init__(self, server: Served) -> None:
        self.statuses: dict[int, int] = {}
        self.peer = Peer(server.address, timeout=0.2)
        self.sending = True

    def send(self) -> None:
        due_at = time.monotonic()
        while self.sending:
            self.peer.send(self.peer.request("MESSAGE", "bob"))
            due_at += 1 / OFFERED
            time.sleep(max(0.0, due_at - time.monotonic()))

    def receive(self) -> None:
        while self.sending:
            with contextlib.suppress(TimeoutError):
                answer = self.peer.socket.recv(65535)
                status = int(answer[8:11])
                self.statuses[status] = self.statuses.get(status, 0) + 1


def is_well_again(address: tuple[str, int]) -> bool:
    """Whether a new request is taken soon after; what still waited when the load ended goes before it."""
    for _ in range(10):
        with contextlib.suppress(TimeoutError), Peer(address, timeout=0.5) as peer:
            if peer.ask(peer.request("MESSAGE", "bob")).status == 202:
                return True
        time.sleep(0.2)
    return False


def test_three_times_what_it_can_do(tmp_path: Path) -> None:
    settings = NO_FLOODS + "[server.overload]\nrefusals = 20\n"
    with Served(tmp_path, settings, SLOW) as server:
        load = Load(server)
        threads = [threading.Thread(target=work) for work in (load.send, load.receive)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(SECONDS / 2)
            memory = server.memory()
            waited: list[float] = []
            ends_at = time.monotonic() + SECONDS / 2
            while time.monotonic() < ends_at:
                for method in ("OPTIONS", "INFO"):
                    with Peer(server.address, timeout=3.0) as peer:
                        began_at = time.monotonic()
                        text = peer.request(method, "")
                        if method == "INFO":  # within a dialog
                            text = text.replace("\r\nCall-ID", ";tag=x\r\nCall-ID")
                        assert peer.ask(text).status == 200
                        waited.append(time.monotonic() - began_at)
                with Peer(server.address, timeout=3.0, local=PHONE) as phone:  # asks for little
                    assert phone.ask(phone.request("MESSAGE", "bob")).status == 202
                time.sleep(0.4)
        finally:
            load.sending = False
            for thread in threads:
                thread.join(5.0)
            load.peer.socket.close()
        assert server.logged("overload: ")
        assert load.statuses.get(503, 0) > 0
        # Fifty a second are possible on an idle processor; what is refused must not have cost them.
        assert load.statuses.get(202, 0) > 0.25 * 50 * SECONDS
        assert sorted(waited)[len(waited) // 2] < 0.5
        assert server.memory() < memory + 10 * 1024 * 1024
        assert is_well_again(server.address)
        assert not server.logged("Traceback")


def test_sockets_tell_when_a_datagram_came() -> None:
    """What the server's measure rests on: Linux's SO_TIMESTAMPNS."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, 35, 1)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(2.0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x", receiver.getsockname())
        _, ancillary, _, _ = receiver.recvmsg(100, 64)
        assert [kind for _, kind, _ in ancillary] == [35]
