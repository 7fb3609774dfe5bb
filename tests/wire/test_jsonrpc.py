"""luasip.jsonrpc over real sockets: two servers, one killed in the middle."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.load import ask, burst, is_refused, reasons, under_load
from tests.wire.peer import Peer
from tests.wire.process import Served, free_port, wait_for

SCRIPT = """
function ksr_request_route()
  local user = KSR.kx.get_ruser()
  if user == "quick" then return KSR.sl.sl_send_reply(200, "quick") end
  local method, seconds = user:match("^(%a+)-?([%d.]*)$")
  local options = { timeout = method == "late" and 0.3 or 5 }
  if method == "late" then method = "slow" end
  local result, problem = luasip.jsonrpc.request("rpc", method, { tonumber(seconds) or 0 }, options)
  KSR.sl.send_reply(200, result and result.name or problem)
end
"""


class RpcServer:
    """The server as a process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = free_port()
        self.start()

    def start(self) -> None:
        program = Path(__file__).with_name("rpc_server.py")
        self._process = subprocess.Popen([sys.executable, str(program), str(self.port), self.name])
        wait_for(lambda: not is_refused(self.port), "the JSON-RPC server")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def servers() -> Iterator[tuple[RpcServer, RpcServer]]:
    made = RpcServer("first"), RpcServer("second")
    yield made
    for server in made:
        server.kill()


def served(folder: Path, servers: tuple[RpcServer, RpcServer]) -> Served:
    listed = ", ".join(
        f'"conn=rpc;addr=127.0.0.1;port={server.port};priority={number}"'
        for number, server in enumerate(servers)
    )
    return Served(folder, f"[modules.luasip_jsonrpc]\nserver = [{listed}]\nreconnect_after = 0.2\n", SCRIPT)


def test_slow_answers_hold_no_receiver(tmp_path: Path, servers: tuple[RpcServer, RpcServer]) -> None:
    with served(tmp_path, servers) as server:
        wait_for(lambda: server.logged(f"{servers[0].port} is connected"), "the connection")
        # One thread that waited for each answer would get 10 of them in a second.
        found, waits = under_load(server.address, "slow-0.1", 80, 1.0)
    assert found == ["first"] * 80
    assert waits[len(waits) * 9 // 10] < 0.1, f"OPTIONS waited for requests: {waits[-5:]}"


def test_failures(tmp_path: Path, servers: tuple[RpcServer, RpcServer]) -> None:
    with served(tmp_path, servers) as server:
        wait_for(lambda: server.logged(f"{servers[0].port} is connected"), "the connection")
        assert ask(server.address, "fail") == "error -32000: it failed"
        began = time.monotonic()
        assert ask(server.address, "late-3") == "timeout"
        assert time.monotonic() - began < 1


def test_a_server_killed_in_the_middle(tmp_path: Path, servers: tuple[RpcServer, RpcServer]) -> None:
    first, second = servers
    with served(tmp_path, servers) as server, Peer(server.address, timeout=10) as peer:
        wait_for(lambda: server.logged(f"{first.port} is connected"), "the connection")
        wait_for(lambda: server.logged(f"{second.port} is connected"), "the connection")
        assert ask(server.address, "who") == "first"
        burst(peer, "slow-0.5", 50)
        time.sleep(0.2)
        first.kill()
        # Every request was under way: none is lost.
        assert reasons(peer, 50) == ["second"] * 50
        assert ask(server.address, "who") == "second"
        first.start()
        wait_for(lambda: ask(server.address, "who") == "first", "the first server to be used again", 5)
        first.kill()
        second.kill()
        wait_for(lambda: ask(server.address, "who") == "no server", "both to be missed", 5)
        assert ask(server.address, "quick") == "quick"
        second.start()
        wait_for(lambda: ask(server.address, "who") == "second", "the second server to be used again", 10)
        assert not server.logged(" ERROR ")


def test_a_stop_with_requests_under_way(tmp_path: Path, servers: tuple[RpcServer, RpcServer]) -> None:
    with served(tmp_path, servers) as server, Peer(server.address, timeout=10) as peer:
        wait_for(lambda: server.logged(f"{servers[0].port} is connected"), "the connection")
        burst(peer, "slow-1", 3)
        time.sleep(0.2)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 5
        assert reasons(peer, 3) == ["first"] * 3
