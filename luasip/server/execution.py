"""Running routes: tasks, what they wait for, and how they go on.

A task is one flow of work over a message: a stack of frames. A frame is a Python generator that yields Operations,
or a Lua callback in a coroutine, whose suspending functions are such generators again. A task runs on whichever
thread has its next step, the receiver first and the timer thread after a wait, and never on two at once: handing it
over is the last thing a step does.

What the steps send is kept in order and sent when the task waits or ends, with no Lua lock held.
"""

import logging
import threading
import time
from collections.abc import Callable, Generator, Mapping
from functools import partial
from typing import Any, Final

from luasip.errors import MisuseError, ScriptError
from luasip.kemi.context import RouteContext
from luasip.kemi.operation import (
    POOL_FULL,
    TIMED_OUT,
    Call,
    Event,
    GoOn,
    Operation,
    Parallel,
    RunCode,
    RunRoute,
    Sleep,
    lasts,
)
from luasip.lock import new_lock
from luasip.script.runtime import Runtime
from luasip.script.steps import DONE, SUSPENDED, State, Step
from luasip.server.durations import CALLBACK_BOUNDS, NamedDurations
from luasip.server.frames import Flow, LuaFrame, frame_of, place_of
from luasip.server.pool import Job, Pool
from luasip.server.refusals import given_up, refusal
from luasip.server.sending import send_all
from luasip.server.task import RouteEnded, RouteOwner, Task
from luasip.server.timers import Timers
from luasip.server.waiting import Wait
from luasip.server.wakeup import WakeUps
from luasip.server.working import Work, work

log = logging.getLogger("luasip.script")

_perf_counter: Final = time.perf_counter

DEEPEST: Final = 100
"""Callbacks and flows in each other, as by KSR.app_lua.run; one more is refused."""
DEEPEST_BLOCKING: Final = 20
"""The same for callbacks that run where Lua cannot yield: they take the stack of the thread."""

_DROPPED: Final = object()
"""Given to a task that is to end where it waits."""

STUCK_AFTER: Final = 1.0
"""Seconds past its deadline after which a call that still runs is written off."""


class Execution:
    """Starts tasks, parks them while they wait, resumes them on the timer thread."""

    def __init__(
        self, timers: Timers, pools: Mapping[str, Pool], wakeups: WakeUps, max_suspended: int = 10_000
    ) -> None:
        self.timers = timers
        self.max_suspended = max_suspended
        self.pools = pools
        self.wakeups = wakeups
        self.before_suspension: Callable[[RouteContext, bool], None] = lambda context, lasts: None
        """Told before a route is suspended, and whether for long: the transaction layer makes it stateful."""
        self.on_failure: Callable[[LuaFrame, ScriptError], None] = lambda frame, error: None
        """Told of every callback that ended with an error; it logs and counts."""
        self.outcomes: dict[str, int] = dict.fromkeys(
            ("pool_full", "pool_late", "pool_stuck", "too_many_suspended", "too_deep"), 0
        )
        self.callbacks = NamedDurations(CALLBACK_BOUNDS)
        """How long Lua runs at a time, from one wait of a callback to the next."""
        self._suspended: dict[int, Task] = {}
        self._last_number = 0
        self._suspended_lock = new_lock()

    @property
    def suspended(self) -> list[Task]:
        """The tasks that are waiting now."""
        with self._suspended_lock:
            return list(self._suspended.values())

    def suspended_count(self) -> int:
        """How many tasks are waiting now."""
        return len(self._suspended)

    def send(self, output: Callable[[], None]) -> None:
        """Do `output` when the task of this thread waits or ends, or now when there is none."""
        outputs = work().outputs
        if outputs is None:
            output()
        else:
            outputs.append(output)

    @property
    def runtime(self) -> Runtime | None:
        """The runtime of the task that runs on this thread."""
        runtime: Runtime | None = work().runtime
        return runtime

    def run(self, runtime: Runtime, name: str, context: RouteContext, owner: RouteOwner) -> None:
        """Run a Lua function on this thread until it waits or ends. Mostly it ends, and needs no task."""
        now = work()
        outer, outer_runtime = now.outputs, now.runtime
        outputs: list[Callable[[], None]] = []
        now.outputs, now.runtime = outputs, runtime
        operation: Operation | None = None
        ended_well: Any = None
        task: Task | None = None
        try:
            frame, operation, ended_well = self._begin_lua(name, context, now, runtime, False)
            if frame is not None and operation is not None:
                task = Task(self, runtime, frame, RouteEnded(owner, context))
                operation, ended_well = self._run(task, None, now, operation)
        except BaseException:  # the worker loop: a fault of ours, also an exit, costs this route, not the thread
            log.exception("a flow failed")
            operation = None
        finally:
            now.outputs, now.runtime = outer, outer_runtime
        send_all(outputs)
        if task is None or operation is None:
            owner.ended(context, bool(ended_well))
        else:
            self._park(task, operation)

    def start(
        self, runtime: Runtime | None, frame: LuaFrame | Flow, on_end: Callable[[Any], None] | None = None
    ) -> None:
        """Run a new task on this thread until it waits or ends."""
        task = Task(self, runtime, frame, on_end)
        if self._advance(task, None) and on_end is not None:
            on_end(task.result)

    def begin(self, runtime: Runtime | None, frame: LuaFrame | Flow, on_late_end: Callable[[Any], None]) -> bool:
        """As start, but only an end after a wait is told; True when it has ended without one."""
        return self._advance(Task(self, runtime, frame, on_late_end), None)

    def _advance(self, task: Task, value: Any) -> bool:
        """Run a task until it waits or ends; whether it has ended, which is the caller's to tell."""
        now = work()
        outer, outer_runtime = now.outputs, now.runtime
        outputs: list[Callable[[], None]] = []
        now.outputs, now.runtime = outputs, task.runtime
        try:
            operation, task.result = self._run(task, value, now, None)
        finally:
            now.outputs, now.runtime = outer, outer_runtime
        send_all(outputs)
        if operation is None:
            return True
        self._park(task, operation)
        return False

    def _run(self, task: Task, value: Any, now: Work, operation: Operation | None) -> tuple[Operation | None, Any]:
        """Run the frames until one must wait, (operation, None), or none is left, (None, last result).

        operation: what the innermost one has asked for already.
        """
        stack = task.stack
        while stack:
            if operation is None:
                frame = stack[-1]
                try:
                    if isinstance(frame, LuaFrame):
                        assert task.runtime is not None
                        operation, value = self._step_lua(task.runtime, frame, value, now)
                    else:
                        operation, value = frame.send(value), None
                except StopIteration as stop:
                    operation, value = None, stop.value
                except BaseException:  # the worker loop: a fault of ours, also an exit, costs this flow only
                    log.exception("a flow failed")
                    stack.clear()
                    return None, None
            if isinstance(operation, GoOn):
                stack.append(operation.frame)
                operation, value = operation.operation, None
            if operation is None:
                stack.pop()
            elif isinstance(operation, (RunRoute, RunCode)):
                value = None
                if len(stack) < DEEPEST:
                    stack.append(frame_of(operation))
                else:
                    self._count("too_deep", f"{operation.name} refused: {DEEPEST} callbacks run in each other")
                    value = False
                operation = None
            elif len(self._suspended) < self.max_suspended:
                return operation, None
            else:
                self._count(
                    "too_many_suspended", f"{self.max_suspended} routes wait already: a wait was refused"
                )
                value, operation = refusal(operation), None
        return None, value

    def _step_lua(self, outer: Runtime, frame: LuaFrame, value: Any, now: Work) -> tuple[Operation | None, Any]:
        """Take a callback one step on: (operation it waits for, None) or (None, whether it ended well)."""
        runtime = frame.runtime or frame.place(outer)
        steps = frame.steps
        context = frame.context
        now.bind(context.message, frame.name, context.transaction)
        now.runtime = runtime
        has_begun, ok, answer = frame.generator is not None, True, None
        if has_begun:
            operation, ok, answer = self._step_generator(frame, value)
            if operation is not None:
                return operation, None
            frame.generator = None
        inside = now.inside
        with steps.lock:
            began = _perf_counter()
            step = steps.resume(frame.coroutine, context, ok, answer) if has_begun else frame.start()
            self.callbacks.observe(frame.name, _perf_counter() - began - (now.inside - inside))
        return self._after(frame, step)

    def call(self, name: str, context: RouteContext) -> GoOn | None:
        """Run a Lua function at once, inside the task of this thread; for what else would yield a RunRoute.

        None when it has ended, well or not. Else it waits: what is given is to be yielded, with a RunRoute's result.
        """
        now = work()
        message, callback, transaction, outer = now.message, now.callback, now.transaction, now.runtime
        assert outer is not None
        try:
            frame, operation, _ = self._begin_lua(name, context, now, outer, True)
        finally:
            now.runtime = outer
            now.bind(message, callback, transaction)
        return None if frame is None or operation is None else GoOn(frame, operation)

    def _begin_lua(
        self, name: str, context: RouteContext, now: Work, outer: Runtime, is_inside: bool
    ) -> tuple[LuaFrame | None, Operation | None, bool]:
        """Start a Lua function: (its frame, what it waits for, …), or nothing to wait for and whether it ended well.

        Mostly it ends, and needs no frame. is_inside: it runs inside a step of another one.
        """
        runtime = place_of(name, outer)
        state: State = runtime
        steps = state.steps
        now.bind(context.message, name, context.transaction)
        now.runtime = runtime
        inside = now.inside
        context.runs += 1
        with steps.lock:
            began = _perf_counter()
            step = steps.start(name, context)
            spent = _perf_counter() - began
            self.callbacks.observe(name, spent - (now.inside - inside))
            if is_inside:
                now.inside = inside + spent
        if step.state == DONE:
            self._leave(context)
            return None, None, True
        frame = LuaFrame(name, context)
        frame.runtime, frame.steps = runtime, steps
        operation, _ = self._after(frame, step)
        return frame, operation, False

    def _step_generator(self, frame: LuaFrame, value: Any) -> tuple[Operation | None, bool, Any]:
        """Take the function a callback waits in one step on: (what it waits for next, …) or (None, ok, its answer)."""
        assert frame.generator is not None
        try:
            return frame.generator.send(value), True, None
        except StopIteration as stop:
            return None, True, stop.value
        except MisuseError as error:
            return None, False, str(error)
        except Exception as error:  # the Lua bridge: a module's fault becomes the script's error
            log.exception("%s: a KSR function failed after waiting", frame.name)
            return None, False, f"internal error: {error!r}"

    def _after(self, frame: LuaFrame, step: Step) -> tuple[Operation | None, Any]:
        if step.state == SUSPENDED:
            frame.coroutine = step.coroutine
            frame.generator = step.generator
            return step.operation, None
        self._leave(frame.context)
        if step.state == DONE:
            return None, True
        assert step.error is not None
        self.on_failure(frame, step.error)
        return None, False

    def _leave(self, context: RouteContext) -> None:
        """A callback is over, however it ended."""
        context.runs -= 1
        if context.at_end and not context.runs:
            actions, context.at_end = context.at_end, None
            for action in actions:
                action()

    def _park(self, task: Task, operation: Operation) -> None:
        """Arrange that the task goes on when `operation` is done. Nothing may touch the task after this."""
        frame = task.innermost
        if frame is not None:
            self.before_suspension(frame.context, lasts(operation))
        task.waiting_for = operation
        task.started_at = self.timers.clock()
        wait = task.wait = Wait(task, self._suspended_lock)
        with self._suspended_lock:
            self._suspended[id(task)] = task
            if not task.number:
                self._last_number += 1
                task.number = self._last_number
        if isinstance(operation, Parallel):
            runtime = frame.runtime if frame is not None else task.runtime
            assert runtime is not None
            self._begin_parallel(runtime, operation, wait)
        else:
            self._begin(operation, wait)

    def _begin(self, operation: Operation, wait: Wait) -> None:
        """Start what the operation stands for, with its deadline."""
        if isinstance(operation, Sleep):
            self.timers.after(operation.seconds, wait)
        elif isinstance(operation, Event):
            key, woken = operation.key, wait.take
            wait.on_taken = partial(self.wakeups.remove, key, woken)
            self.wakeups.add(key, woken)
            wait.late = TIMED_OUT
            wait.limit(self.timers.after(operation.timeout, wait))
        elif isinstance(operation, Call) and not self._submit(operation, wait):
            wait.take(POOL_FULL)

    def _begin_parallel(self, runtime: Runtime, operation: Parallel, wait: Wait) -> None:
        """Start every function as a task of its own; the last one to end resumes the waiting task."""
        results = [False] * len(operation.routes)
        running = set(range(len(results)))
        if not results:
            wait.take(results)

        def run(index: int, route: RunRoute) -> None:
            def ended(result: Any) -> None:
                results[index] = bool(result)
                with self._suspended_lock:
                    running.discard(index)
                    last = not running
                if last:
                    wait.take(results)

            self.start(runtime, frame_of(route), ended)

        for index, route in enumerate(operation.routes):
            self.timers.soon(partial(run, index, route))

    def run_in_pool(self, operation: Call, done: Callable[[Any], None]) -> bool:
        """Carry out a call nobody waits for; `done` gets its result on the timer thread. False when it is refused."""

        def resume(value: Any) -> None:
            self.timers.soon(lambda: done(value))

        return self._submit(operation, Wait(resume, self._suspended_lock))

    def _submit(self, operation: Call, wait: Wait) -> bool:
        """Hand a call to its pool and limit its time; False when the pool is full."""
        pool = self.pools[operation.pool]
        limit = self._limit_of(operation)
        job = Job(operation.function, wait.take)

        def late() -> None:
            if wait.take(TIMED_OUT):
                self._count("pool_late", f"a call on pool {pool.name} took longer than {limit:g} s")
                if not pool.drop(job):
                    self.timers.after(STUCK_AFTER, lambda: self._look_after(pool, job, limit))

        deadline = self.timers.after(limit, late)
        wait.limit(deadline)
        if pool.submit(job):
            return True
        deadline.cancel()
        self._count("pool_full", f"pool {pool.name} is full: a call was refused")
        return False

    def _look_after(self, pool: Pool, job: Job, limit: float) -> None:
        """A call was late some time ago: it must not hold its thread for ever."""
        if pool.write_off(job):
            self._count(
                "pool_stuck",
                f"a call on pool {pool.name} has not ended {STUCK_AFTER:g} s after its limit of {limit:g} s:"
                f" a fresh thread takes its place ({pool.stuck} held so)",
            )

    def _count(self, outcome: str, message: str) -> None:
        with self._suspended_lock:
            self.outcomes[outcome] += 1
        logging.getLogger("luasip.pool").warning("%s", message)

    def resume(self, task: Task, value: Any) -> None:
        """Go on with a task whose wait is over."""
        with self._suspended_lock:
            del self._suspended[id(task)]
        task.waiting_for = task.wait = None
        if value is _DROPPED:
            self._abandon(task)
        elif self._advance(task, value) and task.on_end is not None:
            task.on_end(task.result)

    def give_up(self, task: Task, *, drop: bool = False) -> bool:
        """End the wait of a task from outside: it goes on as if its time were over, or with `drop` it ends here.

        False when it does not wait any more.
        """
        wait, operation = task.wait, task.waiting_for
        return wait is not None and wait.take(_DROPPED if drop else given_up(operation))

    def _abandon(self, task: Task) -> None:
        """End a task where it waits: no Lua of it runs any more, and it counts as failed."""
        while task.stack:
            frame = task.stack.pop()
            generator = frame.generator if isinstance(frame, LuaFrame) else frame
            if generator is not None:
                generator.close()
            if isinstance(frame, LuaFrame) and frame.runtime is not None:
                with frame.steps.lock:
                    frame.runtime.abandon(frame.coroutine)
                self._leave(frame.context)
        if task.on_end is not None:
            task.on_end(False)

    def block(self, generator: Generator[Operation, Any, Any], operation: Operation) -> Any:
        """Carry out a suspending function to its end on this thread: for places where Lua cannot yield.

        Returns what the function returns; raises what it raises.
        """
        try:
            while True:
                operation = generator.send(self._perform_blocking(operation))
        except StopIteration as stop:
            return stop.value

    def _perform_blocking(self, operation: Operation) -> Any:
        if isinstance(operation, Sleep):
            time.sleep(operation.seconds)
            return None
        if isinstance(operation, RunRoute | RunCode):
            return self._run_blocking(frame_of(operation))
        if isinstance(operation, GoOn):
            return self._run_blocking(operation.frame, operation.operation)
        if isinstance(operation, Parallel):
            return [self._run_blocking(frame_of(route)) for route in operation.routes]
        done = threading.Event()
        results: list[Any] = []

        def finished(value: Any) -> None:
            results.append(value)
            done.set()

        wait = Wait(finished, self._suspended_lock)
        self._begin(operation, wait)
        # This may be the timer thread itself, which would wait for ever for a deadline of its own.
        if not done.wait(self._limit_of(operation)):
            wait.expire()
            done.wait()
        return results[0]

    def _limit_of(self, operation: Call | Event) -> float:
        """Seconds until the deadline of an operation."""
        if isinstance(operation, Event):
            return operation.timeout
        return self.pools[operation.pool].settings.deadline if operation.deadline is None else operation.deadline

    def _run_blocking(self, frame: LuaFrame, operation: Operation | None = None) -> bool:
        """Run a Lua callback to its end on this thread, one that has begun from what it waits for; returns whether it
        ended well."""
        now = work()
        outer: Runtime | None = now.runtime
        if outer is None:
            return False
        depth = now.depth
        if depth >= DEEPEST_BLOCKING:
            self._count("too_deep", f"{frame.name} refused: {depth} callbacks that block run in each other")
            return False
        now.depth = depth + 1
        now.runtime = frame.place(outer)
        steps = frame.steps
        try:
            with steps.lock:
                ended_well = None
                if operation is None:
                    operation, ended_well = self._after(frame, frame.start())
                while operation is not None:
                    ok, answer = True, None
                    while operation is not None:
                        operation, ok, answer = self._step_generator(frame, self._perform_blocking(operation))
                    step = steps.resume(frame.coroutine, frame.context, ok, answer)
                    operation, ended_well = self._after(frame, step)
            return bool(ended_well)
        finally:
            now.runtime, now.depth = outer, depth
