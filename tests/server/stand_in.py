"""A stand-in for luasip.script.runtime.Runtime: Python functions in place of Lua ones.

A "Lua" function is `f(ctx, *arguments)`; written as a generator it yields the generators of the suspending KSR
functions it calls, and is sent what they return. An exception in it is a Lua error.
"""

import itertools
from collections.abc import Callable, Generator
from typing import Any, cast

from luasip.errors import ScriptError
from luasip.kemi.context import RouteContext
from luasip.kemi.operation import Operation
from luasip.lock import new_reentrant_lock
from luasip.script.runtime import Runtime
from luasip.script.steps import DONE, FAILED, SUSPENDED, Step
from luasip.server.execution import Execution
from luasip.server.frames import RuntimeSlot
from luasip.server.pool import ImmediatePool, Pool, PoolSettings
from luasip.server.timers import Timers
from luasip.server.wakeup import WakeUps

Waiting = Generator[Operation, Any, Any]


class FakeRuntime:
    """See the module's docstring."""

    def __init__(self, **functions: Callable[..., Any]) -> None:
        self.lock = new_reentrant_lock()
        self.is_apart = False
        self.script_variables: dict[str, str | int] = {}
        self.defined = functions
        self.functions = frozenset(functions)
        self.resumed: list[tuple[bool, Any]] = []
        """(ok, value) of every resume."""
        self._coroutines: dict[int, Generator[Waiting, Any, None]] = {}
        self._numbers = itertools.count(1)
        self._apart: FakeRuntime | None = None
        self.is_apart = False

    @property
    def steps(self) -> "FakeRuntime":
        return self

    @property
    def script(self) -> "FakeRuntime":
        return self

    @property
    def apart(self) -> "FakeRuntime":
        if self._apart is None:
            self._apart = FakeRuntime(**self.defined)
            self._apart.is_apart = True
        return self._apart

    def start(self, name: str, ctx: RouteContext, arguments: tuple[str, ...] = ()) -> Step:
        if name not in self.defined:
            return Step(FAILED, error=ScriptError(f"there is no function {name}"))
        try:
            coroutine = self.defined[name](ctx, *arguments)
        except Exception as error:  # noqa: BLE001 - whatever it raises is a Lua error
            return Step(FAILED, error=ScriptError(str(error)))
        if not isinstance(coroutine, Generator):
            return Step(DONE)
        return self._go_on(next(self._numbers), coroutine, True, None)

    def start_code(self, code: str, ctx: RouteContext, *, is_file: bool = False) -> Step:
        return self.start(f"{'file' if is_file else 'code'}_{code}", ctx)

    def resume(self, coroutine: int, ctx: RouteContext, ok: bool, value: Any) -> Step:
        self.resumed.append((ok, value))
        return self._go_on(coroutine, self._coroutines.pop(coroutine), ok, value)

    def _go_on(self, number: int, coroutine: Generator[Waiting, Any, None], ok: bool, value: Any) -> Step:
        try:
            while True:
                waiting = coroutine.send(value) if ok else coroutine.throw(ScriptError(str(value)))
                try:
                    operation = next(waiting)
                except StopIteration as stop:  # it returned without waiting
                    ok, value = True, stop.value
                    continue
                self._coroutines[number] = coroutine
                return Step(SUSPENDED, number, waiting, operation)
        except StopIteration:
            return Step(DONE)
        except Exception as error:  # noqa: BLE001 - whatever it raises is a Lua error
            return Step(FAILED, error=ScriptError(str(error)))


def as_runtime(fake: FakeRuntime) -> Runtime:
    """The stand-in as the type that is asked for."""
    return cast(Runtime, fake)


def slot_of(fake: FakeRuntime) -> RuntimeSlot:
    """A slot with the stand-in."""
    return RuntimeSlot(as_runtime(fake))


class Stage:
    """An execution in virtual time, or with threads when `pool` has some."""

    def __init__(self, pool: Pool | None = None, max_suspended: int = 100) -> None:
        self.now = 0.0
        self.timers = Timers(lambda: self.now)
        self.wakeups = WakeUps()
        pool = pool or ImmediatePool("sql", PoolSettings(1, 1))
        self.execution = Execution(self.timers, {"sql": pool}, self.wakeups, max_suspended)
        self.failures: list[str] = []
        self.execution.on_failure = lambda frame, error: self.failures.append(f"{frame.name}: {error}")

    def advance(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.timers.run_due()

    @property
    def counted(self) -> dict[str, int]:
        """The outcomes that happened."""
        return {name: count for name, count in self.execution.outcomes.items() if count}
