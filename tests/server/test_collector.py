"""The collector's settings are the process's: they are put back."""

import gc
import weakref

from luasip.server import collector


def test_what_is_there_is_not_looked_at_again_and_passes_are_rare() -> None:
    thresholds = gc.get_threshold()
    try:
        collector.settle()
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold()[0] == collector.YOUNG
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)


class Ring:
    """Refers to itself."""

    def __init__(self) -> None:
        self.itself = self


def old_ring() -> "weakref.ref[Ring]":
    """One that is garbage, which passes over the young leave."""
    ring = Ring()
    gc.collect(1)
    return weakref.ref(ring)


def test_little_is_looked_at_whole_and_much_is_not() -> None:
    thresholds = gc.get_threshold()
    try:
        tidying = collector.settle()
        garbage = old_ring()
        gc.collect(1)
        assert garbage() is not None
        tidying.tidy()
        assert garbage() is None
        many = [[number] for number in range(3 * collector.FEW)]
        garbage = old_ring()
        tidying.tidy()
        assert garbage() is not None
        del many
        tidying.tidy()
        assert garbage() is None
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)


def test_cycles_made_since_the_last_look_are_freed_and_what_lives_is_not_looked_at_again() -> None:
    ring = Ring()
    living = [ring]
    garbage = weakref.ref(Ring())
    assert garbage() is not None
    collector.look_at_what_is_new()
    assert (garbage() is None) == collector.HAS_GENERATIONS
    old = weakref.ref(ring)
    living.clear()
    del ring
    collector.look_at_what_is_new()
    assert old() is not None
    gc.collect()
    assert old() is None


def test_pauses_are_measured_while_they_are_watched() -> None:
    pauses = collector.Pauses()
    pauses.watch()
    gc.collect()
    pauses.end()
    assert pauses.passes == 1
    assert 0.0 < pauses.longest < 10.0
    gc.collect()
    assert pauses.passes == 1
    assert pauses._on_pass not in gc.callbacks
