"""A task: one flow of work over a message, and who is told that it has ended.

It knows what it consists of and what it waits for, and nothing of how it runs (execution.py).
"""

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from luasip.kemi.context import RouteContext
from luasip.kemi.operation import Operation
from luasip.script.runtime import Runtime
from luasip.server.frames import Flow, LuaFrame
from luasip.server.waiting import Wait

if TYPE_CHECKING:
    from luasip.server.execution import Execution


class Task:
    """One flow of work: a stack of frames. `on_end(result)` is called once, when the stack is empty.

    It is called with what it waited for, to go on with it on the timer thread.
    """

    __slots__ = (
        "execution", "number", "on_end", "result", "runtime", "stack", "started_at", "wait", "waiting_for"
    )  # fmt: skip

    def __init__(
        self,
        execution: "Execution",
        runtime: Runtime | None,
        frame: LuaFrame | Flow,
        on_end: Callable[[Any], None] | None = None,
    ) -> None:
        self.execution = execution
        self.runtime = runtime
        self.stack: list[LuaFrame | Flow] = [frame]
        self.on_end = on_end
        self.result: Any = None
        """What its first frame returned, once it has ended."""
        self.waiting_for: Operation | None = None
        self.wait: Wait | None = None
        """What ends the wait for `waiting_for`."""
        self.started_at = 0.0
        self.number = 0
        """What it is called by from outside, once it has waited."""

    def __call__(self, value: Any) -> None:
        self.execution.timers.soon(partial(self.execution.resume, self, value))

    @property
    def innermost(self) -> LuaFrame | None:
        """The Lua callback nearest to the top of the stack."""
        for frame in reversed(self.stack):
            if isinstance(frame, LuaFrame):
                return frame
        return None


class RouteOwner:
    """Who is told how the callback of a route has ended, and does what follows."""

    @abstractmethod
    def ended(self, context: RouteContext, ended_well: bool) -> None:
        """It has ended."""


class RouteEnded:
    """Tells that a route has ended after a wait. One object costs a quarter of a method in a `partial`."""

    __slots__ = ("_context", "_owner")

    def __init__(self, owner: RouteOwner, context: RouteContext) -> None:
        self._owner = owner
        self._context = context

    def __call__(self, ended_well: Any) -> None:
        self._owner.ended(self._context, bool(ended_well))
