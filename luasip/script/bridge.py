"""Python methods of modules as functions Lua can call safely.

Each exported function gets one adapter. An adapter takes coerced arguments (see shims.py), never raises, and
never calls Lua; it answers `value`, or `(value, code)` with one of the codes below or an error message. It
knows no lupa.
"""

import logging
import traceback
from collections.abc import Callable, Generator
from types import GeneratorType, MethodType
from typing import Any, Final

from luasip.errors import MisuseError
from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Export, Module, Route
from luasip.kemi.operation import Operation
from luasip.script import plain_data

SUSPENDED: Final = 1
"""The generator and its first Operation are in Current."""
TABLE: Final = 2
"""The value is plain data in text form."""
VALUES: Final = 3
"""The value is several results in text form."""
LARGE: Final = 4
"""The value is a number of bytes: Lua makes room and fetches what is in Current.held."""
LOADING: Final = 5
"""There is no message: the script is being loaded."""

Block = Callable[[Generator[Operation, Any, Any], Operation], Any]
Method = Callable[..., Any]
Answer = Any
"""What an adapter gives Lua: a scalar, or (value, code)."""
Finish = Callable[[Any], Answer]


class Current:
    """What is going on in one Lua state right now."""

    __slots__ = (
        "block",
        "ctx",
        "explicit",
        "generator",
        "held",
        "large",
        "log",
        "name",
        "operation",
        "overrun_at",
        "python_error",
        "route",
    )

    def __init__(self, block: Block, log: logging.Logger, *, explicit: bool, large: int) -> None:
        self.block = block
        self.log = log
        self.explicit = explicit
        self.large = large
        """Text of more bytes than this is handed over only when Lua has room for it; 0: no limit."""
        self.ctx: RouteContext | None = None
        self.route = 0
        """int(ctx.route), 0 while no callback runs."""
        self.overrun_at = 0.0
        """Thread CPU time at which the step has run too long; 0.0 until the guard looked first."""
        self.generator: Generator[Operation, Any, Any] | None = None
        self.operation: Operation | None = None
        self.name = ""
        """The function that made them, "KSR.cfgutils.sleep"."""
        self.held: Answer = None
        self.python_error: tuple[str, str] | None = None
        """Message and traceback of the last Python exception."""

    def failed(self, name: str, error: Exception) -> tuple[None, str]:
        """The answer for an exception of function `name`; all but MisuseError are logged with traceback."""
        if isinstance(error, MisuseError):
            text = str(error)
            message = text if text.startswith(name) else f"{name}: {text}"
        else:
            message = f"{name}: internal error: {type(error).__name__}: {error}"
            trace = "".join(traceback.format_exception(error))
            self.log.error("%s\n%s", message, trace)
            self.python_error = (message, trace)
        return None, plain_data.wire_text(message)

    def refused(self, export: Export, name: str) -> tuple[str | None, int | str]:
        """The answer for a call from the wrong kind of route, or from none."""
        if self.ctx is None:
            return name, LOADING
        kind = Route(self.route)
        allowed = ", ".join(_route_name(route) for route in Route if route in export.routes)
        return None, f"{name}: not allowed in a {_route_name(kind)} route (allowed: {allowed})"

    def plain(self, value: Any) -> Answer:
        """Any result as an answer. Raises TypeError for what has no place in Lua."""
        if value is None or value is True or value is False or type(value) is float:
            return value
        if isinstance(value, int):
            inside = -plain_data.INTEGER_LIMIT <= value < plain_data.INTEGER_LIMIT
            return int(value) if inside else float(value)
        if isinstance(value, str):
            return self._sized(plain_data.wire_text(value), None)
        if isinstance(value, bytes):
            return self._sized(value.decode("latin-1"), None)
        if isinstance(value, tuple):
            return self._sized(plain_data.encode_values(value), VALUES)
        return self._sized(plain_data.encode(value), TABLE)

    def _sized(self, text: str, code: int | None) -> Answer:
        answer = text if code is None else (text, code)
        if self.large and len(text) > self.large:
            self.held = answer
            return len(text), LARGE
        return answer

    def fetch(self) -> Answer:
        """What was too large to be given without asking."""
        answer, self.held = self.held, None
        return answer

    def blocked(self) -> Answer:
        """Carry out the pending suspension on this thread."""
        generator, operation = self.generator, self.operation
        assert generator is not None
        assert operation is not None
        self.generator = self.operation = None
        return self.answer(self.name, self.plain, self.block, (generator, operation))

    def answer(self, name: str, finish: Finish | None, method: Method, arguments: tuple[Any, ...]) -> Answer:
        """What function `name` answers when `method` does its work and `finish`, if any, makes an answer of it."""
        try:
            result = method(*arguments)
            return result if finish is None else finish(result)
        except Exception as error:  # noqa: BLE001 - the Lua bridge: whatever fails becomes an error of the script
            return self.failed(name, error)


def _route_name(route: Route) -> str:
    return (route.name or str(int(route))).lower()


def full_name(module: Module | type[Module], function: str) -> str:
    """"KSR.tm.t_relay", or "KSR.info" for the module named ""."""
    return ".".join(part for part in (module.namespace, module.name, function) if part)


class Adapter:
    """The function Lua calls for an export; its parameters are those of the shim (shims.py).

    Where there is crossing.c it reads the attributes once and does itself what `__call__` does.

    Attributes:
        method: `(ctx, …)`.
        routes: the kinds of route it may be called in, bits of kemi.declare.Route.
        finish: makes an answer of a result that Lua may not be able to take as it is; None: Lua can.
        large: text of more bytes than this is for `finish` too, whatever it consists of.
    """

    __slots__ = ("_current", "_export", "_name", "finish", "large", "method", "routes")

    def __init__(self, current: Current, export: Export, name: str, method: Method, finish: Finish | None) -> None:
        self._current = current
        self._export = export
        self._name = name
        self.method = method
        self.finish = finish
        self.routes = int(export.routes)
        self.large = current.large or 1 << 62

    def __call__(self, *arguments: Any) -> Answer:
        current = self._current
        if not current.route & self.routes:
            return self.refused()
        return current.answer(self._name, self.finish, self.method, (current.ctx, *arguments))

    def refused(self) -> Answer:
        """The answer to a call from the wrong kind of route."""
        return self._current.refused(self._export, self._name)

    def failed(self, error: Exception) -> Answer:
        """The answer when the method or `finish` raised this."""
        return self._current.failed(self._name, error)


def adapter(current: Current, module: Module, export: Export) -> Adapter:
    """The function Lua calls for `export` of `module`."""
    method: Method = getattr(module, export.attribute)
    if export.body is not None:
        method = MethodType(export.body, module)
    if any(parameter.optional for parameter in export.parameters):
        method = _defaulting(method)
    if takes_any(export):
        method = _unpacking(method)
    name = full_name(module, export.name)
    finish: Finish | None = None
    if export.suspends:
        finish = _beginning(current, export, name)
    elif export.result == "xval":
        finish = current.plain
    return Adapter(current, export, name, method, finish)


def takes_any(export: Export) -> bool:
    """Whether arguments come as (encoded: bool, …) because one of them may be a table."""
    return export.variadic or any(parameter.kind == "any" for parameter in export.parameters)


def _unpacking(method: Method) -> Method:
    def unpack(ctx: RouteContext, encoded: bool, *arguments: Any) -> Any:
        return method(ctx, *(plain_data.decode(arguments[0]) if encoded else arguments))

    return unpack


def _defaulting(method: Method) -> Method:
    """Absent optional parameters arrive as None at the end: leave them out."""

    def leave_out(ctx: RouteContext, *arguments: Any) -> Any:
        count = len(arguments)
        while count and arguments[count - 1] is None:
            count -= 1
        return method(ctx, *arguments[:count])

    return leave_out


def _beginning(current: Current, export: Export, name: str) -> Finish:
    """For functions that may answer with a generator of Operations, which is begun here."""
    blocks = current.explicit and not name.startswith("luasip.")
    always = export.body is not None  # a compiled generator, which is none of Python's

    def begin(result: Any) -> Answer:
        if isinstance(result, int) or (not always and type(result) is not GeneratorType):
            return current.plain(result)
        try:
            operation = next(result)
        except StopIteration as stop:
            return current.plain(stop.value)
        if blocks:
            return current.plain(current.block(result, operation))
        current.generator, current.operation, current.name = result, operation, name
        return None, SUSPENDED

    return begin
