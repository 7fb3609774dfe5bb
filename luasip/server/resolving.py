"""Names of next hops, kept for a while: what was found and what was not."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from luasip.errors import TransportError
from luasip.transport.resolver import NextHop, resolve


@dataclass(frozen=True, slots=True)
class Remembered:
    """A name, its addresses (none: it could not be found), and for how many seconds that is believed."""

    host: str
    addresses: tuple[str, ...]
    expires_in: int


class CachingResolver:
    """luasip.transport.resolver.resolve with a bounded memory. Blocks while it asks; called in the dns pool."""

    def __init__(
        self,
        size: int,
        keep_for: float,
        keep_failure_for: float,
        clock: Callable[[], float],
        look_up: Callable[[str, int, str], list[NextHop]] = resolve,
    ) -> None:
        self._clock = clock
        self._look_up = look_up
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, int, str], tuple[float, list[NextHop]]] = OrderedDict()
        self.use(size, keep_for, keep_failure_for)

    def use(self, size: int, keep_for: float, keep_failure_for: float) -> None:
        """Keep so many answers from now on, for so many seconds; those kept are forgotten."""
        with self._lock:
            self._size = size
            self._keep_for = keep_for
            self._keep_failure_for = keep_failure_for
            self._answers.clear()

    def resolve(self, host: str, port: int, protocol: str) -> list[NextHop]:
        """Addresses of `host`, best first; [] when it is known not to exist. Raises TransportError."""
        key = (host.lower(), port, protocol)
        with self._lock:
            kept = self._answers.get(key)
        if kept is not None and kept[0] > self._clock():
            return kept[1]
        try:
            found = self._look_up(host, port, protocol)
        except TransportError:
            self._keep(key, [], self._keep_failure_for)
            raise
        self._keep(key, found, self._keep_for)
        return found

    def remembered(self) -> list[Remembered]:
        """The names that are not asked for again yet."""
        now = self._clock()
        with self._lock:
            kept = list(self._answers.items())
        return [
            Remembered(host, tuple(dict.fromkeys(hop.host for hop in hops)), int(until - now))
            for (host, _, _), (until, hops) in kept
            if until > now
        ]

    def forget(self, host: str) -> bool:
        """Forget a name; False when it is not remembered."""
        with self._lock:
            found = [key for key in self._answers if key[0] == host.lower()]
            for key in found:
                del self._answers[key]
        return bool(found)

    def clear(self) -> None:
        """Forget all names."""
        with self._lock:
            self._answers.clear()

    def _keep(self, key: tuple[str, int, str], answer: list[NextHop], seconds: float) -> None:
        if not self._size or seconds <= 0:
            return
        with self._lock:
            self._answers[key] = (self._clock() + seconds, answer)
            self._answers.move_to_end(key)
            while len(self._answers) > self._size:
                self._answers.popitem(last=False)
