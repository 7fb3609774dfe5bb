"""luasip/modules/app_lua.py and blocking_lua.py: what they ask the server to run, and what they make of its answer."""

from collections.abc import Sequence
from typing import Any

import pytest

from luasip.errors import CommandError, MisuseError, ScriptError
from luasip.kemi.operation import POOL_FULL, TIMED_OUT, Call, Operation, RunCode, RunRoute
from luasip.modules.app_lua import AppLua
from luasip.modules.maxfwd import Maxfwd
from luasip.modules.suspension import Suspension
from luasip.script.plain_data import FunctionName
from tests.bench import FakeServices, context, settle


class FakeScript:
    """A script that cannot be loaded when `problem` is set."""

    def __init__(self) -> None:
        self.paths = ["route.lua"]
        self.problem = ""
        self.reloads = 0
        self.chunks: list[tuple[str, Sequence[Any]]] = []
        self.result: Any = None

    def add(self, path: str) -> None:
        self.paths.append(path)

    def reload(self) -> str:
        self.reloads += 1
        return self.problem

    def run_chunk(self, code: str, arguments: Sequence[Any], ends_at: float) -> list[Any]:
        self.chunks.append((code, arguments))
        if isinstance(self.result, Exception):
            raise self.result
        return [self.result]


@pytest.fixture
def services() -> FakeServices:
    return FakeServices(script=FakeScript())


def module(services: FakeServices, **settings: Any) -> AppLua:
    return AppLua(AppLua.Settings(**settings), services)


@pytest.mark.parametrize("ended_well", [True, False])
@pytest.mark.parametrize(
    ("function", "arguments"),
    [("run", ()), ("run_p1", ("a",)), ("run_p2", ("a", "")), ("run_p3", ("a", "b", "c"))],
)
def test_run_calls_a_function(
    services: FakeServices, function: str, arguments: tuple[str, ...], ended_well: bool
) -> None:
    ctx = context(services=services)
    asked: list[Operation] = []

    def answer(operation: Operation) -> bool:
        asked.append(operation)
        return ended_well

    flow = getattr(module(services), function)(ctx, "greet", *arguments)
    assert settle(flow, answer) == (1 if ended_well else -1)
    assert asked == [RunRoute("greet", ctx, arguments)]


@pytest.mark.parametrize(
    ("function", "is_file", "apart"),
    [("runstring", False, False), ("dostring", False, True), ("dofile", True, True)],
)
def test_code(services: FakeServices, function: str, is_file: bool, apart: bool) -> None:
    ctx = context(services=services)
    call = getattr(module(services), function)
    asked: list[Operation] = []
    for code, ended_well, result in [("x" * 1022, True, 1), ("y", False, -1), ("x" * 1023, True, -1)]:

        def answer(operation: Operation, ended_well: bool = ended_well) -> bool:
            asked.append(operation)
            return ended_well

        assert settle(call(ctx, code), answer) == result
    assert asked == [RunCode(f"KSR.app_lua.{function}", code, ctx, is_file, apart) for code in ("x" * 1022, "y")]


def test_reload(services: FakeServices) -> None:
    loaded = module(services, load=["more.lua"])
    loaded.reload()
    loaded.reload(1)
    assert services.script.reloads == 2
    with pytest.raises(CommandError, match="no script 2"):
        loaded.reload(2)
    services.script.problem = "route.lua:1: no"
    with pytest.raises(CommandError, match=r"^Reload Failed: route\.lua:1: no$"):
        loaded.reload()
    with pytest.raises(CommandError, match="Reload Failed"):
        module(services, reload=0).reload()


def test_lists(services: FakeServices) -> None:
    loaded = module(services, load=["more.lua"])
    assert loaded.list() == ["0: [route.lua]", "1: [more.lua]"]
    services.modules = [loaded, Maxfwd(Maxfwd.Settings(), services), Suspension(Suspension.Settings(), services)]
    answer = loaded.api_list()
    assert answer["msize"] == len(answer["methods"])
    functions = [method["func"] for method in answer["methods"]]
    assert {"ret": "int", "module": "app_lua", "name": "run_p1", "params": "str, str"} in functions
    assert {f["module"] for f in functions} == {"app_lua", "maxfwd"}


def test_log_mode(services: FakeServices, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    loaded = module(services, log_mode=1)
    services.modules = [loaded]
    loaded.start()
    assert "exporting KSR.app_lua.runstring(...)" in caplog.messages


# luasip.lua_runstring


def test_lua_runstring(services: FakeServices) -> None:
    services.script.result = {"a": 1}
    suspension = Suspension(Suspension.Settings(), services)
    limits: list[float | None] = []

    def answer(operation: Operation) -> Any:
        assert isinstance(operation, Call)
        limits.append(operation.deadline)
        return operation.function()

    for timeout in (None, 2, 0.5, 99):
        assert settle(suspension.lua_runstring(context(), "return ...", timeout, 1, {"b": 2}), answer) == ({"a": 1},)
    assert limits == [10.0, 2, 0.5, 10.0]
    assert services.script.chunks[0] == ("return ...", (1, {"b": 2}))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (POOL_FULL, "pool full"),
        (TIMED_OUT, "timeout"),
        (TimeoutError(), "timeout"),
        (ScriptError("a.lua:1: boom"), "a.lua:1: boom"),
        (ValueError("x"), "internal error: ValueError('x')"),
    ],
)
def test_what_goes_wrong(services: FakeServices, answer: Any, told: str) -> None:
    suspension = Suspension(Suspension.Settings(), services)
    assert settle(suspension.lua_runstring(context(), "", 1), lambda _: answer) == (None, told)
    assert services.counters == {"lua:failures": 1}


@pytest.mark.parametrize(
    ("timeout", "argument"),
    [
        (0, 1),
        (-1, 1),
        ("1", 1),
        (True, 1),
        (float("nan"), 1),
        (1, FunctionName(1)),
        (1, [{"f": FunctionName(1)}]),
    ],
)
def test_misuse(services: FakeServices, timeout: Any, argument: Any) -> None:
    suspension = Suspension(Suspension.Settings(), services)
    with pytest.raises(MisuseError):
        settle(suspension.lua_runstring(context(), "", timeout, argument))
