"""luasip.lua_runstring over real sockets: code that blocks holds no receiver, nor for ever a thread of its pool."""

from pathlib import Path

from tests.wire.load import ask, under_load
from tests.wire.process import Served

SCRIPT = """
local codes = {
  sleep = {[[os.execute("sleep 0.2") return "slept"]], 8},
  read = {[[local f = io.popen("sleep 0.1; echo read") local text = f:read("l") f:close() return text]], 8},
  socket = {[[require("socket").sleep(0.1) return "socket"]], 8},
  brief = {[[return "brief"]], 0.3},
  stuck = {[[os.execute("sleep 5")]], 0.5},
  loop = {[[while true do end]], 0.5},
}
function ksr_request_route()
  local code = codes[KSR.kx.get_ruser()]
  if not code then KSR.sl.sl_send_reply(200, "quick") return end
  local value, problem = luasip.lua_runstring(code[1], code[2])
  KSR.sl.send_reply(200, value or problem)
end
"""


def test_blocking_code_holds_no_receiver(tmp_path: Path) -> None:
    with Served(tmp_path, "[pools.lua]\nthreads = 4\n", SCRIPT) as server:
        found, waits = under_load(server.address, "sleep", 10, 1.0)
        assert found == ["slept"] * 10
        assert waits[len(waits) // 2] < 0.05
        assert ask(server.address, "read") == "read"


def test_a_module_written_in_c(tmp_path: Path) -> None:
    with Served(tmp_path, "", SCRIPT) as server:
        assert ask(server.address, "socket") == "socket"


def test_a_thread_that_is_stuck_is_replaced(tmp_path: Path) -> None:
    with Served(tmp_path, "[pools.lua]\nthreads = 1\n", SCRIPT) as server:
        assert ask(server.address, "loop") == "timeout"
        assert ask(server.address, "read") == "read"
        assert ask(server.address, "stuck") == "timeout"
        assert ask(server.address, "brief") == "timeout"
        assert ask(server.address, "sleep") == "slept"
        assert server.logged("a fresh thread takes its place")
