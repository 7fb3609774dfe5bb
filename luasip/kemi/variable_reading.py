"""Reading a pseudo-variable whose notation was parsed: what scripts do most of all, for mypyc to compile.

It knows neither notations nor names, `pseudo_variables` does.
"""

import logging
from collections.abc import Callable
from typing import Any, Final

from luasip.errors import LuaSIPError, PatternError, SipError
from luasip.kemi.route_context import RouteContext

_log: Final = logging.getLogger(__name__)


class PlainReader:
    """Reads a variable whose name in parentheses and index are fixed. Called with a context."""

    __slots__ = ("_getter", "_index", "_inner")

    def __init__(self, getter: Callable[..., Any], inner: str, index: int | str | None) -> None:
        self._getter = getter
        self._inner = inner
        self._index = index

    def __call__(self, ctx: RouteContext) -> Any:
        return self._getter(ctx, self._inner, self._index)


def read(reader: Callable[[RouteContext], Any], name: str, ctx: RouteContext) -> Any:
    """What a reader gives; None, and a log record, when the message or an expression is malformed."""
    try:
        return reader(ctx)
    except (SipError, PatternError) as error:
        complain(name, error)
        return None


def complain(name: str, error: LuaSIPError) -> None:
    """A malformed header is the peer's fault, a malformed expression the script's: the value is null."""
    _log.log(logging.DEBUG if isinstance(error, SipError) else logging.ERROR, "%s is null: %s", name, error)
