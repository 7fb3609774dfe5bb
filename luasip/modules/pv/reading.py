"""Reading pseudo-variables: the bodies of the methods, for mypyc to compile. `module` is the Pv."""

from typing import Any

from luasip.kemi.route_context import RouteContext
from luasip.kemi.variable_reading import read


def get(module: Any, ctx: RouteContext, pvn: str) -> Any:
    """Value of a pseudo-variable, None when null."""
    return read(module.services.variables.reader(pvn), pvn, ctx)


def gete(module: Any, ctx: RouteContext, pvn: str) -> Any:
    """Value of a pseudo-variable, "" when null."""
    value = read(module.services.variables.reader(pvn), pvn, ctx)
    return "" if value is None else value
