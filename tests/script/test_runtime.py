"""Callbacks as coroutines: ends, failures, suspensions, blocking calls, several threads."""

import gc
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest

from luasip.errors import ScriptError, SettingsError
from luasip.kemi.context import RouteContext
from luasip.kemi.operation import Sleep
from luasip.script.bridge import adapter
from luasip.script.runtime import Runtime, ScriptOptions
from luasip.script.steps import DONE, FAILED, SUSPENDED, Step
from tests.bench import context
from tests.script.fakes import KNOWN, LOG, Bench, Proxy, Values

FLAVOURS = ["lua51", "lua52", "lua53", "lua54", "lua55", "luajit21"]


def test_a_route_gets_its_argument_and_its_result_is_dropped(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "function event(name, x) KSR.info(name) KSR.info(x) return -1 end")
    assert bench.run("event", "a:b") == ["a:b", ""]
    assert bench.run("event") == ["", ""]


def test_done_allocates_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "function ksr_request_route() end")
    assert bench.start() is bench.start()


def test_exit_and_drop_unwind_from_any_depth(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        """local function deep(n) if n == 0 then KSR.x.exit() end deep(n - 1) end
        function ksr_request_route() KSR.info("a") deep(50) KSR.info("b") end
        function dropping() KSR.x.drop() KSR.info("b") end
        function caught() local ok, e = pcall(KSR.x.exit) assert(not ok and e == "~~ksr~exit~~") KSR.info("c") end""",
    )
    assert bench.run() == ["a"]
    ctx = context()
    assert bench.runtime.steps.start("dropping", ctx).state == DONE
    assert ctx.dropped
    assert bench.run("caught") == ["c"]


def test_a_missing_function(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "ksr_table = {} ksr_reply_route = print")
    assert not bench.runtime.has("ksr_request_route")
    assert not bench.runtime.has("ksr_table")
    assert bench.runtime.has("ksr_reply_route")
    assert bench.fail("ksr_request_route") == f"{bench.path}: there is no function ksr_request_route"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("local x = nil; x.y = 1", "attempt to index a nil value (local 'x')"),
        ('error("plain")', "plain"),
        ('error("no place", 0)', "no place"),
        ('error(setmetatable({}, {__tostring = function() return "mine" end}))', "mine"),
        ("error(nil)", "nil"),
        ("error(setmetatable({}, {__tostring = function() error() end}))", "error object is a table value"),
        ("os.exit(1)", "os.exit would end the whole server: end the route with KSR.x.exit()"),
        ("coroutine.yield(1)", "attempt to yield from outside a coroutine"),
    ],
)
def test_failures_are_located(tmp_path: Path, code: str, message: str) -> None:
    bench = Bench(tmp_path, f"function ksr_request_route()\n  {code}\nend")
    step = bench.start()
    assert step.state == FAILED
    assert step.error is not None
    assert step.error.message == f"{bench.path}:2: {message}"
    assert f"{bench.path}:2: in function" in step.error.traceback


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("KSR.kx.get_ruri()", "module kx is not loaded: add it to [modules] load"),
        ("local kx = KSR.kx kx.get_ruri()", "module kx is not loaded: add it to [modules] load"),
        ("KSR.tm.t_rely()", "there is no KSR.tm.t_rely, did you mean KSR.tm.t_relay?"),
        ("KSR.drop()", "there is no KSR.drop, did you mean KSR.x.drop?"),
        ("KSR.tmm.t_relay()", "did you mean KSR.tm?"),
        ('KSR.tm("x")', "KSR.tm is a module: call one of its functions"),
        ("luasip.extra.pawse(1)", "there is no luasip.extra.pawse, did you mean luasip.extra.pause?"),
    ],
)
@pytest.mark.parametrize("lua", ["lua54", "lua51", "luajit21"])
def test_hints(tmp_path: Path, code: str, hint: str, lua: str) -> None:
    bench = Bench(tmp_path, f"function ksr_request_route()\n  {code}\nend", lua=lua)
    message = bench.fail()
    assert message.startswith(f"{bench.path}:2: attempt to ")
    assert message.endswith(f"({hint})")


def test_what_is_not_there_is_nil(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        """function ksr_request_route()
        assert(KSR.kx == nil and KSR.tm.t_foo == nil and luasip.tm == nil and KSR.extra == nil)
        assert(type(KSR.tm) == "table" and type(KSR.tm.t_relay) == "function" and KSRVERSION == "2.0")
        end""",
    )
    bench.run()


@pytest.mark.parametrize("lua", FLAVOURS)
def test_suspend_and_resume(tmp_path: Path, lua: str) -> None:
    bench = Bench(
        tmp_path,
        """function ksr_request_route()
        local kept = "kept"
        KSR.info("0:" .. KSR.clock.sleep(0))
        local function inner() return KSR.clock.sleep(5) + 0 end
        KSR.info(kept .. inner())
        local answer = KSR.clock.ask("x")
        KSR.info(answer.name)
        end""",
        lua=lua,
    )
    step = bench.suspend()
    assert step.operation == Sleep(5)
    assert step.generator is not None
    assert bench.core.lines == ["0:1"]
    assert bench.runtime.suspended == 1
    step = bench.answer(step, 1)
    assert step.state == SUSPENDED
    assert bench.core.lines == ["0:1", "kept1"]
    assert bench.answer(step, {"name": "n\xff"}).state == DONE
    assert bench.core.lines[-1] == "n\xff"
    assert bench.runtime.suspended == 0
    assert bench.blocked == []


@pytest.mark.parametrize("lua", FLAVOURS)
def test_suspend_inside_pcall_and_xpcall(tmp_path: Path, lua: str) -> None:
    bench = Bench(
        tmp_path,
        """function ksr_request_route()
        local ok, v = pcall(function(a, b) assert(a == 1 and b == 2) return KSR.clock.ask("x") end, 1, 2)
        KSR.info(tostring(ok) .. v)
        ok, v = pcall(function() local answer = KSR.clock.ask("x") return answer end)
        KSR.info(tostring(ok) .. v)
        ok, v = xpcall(function() KSR.clock.ask("x") error("e", 0) end, function(m) return "h" .. m end)
        KSR.info(tostring(ok) .. v)
        assert(select("#", pcall(string.rep, "x", 3)) == 2 and not pcall(5))
        end""",
        lua=lua,
    )
    step = bench.answer(bench.suspend(), "one")
    assert bench.core.lines == ["trueone"]
    step = bench.answer(step, "nothing there", ok=False)
    step = bench.answer(step, 3)
    assert step.state == DONE, step.error and step.error.message
    assert bench.core.lines[1:] == [f"false{bench.path}:4: nothing there", "falsehe"]
    assert bench.blocked == []


def test_a_failed_resume_raises_at_the_line(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 'function ksr_request_route()\n\n  KSR.clock.ask("x")\nend')
    step = bench.answer(bench.suspend(), "KSR.clock.ask: gone", ok=False)
    assert step.error is not None
    assert step.error.message == f"{bench.path}:3: KSR.clock.ask: gone"
    step = bench.answer(bench.suspend(), object())
    assert step.error is not None
    assert "route.lua:3: the suspended call: internal error: TypeError" in step.error.message


def test_what_cannot_be_handed_to_lua_fails_the_callback_and_says_where(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "function ksr_request_route(text) end")
    error = bench.start(argument="\u0100").error
    assert error is not None
    assert error.message.startswith(f"{bench.path}: ")
    assert "Traceback (most recent call last)" in error.traceback
    assert bench.run(argument="\xff") == []


def test_resuming_twice_or_after_abandon_fails(tmp_path: Path) -> None:
    script = "function ksr_request_route() local x <close> = setmetatable({}, {__close = function() KSR.touch() end})"
    bench = Bench(tmp_path, f"{script} KSR.clock.sleep(1) end")
    step = bench.suspend()
    assert bench.answer(step, 1).state == DONE
    assert bench.answer(step, 1).state == FAILED
    step = bench.suspend()
    bench.runtime.abandon(step.coroutine)
    bench.runtime.abandon(step.coroutine)
    assert bench.answer(step, 1).state == FAILED
    assert bench.runtime.suspended == 0


@pytest.mark.parametrize("lua", FLAVOURS)
def test_suspend_inside_a_scripts_own_coroutines(tmp_path: Path, lua: str) -> None:
    bench = Bench(
        tmp_path,
        """function ksr_request_route()
        local inner = coroutine.wrap(function(first)
            KSR.info(first .. KSR.clock.ask("x"))
            local second = coroutine.yield("yielded")
            KSR.info(second .. KSR.clock.ask("x"))
            return "returned"
        end)
        local outer = coroutine.create(function()
            KSR.info(inner("a"))
            KSR.info(inner("b"))
            error("end", 0)
        end)
        local ok, e = coroutine.resume(outer)
        KSR.info(tostring(ok) .. e .. coroutine.status(outer))
        end""",
        lua=lua,
    )
    step = bench.answer(bench.suspend(), "1")
    assert bench.core.lines == ["a1", "yielded"]
    assert bench.answer(step, "2").state == DONE
    assert bench.core.lines[2:] == ["b2", "returned", "falseenddead"]
    assert bench.blocked == []


@pytest.mark.parametrize("lua", ["lua51", "lua53", "lua54", "lua55", "luajit21"])
def test_a_coroutine_that_runs_cannot_be_resumed(tmp_path: Path, lua: str) -> None:
    bench = Bench(
        tmp_path,
        """function ksr_request_route()
            local outer
            local function try(co) KSR.info((select(2, coroutine.resume(co, 1, 2)))) end
            outer = coroutine.create(function()
                try(coroutine.running())
                coroutine.wrap(function() try(outer) end)()
                return "value"
            end)
            local ok, value = coroutine.resume(outer)
            KSR.info(tostring(ok) .. value)
        end""",
        lua=lua,
    )
    assert bench.start().state == DONE
    *refused, last = bench.core.lines
    assert [text.startswith("cannot resume ") for text in refused] == [True, True]
    assert last == "truevalue"


@pytest.mark.parametrize("lua", ["lua51", "lua53", "lua54", "lua55", "luajit21"])
def test_the_coroutine_of_a_callback_is_nothing_to_others(tmp_path: Path, lua: str) -> None:
    """It may be kept as a key; resumed or closed it would be gone for the callback that waits, or that comes next."""
    bench = Bench(
        tmp_path,
        """found = {}
        function waiting() found[1] = coroutine.running() KSR.info("got" .. KSR.clock.ask("x")) end
        function ended() found[2] = coroutine.running() end
        function touch()
            for _, co in pairs(found) do
                assert(not pcall(assert, coroutine.resume(co, print)))
                assert(not coroutine.close or not pcall(coroutine.close, co))
            end
        end""",
        lua=lua,
    )
    step = bench.suspend("waiting")
    assert bench.run("ended") == []
    blocker = bench.suspend("waiting")
    for _ in range(3):
        assert bench.run("touch") == []
    assert bench.answer(step, "this").state == DONE
    assert bench.answer(blocker, "that").state == DONE
    assert bench.core.lines == ["gotthis", "gotthat"]


def test_a_coroutine_that_waits_cannot_be_resumed_by_another_route(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        """shared = coroutine.create(function() KSR.info("got" .. KSR.clock.ask("x")) end)
        function ksr_request_route() assert(coroutine.resume(shared)) end
        function other()
            assert(coroutine.status(shared) == "normal")
            local ok, e = coroutine.resume(shared) KSR.info(tostring(ok) .. e)
        end""",
    )
    step = bench.suspend()
    assert bench.run("other") == ["falsecannot resume a coroutine that waits for a suspended call"]
    assert bench.answer(step, 1).state == DONE
    assert bench.core.lines[-1] == "got1"


@pytest.mark.parametrize("lua", FLAVOURS)
def test_where_lua_cannot_yield_the_call_blocks(
    tmp_path: Path, lua: str, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(
        tmp_path,
        """function ksr_request_route()
        local s = ("ab"):gsub("%w", function(c)
            return c .. KSR.clock.ask("x")
        end)
        KSR.info(s)
        table.sort({1, 2}, function() KSR.clock.sleep(1) return false end)
        end""",
        lua=lua,
    )
    bench.block_answer = "!"
    assert bench.run() == ["a!b!"]
    bench.run()
    assert Sleep(1) in bench.blocked
    assert [m for m in caplog.messages if "ask" in m] == [
        f"{bench.path}:3: KSR.clock.ask cannot suspend here: it blocks the thread"
    ]


def test_a_failing_block_is_a_located_error(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path, 'function ksr_request_route() ("a"):gsub("a", function() KSR.clock.ask("x") end) end'
    )
    bench.block_answer = object()
    assert "route.lua:1: KSR.clock.ask: internal error: TypeError" in bench.fail()


def test_explicit_mode_blocks_except_what_is_luasips_own(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        "function ksr_request_route() KSR.clock.sleep(1) KSR.info(luasip.extra.pause(2)) end",
        suspend="explicit",
    )
    step = bench.suspend()
    assert bench.blocked == [Sleep(1)]
    assert step.operation == Sleep(2)
    assert bench.answer(step, 2).state == DONE


class Nested(Bench):
    """A bench whose blocking calls run another route of the same runtime, as RunRoute does."""

    def block(self, generator: Any, operation: Any) -> Any:
        self.blocked.append(operation)
        steps = [self.runtime.steps.start(name, context()) for name in ("inner", "exits", "fails", "suspends")]
        assert [step.state for step in steps] == [DONE, DONE, FAILED, SUSPENDED]
        assert self.runtime.steps.resume(steps[3].coroutine, context(), True, "r").state == DONE
        return super().block(generator, operation)


@pytest.mark.parametrize("lua", FLAVOURS)
def test_routes_started_from_a_blocking_call(tmp_path: Path, lua: str) -> None:
    bench = Nested(
        tmp_path,
        """function inner() local t = {} for i = 1, 200 do t[i] = {("x"):rep(i)} end collectgarbage() end
        function exits() KSR.x.exit() end
        function fails() collectgarbage() KSR.tm.misused() end
        function suspends() KSR.info(KSR.clock.ask("x")) collectgarbage() end
        function ksr_request_route()
            local kept = {}
            for i = 1, 20 do
                kept[i] = ("a" .. i):gsub("a", function(a) return a .. KSR.clock.ask("x") .. a end)
            end
            KSR.info(table.concat(kept, " "))
            KSR.clock.sleep(1)
            KSR.info(kept[20])
        end""",
        lua=lua,
    )
    bench.block_answer = "v"
    for _ in range(5):
        step = bench.suspend()
        assert bench.core.lines[-1].startswith("ava1 ava2 ava3 ")
        assert bench.answer(step, 1).state == DONE
        assert bench.core.lines[-1] == "ava20"
    assert bench.runtime.suspended == 0


def test_ten_thousand_suspended_routes(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path, "function ksr_request_route() local n = KSR.clock.ask('x') KSR.info(n) KSR.clock.sleep(1) end"
    )
    before = bench.runtime.memory_used()
    ctx = context()
    steps = [bench.runtime.steps.start("ksr_request_route", ctx) for _ in range(10_000)]
    assert bench.runtime.suspended == 10_000
    assert (bench.runtime.memory_used() - before) / 10_000 < 2500
    again = [bench.runtime.steps.resume(step.coroutine, ctx, True, i) for i, step in enumerate(steps)]
    assert bench.core.lines == [str(i) for i in range(10_000)]
    for step in reversed(again):
        assert bench.runtime.steps.resume(step.coroutine, ctx, True, 1).state == DONE
    assert bench.runtime.suspended == 0


def test_contexts_of_interleaved_routes_do_not_mix(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        """function ksr_request_route()
        KSR.x.modf("a") KSR.clock.sleep(1) KSR.x.modf("b") KSR.clock.sleep(1) KSR.x.drop()
        end""",
    )
    contexts = [context() for _ in range(3)]
    steps = [bench.runtime.steps.start("ksr_request_route", ctx) for ctx in contexts]
    bench.runtime.steps.resume(steps[1].coroutine, contexts[1], True, 1)
    assert [ctx.attributes["modf"][0] for ctx in contexts] == ["a", "b", "a"]
    bench.runtime.steps.resume(steps[1].coroutine, contexts[1], True, 1)
    assert [ctx.dropped for ctx in contexts] == [False, True, False]


def test_threads_take_turns_with_the_lock(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        """count = 0
        function ksr_request_route()
            local mine = count + 1
            for i = 1, 20 do KSR.pv.get("x") end
            count = mine
            KSR.clock.sleep(1)
            KSR.x.exit()
        end
        function total() KSR.info(count) end""",
    )
    failures: list[Step] = []

    def work() -> None:
        for _ in range(300):
            with bench.runtime.lock:
                step = bench.runtime.steps.start("ksr_request_route", context())
            with bench.runtime.lock:
                step = bench.runtime.steps.resume(step.coroutine, context(), True, 1)
            if step.state != DONE:
                failures.append(step)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert bench.run("total") == ["1200"]


def test_a_runtime_is_freed_with_all_it_holds(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "function ksr_request_route() local t = {} KSR.clock.sleep(1) end")
    runtime, module = weakref.ref(bench.runtime), weakref.ref(bench.pv)
    ctx: RouteContext = context()
    services = ctx.services
    references = sys.getrefcount(services)
    bench.runtime.steps.start("ksr_request_route", ctx)
    gc.collect()
    gc.disable()
    try:
        bench.__dict__.clear()
        del ctx
        assert sys.getrefcount(services) == references - 1
        assert runtime() is None
        assert module() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("call", ["KSR.info('x')", "pcall(KSR.info, 'x')"])
def test_a_retired_runtime_is_freed_although_a_thread_died_in_it(tmp_path: Path, call: str) -> None:
    class Dying(list[str]):
        def append(self, _: str) -> None:
            raise SystemExit

    bench = Bench(tmp_path, f"function ksr_request_route() {call} end")
    runtime = weakref.ref(bench.runtime)
    bench.core.lines = Dying()
    bench.runtime.steps.start("ksr_request_route", context())
    bench.runtime.retire()
    gc.collect()
    gc.disable()
    try:
        bench.__dict__.clear()
        assert runtime() is None
    finally:
        gc.enable()


def test_a_script_that_has_its_own_runtime_replaced_goes_on(tmp_path: Path) -> None:
    class Reloading(list[str]):
        def append(self, line: str) -> None:
            bench.runtime.retire()
            super().append(line)

    bench = Bench(tmp_path, "function ksr_request_route() KSR.info('x') KSR.info('y') end")
    bench.core.lines = Reloading()
    assert bench.runtime.steps.start("ksr_request_route", context()).state == DONE
    assert bench.core.lines == ["x", "y"]


def test_a_new_runtime_beside_the_old_one(tmp_path: Path) -> None:
    old = Bench(tmp_path, 'local version = "old" function ksr_request_route() KSR.clock.sleep(1) KSR.info(version) end')
    step = old.suspend()
    new = Bench(tmp_path, 'local version = "new" function ksr_request_route() KSR.info(version) end')
    assert new.run() == ["new"]
    assert old.answer(step, 1).state == DONE
    assert old.core.lines == ["old"]
    assert old.runtime.script_variables is not new.runtime.script_variables


@pytest.mark.parametrize(
    ("script", "line", "message"),
    [
        ("x = = 1", 1, "unexpected symbol near '='"),
        ("\nlocal t = nil\nt.x = 1", 3, "attempt to index a nil value (local 't')"),
        ('\nrequire("nowhere")', 2, "module 'nowhere' not found:"),
        ("\n\nKSR.kx.get()", 3, "module kx is not loaded"),
    ],
)
def test_load_errors(tmp_path: Path, script: str, line: int, message: str) -> None:
    with pytest.raises(ScriptError) as caught:
        Bench(tmp_path, script)
    assert caught.value.message.startswith(f"{tmp_path / 'route.lua'}:{line}: ")
    assert message in caught.value.message


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    options = ScriptOptions(tmp_path / "none.lua")
    runtime = Runtime(options, [Values()], block=lambda g, o: None, log=LOG, known_modules=KNOWN)
    with pytest.raises(ScriptError, match=r"cannot open .*none\.lua"):
        runtime.load()


def test_long_file_names_are_written_out(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 20)
    folder.mkdir()
    bench = Bench(folder, "function ksr_request_route()\n  KSR.tm.t_rely() end")
    message = bench.fail()
    assert message.startswith(f"{bench.path}:2: ")
    assert message.endswith("did you mean KSR.tm.t_relay?)")


def test_no_such_lua(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="'lua60' is not one of lua51"):
        Bench(tmp_path, "", lua="lua60")


def test_new_globals_in_routes_are_reported_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(
        tmp_path,
        """loaded = 1
        function ksr_request_route()
            loaded = 2
            assert(unknown == nil)
            fresh = (fresh or 0) + 1
            fresh = nil
        end""",
    )
    bench.run()
    bench.run()
    assert caplog.messages == [
        f"{bench.path}:5: new global 'fresh' in a route: routes share globals, make it local"
    ]


def test_a_scripts_own_watch_on_globals_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(
        tmp_path,
        """setmetatable(_G, {__newindex = function(t, k) error("no global " .. k, 2) end})
        rawset(_G, "route", function() fresh = 1 end)""",
    )
    assert bench.fail("route") == f"{bench.path}:2: no global fresh"
    assert not caplog.records


@pytest.mark.parametrize("lua", FLAVOURS)
def test_functions_are_there_before_they_are_called(tmp_path: Path, lua: str) -> None:
    bench = Bench(
        tmp_path,
        """local names = {}
        for name, fn in pairs(KSR.tm) do names[#names + 1] = name .. " " .. type(fn) end
        table.sort(names)
        function ksr_request_route()
            KSR.info(table.concat(names, ", "))
            KSR.info(tostring(KSR.auth) .. " " .. tostring(KSR.tm.t_rely))
            KSR.info(tostring(KSR.tm.t_relay()) .. " " .. tostring(KSR.tm.t_relay == rawget(KSR.tm, "t_relay")))
        end""",
        lua=lua,
        memory_limit=0,
    )
    names = sorted(export.name for export in Proxy.exports())
    assert bench.run() == [", ".join(f"{name} function" for name in names), "nil nil", "1 true"]


def test_a_function_is_bound_with_its_first_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        "luasip.script.runtime.adapter",
        lambda current, module, export: asked.append(export.name) or adapter(current, module, export),
    )
    bench = Bench(
        tmp_path, "function ksr_request_route() for _ = 1, 3 do KSR.info(KSR.tm.t_reply(1, '')) end end"
    )
    assert asked == []
    assert bench.run() == bench.run() == ["1", "1", "1"]
    assert asked == ["t_reply", "info"]
