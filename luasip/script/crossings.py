"""The short way between Python and a Lua state, where it was built (crossing.c); else lupa alone carries all.

What stands here knows lupa's state and no routes.
"""

import contextlib
import importlib
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from luasip.script.bridge import Adapter

if TYPE_CHECKING:
    from luasip.script.crossing import LuaFunction

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
        self._wrap, self._reach, *for_lua = opened()
        names = ("quicken", "at_once", "set_endings", "resume", "set_guard", "set_start")
        self.for_lua: dict[str, Any] = dict(zip(names, for_lua, strict=True))
        """Functions of Lua for our files there: `quicken` gives what does a shim's work while its arguments are as they
        should be, `at_once` what does it without Python while there is a message, and `set_endings` tells it how calls
        end. `resume` stands in for coroutine.resume; under it limits cost nothing until a call lasts, and `set_guard`
        tells it the function that looks at them. Calls by reached() are limited so. `set_start` tells it of which
        functions start() consists."""

    def reached(self, name: str, function: Any) -> "LuaFunction":
        """Function `name` of runner.lua as `(context, route, method, level, *values)`; it gives one or two values.

        Functions of modules that Lua calls meanwhile get this context, and are refused unless they are for this route.
        Where it starts a callback by its name Lua's own function is not needed.
        """
        reached: LuaFunction = self._module.take(self._reach(function, name == "start"), self._lua)
        return reached

    def wrapping(self, bind: Callable[[int], Adapter]) -> Any:
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
