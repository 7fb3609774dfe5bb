"""luasip/server/execution.py: flows and callbacks that wait and go on, in virtual time, with Python in Lua's place."""

import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest

from luasip.errors import MisuseError
from luasip.kemi.context import RouteContext
from luasip.kemi.operation import (
    POOL_FULL,
    TIMED_OUT,
    Call,
    Event,
    Operation,
    Parallel,
    RunCode,
    RunRoute,
    Sleep,
)
from luasip.server.execution import DEEPEST, DEEPEST_BLOCKING, STUCK_AFTER
from luasip.server.frames import LuaFrame
from luasip.server.pool import Job, Pool, PoolSettings
from luasip.server.task import RouteOwner
from tests.bench import context
from tests.server.stand_in import FakeRuntime, Stage, Waiting, as_runtime


def ask(operation: Operation) -> Waiting:
    """A suspending function that returns what its one operation gives."""
    return (yield operation)


class Script:
    """A stage, a runtime, and what its functions and tasks leave behind."""

    def __init__(self, stage: Stage | None = None, **functions: Callable[..., Any]) -> None:
        self.stage = stage or Stage()
        self.runtime = FakeRuntime(**functions)
        self.ctx = context()
        self.ended: list[Any] = []

    def run(self, name: str, *arguments: str) -> None:
        self.start(LuaFrame(name, self.ctx, arguments))

    def start(self, frame: Any) -> None:
        self.stage.execution.start(as_runtime(self.runtime), frame, self.ended.append)

    def answers(self, operation: Operation) -> list[Any]:
        """A list that gets what a task that waits for `operation` is given."""
        got: list[Any] = []

        def flow() -> Waiting:
            got.append((yield operation))
            return "flow ended"

        self.start(flow())
        return got


class Owner(RouteOwner):
    """Notes how routes have ended."""

    def __init__(self) -> None:
        self.told: list[bool] = []

    def ended(self, context: RouteContext, ended_well: bool) -> None:
        self.told.append(ended_well)


class HeldPool(Pool):
    """A pool that keeps its calls until the test runs them."""

    def __init__(self, room: int = 10) -> None:
        super().__init__("sql", PoolSettings(1, room, deadline=5.0))
        self.held: list[Job] = []
        self.room = room

    def submit(self, job: Job) -> bool:
        if len(self.held) == self.room:
            return False
        self.held.append(job)
        return True

    def drop(self, job: Job) -> bool:
        return False


# Beginning and ending


def test_a_callback_that_does_not_wait() -> None:
    seen: list[Any] = []
    script = Script(route=lambda ctx, *arguments: seen.append((ctx, arguments)))
    script.run("route", "a", "b")
    assert seen == [(script.ctx, ("a", "b"))]
    assert script.ended == [True]
    assert script.stage.execution.suspended == []


@pytest.mark.parametrize("name", ["broken", "missing"])
def test_a_callback_that_fails_is_told_and_ends_badly(name: str) -> None:
    def broken(ctx: RouteContext) -> None:
        raise ValueError("route.lua:3: oops")

    script = Script(broken=broken)
    script.run(name)
    assert script.ended == [False]
    told = {"broken": "broken: route.lua:3: oops", "missing": "missing: there is no function missing"}
    assert script.stage.failures == [told[name]]


@pytest.mark.parametrize("error", [KeyError("x"), SystemExit()])
def test_a_flow_gives_its_value_and_one_that_fails_none(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> Waiting:
        yield Sleep(1)
        raise error

    script = Script()
    assert script.answers(Sleep(1)) == []
    script.start(fails())
    script.stage.advance(1)
    assert script.ended == ["flow ended", None]
    assert "a flow failed" in caplog.messages


def test_a_callback_waits_and_is_given_the_answers() -> None:
    got: list[Any] = []

    def route(ctx: RouteContext) -> Generator[Waiting, Any, None]:
        got.append((yield ask(Sleep(2))))
        got.append((yield ask(Call("sql", lambda: 42))))
        got.append((yield ask(Event("key", 10))))

    script = Script(route=route)
    script.run("route")
    (task,) = script.stage.execution.suspended
    assert task.waiting_for == Sleep(2)
    assert task.innermost is not None
    assert task.innermost.name == "route"
    script.stage.advance(1.9)
    assert got == []
    script.stage.advance(0.1)
    assert got == [None, 42]
    script.stage.wakeups.notify("key", "v")
    assert got == [None, 42]  # it goes on on the timer thread, not here
    script.stage.advance()
    assert (got, script.ended) == ([None, 42, "v"], [True])
    assert script.stage.execution.suspended == []


@pytest.mark.parametrize(
    ("error", "expected"),
    [(MisuseError("no such table"), "no such table"), (KeyError("x"), "internal error: KeyError('x')")],
)
def test_a_function_that_fails_after_waiting_raises_in_lua(error: Exception, expected: str) -> None:
    def fails() -> Waiting:
        yield Sleep(1)
        raise error

    def route(ctx: RouteContext) -> Generator[Waiting, Any, None]:
        yield fails()

    script = Script(route=route)
    script.run("route")
    script.stage.advance(1)
    assert script.runtime.resumed == [(False, expected)]
    assert (script.ended, script.stage.failures) == ([False], [f"route: {expected}"])


# Callbacks in each other


def test_a_flow_runs_callbacks_which_wait() -> None:
    order: list[str] = []

    def inner(ctx: RouteContext) -> Generator[Waiting, Any, None]:
        order.append("inner")
        yield ask(Sleep(1))
        order.append("inner goes on")

    def broken(ctx: RouteContext) -> None:
        raise ValueError("oops")

    def outer(ctx: RouteContext) -> Generator[Waiting, Any, None]:
        well = yield ask(RunRoute("inner", ctx))
        order.append(f"outer {well}")

    def flow(ctx: RouteContext) -> Waiting:
        results = []
        for name in ("outer", "broken", "missing"):
            results.append((yield RunRoute(name, ctx)))
        results.append((yield RunCode("chunk", "x", ctx)))
        results.append((yield RunCode("chunk", "x", ctx, is_file=True)))
        return results

    script = Script(inner=inner, outer=outer, broken=broken, code_x=lambda ctx: order.append("code"))
    script.start(flow(script.ctx))
    assert order == ["inner"]
    script.stage.advance(1)
    assert order == ["inner", "inner goes on", "outer True", "code"]
    assert script.ended == [[True, False, False, True, False]]


def test_code_apart_runs_in_the_other_state_and_names_it_calls_in_the_scripts() -> None:
    script = Script(code_x=lambda ctx: None)
    apart = script.runtime.apart
    apart.defined = {}

    def flow() -> Waiting:
        here = yield RunCode("chunk", "x", script.ctx)
        there = yield RunCode("chunk", "x", script.ctx, apart=True)
        return here, there

    script.start(flow())
    assert script.ended == [(True, False)]


def test_callbacks_in_each_other_without_end_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    depth = [0]

    def route(ctx: RouteContext) -> Generator[Waiting, Any, None]:
        depth[0] += 1
        yield ask(RunRoute("route", ctx))

    script = Script(route=route)
    script.run("route")
    assert depth == [DEEPEST]
    assert script.runtime.resumed[0] == (True, False)
    assert script.ended == [True]
    assert script.stage.counted == {"too_deep": 1}
    assert caplog.messages == [f"route refused: {DEEPEST} callbacks run in each other"]


def test_what_is_to_be_done_when_the_last_callback_over_a_message_has_ended() -> None:
    order: list[str] = []

    def inner(ctx: RouteContext) -> None:
        ctx.at_end = [lambda: order.append("at end 1"), lambda: order.append("at end 2")]
        order.append("inner")

    def outer(ctx: RouteContext) -> Generator[Waiting, Any, None]:
        yield ask(RunRoute("inner", ctx))
        yield ask(Sleep(1))
        order.append("outer")

    script = Script(inner=inner, outer=outer)
    script.run("outer")
    assert order == ["inner"]
    script.stage.advance(1)
    assert order == ["inner", "outer", "at end 1", "at end 2"]
    assert (script.ctx.at_end, script.ctx.runs) == (None, 0)


# Outputs


def test_outputs_leave_in_order_when_the_task_waits_and_when_it_ends() -> None:
    sent: list[str] = []
    stage = Stage()

    def send(text: str) -> None:
        stage.execution.send(lambda: sent.append(text))

    def inner(ctx: RouteContext) -> None:
        send("2")

    def route(ctx: RouteContext) -> Generator[Waiting, Any, None]:
        send("1")
        yield ask(RunRoute("inner", ctx))
        send("3")
        assert sent == []
        yield ask(Sleep(1))
        send("4")
        assert sent == ["1", "2", "3"]

    script = Script(stage, route=route, inner=inner)
    script.run("route")
    assert sent == ["1", "2", "3"]
    stage.advance(1)
    assert (sent, script.stage.failures) == (["1", "2", "3", "4"], [])


def test_outputs_of_nobody_leave_at_once_and_those_of_a_task_in_a_task_are_its_own() -> None:
    sent: list[str] = []
    stage = Stage()
    script = Script(stage)
    stage.execution.send(lambda: sent.append("at once"))
    assert sent == ["at once"]

    def inner() -> Waiting:
        stage.execution.send(lambda: sent.append("inner"))
        return
        yield

    def outer() -> Waiting:
        stage.execution.send(lambda: sent.append("outer"))
        script.start(inner())
        return
        yield

    script.start(outer())
    assert sent == ["at once", "inner", "outer"]
    assert stage.execution.runtime is None


@pytest.mark.parametrize("error", [ValueError("not latin-1"), SystemExit()])
@pytest.mark.parametrize("waits", [True, False])
def test_an_output_that_fails_is_logged_and_the_task_goes_on(
    error: BaseException, waits: bool, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[str] = []
    stage = Stage()

    def fail() -> None:
        raise error

    def flow() -> Waiting:
        stage.execution.send(fail)
        stage.execution.send(lambda: sent.append("next"))
        if waits:
            yield Sleep(1)

    script = Script(stage)
    script.start(flow())
    assert sent == ["next"]
    stage.advance(1)
    assert script.ended == [None]
    assert "an output failed" in caplog.messages


# Waiting, deadlines, refusals


def test_the_transaction_layer_is_told_before_a_callback_waits() -> None:
    told: list[RouteContext] = []
    script = Script(route=lambda ctx: iter_of(ask(Sleep(1))))
    script.stage.execution.before_suspension = lambda context, lasts: told.append(context)
    script.answers(Sleep(1))
    assert told == []  # a flow without a callback has no context
    script.run("route")
    assert told == [script.ctx]


def iter_of(waiting: Waiting) -> Generator[Waiting, Any, None]:
    yield waiting


def test_an_event_nobody_notifies_times_out_and_is_forgotten() -> None:
    script = Script()
    got = script.answers(Event("key", 3.0))
    assert len(script.stage.wakeups) == 1
    script.stage.advance(3)
    assert got == [TIMED_OUT]
    assert len(script.stage.wakeups) == 0
    assert script.stage.wakeups.notify("key", "late") == 0


def test_an_event_in_time_leaves_no_timer() -> None:
    script = Script()
    got = script.answers(Event("key", 3.0))
    script.stage.wakeups.notify("key", 7)
    script.stage.advance()
    assert got == [7]
    assert script.stage.timers.next_at() is None


def test_an_event_granted_before_anybody_waits() -> None:
    script = Script()
    script.stage.wakeups.grant("key", 8)
    got = script.answers(Event("key", 3.0))
    script.stage.advance()
    assert got == [8]
    assert script.stage.timers.next_at() is None


def test_what_a_call_raises_is_its_answer() -> None:
    script = Script()
    (got,) = (script.answers(Call("sql", lambda: 1 // 0)),)
    script.stage.advance()
    assert isinstance(got[0], ZeroDivisionError)


@pytest.mark.parametrize(("deadline", "limit"), [(None, 5.0), (2.0, 2.0)])
def test_a_late_call_times_out_is_counted_and_its_result_ignored(deadline: float | None, limit: float) -> None:
    pool = HeldPool()
    script = Script(Stage(pool))
    got = script.answers(Call("sql", lambda: "late", deadline))
    script.stage.advance(limit - 0.1)
    assert got == []
    script.stage.advance(0.1)
    assert got == [TIMED_OUT]
    pool.held[0].run()
    script.stage.advance(STUCK_AFTER)
    assert (got, script.ended) == ([TIMED_OUT], ["flow ended"])
    assert script.stage.counted == {"pool_late": 1}


def test_a_call_in_time_leaves_no_timer() -> None:
    pool = HeldPool()
    script = Script(Stage(pool))
    got = script.answers(Call("sql", lambda: "result"))
    pool.held[0].run()
    script.stage.advance()
    assert got == ["result"]
    assert script.stage.timers.next_at() is None


def test_a_full_pool_refuses_at_once_and_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    script = Script(Stage(HeldPool(room=0)))
    got = script.answers(Call("sql", lambda: "never"))
    script.stage.advance()
    assert got == [POOL_FULL]
    assert script.stage.counted == {"pool_full": 1}
    assert script.stage.timers.next_at() is None
    assert caplog.messages == ["pool sql is full: a call was refused"]


def test_calls_nobody_waits_for() -> None:
    pool, got = HeldPool(room=2), list[Any]()
    stage = Stage(pool)
    assert stage.execution.run_in_pool(Call("sql", lambda: 1), got.append)
    assert stage.execution.run_in_pool(Call("sql", lambda: 2, 1.0), got.append)
    assert not stage.execution.run_in_pool(Call("sql", lambda: 3), got.append)
    pool.held[0].run()
    assert got == []
    stage.advance(1)
    assert got == [1, TIMED_OUT]
    assert stage.counted == {"pool_full": 1, "pool_late": 1}


@pytest.mark.parametrize(
    ("operation", "refusal"),
    [
        (Sleep(1), None),
        (Event("key", 1), TIMED_OUT),
        (Call("sql", lambda: 1), POOL_FULL),
        (Parallel((RunRoute("a", context()), RunRoute("b", context()))), [False, False]),
    ],
)
def test_more_routes_that_wait_than_allowed(operation: Operation, refusal: Any) -> None:
    script = Script(Stage(max_suspended=1))
    first = script.answers(Sleep(5))
    assert script.answers(operation) == [refusal]
    assert script.stage.counted == {"too_many_suspended": 1}
    script.stage.advance(5)
    assert first == [None]
    assert script.answers(Sleep(1)) == []
    assert script.stage.counted == {"too_many_suspended": 1}


# Several at once


def test_parallel_callbacks_wait_together_and_all_are_waited_for() -> None:
    order: list[str] = []

    def slow(ctx: RouteContext) -> Generator[Waiting, Any, None]:
        order.append("slow begins")
        yield ask(Sleep(3))
        order.append("slow ends")

    def quick(ctx: RouteContext, name: str) -> Generator[Waiting, Any, None]:
        yield ask(Sleep(1))
        order.append(name)

    def broken(ctx: RouteContext) -> None:
        raise ValueError("oops")

    script = Script(slow=slow, quick=quick, broken=broken)
    ctx = script.ctx
    routes = (
        RunRoute("slow", ctx),
        RunRoute("quick", ctx, ("q",)),
        RunRoute("broken", ctx),
        RunRoute("none", ctx),
    )
    got = script.answers(Parallel(routes))
    script.stage.advance()
    script.stage.advance(1)
    assert (order, got) == (["slow begins", "q"], [])
    script.stage.advance(2)
    assert got == [[True, True, False, False]]
    assert order[-1] == "slow ends"


def test_nothing_in_parallel() -> None:
    script = Script()
    got = script.answers(Parallel(()))
    script.stage.advance()
    assert got == [[]]


# Where Lua cannot yield


class Blocking:
    """A callback in which one suspending function is carried out on this thread."""

    def __init__(self, stage: Stage, waiting: Waiting, **functions: Callable[..., Any]) -> None:
        self.answer: Any = None

        def route(ctx: RouteContext) -> None:
            self.answer = stage.execution.block(waiting, next(waiting))

        self.script = Script(stage, route=route, **functions)

    def run(self) -> Any:
        self.script.run("route")
        assert self.script.ended == [True], self.script.stage.failures
        return self.answer


def several(*operations: Operation) -> Waiting:
    """A suspending function with several operations; returns their results."""
    results = []
    for operation in operations:
        results.append((yield operation))
    return results


def test_blocking_operations() -> None:
    def waits(ctx: RouteContext) -> Generator[Waiting, Any, None]:
        seen.append((yield ask(Sleep(0))))
        seen.append((yield ask(Call("sql", lambda: "inner"))))

    def broken(ctx: RouteContext) -> None:
        raise ValueError("oops")

    seen: list[Any] = []
    stage, ctx = Stage(), context()
    stage.wakeups.grant("key", "granted")
    waiting = several(
        Sleep(0),
        Call("sql", lambda: "result"),
        Event("key", 5),
        RunRoute("waits", ctx),
        RunRoute("broken", ctx),
        RunCode("chunk", "x", ctx),
        Parallel((RunRoute("waits", ctx), RunRoute("missing", ctx))),
    )
    answer = Blocking(stage, waiting, waits=waits, broken=broken, code_x=lambda ctx: None).run()
    assert answer == [None, "result", "granted", True, False, True, [True, False]]
    assert seen == [None, "inner"] * 2
    assert stage.failures == ["broken: oops", "missing: there is no function missing"]


def test_a_blocking_call_on_a_full_pool() -> None:
    assert Blocking(Stage(HeldPool(room=0)), ask(Call("sql", lambda: 1))).run() is POOL_FULL


@pytest.mark.parametrize("operation", [Event("key", 0.01), Call("sql", lambda: 1, 0.01)])
def test_a_blocking_wait_ends_at_its_deadline_though_no_timer_runs(operation: Operation) -> None:
    """The timer thread may be the one that is blocked."""
    stage = Stage(HeldPool())
    assert Blocking(stage, ask(operation)).run() is TIMED_OUT
    assert stage.counted == ({"pool_late": 1} if isinstance(operation, Call) else {})
    assert len(stage.wakeups) == 0


def test_a_blocking_wait_ended_by_another_thread() -> None:
    stage = Stage()
    waiting = ask(Event("key", 10))

    def notify() -> None:
        while not stage.wakeups.notify("key", 5):
            pass

    other = threading.Thread(target=notify)
    other.start()
    assert Blocking(stage, waiting).run() == 5
    other.join(5)


def test_what_a_blocking_function_raises_is_raised_here() -> None:
    def fails() -> Waiting:
        yield Sleep(0)
        raise MisuseError("no such table")

    waiting = fails()
    with pytest.raises(MisuseError, match="no such table"):
        Stage().execution.block(waiting, next(waiting))


def test_callbacks_that_block_in_each_other_without_end_are_refused() -> None:
    stage, depth = Stage(), [0]

    def route(ctx: RouteContext) -> None:
        depth[0] += 1
        waiting = ask(RunRoute("route", ctx))
        stage.execution.block(waiting, next(waiting))

    script = Script(stage, route=route)
    for _ in range(2):
        script.run("route")
    assert depth == [2 * (DEEPEST_BLOCKING + 1)]
    assert (script.ended, stage.counted) == ([True, True], {"too_deep": 2})


def test_no_callback_runs_where_there_is_no_runtime() -> None:
    waiting = ask(RunRoute("route", context()))
    assert Stage().execution.block(waiting, next(waiting)) is False


# From outside


@pytest.mark.parametrize(
    ("operation", "given"),
    [(Sleep(100), None), (Event("key", 100), TIMED_OUT), (Call("sql", lambda: 1), TIMED_OUT)],
)
def test_a_wait_ended_from_outside_goes_on_as_if_its_time_were_over(operation: Operation, given: Any) -> None:
    script = Script(Stage(HeldPool()))
    got = script.answers(operation)
    (task,) = script.stage.execution.suspended
    assert script.stage.execution.give_up(task)
    assert not script.stage.execution.give_up(task)
    script.stage.timers.run_due()
    assert (got, script.ended) == ([given], ["flow ended"])
    assert script.stage.execution.suspended == []


def test_a_dropped_task_ends_where_it_waits() -> None:
    script = Script()
    closed: list[str] = []

    def flow() -> Waiting:
        try:
            yield Event("key", 100)
        finally:
            closed.append("closed")

    script.start(flow())
    (task,) = script.stage.execution.suspended
    assert task.number == 1
    assert script.stage.execution.give_up(task, drop=True)
    script.stage.timers.run_due()
    assert (closed, script.ended) == (["closed"], [False])
    assert script.stage.execution.suspended == []
    assert len(script.stage.wakeups) == 0


def a_route_that_waits_twice(ctx: RouteContext) -> Waiting:
    yield ask(Sleep(1.0))
    yield ask(Sleep(1.0))


def a_route_that_fails_late(ctx: RouteContext) -> Waiting:
    yield ask(Sleep(1.0))
    raise ValueError("too late")


def a_route_that_calls(ctx: RouteContext) -> Waiting:
    yield ask(RunRoute("waits", ctx))


@pytest.mark.parametrize(
    ("route", "waits", "ended_well"),
    [
        (lambda ctx: None, 0, True),
        (lambda ctx: 1 / 0, 0, False),
        (a_route_that_waits_twice, 2, True),
        (a_route_that_fails_late, 1, False),
        (a_route_that_calls, 2, True),
    ],
)
def test_the_owner_of_a_route_is_told_once_how_it_ended(
    route: Callable[..., Any], waits: int, ended_well: bool
) -> None:
    script, owner = Script(route=route, waits=a_route_that_waits_twice), Owner()
    script.stage.execution.run(as_runtime(script.runtime), "route", script.ctx, owner)
    for _ in range(waits):
        assert owner.told == []
        script.stage.advance(1.0)
    assert owner.told == [ended_well]
    assert len(script.stage.failures) == (not ended_well)
    assert script.stage.execution.suspended == []
    assert script.ctx.runs == 0


def test_a_route_with_a_fault_of_ours_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    script, owner = Script(), Owner()
    script.runtime.start = lambda *_: 1 / 0  # type: ignore[method-assign, assignment]
    script.stage.execution.run(as_runtime(script.runtime), "route", script.ctx, owner)
    assert owner.told == [False]
    assert "a flow failed" in caplog.text
