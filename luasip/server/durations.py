"""How long things take, as histograms: how many took at most so many seconds.

Knows no metrics library; an observation is a search in a short tuple and three additions.
"""

from typing import Final

from luasip.lock import new_lock

CALLBACK_BOUNDS: Final[tuple[float, ...]] = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005),
    *(0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)
"""Seconds a callback may take from one wait to the next."""
WAIT_BOUNDS: Final[tuple[float, ...]] = (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds a call may wait for a thread."""

MOST_NAMES: Final = 200
"""Names told apart; what comes beyond counts as "other"."""
OTHER: Final = "other"


class Durations:
    """One histogram; any thread may use it."""

    __slots__ = ("_counts", "_lock", "bounds", "longest", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        """Upper bounds in seconds, growing."""
        self.longest = 0.0
        self.total = 0.0
        self._counts = [0] * (len(bounds) + 1)
        self._lock = new_lock()

    def observe(self, seconds: float) -> None:
        """Something took this long."""
        bounds = self.bounds
        index, most = 0, len(bounds)
        while index < most and bounds[index] < seconds:  # compiled, quicker than a call that halves
            index += 1
        with self._lock:
            self._counts[index] += 1
            self.total += seconds
            if seconds > self.longest:
                self.longest = seconds

    def read(self) -> tuple[list[int], float]:
        """How many took at most as long as each bound, then how many in all; and their seconds together."""
        with self._lock:
            counts, total = list(self._counts), self.total
        for index in range(1, len(counts)):
            counts[index] += counts[index - 1]
        return counts, total


class NamedDurations:
    """A histogram for each name."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._lock = new_lock()
        self._known: dict[str, Durations] = {}

    def observe(self, name: str, seconds: float) -> None:
        """What is called `name` took this long."""
        durations = self._known.get(name)
        if durations is None:
            durations = self._make(name)
        durations.observe(seconds)

    def _make(self, name: str) -> Durations:
        with self._lock:
            name = name if name in self._known or len(self._known) < MOST_NAMES else OTHER
            return self._known.setdefault(name, Durations(self._bounds))

    def all(self) -> dict[str, Durations]:
        """Every histogram by its name."""
        with self._lock:
            return dict(self._known)
