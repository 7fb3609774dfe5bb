"""x: leaving the route, and calling a function by its native name."""

from collections.abc import Generator
from inspect import isgenerator
from typing import Any, Final

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Export, Module, function
from luasip.kemi.operation import Operation

NATIVE_NAMES: Final = {
    "append_branch": "corex.append_branch",
    "append_hf": "hdr.append",
    "append_to_reply": "hdr.append_to_reply",
    "insert_hf": "hdr.insert",
    "is_maxfwd_lt": "maxfwd.is_maxfwd_lt",
    "is_method": ".is_method",
    "mf_process_maxfwd_header": "maxfwd.process_maxfwd",
    "remove_hf": "textops.remove_hf",
}
"""Names native scripts use → "module.function" here, where the two differ or the name alone is not enough."""


class X(Module):
    """x: leaving the route, and calling a function by its native name."""

    name = "x"

    def __init__(self, settings: Module.Settings, services: Services) -> None:
        self.settings = settings
        self.services = services

    @function(exits=True, only_exits=True)
    def exit(self, ctx: RouteContext) -> None:
        """End the route here, from any depth."""

    @function(exits=True)
    def drop(self, ctx: RouteContext) -> None:
        """Mark the message as dropped and end the route."""
        ctx.dropped = True

    @function()
    def probe(self, ctx: RouteContext) -> None:
        """Do nothing: shows that the server's functions can be called."""

    @function(suspends=True)
    def modf(self, ctx: RouteContext, fname: str, *arguments: str) -> Generator[Operation, Any, int]:
        """Call a loaded module's function by the name native routing scripts use.

        Args:
            fname: the function's name, or module.name.
            arguments: its parameters, strings or numbers.
        Returns: what the function returns; -1 when there is no such function or the parameters do not fit it.
        """
        found = self.services.find_function(NATIVE_NAMES.get(fname, fname)) if fname else None
        if found is None:
            return -1
        export, method = found
        values = _coerce(export, arguments)
        if values is None or export.exits or not ctx.route & export.routes:
            return -1
        result = method(ctx, *values)
        if isgenerator(result):
            result = yield from result
        if isinstance(result, bool):
            return 1 if result else -1
        return result if isinstance(result, int) else 1


def _coerce(export: Export, arguments: tuple[Any, ...]) -> list[Any] | None:
    """The arguments as the function declares them, None when their number or kind does not fit."""
    required = sum(not parameter.optional for parameter in export.parameters)
    if len(arguments) < required or (len(arguments) > len(export.parameters) and not export.variadic):
        return None
    values: list[Any] = list(arguments)
    for index, parameter in enumerate(export.parameters[: len(arguments)]):
        if parameter.kind == "int":
            try:
                values[index] = int(arguments[index])
            except (TypeError, ValueError):
                return None
        elif parameter.kind == "str":
            values[index] = str(arguments[index])
    return values
