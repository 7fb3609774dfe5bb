"""luasip.server.durations: histograms."""

from luasip.server import durations
from luasip.server.durations import MOST_NAMES, OTHER, Durations, NamedDurations


def test_counts_grow_from_bound_to_bound() -> None:
    found = Durations((0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 7.0):
        found.observe(seconds)
    counts, total = found.read()
    assert counts == [2, 3, 4]
    assert (round(total, 3), found.longest) == (7.65, 7.0)


def test_names_beyond_the_limit_share_one() -> None:
    named = NamedDurations(durations.CALLBACK_BOUNDS)
    for number in range(MOST_NAMES + 3):
        named.observe(f"route_{number}", 0.001)
    named.observe("route_0", 0.001)
    found = {name: one.read()[0][-1] for name, one in named.all().items()}
    assert len(found) == MOST_NAMES + 1
    assert (found["route_0"], found[OTHER]) == (2, 3)
