"""A Lua state for chunks of code that block: the libraries of the route script, without KSR and luasip.

A chunk runs from its beginning to its end on one thread and gives plain values. The state knows no messages and no
server.
"""

import dataclasses
import logging
import time
from collections.abc import Sequence
from typing import Any

from luasip.errors import ScriptError
from luasip.kemi.declare import Module
from luasip.kemi.operation import Operation
from luasip.script import plain_data
from luasip.script.runtime import Runtime, ScriptOptions


class Interrupted(ScriptError):
    """A chunk passed its time (`late`) or the memory; what it was doing in the state is half done."""

    late = False


class ChunkRuntime(Runtime):
    """The state of one thread. One thread at a time may use it."""

    crosses = False

    def __init__(self, options: ScriptOptions, log: logging.Logger, version: int) -> None:
        limited = dataclasses.replace(options, time_limit=1.0)  # any: each chunk brings its own end
        super().__init__(limited, (), block=_cannot_block, log=log, version=version, clock=time.monotonic)

    def _install(self, modules: Sequence[Module], shims: Any, support: Any) -> None:
        null = self._lua.eval('require("cjson").null')
        decode, encode = self._own_file("plain_data.lua")(None, null)
        self._evaluate = self._own_file("chunk.lua")(
            support["complete"], support["raise"], support["load_text"], decode, encode
        )

    def evaluate(self, code: str, arguments: Sequence[Any], ends_at: float) -> list[Any]:
        """The results of a chunk.

        Args:
            code: wire text; the arguments are `...` in it.
            arguments: plain values.
            ends_at: monotonic instant at which it is interrupted, if it is in Lua code then.

        Raises ScriptError; Interrupted when the state should not be used again.
        """
        self._current.overrun_at = ends_at
        try:
            outcome = self._evaluate(code, plain_data.encode_values(arguments))
        except Exception as error:  # the Lua bridge: after any failure of lupa itself the state is not used again
            raise Interrupted(f"{type(error).__name__} {error}") from error
        finally:
            self.steps.restore_memory_limit()
        if outcome[0] is True:
            results: list[Any] = plain_data.decode(outcome[1])
            return results
        _, message, traceback, overran = outcome
        failure = self._describe(message, traceback)
        if not overran:
            raise failure
        interrupted = Interrupted(failure.message, failure.traceback)
        interrupted.late = overran and time.monotonic() > ends_at
        raise interrupted


def _cannot_block(generator: Any, operation: Operation) -> Any:
    raise AssertionError("a chunk has no function that suspends")
