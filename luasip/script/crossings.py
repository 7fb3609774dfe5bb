"""The short way between Python and a Lua state, where it was built (crossing.c); else lupa alone carries all.

What stands here knows lupa's state and no routes.
"""

import contextlib
import importlib
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import Any, Final

FLAVOUR: Final = "lua54"
"""The Lua whose functions crossing.c knows."""

_COMPOSED: Final = """local wrap, give = ...
return function(number) return wrap(give(number)) end
"""


class Crossing:
    """The short way to one Lua state."""

    def __init__(self, module: ModuleType, lua: Any) -> None:
        self._module = module
        self._lua = lua
        opened = lua.eval("package.loadlib")(module.__file__, "luasip_crossing")
        self._wrap, self._reach, self.resume, self.set_guard = opened()
        """The last two are functions of Lua: coroutine.resume's stand-in, under which limits cost nothing until a call
        lasts, and what it is told the function with that looks at the limits. Calls by reached() are limited so."""

    def reached(self, function: Any) -> Callable[..., Any]:
        """A function of this state that Python calls with plain values, and that gives one or two of them."""
        reached: Callable[..., Any] = self._module.take(self._reach(function), self._lua)
        return reached

    def wrapping(self, bind: Callable[[int], Callable[..., Any]]) -> Any:
        """A function of Lua that gives, for a number, bind(number) as a function of Lua for plain values."""
        give = self._module.give  # what Lua holds must not hold this, which holds Lua
        return self._lua.execute(_COMPOSED, self._wrap, lambda number: give(bind(number)))


def crossing_of(lua: Any, flavour: str) -> Crossing | None:
    """The short way to this state of lupa, None where there is none."""
    module = _module() if flavour == FLAVOUR else None
    return Crossing(module, lua) if module else None


@lru_cache(maxsize=1)
def _module() -> ModuleType | None:
    with contextlib.suppress(ImportError):  # not built, or lupa does not show its Lua
        module = importlib.import_module("luasip.script.crossing")
        module.use(importlib.import_module(f"lupa.{FLAVOUR}").__file__)
        return module
    return None
