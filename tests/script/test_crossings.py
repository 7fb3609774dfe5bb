"""The short way into Lua: where it is built it is taken, and values and failures are those of the long way.

The tests of this folder run on both builds; these are about what crossing.c does itself.
"""

import importlib.util
import threading
from pathlib import Path
from typing import Any

import pytest
from lupa import lua53, lua54

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Module, function
from luasip.script.crossings import crossing_of
from luasip.script.steps import DONE, FAILED, SUSPENDED
from tests.script.fakes import Bench, context

BUILT = importlib.util.find_spec("luasip.script.crossing") is not None


class Mirror(Module):
    """Gives back what it was given, and remembers it."""

    name = "mirror"

    def __init__(self) -> None:
        self.given: list[Any] = []

    @function()
    def of(self, ctx: RouteContext, value: Any) -> Any:
        """The same.

        Args:
            value: anything plain.

        Returns: it.
        """
        self.given.append(value)
        return value


def test_it_is_taken_where_it_is_built_and_only_for_the_lua_it_knows() -> None:
    assert (crossing_of(lua54.LuaRuntime(), "lua54") is not None) is BUILT
    assert crossing_of(lua53.LuaRuntime(), "lua53") is None


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("nil", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-1", -1),
        ("math.maxinteger", 2**63 - 1),
        ("math.mininteger", -(2**63)),
        ("0.5", 0.5),
        ("3.0", 3.0),
        ("''", ""),
        (r"'a\0b'", "a\0b"),
        (r"'\127\128\255'", "\x7f\x80\xff"),
        ("string.rep('x', 100000)", "x" * 100_000),
    ],
)
def test_plain_values_come_back_as_they_went(tmp_path: Path, written: str, value: Any) -> None:
    mirror = Mirror()
    script = f"""function ksr_request_route()
        local value = {written}
        local back = KSR.mirror.of(value)
        assert(back == value and math.type(back) == math.type(value), tostring(back))
    end"""
    bench = Bench(tmp_path, script, modules=[mirror])
    step = bench.start()
    assert step.state == DONE, step.error and step.error.message
    assert mirror.given == [value]
    assert type(mirror.given[0]) is type(value)


def test_what_is_collected_while_lua_takes_a_result_may_call_too(tmp_path: Path) -> None:
    script = """collectgarbage("generational")
    function ksr_request_route()
        for i = 1, 3000 do
            setmetatable({}, { __gc = function() KSR.mirror.of({ text = "collected" .. i }) end })
            local back = KSR.mirror.of({ number = i, text = string.rep("x", 100) .. i })
            assert(back.number == i and back.text == string.rep("x", 100) .. i)
        end
    end"""
    mirror = Mirror()
    step = Bench(tmp_path, script, modules=[mirror]).start()
    assert step.state == DONE, step.error and step.error.message
    assert any(given["text"].startswith("collected") for given in mirror.given)


def test_two_states_entered_one_inside_the_other(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    inner = Bench(tmp_path / "inner", "function ksr_request_route() KSR.info('inner') end")

    class Nesting(list[str]):
        def append(self, line: str) -> None:
            super().append(line)
            assert inner.run() == ["inner"]

    outer = Bench(tmp_path, "function ksr_request_route() KSR.info('one') KSR.info('two') end")
    outer.core.lines = Nesting()
    assert outer.start().state == DONE
    assert outer.core.lines == ["one", "two"]


def test_other_threads_go_on_while_lua_computes(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "function ksr_request_route() while true do end end", time_limit=0.2)
    ended = threading.Event()
    turns = 0

    def turn() -> None:
        nonlocal turns
        while not ended.wait(0.001):
            turns += 1

    thread = threading.Thread(target=turn)
    thread.start()
    step = bench.start()
    ended.set()
    thread.join()
    assert step.state == FAILED
    assert turns > 10


def test_each_thread_that_runs_lua_keeps_the_limits(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "function ksr_request_route() while true do end end", time_limit=0.05)
    states: list[int] = []

    def work() -> None:
        with bench.runtime.lock:
            states.append(bench.runtime.steps.start("ksr_request_route", context()).state)

    for _ in range(3):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert states == [FAILED] * 3


def test_the_second_call_takes_its_arguments_as_the_first(tmp_path: Path) -> None:
    """From then on there is no shim unless an argument is not as it should be."""
    script = """function ksr_request_route()
        for _ = 1, 3 do
            assert(KSR.tm.t_reply(200, "OK") == 200)
            assert(KSR.tm.t_reply("200", 5) == 200)
            assert(KSR.tm.t_reply(200.9, nil) == 200)
            assert(KSR.tm.t_reply(2^40, "") == 0)
            assert(KSR.tm.t_reply(200, "OK", "more", {}) == 200)
            assert(select("#", KSR.info("a line", {})) == 1 and KSR.info("a line") == 0)
            assert(select("#", KSR.pv.get("$rU")) == 1)
            local ok, message = pcall(KSR.tm.t_reply)
            assert(message:find("KSR.tm.t_reply(code: int, reason: str) expected, got 0 arguments", 1, true), message)
        end
    end"""
    bench = Bench(tmp_path, script)
    step = bench.start()
    assert step.state == DONE, step.error and step.error.message
    each = [(200, "OK"), (200, "5"), (200, ""), (0, ""), (200, "OK")]
    assert bench.tm.calls == each * 3


def test_a_failure_of_the_second_call_tells_its_place_too(tmp_path: Path) -> None:
    script = """function ksr_request_route()
        pcall(KSR.tm.broken, "once")
        local ok, first = pcall(function() KSR.tm.misused() end)
        local ok, second = pcall(function() KSR.tm.misused() end)
        KSR.info(first) KSR.info(second)
        KSR.tm.broken("x")
    end"""
    bench = Bench(tmp_path, script)
    step = bench.start()
    first, second = bench.core.lines
    assert first.replace("route.lua:3", "route.lua:4") == second
    assert second.endswith("route.lua:4: KSR.tm.misused: there is no such thing")
    assert step.error
    assert step.error.message.endswith("route.lua:6: KSR.tm.broken: internal error: ValueError: x")
    assert "ValueError" in step.error.traceback


def test_a_function_of_the_script_in_the_place_of_one_of_ours_stays(tmp_path: Path) -> None:
    script = """local info = KSR.info
    function KSR.info(text) return info("seen: " .. text) end
    function ksr_request_route() for _ = 1, 3 do KSR.info("x") end end"""
    assert Bench(tmp_path, script).run() == ["seen: x"] * 3


@pytest.mark.parametrize("text", ["x" * 70_000_000, "\u20ac", b"\xff", {"a": 1}, ("a", 2), 1 << 80, 7, None])
def test_results_of_the_second_call_are_those_of_the_first(tmp_path: Path, text: Any) -> None:
    script = """local function shown(...)
        local value = ...
        if type(value) == "table" then value = value.a end
        return select("#", ...) .. type(value) .. #tostring(value)
    end
    function ksr_request_route()
        local first = shown(KSR.pv.get("$x"))
        for _ = 1, 3 do
            local again = shown(KSR.pv.get("$x"))
            assert(again == first, first .. " " .. again)
        end
    end"""
    bench = Bench(tmp_path, script)
    bench.pv.value = text
    step = bench.start()
    assert step.state == DONE, step.error and step.error.message


def test_a_callback_is_what_its_name_means_now(tmp_path: Path) -> None:
    script = """function first() KSR.info("first") next_one = function(text) KSR.info("then " .. text) end end
    next_one = 5"""
    bench = Bench(tmp_path, script)
    missing = bench.runtime.steps.start("next_one", context())
    assert missing.state == FAILED
    assert missing.error
    assert missing.error.message.endswith("there is no function next_one")
    assert bench.runtime.steps.start("first", context()).state == DONE
    assert bench.runtime.steps.start("next_one", context(), ("x",)).state == DONE
    assert bench.core.lines == ["first", "then x"]


def test_callbacks_that_fail_leave_nothing_behind(tmp_path: Path) -> None:
    script = """function fails() error({}) end
    function waits() KSR.clock.sleep(1) error("late") end
    function exits() error("~~ksr~exit~~", 0) end"""
    bench = Bench(tmp_path, script)
    used = []
    for _ in range(3):
        for _ in range(100):
            assert bench.runtime.steps.start("fails", context()).state == FAILED
            assert bench.runtime.steps.start("exits", context()).state == DONE
            waiting = bench.runtime.steps.start("waits", context())
            assert waiting.state == SUSPENDED
            assert bench.runtime.steps.resume(waiting.coroutine, context(), True, 1).state == FAILED
        bench.runtime._runner["collect"]()
        used.append(bench.runtime.memory_used())
    assert used[2] - used[1] < 20_000  # a coroutine takes 1,000


def test_more_callbacks_inside_each_other_than_coroutines_are_kept(tmp_path: Path) -> None:
    depth = 40
    bench = Bench(tmp_path, "function ksr_request_route() KSR.info('x') end")
    lines: list[str] = []

    class Nesting(list[str]):
        def append(self, line: str) -> None:
            lines.append(line)
            if len(lines) % depth:
                assert bench.start().state == DONE

    bench.core.lines = Nesting()
    for _ in range(3):
        assert bench.start().state == DONE
    assert len(lines) == 3 * depth


def test_memory_is_told_as_lua_counts_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "kept = string.rep('x', 1000000)")
    assert 1_000_000 < bench.runtime.steps._memory_used() < 2_000_000
