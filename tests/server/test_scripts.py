"""luasip/server/scripts.py: the runtimes at start, on reload and for more threads."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from luasip.errors import ScriptError
from luasip.script.runtime import ScriptOptions
from luasip.server.scripts import MISTAKES_TOLD, Scripts
from tests.script.fakes import Core, Proxy
from tests.server.stand_in import Stage

ROUTE = "function ksr_request_route() end\n"


class Bench:
    """Scripts over a file the test writes."""

    def __init__(self, folder: Path, script: str = ROUTE, required: Sequence[str] = ("ksr_request_route",)) -> None:
        self.path = folder / "route.lua"
        self.path.write_text(script)
        self.modules = [Core(), Proxy()]
        self.scripts = Scripts(
            ScriptOptions(self.path), lambda: self.modules, Stage().execution, lambda: required
        )


def functions(scripts: Scripts) -> list[set[str]]:
    """What each slot's runtime has of these."""
    names = {"ksr_request_route", "old", "new", "more"}
    return [set(slot.runtime.functions) & names for slot in scripts.slots]


def test_each_slot_has_a_runtime_of_its_own(tmp_path: Path) -> None:
    scripts = Bench(tmp_path).scripts
    scripts.start(2)
    first, second = scripts.slots
    assert first.runtime is not second.runtime
    assert scripts.new_slot() is scripts.slots[2]
    assert functions(scripts) == [{"ksr_request_route"}] * 3


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("function ksr_request_route(", r"route\.lua:"),
        ("error('no way')", "no way"),
        ("x = 1", r"route\.lua: no function ksr_request_route"),
        ("ksr_request_route = 5", "no function ksr_request_route"),
    ],
)
def test_a_script_that_cannot_be_loaded(tmp_path: Path, script: str, message: str) -> None:
    scripts = Bench(tmp_path, script).scripts
    with pytest.raises(ScriptError, match=message):
        scripts.start(1)
    assert scripts.slots == []


def test_a_script_that_is_gone(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.path.unlink()
    with pytest.raises(ScriptError, match=r"route\.lua"):
        bench.scripts.start(1)


def test_reload_puts_new_runtimes_into_all_slots(tmp_path: Path) -> None:
    bench = Bench(tmp_path, ROUTE + "function old() end")
    bench.scripts.start(2)
    slots, before = list(bench.scripts.slots), [slot.runtime for slot in bench.scripts.slots]
    bench.path.write_text(ROUTE + "function new() end")
    assert bench.scripts.reload() == ""
    assert bench.scripts.slots == slots
    assert functions(bench.scripts) == [{"ksr_request_route", "new"}] * 2
    assert [runtime.functions & {"old", "new"} for runtime in before] == [{"old"}] * 2
    assert (bench.scripts.reloads, bench.scripts.failed_reloads) == (1, 0)


@pytest.mark.parametrize("broken", ["function (", "function new() end", None])
def test_a_reload_that_fails_changes_nothing(
    tmp_path: Path, broken: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(tmp_path, ROUTE + "function old() end")
    bench.scripts.start(1)
    runtime = bench.scripts.slots[0].runtime
    if broken is None:
        bench.path.unlink()
    else:
        bench.path.write_text(broken)
    with caplog.at_level(logging.ERROR, "luasip.script"):
        problem = bench.scripts.reload()
    assert "route.lua" in problem
    assert caplog.messages == [f"reload failed, the running script stays: {problem}"]
    assert bench.scripts.slots[0].runtime is runtime
    assert (bench.scripts.reloads, bench.scripts.failed_reloads) == (0, 1)
    bench.path.write_text(ROUTE)
    assert bench.scripts.reload() == ""


def test_mistakes_are_told_at_start_and_after_a_reload_but_not_without_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    calls = [f"function f{number}() KSR.tm.t_rely{number}() end\n" for number in range(MISTAKES_TOLD + 9)]
    bench = Bench(tmp_path, ROUTE + calls[0])
    with caplog.at_level(logging.WARNING, "luasip.script"):
        bench.scripts.start(2)
        assert len(caplog.messages) == 1
        assert "t_rely0" in caplog.messages[0]
        bench.path.write_text(ROUTE + "".join(calls))
        assert bench.scripts.reload() == ""
    assert len(caplog.messages) == 1 + MISTAKES_TOLD


def test_more_files_and_what_they_require(tmp_path: Path) -> None:
    (tmp_path / "part.lua").write_text("return {}")
    (tmp_path / "more.lua").write_text('require("part") function more() ksr_request_route() end')
    bench = Bench(tmp_path)
    more = tmp_path / "more.lua"
    bench.scripts.add(str(more))
    bench.scripts.start(1)
    assert functions(bench.scripts) == [{"ksr_request_route", "more"}]
    assert bench.scripts.paths == [str(bench.path), str(more)]
    assert bench.scripts.files == {bench.path, more, tmp_path / "part.lua"}


def test_a_chunk_runs_in_a_state_of_its_own_renewed_by_a_reload(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (tmp_path / "part.lua").write_text("return {n = 1}")
    bench.scripts.start(1)
    code = 'return require("part").n, ksr_request_route'
    ends_at = float("inf")
    assert bench.scripts.run_chunk(code, (), ends_at)[0] == 1
    (tmp_path / "part.lua").write_text("return {n = 2}")
    assert bench.scripts.run_chunk(code, (), ends_at)[0] == 1
    assert bench.scripts.reload() == ""
    assert bench.scripts.run_chunk(code, (), ends_at)[0] == 2
    with pytest.raises(ScriptError, match="oops"):
        bench.scripts.run_chunk("error('oops')", (), ends_at)
