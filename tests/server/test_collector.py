"""The collector's settings are the process's: they are put back."""

import gc

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
