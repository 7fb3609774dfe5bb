"""What the checker finds in a source file."""

import pytest

from luasip.script.reading import Call, read


@pytest.mark.parametrize(
    ("source", "table", "function", "arguments", "open_ended", "literals"),
    [
        ("KSR.info('x')", "KSR", "info", 1, False, {0: "x"}),
        ("KSR.info 'x'", "KSR", "info", 1, False, {0: "x"}),
        ("KSR.pv.put {1, 2}", "KSR.pv", "put", 1, False, {}),
        ("KSR.tm.t_relay()", "KSR.tm", "t_relay", 0, False, {}),
        ("KSR . tm\n.\nt_relay ( )", "KSR.tm", "t_relay", 0, False, {}),
        ("x = KSR.a.b(1, 'two', {3, 4})", "KSR.a", "b", 3, False, {1: "two"}),
        ("KSR.a.b(f(1, 2), 3)", "KSR.a", "b", 2, False, {}),
        ("KSR.a.b(3, f(1, 2))", "KSR.a", "b", 2, True, {}),
        ("KSR.a.b(...)", "KSR.a", "b", 1, True, {}),
        ("KSR.a.b('...')", "KSR.a", "b", 1, False, {0: "..."}),
        ("KSR.a.b('x' .. 'y')", "KSR.a", "b", 1, False, {}),
        ("KSR.a.b(function(a, b) if a then return 1, 2 end end, 'x')", "KSR.a", "b", 2, False, {1: "x"}),
        ("luasip.http.request{}", "luasip.http", "request", 1, False, {}),
        ("local tm = KSR.tm tm.t_relay()", "KSR.tm", "t_relay", 0, False, {}),
        ("local K = KSR K.tm.t_relay()", "KSR.tm", "t_relay", 0, False, {}),
        ("KSR.a.b(1", "KSR.a", "b", 1, True, {}),
    ],
)
def test_calls(
    source: str, table: str, function: str, arguments: int, open_ended: bool, literals: dict[int, str]
) -> None:
    assert read(source).calls == [Call(table, function, 1, arguments, open_ended, literals)]


@pytest.mark.parametrize(
    "source",
    [
        "-- KSR.a.b()",
        "--[[ KSR.a.b() ]]",
        "x = 'KSR.a.b()'",
        "x.KSR.a.b()",
        "local KSR = {} KSR.a.b()",
        "local function f(KSR) KSR.a.b() end",
        "KSR()",
    ],
)
def test_no_calls(source: str) -> None:
    assert read(source).calls == []


def test_nested_calls_are_all_found() -> None:
    reading = read("KSR.info(KSR.pv.get(KSR.kx.get_ruri()))")
    assert [call.function for call in reading.calls] == ["info", "get", "get_ruri"]


@pytest.mark.parametrize(
    ("source", "mentioned"),
    [
        ("if KSR.rtpengine then end", {"KSR.rtpengine"}),
        ("if not KSR.tm.t_x then end", {"KSR.tm.t_x"}),
        ("local tm = KSR.tm", set()),
        ("local f = KSR.tm and 1", {"KSR.tm"}),
        ("KSR.tm.t_relay()", set()),
    ],
)
def test_mentioned(source: str, mentioned: set[str]) -> None:
    assert read(source).mentioned == mentioned


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("a = 1", ["a"]),
        ("a, b = 1, 2", ["b", "a"]),
        ("a.b, c = 1, 2", ["c"]),
        ("local a = 1 a = 2", []),
        ("local a <const>, b <close> = 1, 2 b = 3", []),
        ("local a if x then a = 1 end", []),
        ("if x then local a end a = 1", ["a"]),
        ("for i = 1, 2 do i = 3 end i = 4", ["i"]),
        ("for k, v in pairs(t) do k = v end", []),
        ("for k in (function() do end return next end)() do k = 1 end", []),
        ("while x do a = 1 end", ["a"]),
        ("repeat local a = 1 until a a = 2", ["a"]),
        ("if x then a = 1 elseif y then b = 1 else c = 1 end", ["a", "b", "c"]),
        ("t = {a = 1, b = {c = 2}, d = function() e = 1 end}", ["t", "e"]),
        ("f(function(x) x = 1 end)", []),
        ("p = 5", []),
        ("function g() end", ["g"]),
        ("local function g() g = 1 end", []),
        ("function t.g() self = 1 end", ["self"]),
        ("function t:g() self = 1 end", []),
        ("x[y == 1] = 2", []),
        ("do local a end goto l ::l:: return a == 1", []),
    ],
)
def test_globals_assigned_in_functions(body: str, names: list[str]) -> None:
    reading = read(f"top = 1\nfunction f(p, ...)\n{body}\nend\nlast = 2")
    assert [name for name, _ in reading.globals_in_functions] == names
    assert all(line == 3 for _, line in reading.globals_in_functions)


def test_functions_and_requires() -> None:
    reading = read(
        """require "a.b" local x = require('c') require(name)
        function one() end local function two() end three = function() end function t.four() end"""
    )
    assert reading.functions == {"one", "three"}
    assert reading.required == {"a.b", "c"}


@pytest.mark.parametrize(
    "source", ["end end end )", "function (", "local", "for", "x = = 1", "function f(a", "local x <", "local K = KSR"]
)
def test_broken_source_is_read_as_far_as_it_goes(source: str) -> None:
    read(source)
