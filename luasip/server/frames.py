"""What tasks consist of: Lua callbacks and flows, and the place a worker has for its Lua runtime.

It knows how a callback begins and where, and nothing of when or on which thread (execution.py).
"""

from abc import abstractmethod
from collections.abc import Generator
from typing import Any

from luasip.kemi.context import RouteContext
from luasip.kemi.operation import Operation, RunCode, RunRoute
from luasip.script.plain_data import FunctionName
from luasip.script.runtime import Runtime
from luasip.script.steps import State, Step, Steps

Flow = Generator[Operation | None, Any, Any]
"""A generator of Operations. It may end with `yield None` too: what says that a generator has ended is an exception,
which costs more than all the rest of a short flow."""


class Event:
    """Something that has come, and is dealt with at once where nothing must wait: mostly it need not be a flow."""

    __slots__ = ()

    @abstractmethod
    def begin(self) -> Flow | None:
        """Deal with it; the flow that is left, if any."""


class RuntimeSlot:
    """The place of one worker's Lua runtime; a reload puts another one there."""

    __slots__ = ("runtime",)

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime


def place_of(name: str, runtime: Runtime) -> Runtime:
    """The runtime a function belongs to, when it is called in `runtime`."""
    state: State = runtime  # its attributes are not looked up by name
    if state.steps.is_apart and not isinstance(name, FunctionName):
        return runtime.script
    return runtime  # a function that was an argument lives where it was made, names are those of the script


class LuaFrame:
    """A Lua callback on a task's stack."""

    __slots__ = ("arguments", "code", "context", "coroutine", "generator", "name", "runtime", "steps")

    def __init__(self, name: str, context: RouteContext, arguments: tuple[str, ...] = ()) -> None:
        self.name = name
        self.context = context
        self.arguments = arguments
        self.code: RunCode | None = None
        """What runs in place of the function `name`."""
        self.runtime: Runtime | None = None
        """Where it runs, once it has its place."""
        self.steps: Steps
        """Its steps there."""
        self.coroutine = 0
        self.generator: Flow | None = None
        """The suspending function the coroutine waits in."""

    def place(self, runtime: Runtime) -> Runtime:
        """The runtime it belongs to, when it is called in `runtime`."""
        is_apart = self.code is not None and self.code.apart
        found = self.runtime = runtime.apart if is_apart else place_of(self.name, runtime)
        state: State = found
        self.steps = state.steps
        return found

    def start(self) -> Step:
        """Run until it ends, fails or suspends. It has its place, and the lock there is held."""
        self.context.runs += 1
        if self.code is None:
            return self.steps.start(self.name, self.context, self.arguments)
        return self.steps.start_code(self.code.code, self.context, is_file=self.code.is_file)


def frame_of(operation: RunRoute | RunCode) -> LuaFrame:
    """The callback that an operation asks for."""
    if isinstance(operation, RunRoute):
        return LuaFrame(operation.name, operation.context, operation.arguments)
    frame = LuaFrame(operation.name, operation.context)
    frame.code = operation
    return frame
