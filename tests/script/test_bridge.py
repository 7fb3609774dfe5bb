"""Arguments and results of KSR functions, as KEMI has them."""

import logging
from pathlib import Path
from typing import Any

import pytest

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Module, Route, function
from luasip.script.plain_data import FunctionName
from luasip.script.steps import DONE, FAILED
from tests.bench import context
from tests.script.fakes import Bench

ALL_BYTES = "".join(map(chr, range(256))) * 2


def called(tmp_path: Path, expression: str) -> Bench:
    """A bench after a route that evaluated one expression."""
    bench = Bench(tmp_path, f"function ksr_request_route() {expression} end")
    bench.run()
    return bench


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ('"abc"', "abc"),
        ("404", "404"),
        ("1.5", "1.5"),
        ("2.0", "2.0"),
        ("nil", ""),
        ("true", ""),
        ("{}", ""),
        ("print", ""),
        (r'"a\0b\255"', "a\0b\xff"),
    ],
)
def test_str_parameters(tmp_path: Path, argument: str, text: str) -> None:
    assert called(tmp_path, f"KSR.pv.get({argument})").pv.seen == [text]


@pytest.mark.parametrize(
    ("argument", "number"),
    [
        ("404", 404),
        ('"404"', 404),
        ('" 0x10 "', 16),
        ("3.9", 3),
        ("-3.9", -3),
        ('"3.9"', 3),
        ('"abc"', 0),
        ('""', 0),
        ("nil", 0),
        ("true", 0),
        ("{}", 0),
        ("0/0", 0),
        ("1/0", 0),
        ("2147483647", 2147483647),
        ("2147483648", -2147483648),
        ("4294967295", -1),
        ("-2147483649", 2147483647),
        ("1e300", 0),
    ],
)
@pytest.mark.parametrize("lua", ["lua54", "lua51"])
def test_int_parameters(tmp_path: Path, argument: str, number: int, lua: str) -> None:
    bench = Bench(tmp_path, f'function ksr_request_route() KSR.pv.seti("x", {argument}) end', lua=lua)
    bench.run()
    assert bench.pv.seen == [("x", number)]
    assert type(bench.pv.seen[0][1]) is int


def test_further_arguments_are_ignored(tmp_path: Path) -> None:
    assert called(tmp_path, 'KSR.pv.get("a", 1, 2, 3, 4, 5, 6, 7, 8) KSR.is_INVITE(1)').pv.seen == ["a"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("KSR.pv.get()", "KSR.pv.get(name: str) expected, got 0 arguments"),
        ('KSR.pv.seti("x")', "KSR.pv.seti(name: str, value: int) expected, got 1 argument"),
        ("KSR.info()", "KSR.info(text: str) expected, got 0 arguments"),
        ("KSR.x.modf()", "KSR.x.modf(name: str, ...) expected, got 0 arguments"),
        ("KSR.pv.maybe()", "KSR.pv.maybe(name: str, limit: int (optional)) expected, got 0 arguments"),
    ],
)
def test_too_few_arguments_are_an_error_at_the_line(tmp_path: Path, call: str, message: str) -> None:
    bench = Bench(tmp_path, f"function ksr_request_route()\n  {call}\nend")
    assert bench.fail() == f"{bench.path}:2: {message}"


def test_results_of_each_declared_type(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        """function ksr_request_route()
        assert(KSR.info("x") == 0 and KSR.touch() == false and KSR.is_INVITE() == true)
        assert(KSR.tm.t_reply("404", "nf") == 404 and math.type(KSR.tm.t_reply(404, "")) == "integer")
        assert(KSR.x["not"]() == 5)
        end""",
    )
    bench.run()


@pytest.mark.parametrize(
    ("value", "check"),
    [
        (None, "v == nil"),
        (True, "v == true"),
        (False, "v == false"),
        (5, 'v == 5 and math.type(v) == "integer"'),
        (-(1 << 63), "v == math.mininteger"),
        (1 << 63, "v == 2.0^63"),
        (2.5, "v == 2.5"),
        ("", 'v == ""'),
        ("a\0b", r'v == "a\0b"'),
        ("\xff", r'v == "\255"'),
        ("€", r'v == "\226\130\172"'),
        (b"\xfe\0", r'v == "\254\0"'),
        ([1, [2, None, "x"]], 'v[1] == 1 and v[2][1] == 2 and v[2][2] == nil and v[2][3] == "x"'),
        ({"a": {"b": "€"}, 1: True}, r'v.a.b == "\226\130\172" and v[1] == true'),
        ([], "next(v) == nil"),
    ],
)
def test_results_of_any_type(tmp_path: Path, value: Any, check: str) -> None:
    bench = Bench(tmp_path, f'function ksr_request_route() local v = KSR.pv.get("x") assert({check}) end')
    bench.pv.value = value
    bench.run()


def test_a_tuple_is_several_results(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        """function ksr_request_route()
        local a, b, c = KSR.pv.get("x") assert(a == nil and b == "reason" and c == nil)
        assert(select("#", KSR.pv.get("x")) == 3)
        end""",
    )
    bench.pv.value = (None, "reason", None)
    bench.run()


def test_a_result_lua_cannot_hold_is_an_internal_error(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 'function ksr_request_route() KSR.pv.get("x") end')
    bench.pv.value = object()
    assert "route.lua:1: KSR.pv.get: internal error: TypeError: Lua cannot be given a object" in bench.fail()


@pytest.mark.parametrize("lua", ["lua51", "lua53", "lua54", "lua55", "luajit21"])
def test_every_byte_makes_the_round_trip(tmp_path: Path, lua: str) -> None:
    script = 'function ksr_request_route() local v = KSR.pv.get("x") KSR.info(v) KSR.info(#v) end'
    bench = Bench(tmp_path, script, lua=lua)
    bench.pv.value = ALL_BYTES
    assert bench.run() == [ALL_BYTES, "512"]


def test_tables_and_functions_as_arguments(tmp_path: Path) -> None:
    bench = called(
        tmp_path,
        """KSR.pv.put({1, 2, {x = "y", z = true}}) KSR.pv.put("s") KSR.pv.put(nil) KSR.pv.put(1.5)
        KSR.pv.put({}) KSR.pv.put(function() KSR.info("ran") end)
        assert(KSR.pv.put({a = {1}}).a[1] == 1)
        KSR.pv.put({require("cjson").null})""",
    )
    assert bench.pv.seen[:5] == [[1, 2, {"x": "y", "z": True}], "s", None, 1.5, {}]
    assert bench.pv.seen[7] == [None]
    name = bench.pv.seen[5]
    assert isinstance(name, FunctionName)
    assert bench.runtime.has(name)
    bench.pv.seen.clear()
    assert bench.run(name) == ["ran"]
    assert not bench.runtime.has(name)
    assert bench.start(name).state == FAILED


def test_a_forgotten_function_is_gone(tmp_path: Path) -> None:
    bench = called(tmp_path, "KSR.pv.put(function() end)")
    name = bench.pv.seen[0]
    bench.runtime.forget(name)
    assert not bench.runtime.has(name)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("t", "nested too deeply"),
        ("coroutine.create(print)", "a thread value cannot be passed"),
        ("{[{}] = 1}", "a table key is a table value"),
        ("{io.stdout}", "a userdata value cannot be passed"),
    ],
)
def test_arguments_that_are_no_plain_data(tmp_path: Path, argument: str, message: str) -> None:
    bench = Bench(tmp_path, f"function ksr_request_route() local t = {{}} t.t = t KSR.pv.put({argument}) end")
    assert message in bench.fail()
    assert "route.lua:1: " in bench.fail()


def test_optional_and_variadic_parameters(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        """function ksr_request_route()
        assert(KSR.pv.maybe("a") == 7 and KSR.pv.maybe("a", nil) == 7 and KSR.pv.maybe("a", "3") == 3)
        assert(KSR.x.modf("f") == 0 and KSR.x.modf("f", 1, nil, {2}) == 3 and KSR.x.modf(5, "a", nil) == 2)
        end""",
    )
    ctx = context()
    assert bench.runtime.steps.start("ksr_request_route", ctx).state == DONE
    assert ctx.attributes["modf"] == ("5", ("a", None))


def test_an_exception_is_logged_once_and_located(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(tmp_path, 'function ksr_request_route()\n  KSR.tm.broken("boo €")\nend'.replace("€", "\xe4"))
    step = bench.start()
    assert step.error is not None
    assert step.error.message == f"{bench.path}:2: KSR.tm.broken: internal error: ValueError: boo \xe4"
    assert "stack traceback:" in step.error.traceback
    assert "route.lua:2: in function" in step.error.traceback
    assert 'raise ValueError(text)\nValueError: boo' in step.error.traceback
    assert len(caplog.records) == 1
    assert "Traceback" in caplog.text


def test_misuse_is_located_and_not_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(tmp_path, "function ksr_request_route()\n KSR.tm.misused() end")
    assert bench.fail() == f"{bench.path}:2: KSR.tm.misused: there is no such thing"
    assert not caplog.records


def test_errors_are_strings_in_pcall(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        """function ksr_request_route()
        local ok, e = pcall(KSR.tm.broken, "x") KSR.info(type(e) .. " " .. e)
        ok, e = pcall(KSR.x.exit) KSR.info(e)
        ok, e = pcall(KSR.pv.get) KSR.info(e)
        end""",
    )
    lines = bench.run()
    assert lines[0] == f"string {bench.path}:2: KSR.tm.broken: internal error: ValueError: x"
    assert lines[1] == "~~ksr~exit~~"
    assert lines[2].startswith(f"{bench.path}:4: KSR.pv.get(name: str) expected")


def test_a_call_made_by_return_names_the_function_it_left(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "function ksr_request_route()\n\n  return KSR.tm.misused()\nend")
    assert bench.fail() == f"{bench.path}:1: KSR.tm.misused: there is no such thing"


def test_wrong_route(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "function ksr_reply_route()\n KSR.tm.t_relay() end")
    step = bench.start("ksr_reply_route", route=Route.REPLY)
    assert step.error is not None
    assert step.error.message == (
        f"{bench.path}:2: KSR.tm.t_relay: not allowed in a reply route (allowed: request, failure)"
    )
    assert bench.tm.calls == []
    assert bench.start("ksr_reply_route", route=Route.FAILURE).state == DONE


def test_calls_while_loading_log_and_give_false(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    script = '\nassert(KSR.info("x") == false and KSR.x.exit() == false and KSR.clock.sleep(1) == false)'
    bench = Bench(tmp_path, script)
    assert bench.core.lines == []
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 3
    assert caplog.messages[0] == (
        f"{bench.path}:2: KSR.info called while the script is loading: there is no message"
    )


class Talker(Module):
    """Texts that are too long to be handed over without asking."""

    name = "talker"

    @function()
    def text(self, ctx: RouteContext, length: int) -> Any:
        """Much text.

        Args:
            length: how much.
        Returns: it.
        """
        return "x" * length

    @function()
    def rows(self, ctx: RouteContext, count: int) -> Any:
        """Many rows.

        Args:
            count: how many.
        Returns: them.
        """
        return [{"a": "xxxxxxxxxxxxxxxx"} for _ in range(count)]


def test_large_results_need_room(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        """function ok() assert(#KSR.talker.text(2000000) == 2000000 and #KSR.talker.rows(5000) == 5000) end
        function text() KSR.talker.text(30000000) end
        function caught() for i = 1, 20 do pcall(KSR.talker.text, 30000000) end end
        function rows() KSR.talker.rows(200000) end""",
        modules=[Talker()],
        memory_limit=16 << 20,
    )
    for _ in range(3):
        bench.run("ok")
        assert bench.fail("text") == f"{bench.path}:2: memory limit of the script reached"
        assert bench.fail("rows") == f"{bench.path}:4: memory limit of the script reached"
        bench.run("caught")
    assert bench.runtime.memory_used() < 16 << 20
