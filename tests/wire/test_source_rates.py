"""One address floods the server, over UDP and over TCP, while others are served."""

import contextlib
import re
import urllib.request
from pathlib import Path

from tests.wire.peer import Peer
from tests.wire.process import Served, free_port, wait_for

FLOODER, NEIGHBOUR = "127.0.0.7", "127.0.0.8"
SCRIPT = 'function ksr_request_route() KSR.sl.send_reply(200, "OK") end'


def answered(peer: Peer, times: int) -> int:
    """How many of so many OPTIONS at once are answered."""
    for _ in range(times):
        peer.send(peer.request("OPTIONS", ""))
    count = 0
    with contextlib.suppress(TimeoutError):
        while count < times:
            peer.receive()
            count += 1
    return count


def test_a_flooder_is_cut_off_and_others_are_not(tmp_path: Path) -> None:
    port = free_port()
    settings = (
        '[server.sources]\nrate = 20\nburst = 50\nexempt = ["127.0.0.1"]\n'
        f'[control]\nhttp = "127.0.0.1:{port}"\n'
    )
    with Served(tmp_path, settings, SCRIPT) as server:
        flooder = Peer(server.address, timeout=0.5, local=FLOODER)
        neighbour = Peer(server.address, local=NEIGHBOUR)
        trunk = Peer(server.address)
        by_tcp = Peer(server.address, "tcp", local=FLOODER)
        with flooder, neighbour, trunk, by_tcp:
            assert 50 <= answered(flooder, 500) < 100
            assert answered(neighbour, 40) == 40
            assert answered(trunk, 200) == 200
            with contextlib.suppress(OSError):  # a connection of the flooder counts as the flooder
                by_tcp.send(by_tcp.request("OPTIONS", "") * 100)
                while by_tcp.socket.recv(65535):
                    pass
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
                text = page.read().decode()
            dropped = re.search(r'^luasip_drops_total\{reason="source_rate"\} (\S+)$', text, re.MULTILINE)
            assert dropped is not None
            assert float(dropped[1]) > 400
            wait_for(lambda: server.logged(f"{FLOODER} sends more than 20 messages a second"), "the log")
            wait_for(lambda: answered(flooder, 1) == 1, "the flooder to be served again")
            assert not server.logged("Traceback")
