"""crossing.c, which the compiled build has: the short way between Python and a Lua state that lupa made."""

from collections.abc import Callable
from typing import Any

class LuaFunction:
    """A function of Lua that takes and gives None, bool, int, float and str."""

    def __call__(self, *arguments: Any) -> Any: ...

def use(path: str) -> None:
    """Take Lua's functions from this library. Raises ImportError where one is missing."""

def give(callable: Callable[..., Any], /) -> int:
    """The number with which Lua's wrap() makes a function of `callable`; for one use."""

def take(number: int, runtime: object, /) -> LuaFunction:
    """The function for which Lua's reach() gave this number; for one use. It keeps `runtime`, lupa's."""
