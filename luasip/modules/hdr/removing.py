"""Removing headers: the body of the method, for mypyc to compile."""

from typing import Any, Final

from luasip.kemi.header_edits import remove_all
from luasip.kemi.route_context import RouteContext

LONGEST_NAME: Final = 124
"""Longer header names are refused, as Kamailio does."""


def remove(module: Any, ctx: RouteContext, hname: str) -> int:
    """Remove every header of a name: 1, also when there is none; -1 when the name is empty or too long."""
    if not 0 < len(hname) <= LONGEST_NAME:
        return -1
    remove_all(ctx, hname)
    return 1
