"""The steps of callbacks in one Lua state: start, resume, and how each ended.

Every message passes here, so the file is one that mypyc compiles; building and loading the state stands in
runtime.py. One thread at a time may use a state.
"""

import logging
import traceback
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Final

from luasip.errors import ScriptError
from luasip.kemi.current import method_of
from luasip.kemi.operation import Operation
from luasip.kemi.route_context import RouteContext
from luasip.lock import ReentrantLock
from luasip.native import mypyc_attr
from luasip.script import plain_data
from luasip.script.bridge import Current
from luasip.script.plain_data import FunctionName

DONE: Final = 0
FAILED: Final = 1
SUSPENDED: Final = 2

_CROWDED: Final = "memory limit of the script reached: its globals fill the memory, reload the script"


class Step:
    """How a start or resume ended: `state` is DONE, FAILED (see `error`) or SUSPENDED.

    A suspended step has a `coroutine` number for resume, the `generator` to drive, and its `operation`.
    """

    __slots__ = ("coroutine", "error", "generator", "operation", "state")

    def __init__(
        self,
        state: int,
        coroutine: int = 0,
        generator: Generator[Operation, Any, Any] | None = None,
        operation: Operation | None = None,
        error: ScriptError | None = None,
    ) -> None:
        self.state = state
        self.coroutine = coroutine
        self.generator = generator
        self.operation = operation
        self.error = error


_DONE_STEP: Final = Step(DONE)


def levels_of(log: logging.Logger) -> list[dict[str, Any]]:
    """What log.getEffectiveLevel() looks at: the attributes of this logger and of those above it, nearest first."""
    names = log.name.split(".")
    for count in range(1, len(names)):
        logging.getLogger(".".join(names[:count]))  # now, as no logger may come between these later
    found: list[dict[str, Any]] = []
    logger: logging.Logger | None = log
    while logger is not None:
        found.append(vars(logger))
        logger = logger.parent
    return found


def level_among(levels: list[dict[str, Any]]) -> int:
    """What log.getEffectiveLevel() says, without a call into Python, by levels_of(log)."""
    for attributes in levels:
        level: int = attributes["level"]
        if level:
            return level
    return logging.NOTSET


class Steps:
    """Runs callbacks in a Lua state."""

    __slots__ = (
        "_current", "_describe", "_levels", "_lua", "_memory_limit", "_memory_used", "_path", "_resume", "_runner",
        "_soft_limit", "_start", "is_apart", "lock",
    )  # fmt: skip

    def __init__(
        self,
        lua: Any,
        memory_used: Callable[[], int],
        runner: dict[str, Any],
        current: Current,
        path: Path,
        memory_limit: int,
        soft_limit: int,
        log: logging.Logger,
        describe: Callable[[str, str], ScriptError],
        lock: ReentrantLock,
    ) -> None:
        """`runner` are the functions of runner.lua; `describe` makes an error of message and traceback.

        `memory_used` tells how many bytes Lua holds.
        """
        self._lua = lua
        self._runner = runner
        self._current = current
        self._path = path
        self._memory_limit = memory_limit
        self._soft_limit = soft_limit
        self._levels = levels_of(log)
        self._describe = describe
        self.lock = lock
        """Held by who uses the state."""
        self.is_apart = False
        """The state is the `apart` of another one."""
        self._memory_used = memory_used
        self._start: Callable[..., Any] = runner["start"]
        self._resume: Callable[..., Any] = runner["resume"]

    def start(self, name: str, ctx: RouteContext, arguments: tuple[str, ...] = ()) -> Step:
        """Run the global function `name`, or the function that was an argument, until it ends, fails or suspends."""
        step = self._step(ctx, self._start, name.number if isinstance(name, FunctionName) else name, arguments)
        if step is None:
            return Step(FAILED, error=ScriptError(f"{self._path}: there is no function {name}"))
        return step

    def start_code(self, code: str, ctx: RouteContext, *, is_file: bool = False) -> Step:
        """Run Lua text, or the file of that name, until it ends, fails or suspends; KSR.x.exit() is a failure in it."""
        step = self._step(ctx, self._runner["start_code"], code, (is_file,))
        assert step is not None
        return step

    def resume(self, coroutine: int, ctx: RouteContext, ok: bool, value: Any) -> Step:
        """Go on with a suspended route: the call returns `value`, or raises the message `value` if not `ok`.

        A coroutine that is not suspended (any more) gives a FAILED step.
        """
        try:
            answer = self._current.plain(value) if ok else (None, plain_data.wire_text(str(value)))
        except TypeError as error:
            answer = self._current.failed("the suspended call", error)
        step = self._step(ctx, self._resume, coroutine, answer if isinstance(answer, tuple) else (answer,))
        if step is None:
            return Step(FAILED, error=ScriptError(f"{self._path}: no suspended route {coroutine}"))
        return step

    def _step(
        self, ctx: RouteContext, function: Callable[..., Any], what: str | int, arguments: tuple[Any, ...]
    ) -> Step | None:
        """One run of Lua; None when there was nothing to run."""
        current = self._current
        if self._soft_limit and self._memory_used() > self._soft_limit and self._crowded():
            return Step(FAILED, error=ScriptError(f"{self._path}: {_CROWDED}"))
        outer_ctx, outer_route = current.ctx, current.route
        route = int(ctx.route)
        current.ctx, current.route, current.overrun_at = ctx, route, 0.0
        method, level = method_of(ctx.message), level_among(self._levels)
        try:
            if arguments:
                outcome = function(ctx, route, method, level, what, *arguments)
            else:
                outcome = function(ctx, route, method, level, what)
        except Exception as error:  # noqa: BLE001 - the Lua bridge: no failure of Lua may end the thread
            trace = "".join(traceback.format_exception(error))
            outcome = f"{self._path}: {type(error).__name__} {error}", trace
        finally:
            # A callback that called this one has its full time again, as if it had waited.
            current.ctx, current.route, current.overrun_at = outer_ctx, outer_route, 0.0
        if outcome is None:
            return _DONE_STEP
        if outcome is False:
            return None
        if isinstance(outcome, tuple):
            self.restore_memory_limit()
            return Step(FAILED, error=self._describe(outcome[0], outcome[1]))
        step = Step(SUSPENDED, outcome, current.generator, current.operation)
        current.generator = current.operation = None
        return step

    def restore_memory_limit(self) -> None:
        """Describing a failure may pass the limit; the failed route's data are garbage now."""
        if self._soft_limit:
            if self._memory_used() > self._soft_limit // 2:
                self._runner["collect"]()
            self._lua.set_max_memory(self._memory_limit)

    def _crowded(self) -> bool:
        """Whether the script's own data fill the memory. Lua may pass its limit while it collects."""
        self._lua.set_max_memory(0)
        try:
            crowded: bool = self._runner["crowded"]()
            return crowded
        finally:
            self._lua.set_max_memory(self._memory_limit)


@mypyc_attr(allow_interpreted_subclasses=True)
class State:
    """What messages read of a Runtime: it cannot be compiled, as it is referred to weakly, but these can."""

    steps: Steps
    """Starts and resumes callbacks."""

    def __init__(self) -> None:
        self.script_variables: dict[str, str | int] = {}
        """$var(…) of this state."""
        self.functions: frozenset[str] = frozenset()
        """Names of the global functions after loading; unlike `has` it may be asked while Lua runs."""
