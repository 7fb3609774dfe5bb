"""luasip/script/popen.lua: io.popen where Lua was built without it, and Lua's own where it is there."""

from pathlib import Path

import pytest

from tests.script.fakes import Bench

SCRIPT = r"""
local function output(command)
  local file = io.popen(command)
  local text = file:read("*a")
  return text, file:close()
end
function ksr_request_route()
  local text, ok, why, code = output("printf 'a\\nb\\n'; echo c | cat")
  assert(text == "a\nb\nc\n" and (ok == true or ok == 0), tostring(ok))
  local lines = {}
  for line in io.popen("echo 1; echo 2", "r"):lines() do lines[#lines + 1] = line end
  assert(lines[1] == "1" and lines[2] == "2" and #lines == 2)
  local path = os.tmpname()
  local file = io.popen("cat > " .. path, "w")
  file:write("x", 1)
  file:write("\n")
  file:close()
  assert(io.open(path):read("*l") == "x1")
  os.remove(path)
  if _VERSION ~= "Lua 5.1" and not jit then
    local _, ok, why, code = output("exit 3")
    assert(not ok and why == "exit" and code == 3)
  end
end
"""


@pytest.mark.parametrize("lua", ["lua51", "lua52", "lua53", "lua54", "lua55", "luajit21"])
def test_popen(tmp_path: Path, lua: str) -> None:
    Bench(tmp_path, SCRIPT, lua=lua).run()
