"""Counters by "group:name", as Kamailio's statistics: what happened how often since the start."""

from collections.abc import Callable

from luasip.lock import new_lock


class Statistics:
    """All counters of a server. Unknown names begin at 0; gauges and what others count are asked when read."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._values: dict[str, int] = {}
        self._gauges: dict[str, Callable[[], int]] = {}
        self._counts: list[Callable[[], dict[str, int]]] = []

    def add(self, name: str, amount: int = 1) -> None:
        """Add to a counter."""
        with self._lock:
            self._values[name] = self._values.get(name, 0) + amount

    def gauge(self, name: str, read: Callable[[], int]) -> None:
        """Define a value that is computed when asked for."""
        with self._lock:
            self._gauges[name] = read

    def counted_elsewhere(self, read: Callable[[], dict[str, int]]) -> None:
        """Include what another object counts since the start, by full names; `add` still changes what is read here."""
        with self._lock:
            self._counts.append(read)

    def get(self, name: str) -> int | None:
        """A value by "group:name", or by the name in any group."""
        values = self.all()
        if name in values:
            return values[name]
        return next((value for key, value in values.items() if key.partition(":")[2] == name), None)

    def all(self) -> dict[str, int]:
        """Every value by its full name."""
        with self._lock:
            values = dict(self._values)
            gauges, counts = list(self._gauges.items()), list(self._counts)
        for read_all in counts:
            for name, value in read_all().items():
                values[name] = values.get(name, 0) + value
        values.update((name, read()) for name, read in gauges)
        return values
