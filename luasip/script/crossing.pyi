"""crossing.c, which the compiled build has: the short way between Python and a Lua state that lupa made."""

from typing import Any

from luasip.kemi.route_context import RouteContext
from luasip.script.bridge import Adapter

class LuaFunction:
    """A function of Lua that takes and gives None, bool, int, float and str, and runs in a context."""

    def __call__(
        self, context: RouteContext | None, route: int, method: str | None, level: int, *arguments: Any
    ) -> Any: ...
    def memory_used(self) -> int:
        """Bytes its Lua state holds."""

def use(path: str) -> None:
    """Take Lua's functions from this library. Raises ImportError where one is missing."""

def give(adapter: Adapter, /) -> int:
    """The number with which Lua's wrap() makes a function of `adapter`; for one use."""

def take(number: int, runtime: object, /) -> LuaFunction:
    """The function for which Lua's reach() gave this number; for one use. It keeps `runtime`, lupa's."""
