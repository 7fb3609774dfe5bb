"""Functions Lua answers by itself, without a call into Python."""

import logging
from pathlib import Path

import pytest

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import function
from luasip.modules.core.logs import Logs
from luasip.modules.core.methods import METHOD_LETTERS, Methods
from luasip.script.bridge import Current
from luasip.script.runtime import Runtime, ScriptOptions
from luasip.script.steps import DONE, SUSPENDED, level_among, levels_of
from tests import bench
from tests.script.fakes import LOG, Clock, Ender


def context(method: str) -> RouteContext:
    """A context over a request with this method."""
    return bench.context(bench.INVITE.replace("INVITE", method))


class Judge(Methods, Logs):
    """The functions in question, all in KSR."""


def runtime(tmp_path: Path, script: str) -> Runtime:
    """A loaded runtime with them."""
    path = tmp_path / "route.lua"
    path.write_text(script)
    found = Runtime(ScriptOptions(path), [Judge(), Clock()], block=lambda *_: None, log=LOG)
    found.load()
    return found


def answers(tmp_path: Path, call: str, ctx: RouteContext) -> str:
    """What `call` gives in a callback."""
    found = runtime(tmp_path, f"function f() answer = tostring({call}) end")
    assert found.steps.start("f", ctx).state == DONE
    return str(found._lua.globals()["answer"])


@pytest.mark.parametrize("method", sorted({"INFO", *METHOD_LETTERS.values()} - {"DELETE"}))
def test_each_method_is_itself_only(tmp_path: Path, method: str) -> None:
    ctx = context(method)
    for other in ("INVITE", "INFO", "ACK", method):
        assert answers(tmp_path, f"KSR.is_{other}()", ctx) == str(other == method).lower()


@pytest.mark.parametrize(
    ("method", "letters", "expected"),
    [
        ("INVITE", '"IS"', "true"), ("INVITE", '"is"', "true"), ("INVITE", '"SUB"', "false"), ("INVITE", '""', "false"),
        ("INFO", '"I"', "false"), ("UPDATE", '"SU"', "true"), ("INVITE", '".*"', "false"), ("INVITE", "5", "false"),
    ],
)  # fmt: skip
def test_letters(tmp_path: Path, method: str, letters: str, expected: str) -> None:
    assert answers(tmp_path, f"KSR.is_method_in({letters})", context(method)) == expected


def test_python_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> tuple[None, str]:
        return None, "Python was asked"

    monkeypatch.setattr(Current, "refused", refused)
    found = runtime(tmp_path, "function f() KSR.is_INVITE() KSR.is_method_in('IS') KSR.dbg('x') end")
    found._current.route = 0
    LOG.setLevel(logging.INFO)
    assert found.steps.start("f", context("INVITE")).state == DONE


@pytest.mark.parametrize(("level", "heard"), [(logging.DEBUG, ["d", "e"]), (logging.INFO, ["e"])])
def test_records_below_the_level_end_in_lua(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, level: int, heard: list[str]
) -> None:
    caplog.set_level(logging.DEBUG, "luasip.script")
    LOG.setLevel(level)
    found = runtime(tmp_path, "function f() KSR.dbg('d') KSR.err('e') end")
    assert found.steps.start("f", context("INVITE")).state == DONE
    assert [record.message for record in caplog.records] == heard


def test_before_there_is_a_message_python_answers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    runtime(tmp_path, "KSR.is_INVITE()")
    assert "KSR.is_INVITE called while the script is loading" in caplog.text


def test_routes_that_wait_keep_their_own_message(tmp_path: Path) -> None:
    found = runtime(tmp_path, "seen = {} function f() KSR.clock.sleep(1) seen[#seen + 1] = KSR.is_INVITE() end")
    invite, bye = context("INVITE"), context("BYE")
    first, second = found.steps.start("f", invite), found.steps.start("f", bye)
    assert (first.state, second.state) == (SUSPENDED, SUSPENDED)
    assert found.steps.resume(first.coroutine, invite, True, 1).state == DONE
    assert found.steps.resume(second.coroutine, bye, True, 1).state == DONE
    assert list(found._lua.globals()["seen"].values()) == [True, False]


def test_a_coroutine_serves_one_callback_after_the_other(tmp_path: Path) -> None:
    found = runtime(
        tmp_path,
        """
        last, made = nil, 0
        function f()
            if coroutine.running() ~= last then last, made = coroutine.running(), made + 1 end
        end
        function fails() error("no") end
        """,
    )
    for _ in range(50):
        found.steps.start("f", context("INVITE"))
    assert found._lua.globals()["made"] == 1
    found.steps.start("fails", context("INVITE"))
    found.steps.start("f", context("INVITE"))
    assert found._lua.globals()["made"] == 2  # what has failed is not used again


def test_exit_needs_no_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr("luasip.script.runtime.adapter", lambda *arguments: asked.append(arguments))
    path = tmp_path / "route.lua"
    path.write_text("function f() answer = 1 KSR.x.exit() answer = 2 end")
    found = Runtime(ScriptOptions(path), [Ender()], block=lambda *_: None, log=LOG)
    found.load()
    assert found.steps.start("f", context("INVITE")).state == DONE
    assert found._lua.globals()["answer"] == 1
    assert asked == []


def test_exit_while_loading_is_no_exit(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "route.lua"
    path.write_text("answer = KSR.x.exit()")
    found = Runtime(ScriptOptions(path), [Ender()], block=lambda *_: None, log=LOG)
    found.load()
    assert found._lua.globals()["answer"] is False
    assert "KSR.x.exit called while the script is loading" in caplog.text


def test_a_level_is_that_of_the_nearest_logger_with_one() -> None:
    outer, inner = logging.getLogger("tests.levels"), logging.getLogger("tests.levels.a.b")
    for level in (logging.NOTSET, logging.DEBUG, logging.ERROR):
        outer.setLevel(level)
        assert level_among(levels_of(inner)) == inner.getEffectiveLevel()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("KSR.is_method_in()", "KSR.is_method_in(vmethod: str) expected, got 0 arguments"),
        ("KSR.dbg()", "KSR.dbg(txt: str) expected, got 0 arguments"),
    ],
)
def test_too_few_arguments_are_told_with_their_place(tmp_path: Path, call: str, told: str) -> None:
    found = runtime(tmp_path, f"\nfunction f() {call} end")
    step = found.steps.start("f", context("INVITE"))
    assert step.error
    assert step.error.message.endswith(f"route.lua:2: {told}")


@pytest.mark.parametrize("call", ["KSR.is_method_in(nil)", "KSR.is_method_in({})", "KSR.is_method_in('\\0')"])
def test_what_has_no_letters_has_none(tmp_path: Path, call: str) -> None:
    assert answers(tmp_path, call, context("INVITE")) == "false"


@pytest.mark.parametrize("call", ["KSR.dbg(nil)", "KSR.dbg({}, 1)", "KSR.dbg(5)"])
def test_a_record_nobody_reads_may_be_anything(tmp_path: Path, call: str) -> None:
    LOG.setLevel(logging.INFO)
    assert answers(tmp_path, call, context("INVITE")) == "0"


def test_a_message_without_a_method_is_of_none(tmp_path: Path) -> None:
    reply = bench.context("SIP/2.0 200 OK\r\nCSeq: what\r\n\r\n")
    assert answers(tmp_path, "KSR.is_INVITE()", reply) == "false"
    assert answers(tmp_path, "KSR.is_method_in('IABC')", reply) == "false"


def test_a_local_name_is_as_good(tmp_path: Path) -> None:
    found = runtime(tmp_path, "local is = KSR.is_INVITE function f() answer = is() end")
    for method in ("INVITE", "BYE", "INVITE"):
        assert found.steps.start("f", context(method)).state == DONE
        assert found._lua.globals()["answer"] is (method == "INVITE")


class Nesting(Clock):
    """Runs another callback inside a call."""

    inner: Runtime

    @function()
    def nested(self, ctx: RouteContext) -> bool:
        """Run g for a BYE.

        Returns: whether it ended.
        """
        return self.inner.steps.start("g", context("BYE")).state == DONE


def test_a_callback_inside_another_has_its_own_message(tmp_path: Path) -> None:
    path = tmp_path / "route.lua"
    path.write_text("""seen = {}
        local function look() seen[#seen + 1] = KSR.is_INVITE() seen[#seen + 1] = KSR.is_BYE() end
        function f() look() assert(KSR.clock.nested()) look() end
        function g() look() end""")
    nesting = Nesting()
    nesting.inner = Runtime(ScriptOptions(path), [Judge(), nesting], block=lambda *_: None, log=LOG)
    nesting.inner.load()
    for _ in range(2):
        assert nesting.inner.steps.start("f", context("INVITE")).state == DONE
    assert list(nesting.inner._lua.globals()["seen"].values()) == [True, False, False, True, True, False] * 2


def test_exit_may_be_caught_and_ends_a_coroutine_of_the_script(tmp_path: Path) -> None:
    path = tmp_path / "route.lua"
    path.write_text("""function f()
        caught = not pcall(function() KSR.x.exit() end)
        ended = not coroutine.resume(coroutine.create(KSR.x.exit))
        KSR.x.exit()
        caught = "no"
    end""")
    found = Runtime(ScriptOptions(path), [Ender()], block=lambda *_: None, log=LOG)
    found.load()
    for _ in range(20):
        assert found.steps.start("f", context("INVITE")).state == DONE
    assert (found._lua.globals()["caught"], found._lua.globals()["ended"]) == (True, True)
