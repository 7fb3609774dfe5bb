"""Mistakes found before a script runs."""

from pathlib import Path

import pytest

from luasip.script.check import Problem, check_script
from tests.script.fakes import KNOWN, Clock, Core, Ender, Extra, Proxy, Values

LOADED = [Core, Proxy, Ender, Values, Clock, Extra]


def problems(folder: Path, script: str) -> list[Problem]:
    path = folder / "route.lua"
    path.write_text(script, "latin-1")
    return check_script(path, [module() for module in LOADED], KNOWN)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("KSR.tm.t_rely()", "there is no KSR.tm.t_rely, did you mean KSR.tm.t_relay?"),
        ("KSR.drop()", "there is no KSR.drop, did you mean KSR.x.drop?"),
        ("KSR.inf('x')", "there is no KSR.inf, did you mean KSR.info?"),
        ("KSR.tm.zzz()", "there is no KSR.tm.zzz"),
        ("KSR.tmm.t_relay()", "there is no module KSR.tmm, did you mean KSR.tm?"),
        ("luasip.extra.paus(1)", "there is no luasip.extra.paus, did you mean luasip.extra.pause?"),
        ("KSR.kx.get_ruri()", "KSR.kx.get_ruri: module kx is not loaded: add it to [modules] load"),
        ("KSR.pv.get()", "KSR.pv.get(name: str) expected, got 0 arguments"),
        ("KSR.pv.seti('x')", "KSR.pv.seti(name: str, value: int) expected, got 1 argument"),
        (
            "KSR.tm.t_on_failure('ksr_request_rote')",
            "KSR.tm.t_on_failure: there is no function ksr_request_rote, did you mean ksr_request_route?",
        ),
        ("fresh = 1", "new global 'fresh' in a function: routes share globals, make it local"),
    ],
)
def test_problems(tmp_path: Path, code: str, message: str) -> None:
    script = f"-- first\nfunction ksr_request_route()\n  {code}\nend"
    assert problems(tmp_path, script) == [Problem(str(tmp_path / "route.lua"), 3, message)]


@pytest.mark.parametrize(
    "code",
    [
        "KSR.tm.t_relay()",
        "if KSR.kx then KSR.kx.get_ruri() end",
        "if KSR.tm.t_new then KSR.tm.t_new() end",
        "if not KSR.other then return end KSR.other.call()",
        "KSR.pv.seti('x', 1, 2)",
        "KSR.pv.seti(both())",
        "KSR.pv.maybe('x')",
        "KSR.tm.t_on_failure('')",
        "KSR.tm.t_on_failure('ksr_request_route')",
        "KSR.tm.t_on_failure('made')",
        "KSR.tm.t_on_failure(name)",
        "known = 2 local x = 1 x = 2",
        "KSR.x['not']()",
    ],
)
def test_no_problems(tmp_path: Path, code: str) -> None:
    script = f"known = 1 _G['made'] = function() end\nfunction ksr_request_route()\n  {code}\nend"
    assert problems(tmp_path, script) == []


def test_a_syntax_error_and_what_can_be_read(tmp_path: Path) -> None:
    path = str(tmp_path / "route.lua")
    assert problems(tmp_path, "KSR.tm.t_rely()\nx = = 1") == [
        Problem(path, 1, "there is no KSR.tm.t_rely, did you mean KSR.tm.t_relay?"),
        Problem(path, 2, "unexpected symbol near '='"),
    ]


def test_an_error_while_loading(tmp_path: Path) -> None:
    found = problems(tmp_path, "\nlocal t\nt.x = 1")
    assert found == [Problem(str(tmp_path / "route.lua"), 3, "attempt to index a nil value (local 't')")]


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    (problem,) = check_script(tmp_path / "none.lua", [], KNOWN)
    assert problem.line == 0
    assert "none.lua" in str(problem)


def test_required_files_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.lua").write_text("return {f = function() KSR.tm.t_rely() end}")
    (tmp_path / "late.lua").write_text("function late()\n KSR.pv.get() end require 'late'")
    script = 'require "lib.a" function ksr_request_route() require("late") require("elsewhere") end'
    assert [(problem.file, problem.line) for problem in problems(tmp_path, script)] == [
        (str(tmp_path / "late.lua"), 2),
        (str(tmp_path / "lib" / "a.lua"), 1),
    ]


def test_required_functions(tmp_path: Path) -> None:
    path = tmp_path / "route.lua"
    path.write_text("function a() end")
    assert check_script(path, [], KNOWN, required=["a", "b"]) == [Problem(str(path), 0, "no function b")]
