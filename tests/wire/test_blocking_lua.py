"""luasip.lua_runstring over real sockets: code that blocks holds no receiver, nor for ever a thread of its pool."""

from pathlib import Path

from tests.wire.load import ask, burst, latencies, reasons
from tests.wire.peer import Peer
from tests.wire.process import Served

SCRIPT = """
local codes = {
  sleep = [[os.execute("sleep 0.3") return "slept"]],
  read = [[local f = io.popen("sleep 0.1; echo read") local text = f:read("l") f:close() return text]],
  stuck = [[os.execute("sleep 2")]],
  loop = [[while true do end]],
}
function ksr_request_route()
  local code = codes[KSR.kx.get_ruser()]
  if not code then KSR.sl.sl_send_reply(200, "quick") return end
  local value, problem = luasip.lua_runstring(code, 0.8)
  KSR.sl.send_reply(200, value or problem)
end
"""


def test_blocking_code_holds_no_receiver(tmp_path: Path) -> None:
    with Served(tmp_path, "[pools.lua]\nthreads = 4\n", SCRIPT) as server:
        with Peer(server.address, timeout=10) as peer:
            burst(peer, "sleep", 8)
            found = latencies(server.address, 0.5)
            assert reasons(peer, 8) == ["slept"] * 8
        assert found[len(found) // 2] < 0.05
        assert ask(server.address, "read") == "read"


def test_a_thread_that_is_stuck_is_replaced(tmp_path: Path) -> None:
    with Served(tmp_path, "[pools.lua]\nthreads = 1\n", SCRIPT) as server:
        assert ask(server.address, "loop") == "timeout"
        assert ask(server.address, "read") == "read"
        assert ask(server.address, "stuck") == "timeout"
        assert ask(server.address, "sleep") == "timeout"
        assert ask(server.address, "sleep") == "slept"
        assert server.logged("a fresh thread takes its place")
