"""The cjson module scripts require."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.script.fakes import Bench

FLAVOURS = ["lua51", "lua54", "lua55", "luajit21"]


def script(body: str) -> str:
    return f'local cjson = require "cjson"\nfunction ksr_request_route() {body} end'


ENCODED = [
    ("nil", "null"),
    ("cjson.null", "null"),
    ("true", "true"),
    ("12", "12"),
    ("1.5", "1.5"),
    ("-0.25", "-0.25"),
    ("1e300", "1e+300"),
    ('"a\\"b\\\\c/d\\n\\0\\127\\255"', '"a\\"b\\\\c\\/d\\n\\u0000\\u007f\xff"'),
    ("{}", "{}"),
    ("cjson.empty_array", "[]"),
    ("setmetatable({}, cjson.empty_array_mt)", "[]"),
    ("{1, 2, {3}}", "[1,2,[3]]"),
    ("{1, nil, 3}", "[1,null,3]"),
    ('{a = {b = "c"}}', '{"a":{"b":"c"}}'),
    ("{[5] = 1, x = nil}", "[null,null,null,null,1]"),
    ("{[1.5] = 1}", '{"1.5":1}'),
]


@pytest.mark.parametrize(("value", "text"), ENCODED)
@pytest.mark.parametrize("lua", FLAVOURS)
def test_encode(tmp_path: Path, value: str, text: str, lua: str) -> None:
    bench = Bench(tmp_path, script(f"KSR.info(cjson.encode({value}))"), lua=lua)
    assert bench.run() == [text]


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("null", "v == cjson.null and v ~= nil"),
        (" true ", "v == true"),
        ("12", "v == 12"),
        ("-1.5e2", "v == -150"),
        ('"a\\u00e9\\ud83d\\ude00\\/\\n"', 'v == "a\\195\\169\\240\\159\\152\\128/\\n"'),
        ('"\xff\x7f"', 'v == "\\255\\127"'),
        ('[1, [], {"a": null}]', "v[1] == 1 and #v[2] == 0 and v[3].a == cjson.null"),
        ('{"a" : {"b" : [true, false]}, "" : 0}', 'v.a.b[2] == false and v[""] == 0'),
        ("{}", "next(v) == nil"),
    ],
)
@pytest.mark.parametrize("lua", FLAVOURS)
def test_decode(tmp_path: Path, text: str, check: str, lua: str) -> None:
    bench = Bench(tmp_path, script(f'local v = cjson.decode(KSR.pv.get("x")) assert({check})'), lua=lua)
    bench.pv.value = text
    bench.run()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('cjson.decode("")', "Expected value but found T_END at character 1"),
        ('cjson.decode("[1,")', "Expected value but found T_END at character 4"),
        ('cjson.decode("{x}")', "Expected object key string but found invalid token at character 2"),
        ("cjson.decode('{\"a\" 1}')", "Expected colon but found invalid token at character 6"),
        ('cjson.decode("[1 2]")', "Expected comma or array end but found invalid token at character 4"),
        ("cjson.decode('{\"a\":1]')", "Expected comma or object end but found T_ARR_END at character 7"),
        ('cjson.decode("nul")', "Expected value but found invalid token at character 1"),
        ('cjson.decode("1 1")', "Expected the end but found invalid token at character 3"),
        ("cjson.decode('\"a')", "Expected value but found unexpected end of string at character 1"),
        (
            "cjson.decode(\"'\")",
            "Expected value but found invalid token at character 1",
        ),
        ('cjson.decode(("["):rep(1001))', "Found too many nested data structures (1001) at character 1001"),
        ("cjson.decode()", "bad argument #1 to 'decode' (string expected, got nil)"),
        ("cjson.encode(print)", "Cannot serialise function: type not supported"),
        ("cjson.encode({[{}] = 1})", "Cannot serialise table: table key must be a number or string"),
        ("cjson.encode(0/0)", "Cannot serialise number: must not be NaN or Infinity"),
        ("cjson.encode({[1000] = 1})", "Cannot serialise table: excessively sparse array"),
        ("local t = {} t.t = t cjson.encode(t)", "Cannot serialise, excessive depth (1001)"),
        ("cjson.encode()", "bad argument #1 to 'encode' (expected 1 argument)"),
        ("cjson.null.x = 1", "cjson.null cannot be changed"),
    ],
)
def test_errors_are_at_the_scripts_line(tmp_path: Path, call: str, message: str) -> None:
    bench = Bench(tmp_path, script(call))
    assert bench.fail() == f"{bench.path}:2: {message}"


def test_safe_and_settings(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        script(
            """
        local safe = require "cjson.safe"
        local v, e = safe.decode("[") assert(v == nil and e == "Expected value but found T_END at character 2")
        assert(safe.decode("[1]")[1] == 1 and safe.encode({1}) == "[1]")
        local own = cjson.new()
        own.encode_empty_table_as_object(false) assert(own.encode({}) == "[]" and cjson.encode({}) == "{}")
        own.encode_sparse_array(true) assert(own.encode({[1000] = 1}) == '{"1000":1}')
        own.encode_number_precision(3) assert(own.encode(0.12345) == "0.123")
        own.decode_array_with_array_mt(true) assert(own.encode(own.decode("[]")) == "[]")
        own.decode_max_depth(1) assert(not pcall(own.decode, "[[]]"))
        assert(tostring(cjson.null) == "userdata: NULL" and cjson._NAME == "cjson")
        """
        ),
    )
    bench.run()


JSON = st.recursive(
    st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=10),
    lambda inner: st.lists(inner, min_size=1, max_size=4) | st.dictionaries(st.text(min_size=1), inner, min_size=1),
    max_leaves=10,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(value=JSON)
def test_what_python_writes_comes_back(tmp_path: Path, value: object) -> None:
    bench = Bench(tmp_path, script('KSR.info(cjson.encode(cjson.decode(KSR.pv.get("x"))))'))
    for ascii_only in (True, False):
        bench.pv.value = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        (text,) = bench.run()
        assert json.loads(text.encode("latin-1").decode("utf-8", "surrogatepass")) == value
