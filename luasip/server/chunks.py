"""Lua states for chunks of code that block, one a thread: what the threads of pools.lua run them in.

A state is made when its thread needs it first, again after the script was loaded anew, and again after a chunk was
interrupted in it.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from luasip.script.chunks import ChunkRuntime, Interrupted
from luasip.script.runtime import ScriptOptions

log = logging.getLogger("luasip.script")


class Chunks:
    """The states of all threads."""

    def __init__(self, options: Callable[[], ScriptOptions], version: Callable[[], int]) -> None:
        self._options = options
        self._version = version
        self._local = threading.local()

    def run(self, code: str, arguments: Sequence[Any], ends_at: float) -> list[Any]:
        """The results of a chunk, run on this thread. Raises ScriptError, TimeoutError when its time was over."""
        runtime: ChunkRuntime | None = getattr(self._local, "runtime", None)
        version = self._version()
        if runtime is None or runtime.version != version:
            runtime = self._local.runtime = ChunkRuntime(self._options(), log, version)
        try:
            return runtime.evaluate(code, arguments, ends_at)
        except Interrupted as error:
            self._local.runtime = None
            if error.late:
                log.warning("Lua code on pool lua was interrupted: %s", error.message)
                raise TimeoutError from error
            raise
