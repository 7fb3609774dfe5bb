"""luasip.lua_runstring: Lua code that blocks, on threads of its own."""

import logging
import time
from collections.abc import Generator
from typing import Any, Final

from luasip.errors import MisuseError, ScriptError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import function
from luasip.kemi.operation import POOL_FULL, TIMED_OUT, Call, Operation

POOL: Final = "lua"

_log = logging.getLogger("luasip.script")


class BlockingLua:
    """The part of luasip for Lua code that blocks."""

    _services: Services

    @function(suspends=True)
    def lua_runstring(
        self, ctx: RouteContext, code: str, timeout: Any = None, *arguments: Any
    ) -> Generator[Operation, Any, Any]:
        """Run Lua code that may block, such as LuaSocket's, on the pool "lua"; other messages are handled meanwhile.

        `local body, err = luasip.lua_runstring([[local url = ... return require("socket.http").request(url)]], 2, url)`

        The code has Lua's libraries, cjson and what the script can require, but neither KSR nor luasip. Each thread
        of the pool has a Lua state of its own: modules stay loaded in it, globals the code sets end with it. Lua code
        is interrupted when its time is over; a library that does not come back keeps its thread, and the pool makes
        another one, as often as it has threads.

        Args:
            code: Lua code.
            timeout: seconds it may take, waiting for a thread included; nil: the deadline of the pool, which no call
                exceeds.
            arguments: strings, numbers, booleans, nil, or tables of these: `...` in the code.
        Returns: what the code returns, any number of such values; or nil and what went wrong: "pool full", "timeout",
            or the error with its place.
        """
        limit = self._limit(timeout)
        _refuse_functions(arguments)
        ends_at = time.monotonic() + limit
        answer = yield Call(POOL, lambda: self._services.script.run_chunk(code, arguments, ends_at), limit)
        if isinstance(answer, list):
            return tuple(answer)
        return None, self._failed(answer)

    def _limit(self, timeout: Any) -> float:
        longest = self._services.pool_deadline(POOL)
        if timeout is None:
            return longest
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
            raise MisuseError(f"timeout must be a number of seconds above 0, not {timeout!r}")
        return min(float(timeout), longest)

    def _failed(self, answer: Any) -> str:
        """Count a failure; gives what the script is told."""
        self._services.count("lua:failures")
        if answer is POOL_FULL:
            return "pool full"
        if answer is TIMED_OUT or isinstance(answer, TimeoutError):
            return "timeout"
        if isinstance(answer, ScriptError):
            return answer.message
        _log.error("luasip.lua_runstring: internal error: %r", answer)
        return f"internal error: {answer!r}"


def _refuse_functions(value: Any) -> None:
    """Lua functions stand for themselves in the route's Lua state only."""
    if isinstance(value, str):
        if type(value) is not str:
            raise MisuseError("a function cannot be passed to another Lua state")
    elif isinstance(value, dict):
        for item in value.values():
            _refuse_functions(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_functions(item)
