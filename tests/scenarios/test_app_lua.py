"""KSR.app_lua and luasip.lua_runstring in a whole server."""

from collections.abc import Sequence

import pytest

from tests.scenarios.scene import Scene


def said(body: str, before: str = "", settings: str = "", advance: float = 0.0) -> Sequence[str]:
    """What a script says whose request route is `body`."""
    script = f"""
    {before}
    local function say(...) KSR.info(table.concat({{...}}, " ")) end
    function ksr_request_route()
      local json = require("cjson").encode
      {body}
      KSR.sl.send_reply(200, "OK")
    end
    """
    with Scene(script, settings) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:example.com"))
        scene.advance(advance)
        assert alice.statuses()[-1] == 200
        return scene.said


MODES = pytest.mark.parametrize("suspend", ["auto", "explicit"])


@MODES
def test_run(suspend: str) -> None:
    before = """
    local function say(...) KSR.info(table.concat({...}, " ")) end
    function greet(a, b, c) say(a or "-", b or "-", c or "-", select("#", a, b, c), KSR.pv.get("$rm")) end
    function leave() KSR.x.exit() end
    function drop() KSR.x.drop() end
    function fail() error("boom") end
    """
    body = """
    say(KSR.app_lua.run("greet"), KSR.app_lua.run_p1("greet", "a"), KSR.app_lua.run_p2("greet", "a", 2))
    say(KSR.app_lua.run_p3("greet", "a", "", "c"))
    say(KSR.app_lua.run("leave"), KSR.app_lua.run("drop"), KSR.app_lua.run("fail"), KSR.app_lua.run("nobody"))
    """
    assert said(body, before, f'suspend = "{suspend}"') == [
        "- - - 3 OPTIONS",
        "a - - 3 OPTIONS",
        "a 2 - 3 OPTIONS",
        "1 1 1",
        "a  c 3 OPTIONS",
        "1",
        "1 1 -1 -1",
    ]


def test_the_function_called_waits() -> None:
    before = """
    local function say(...) KSR.info(table.concat({...}, " ")) end
    function outer() say("outer", KSR.app_lua.run("inner")) end
    function inner() luasip.sleep(1) say("slept") end
    """
    body = 'say(KSR.app_lua.run("outer")) say(KSR.app_lua.runstring("luasip.sleep(1) inner()"))'
    assert said(body, before, advance=4) == ["slept", "outer 1", "1", "slept", "1"]


def test_a_lock_outlives_the_functions_the_route_calls() -> None:
    script = """
    function nothing() end
    function ksr_request_route()
      KSR.cfgutils.lock("k")
      KSR.app_lua.run("nothing")
      luasip.sleep(1)
      KSR.info(KSR.pv.get("$fU"))
      KSR.sl.send_reply(200, "OK")
    end
    """
    with Scene(script, "[modules.cfgutils]\nlock_set_size = 4") as scene:
        for name in ("alice", "bob"):
            phone = scene.phone(name)
            phone.send(phone.request("MESSAGE", "sip:example.com"))
        scene.advance(1)
        assert scene.said == ["alice"]
        scene.advance(1)
        assert scene.said == ["alice", "bob"]


def test_endless_recursion_is_refused() -> None:
    before = 'depth = 0 function again() depth = depth + 1 return KSR.app_lua.run("again") end'
    with Scene(before + ' function ksr_request_route() again() KSR.sl.send_reply(200, "" .. depth) end') as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:example.com"))
        assert alice.next().reason == "100"
        assert "run in each other" in scene.log.text()


def test_endless_recursion_where_lua_cannot_yield() -> None:
    before = """
    depth = 0
    function again()
      depth = depth + 1
      return (("x"):gsub("x", function() KSR.app_lua.run("again") end))
    end
    """
    assert said("again() say(depth)", before) == ["21"]


@MODES
def test_strings(suspend: str) -> None:
    body = """
    say(KSR.app_lua.runstring("greet('x')"), KSR.app_lua.runstring("answer = 42"), answer)
    say(KSR.app_lua.runstring("retur"), KSR.app_lua.runstring("error('boom')"), KSR.app_lua.runstring(""))
    say(KSR.app_lua.runstring("KSR.x.exit()"), KSR.app_lua.dostring("KSR.x.exit()"))
    say(KSR.app_lua.dostring("assert(greet == nil and answer == nil) n = (n or 0) + 1"))
    say(KSR.app_lua.dostring("KSR.info(n .. KSR.pv.get('$rm')) KSR.app_lua.run_p1('greet', 'y')"))
    say(tostring(n), KSR.app_lua.dostring("('x'):gsub('x', function() KSR.app_lua.run_p1('greet', 'z') end)"))
    """
    before = "function greet(a) KSR.info(a) end"
    assert said(body, before, f'suspend = "{suspend}"') == [
        *["x", "1 1 42", "-1 -1 1", "-1 -1", "1", "1OPTIONS", "y", "1", "z", "nil 1"]
    ]


def test_functions_made_in_the_second_state_stay_there() -> None:
    body = """
    say(KSR.app_lua.dostring([[
      n = 5
      KSR.info(luasip.all(function() luasip.sleep(1) return "all " .. n end))
      luasip.spawn(function() KSR.info("spawned " .. n) end)
      luasip.sleep(1)
    ]]))
    """
    assert said(body, advance=3) == ["all 5", "spawned 5", "1"]


def test_dofile(tmp_path: object) -> None:
    path = f"{tmp_path}/more.lua"
    with open(path, "w", encoding="ascii") as file:
        file.write('luasip.sleep(1)\nKSR.info("file " .. tostring(greet))\nerror("boom")')
    body = f'say(KSR.app_lua.dofile("{path}"), KSR.app_lua.dofile("{path}.not"))'
    assert said(body, "function greet() end", advance=2) == ["file nil", "-1 -1"]


def test_more_files_are_loaded_after_the_script(tmp_path: object) -> None:
    path = f"{tmp_path}/more.lua"
    with open(path, "w", encoding="ascii") as file:
        file.write('function greet() KSR.info("from more " .. name) end')
    settings = f'[modules.app_lua]\nload = ["{path}"]'
    assert said("greet()", 'name = "x" function greet() end', settings) == ["from more x"]


def test_lua_runstring() -> None:
    body = """
    local code = 'x = 1 local a, b = ... return a, {b, KSR, luasip}, nil, "z"'
    local a, b, c, d = luasip.lua_runstring(code, 1, 1.5, {k = {true}})
    say(a, json(b), tostring(c), d)
    say(select("#", luasip.lua_runstring("")), tostring(luasip.lua_runstring("return x")))
    say(json(luasip.lua_runstring("return require('cjson').decode('[1, null]')")))
    say(select(2, luasip.lua_runstring("retur")))
    say(select(2, luasip.lua_runstring("local function f() error('boom') end f()")))
    say(select(2, luasip.lua_runstring("return {print}")))
    say(select(2, luasip.lua_runstring("coroutine.yield(1)")))
    say(select(2, luasip.lua_runstring("while true do end", 0.05)))
    say(select(2, pcall(luasip.lua_runstring, "", 1, say)))
    """
    found = said(body)
    assert found[0] == '1.5 [{"k":[true]}] nil z'
    assert found[1:4] == ["0 nil", "[1]", '[string "retur"]:1: syntax error near <eof>']
    assert found[4].endswith(":1: boom")
    assert "a function value cannot be passed" in found[5]
    assert "yield" in found[6]
    assert found[7] == "timeout"
    assert "a function cannot be passed to another Lua state" in found[8]


def test_lua_runstring_finds_what_the_script_requires_and_reload_renews_it() -> None:
    script = """
    function ksr_request_route()
      KSR.sl.send_reply(200, luasip.lua_runstring([[
        local part = require("part")
        part.calls = part.calls + 1
        return part.name .. part.calls
      ]]))
    end
    """
    with Scene(script) as scene:
        part = scene.script.with_name("part.lua")
        alice = scene.phone("alice")

        def answer(call_id: str) -> str:
            alice.send(alice.request("OPTIONS", "sip:example.com", call_id=call_id))
            reason = alice.messages[-1].reason
            assert isinstance(reason, str)
            return reason

        part.write_text('return {name = "old", calls = 0}')
        assert [answer("1"), answer("2")] == ["old1", "old2"]
        part.write_text('return {name = "new", calls = 0}')
        assert scene.server.reload() == ""
        assert answer("3") == "new1"
