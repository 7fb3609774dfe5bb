"""Runaway scripts: time and memory limits end the one route and leave the runtime usable."""

import time
from pathlib import Path

import pytest

from luasip.errors import ScriptError
from luasip.script.steps import DONE, FAILED, SUSPENDED
from tests.script.fakes import Bench

FLAVOURS = ["lua51", "lua53", "lua54", "lua55", "luajit21"]
TIME = "time limit of the script reached"
MEMORY = "memory limit of the script reached"

RUNAWAYS = {
    "loop": "while true do end",
    "pcall": "while true do pcall(function() while true do end end) end",
    "xpcall": "while true do xpcall(function() while true do end end, function() while true do end end) end",
    "coroutine": "coroutine.wrap(function() while true do end end)()",
    "resume": "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
    "own resume": "coroutine.wrap(function() while true do coroutine.resume(coroutine.running()) end end)()",
    "metamethod": "local t = setmetatable({}, {__index = function() while true do end end}) return t.x + 1",
    "gsub": '("a"):gsub("a", function() while true do end end)',
    "calls": "while true do KSR.is_INVITE() end",
    "recursion": "local function f() return f() end f()",
}


@pytest.mark.parametrize("code", RUNAWAYS.values(), ids=list(RUNAWAYS))
@pytest.mark.parametrize("lua", FLAVOURS)
def test_a_runaway_route_ends(tmp_path: Path, code: str, lua: str) -> None:
    script = f'function ksr_request_route()\n {code}\nend function fine() KSR.info("fine") KSR.x.exit() end'
    bench = Bench(tmp_path, script, lua=lua, time_limit=0.03)
    started = time.thread_time()
    step = bench.start()
    assert time.thread_time() - started < 1
    assert step.state == FAILED
    assert step.error is not None
    assert step.error.message == f"{bench.path}:2: {TIME}"
    assert bench.run("fine") == ["fine"]


@pytest.mark.parametrize("lua", FLAVOURS)
def test_the_limit_is_for_each_step(tmp_path: Path, lua: str) -> None:
    bench = Bench(
        tmp_path,
        """local function work() for i = 1, 300000 do end end
        function ksr_request_route() work() for i = 1, 40 do KSR.clock.sleep(1) work() end end
        function after() KSR.clock.sleep(1) while true do end end""",
        lua=lua,
        time_limit=0.15,
    )
    step = bench.suspend()
    while step.state == SUSPENDED:
        step = bench.answer(step, 1)
    assert step.state == DONE, step.error and step.error.message
    step = bench.answer(bench.suspend("after"), 1)
    assert step.error is not None
    assert step.error.message == f"{bench.path}:3: {TIME}"


def test_no_limit(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path, "function ksr_request_route() for i = 1, 1e6 do end end", time_limit=0.0, memory_limit=0
    )
    bench.run()


def test_loading_has_a_limit_too(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=rf"route\.lua:2: {TIME}"):
        Bench(tmp_path, "\nwhile true do end", time_limit=0.005)


GREEDY = {
    "small": "local t = {} while true do t[#t + 1] = {} end",
    "strings": "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
    "large": "local t = {} while true do t[#t + 1] = ('x'):rep(1000000) .. #t end",
    "huge": "return #string.rep('x', 1e9)",
    "pcall": "local t = {} while true do pcall(function() while true do t[#t + 1] = {} end end) end",
    "concatenation": "local s = 'x' while true do s = s .. s end",
    "coroutine": "coroutine.wrap(function() local t = {} while true do t[#t + 1] = {} end end)()",
}


@pytest.mark.parametrize("code", GREEDY.values(), ids=list(GREEDY))
@pytest.mark.parametrize("lua", FLAVOURS)
def test_a_greedy_route_ends(tmp_path: Path, code: str, lua: str) -> None:
    script = f'function ksr_request_route()\n {code}\nend function fine() KSR.info(("f"):rep(100000)) end'
    bench = Bench(tmp_path, script, lua=lua, memory_limit=16 << 20, time_limit=5.0)
    for _ in range(2):
        message = bench.fail()
        assert message.endswith(MEMORY)
        assert ":2: " in message or lua == "luajit21"
        assert bench.run("fine") == ["f" * 100_000]
        assert bench.runtime.memory_used() < 16 << 20


def test_ksr_calls_with_memory_filled_to_the_brim(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        """function ksr_request_route()
            local kept, size = {}, 4000000
            while size >= 1 do
                local ok, s = pcall(string.rep, "x", size)
                if ok then kept[#kept + 1] = s .. #kept else size = size // 2 end
            end
            KSR.is_INVITE()
            local ok, e = pcall(KSR.pv.get, "x")
            KSR.info(e)
            KSR.clock.ask("x")
        end""",
        memory_limit=16 << 20,
        time_limit=5.0,
    )
    bench.pv.value = "x" * 60_000
    for _ in range(5):
        step = bench.start()
        while step.state == SUSPENDED:
            step = bench.answer(step, "y" * 60_000)
        assert step.state in (DONE, FAILED)
    bench.path.write_text("")


def test_globals_that_fill_the_memory_fail_every_route(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        """kept = {}
        function ksr_request_route() while true do kept[#kept + 1] = ("x"):rep(100) .. #kept end end
        function other(name) KSR.info(name) end
        function waiting() KSR.clock.sleep(1) end""",
        memory_limit=8 << 20,
        time_limit=5.0,
    )
    step = bench.suspend("waiting")
    assert bench.fail().endswith(f":2: {MEMORY}")
    for _ in range(5):  # it may have been stopped when it had passed the limit by little, and what it held is free now
        if bench.fail().endswith("its globals fill the memory, reload the script"):
            break
    for _ in range(3):
        assert bench.fail("other").endswith("its globals fill the memory, reload the script")
    step = bench.answer(step, 1)
    assert step.error is not None
    assert step.error.message.endswith("its globals fill the memory, reload the script")


def test_a_limit_that_was_swallowed_is_of_its_own_step(tmp_path: Path) -> None:
    """After it a message handler of the script works again."""
    bench = Bench(
        tmp_path,
        """function ksr_request_route()
            coroutine.resume(coroutine.create(function() while true do end end))
        end
        function handles()
            local _, said = xpcall(error, function(message) return "handled " .. message end, "x", 0)
            KSR.info(said)
        end""",
        time_limit=0.03,
    )
    bench.start()
    assert bench.run("handles") == ["handled x"]
    assert bench.run("handles") == ["handled x"]
