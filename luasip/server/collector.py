"""Python's cyclic garbage collector, set for a server that makes and forgets many objects.

What a message and its transaction need is freed by reference counting: nothing on the usual way makes a cycle, and
transactions break theirs when they end. So the collector need not look often, and must not look at everything: with
50,000 live transactions one full pass would stop the receivers for a large part of a second. It looks at everything
while there is little.

When it looks at what is new is a matter of time here, not of number. Left to itself it counts objects made less objects
freed, old ones too: in steady traffic that hardly moves, so that what several seconds made is looked at in one pass.
"""

import gc
import sys
import sysconfig
import time
from collections.abc import Mapping
from typing import Final

LOOKED_EVERY: Final = 0.1
"""Seconds between two passes over what was made meanwhile: some milliseconds at most, as each object costs one or two
microseconds."""
YOUNG: Final = 5_000
"""Objects made and not freed again before a pass comes earlier than that, as when a flood arrives."""
MIDDLE: Final = 0
"""Such early passes, less one, before those they left over are looked at: no pass looks at more than twice as many."""
ALL: Final = 1_000_000
"""Passes of the second kind before everything is looked at, which takes long: after a day, not in a busy hour."""

TIDIED_EVERY: Final = 60.0
"""Seconds between two looks whether everything may be looked at."""
FEW: Final = 15_000
"""Objects since the start that are looked at in twenty milliseconds."""

HAS_GENERATIONS: Final = not sysconfig.get_config_var("Py_GIL_DISABLED")
"""A Python without the global lock looks at everything each time, and paces itself."""


def settle() -> "Tidying":
    """To be called once the server has started: what it consists of is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, ALL)
    return Tidying()


def look_at_what_is_new() -> None:
    """Free the cycles made since the last time. To be called every `LOOKED_EVERY` seconds."""
    if HAS_GENERATIONS:
        gc.collect(1)


class Tidying:
    """Looks at everything while there is little of it, as in a quiet hour.

    What dies in a cycle is not always ours: connections of the control interfaces, a Lua state in which a thread died.
    """

    def __init__(self) -> None:
        self._blocks = sys.getallocatedblocks()

    def tidy(self) -> None:
        """Free what only a full pass frees, if that is a matter of milliseconds."""
        # Blocks are counted at once; objects only by listing them, which takes some milliseconds with so many.
        if sys.getallocatedblocks() - self._blocks <= 10 * FEW and len(gc.get_objects(2)) <= FEW:
            gc.collect()


class Pauses:
    """How long passes have stopped the process: a pass holds Python's global lock from beginning to end.

    Times are seconds.
    """

    def __init__(self) -> None:
        self.passes = 0
        self.longest = 0.0
        self.total = 0.0
        self._began = 0.0

    def watch(self) -> None:
        """Count the passes from now on."""
        gc.callbacks.append(self._on_pass)

    def end(self) -> None:
        """Count no more."""
        gc.callbacks.remove(self._on_pass)

    def _on_pass(self, phase: str, _: Mapping[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
            return
        self.passes += 1
        lasted = time.perf_counter() - self._began
        self.total += lasted
        self.longest = max(self.longest, lasted)
