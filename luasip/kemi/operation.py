"""What a suspending function waits for.

A function declared `suspends=True` may be a generator: every Operation it yields suspends the Lua route, and the
yield's value is the Operation's result. The generator's return value is what Lua gets. A module therefore reads
sequentially, is annotated `Generator[Operation, Any, int]`, and knows nothing of coroutines, threads or pools; the
server decides how an Operation is carried out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from luasip.kemi.route_context import RouteContext
from luasip.native import mypyc_attr


@mypyc_attr(acyclic=True)
@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait `seconds`; the result is None."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """Run the blocking `function()` on the bounded pool named `pool`.

    The result is what it returned, an exception it raised (as a value, not raised), or POOL_FULL or
    TIMED_OUT. `deadline` in seconds shortens the pool's own.
    """

    pool: str
    function: Callable[[], Any]
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Wait until somebody notifies `key`, `timeout` seconds at most; the result is the value given, or TIMED_OUT."""

    key: str
    timeout: float


@dataclass(slots=True, init=False)
class RunRoute:
    """Run the Lua function `name` with the context `context`, then go on.

    The result is True when the function ran to its end (or exited), False when it failed or is not defined. Not frozen,
    because each message makes several of them and an `__init__` that is written out compiles.
    """

    name: str
    context: RouteContext
    arguments: tuple[str, ...]

    def __init__(self, name: str, context: RouteContext, arguments: tuple[str, ...] = ()) -> None:
        self.name = name
        self.context = context
        self.arguments = arguments


@dataclass(frozen=True, slots=True)
class GoOn:
    """Go on with a Lua function that has begun and waits for `operation`: what luasip.server gives in place of a
    RunRoute. `frame` is the server's record of it. The result is that of the RunRoute."""

    frame: Any
    operation: Any


@dataclass(frozen=True, slots=True)
class RunCode:
    """Run Lua code with the context `context`, then go on.

    The result is True when it ran to its end, False when it could not be read, failed, or ended by KSR.x.exit().
    `name` stands for it in the log. With `apart` it runs in a second Lua state beside the script's, which has KSR but
    nothing of the script.
    """

    name: str
    code: str
    context: RouteContext
    is_file: bool = False
    """`code` is the path of a file."""
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Parallel:
    """Run several Lua functions at once and wait for all; the result lists for each whether it ended well."""

    routes: tuple[RunRoute, ...]


class _Outcome:
    """A named outcome that is no value a function could return."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


TIMED_OUT: Final = _Outcome("TIMED_OUT")
"""The Operation's deadline passed."""

POOL_FULL: Final = _Outcome("POOL_FULL")
"""The pool and its queue are full; nothing was started."""

@mypyc_attr(acyclic=True)
class Once:
    """A suspending function that waits for one operation and gives None: a generator would take six times the memory,
    and routes wait by the thousand."""

    __slots__ = ("_operation",)

    def __init__(self, operation: Sleep) -> None:
        self._operation: Sleep | None = operation

    def __iter__(self) -> "Once":
        return self

    def __next__(self) -> Sleep:
        return self.send(None)

    def send(self, value: object) -> Sleep:
        """The operation the first time; then it is over."""
        operation, self._operation = self._operation, None
        if operation is None:
            raise StopIteration
        return operation

    def close(self) -> None:
        """It is not gone on with."""
        self._operation = None


Operation = Sleep | Call | Event | RunRoute | GoOn | RunCode | Parallel

LONG: Final = 1.0
"""Seconds from which on a wait is worth letting go of what can be read again."""


def lasts(operation: Operation) -> bool:
    """Whether a wait is likely to be a long one: calls on pools mostly end in milliseconds."""
    if isinstance(operation, Sleep):
        return operation.seconds >= LONG
    return isinstance(operation, Event) and operation.timeout >= LONG
