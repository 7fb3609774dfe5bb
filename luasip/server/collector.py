"""Python's cyclic garbage collector, set for a server that makes and forgets many objects.

What a message and its transaction need is freed by reference counting: nothing on the usual way makes a cycle, and
transactions break theirs when they end. So the collector need not look often, and must not look at everything: with
50,000 live transactions one full pass would stop the receivers for a large part of a second.
"""

import gc
from typing import Final

YOUNG: Final = 20_000
"""Objects made and not freed again before the youngest are looked at (about a millisecond)."""
MIDDLE: Final = 5
"""Such passes before those they left over are looked at, with the same bound in mind."""
ALL: Final = 1000
"""Passes of the second kind before everything is looked at."""


def settle() -> None:
    """To be called once the server has started: what it consists of is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, ALL)
