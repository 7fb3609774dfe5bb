"""Small fake modules and a runtime over a script text, for the tests of luasip.script."""

import logging
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from luasip.errors import MisuseError
from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Module, Route, function
from luasip.kemi.operation import Operation, Sleep
from luasip.script.runtime import Runtime, ScriptOptions
from luasip.script.steps import DONE, FAILED, SUSPENDED, Step
from tests.bench import context

LOG = logging.getLogger("tests.script")


class Core(Module):
    """KSR itself."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.answer: Any = None

    @function()
    def info(self, ctx: RouteContext, text: str) -> None:
        """Keep a line.

        Args:
            text: the line.
        """
        self.lines.append(text)

    @function()
    def touch(self, ctx: RouteContext) -> None:
        """Nothing."""

    @function()
    def is_INVITE(self, ctx: RouteContext) -> bool:
        """True.

        Returns: true.
        """
        return True


class Proxy(Module):
    """tm, more or less."""

    name = "tm"

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    @function(Route.REQUEST | Route.FAILURE)
    def t_relay(self, ctx: RouteContext) -> int:
        """Relay.

        Returns: 1.
        """
        self.calls.append(("t_relay",))
        return 1

    @function()
    def t_reply(self, ctx: RouteContext, code: int, reason: str) -> int:
        """Reply.

        Args:
            code: status.
            reason: phrase.
        Returns: the code.
        """
        self.calls.append((code, reason))
        return code

    @function()
    def t_on_failure(self, ctx: RouteContext, name: str) -> int:
        """Arm.

        Args:
            name: function.
        Returns: 1.
        """
        return 1

    @function()
    def broken(self, ctx: RouteContext, text: str) -> int:
        """Fail.

        Args:
            text: goes into the error.
        Returns: never.
        """
        raise ValueError(text)

    @function()
    def misused(self, ctx: RouteContext) -> int:
        """Refuse.

        Returns: never.
        """
        raise MisuseError("there is no such thing")


class Ender(Module):
    """x, more or less."""

    name = "x"

    @function(exits=True, only_exits=True)
    def exit(self, ctx: RouteContext) -> None:
        """End the route."""

    @function(exits=True)
    def drop(self, ctx: RouteContext) -> None:
        """End the route and drop."""
        ctx.dropped = True

    @function()
    def modf(self, ctx: RouteContext, name: str, *rest: Any) -> int:
        """Take any number of arguments.

        Args:
            name: of the function.
            rest: its arguments.
        Returns: how many.
        """
        ctx.attributes["modf"] = (name, rest)
        return len(rest)

    @function(name="not")
    def not_(self, ctx: RouteContext) -> int:
        """A name Lua reserves.

        Returns: 5.
        """
        return 5


class Values(Module):
    """pv, more or less."""

    name = "pv"

    def __init__(self) -> None:
        self.value: Any = None
        self.seen: list[Any] = []

    @function()
    def get(self, ctx: RouteContext, name: str) -> Any:
        """Give `value`.

        Args:
            name: kept.
        Returns: the value.
        """
        self.seen.append(name)
        return self.value

    @function()
    def seti(self, ctx: RouteContext, name: str, value: int) -> bool:
        """Keep.

        Args:
            name: kept.
            value: kept.
        Returns: true.
        """
        self.seen.append((name, value))
        return True

    @function()
    def put(self, ctx: RouteContext, value: Any) -> Any:
        """Keep and give back.

        Args:
            value: anything.
        Returns: the value.
        """
        self.seen.append(value)
        return value

    @function()
    def maybe(self, ctx: RouteContext, name: str, limit: int = 7) -> int:
        """Default.

        Args:
            name: ignored.
            limit: given back.
        Returns: the limit.
        """
        return limit


class Clock(Module):
    """Suspending functions."""

    name = "clock"

    @function(suspends=True)
    def sleep(self, ctx: RouteContext, seconds: int) -> Generator[Operation, Any, int]:
        """Wait; 0 waits not at all.

        Args:
            seconds: how long.
        Returns: 1.
        """
        if seconds:
            yield Sleep(seconds)
        return 1

    @function(suspends=True)
    def ask(self, ctx: RouteContext, text: str) -> Generator[Operation, Any, Any]:
        """Wait for the answer of an operation.

        Args:
            text: ignored.
        Returns: the answer.
        """
        answer = yield Sleep(1)
        return answer


class Extra(Module):
    """In the other namespace."""

    name = "extra"
    namespace = "luasip"

    @function(suspends=True)
    def pause(self, ctx: RouteContext, seconds: int) -> Generator[Operation, Any, int]:
        """Wait.

        Args:
            seconds: how long.
        Returns: 2.
        """
        yield Sleep(seconds)
        return 2


class Unloaded(Module):
    """kx, known but not loaded."""

    name = "kx"

    @function()
    def get_ruri(self, ctx: RouteContext) -> Any:
        """Nothing.

        Returns: nil.
        """
        return None


KNOWN: list[type[Module]] = [Core, Proxy, Ender, Values, Clock, Extra, Unloaded]


class Bench:
    """A runtime over a script text, with its modules."""

    def __init__(
        self,
        folder: Path,
        script: str | bytes,
        *,
        load: bool = True,
        modules: Sequence[Module] = (),
        **options: Any,
    ) -> None:
        self.path = folder / "route.lua"
        self.path.write_bytes(script if isinstance(script, bytes) else script.encode("latin-1"))
        self.core, self.tm, self.x, self.pv = Core(), Proxy(), Ender(), Values()
        self.blocked: list[Operation] = []
        self.block_answer: Any = None
        self.runtime = Runtime(
            ScriptOptions(self.path, **options),
            [self.core, self.tm, self.x, self.pv, Clock(), Extra(), *modules],
            block=self.block,
            known_modules=KNOWN,
            log=LOG,
        )
        if load:
            self.runtime.load()

    def block(self, generator: Generator[Operation, Any, Any], operation: Operation) -> Any:
        """Answer each operation with block_answer at once."""
        try:
            while True:
                self.blocked.append(operation)
                operation = generator.send(self.block_answer)
        except StopIteration as stop:
            return stop.value

    def start(self, name: str = "ksr_request_route", argument: str | None = None, **ctx: Any) -> Step:
        """One start on a fresh context."""
        with self.runtime.lock:
            return self.runtime.steps.start(name, context(**ctx), (argument,))

    def run(self, name: str = "ksr_request_route", argument: str | None = None) -> list[str]:
        """Run to the end without suspension; the lines it logged with KSR.info."""
        self.core.lines.clear()
        step = self.start(name, argument)
        assert step.state == DONE, step.error and f"{step.error.message}\n{step.error.traceback}"
        return list(self.core.lines)

    def fail(self, name: str = "ksr_request_route") -> str:
        """Run to the failure; its message."""
        step = self.start(name)
        assert step.state == FAILED
        assert step.error is not None
        return step.error.message

    def suspend(self, name: str = "ksr_request_route") -> Step:
        """Run to the first suspension."""
        self.core.lines.clear()
        step = self.start(name)
        assert step.state == SUSPENDED, step.error
        return step

    def answer(self, step: Step, value: Any, ok: bool = True) -> Step:
        """Go on with a suspended step; `value` is what the function returns."""
        with self.runtime.lock:
            return self.runtime.steps.resume(step.coroutine, context(), ok, value)
