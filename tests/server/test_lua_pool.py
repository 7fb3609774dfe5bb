"""luasip/server/pool.py and chunks.py: bounded threads, late and stuck calls, the Lua states of the threads."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from luasip.errors import ScriptError
from luasip.kemi.operation import POOL_FULL, TIMED_OUT, Call
from luasip.script.runtime import ScriptOptions
from luasip.server.chunks import Chunks
from luasip.server.execution import STUCK_AFTER, Execution
from luasip.server.pool import Job, Pool, PoolSettings
from luasip.server.timers import Timers
from luasip.server.wakeup import WakeUps


class Stage:
    """A pool, and calls that last until the test says so."""

    def __init__(self, threads: int = 2, queue: int = 1, replaces_stuck: bool = True) -> None:
        self.pool = Pool("lua", PoolSettings(threads, queue), replaces_stuck)
        self.ended: list[Any] = []
        self._one_more = threading.Condition()

    def done(self, result: Any) -> None:
        with self._one_more:
            self.ended.append(result)
            self._one_more.notify_all()

    def wait_for(self, count: int) -> list[Any]:
        with self._one_more:
            assert self._one_more.wait_for(lambda: len(self.ended) >= count, 5.0)
            return self.ended

    def submit(self, function: Callable[[], Any]) -> Job | None:
        job = Job(function, self.done)
        return job if self.pool.submit(job) else None

    def held(self) -> tuple[Job, threading.Event]:
        """A call that runs until its event is set."""
        began, over = threading.Event(), threading.Event()

        def call() -> str:
            began.set()
            over.wait(10)
            return "held"

        job = self.submit(call)
        assert job is not None
        assert began.wait(5)
        return job, over


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.pool.stop()


def test_results_and_failures(stage: Stage) -> None:
    stage.submit(lambda: 1)
    assert stage.wait_for(1) == [1]
    stage.submit(lambda: 1 // 0)
    assert isinstance(stage.wait_for(2)[1], ZeroDivisionError)


def test_full(stage: Stage) -> None:
    held = [stage.held(), stage.held()]
    assert stage.submit(lambda: "waited") is not None
    assert stage.submit(lambda: "never") is None
    assert (stage.pool.pending, stage.pool.rejected) == (3, 1)
    for _, over in held:
        over.set()
    assert sorted(stage.wait_for(3)) == ["held", "held", "waited"]


def test_a_late_call_that_waits_never_runs(stage: Stage) -> None:
    held = [stage.held(), stage.held()]
    waiting = stage.submit(lambda: "never")
    assert waiting is not None
    assert stage.pool.drop(waiting)
    assert not stage.pool.drop(held[0][0])
    for _, over in held:
        over.set()
    assert stage.wait_for(2) == ["held", "held"]


def test_stuck_calls_are_replaced_as_often_as_there_are_threads(stage: Stage) -> None:
    held = [stage.held(), stage.held()]
    stage.submit(lambda: "waited")
    assert stage.pool.write_off(held[0][0])
    assert stage.wait_for(1) == ["waited"]
    assert stage.pool.write_off(held[1][0])
    third = stage.held()
    assert not stage.pool.write_off(third[0])
    assert (stage.pool.stuck, stage.pool.pending) == (2, 1)
    for _, over in (*held, third):
        over.set()
    assert stage.wait_for(4)[1:] == ["held"] * 3
    deadline = time.monotonic() + 5
    while stage.pool.stuck and time.monotonic() < deadline:
        pass
    assert (stage.pool.stuck, stage.pool.pending) == (0, 0)
    assert not stage.pool.write_off(third[0])


def test_without_replacement() -> None:
    stage = Stage(replaces_stuck=False)
    job, over = stage.held()
    assert not stage.pool.write_off(job)
    over.set()
    stage.pool.stop()


# Deadlines, as the execution of routes sets them


class Waiter:
    """Calls on a pool with a clock the test moves."""

    def __init__(self, pool: Pool) -> None:
        self.now = 0.0
        self.timers = Timers(lambda: self.now)
        self.execution = Execution(self.timers, {"lua": pool}, WakeUps())
        self.answers: list[Any] = []

    def call(self, function: Callable[[], Any], deadline: float) -> None:
        def flow() -> Any:
            self.answers.append((yield Call("lua", function, deadline)))

        self.execution.start(None, flow())

    def advance(self, seconds: float) -> list[Any]:
        self.now += seconds
        self.timers.run_due()
        return self.answers


def test_late_full_and_stuck() -> None:
    stage = Stage(threads=1, queue=1)
    waiter = Waiter(stage.pool)
    began, over = threading.Event(), threading.Event()

    def stuck() -> None:
        began.set()
        over.wait(10)

    waiter.call(stuck, 2.0)
    assert began.wait(5)
    waiter.call(lambda: "never", 1.0)
    waiter.call(lambda: "never", 1.0)
    assert waiter.advance(0) == [POOL_FULL]
    assert waiter.advance(1) == [POOL_FULL, TIMED_OUT]
    assert waiter.advance(1) == [POOL_FULL, TIMED_OUT, TIMED_OUT]
    assert stage.pool.stuck == 0
    waiter.advance(STUCK_AFTER)
    assert (stage.pool.stuck, stage.pool.pending) == (1, 0)
    after = threading.Event()
    waiter.call(after.set, 1.0)
    assert after.wait(5)
    counted = {name: count for name, count in waiter.execution.outcomes.items() if count}
    assert counted == {"pool_full": 1, "pool_late": 2, "pool_stuck": 1}
    over.set()
    stage.pool.stop()


# Lua states of threads


class Lua:
    """Chunks with a version the test counts up."""

    def __init__(self, folder: Path) -> None:
        self.version = 0
        options = ScriptOptions(folder / "route.lua", memory_limit=32 * 1024 * 1024)
        self._chunks = Chunks(lambda: options, lambda: self.version)

    def run(self, code: str, *arguments: Any, seconds: float = 5.0) -> list[Any]:
        return self._chunks.run(code, arguments, time.monotonic() + seconds)


@pytest.fixture
def lua(tmp_path: Path) -> Lua:
    return Lua(tmp_path)


def test_values(lua: Lua) -> None:
    values = [1, 2.5, "text\0\xff", True, None, [1, [2]], {"a": {"b": False}}]
    assert lua.run("return ...", *values) == values
    assert lua.run("return select('#', ...)", None, None) == [2]


def test_globals_end_with_their_chunk_and_modules_stay(lua: Lua, tmp_path: Path) -> None:
    (tmp_path / "part.lua").write_text("return {n = 0}")
    count = 'local p = require("part") p.n = p.n + 1 seen = (seen or 0) + 1 return p.n, seen, KSR, luasip'
    assert lua.run(count) == [1, 1, None, None]
    assert lua.run(count) == [2, 1, None, None]
    lua.version += 1
    assert lua.run(count) == [1, 1, None, None]


def test_threads_have_states_of_their_own(lua: Lua) -> None:
    count = "string.n = (string.n or 0) + 1 return string.n"
    assert lua.run(count) == [1]
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(lua.run(count)))
    thread.start()
    thread.join(5)
    assert found == [1]
    assert lua.run(count) == [2]


@pytest.mark.parametrize(
    "code",
    [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "coroutine.wrap(function() while true do end end)()",
    ],
)
def test_a_runaway_chunk_is_ended_and_its_state_renewed(lua: Lua, code: str) -> None:
    lua.run("string.mark = 1")
    with pytest.raises(TimeoutError):
        lua.run(code, seconds=0.05)
    assert lua.run("return string.mark, 1") == [None, 1]


def test_memory(lua: Lua) -> None:
    lua.run("string.mark = 1")
    with pytest.raises(ScriptError, match="memory"):
        lua.run("local t = {} while true do t[#t + 1] = ('x'):rep(100000) .. #t end")
    assert lua.run("return string.mark, 1") == [None, 1]


def test_os_exit_does_not_exit(lua: Lua) -> None:
    with pytest.raises(ScriptError, match=r"os\.exit"):
        lua.run("os.exit()")


def test_a_blocking_chunk_holds_its_thread_only(lua: Lua) -> None:
    stage = Stage()
    stage.submit(lambda: lua.run("os.execute('sleep 0.3') return 'slept'"))
    stage.submit(lambda: lua.run("return 'quick'"))
    assert stage.wait_for(2) == [["quick"], ["slept"]]
    stage.pool.stop()
