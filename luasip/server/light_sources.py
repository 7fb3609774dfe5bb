"""With too much to do: addresses that ask for little are served before those that ask for much.

Else one flooder would have nearly all of what is taken, and a phone beside it next to nothing. Up to half of the new
requests that are taken go to addresses with few of them in a second, whatever the others send. Where everybody asks
for little, as when all phones come back at one time, that changes nothing.

Pure: times are arguments. Not for two threads at one time.
"""

from typing import Final

from luasip.server.source_rates import network64

FEW: Final = 3
"""New requests of an address in a second that are little: one, and what is repeated of it."""
LEAST: Final = 10
"""New requests a second that are kept for them at least."""
ADDRESSES: Final = 4096
"""Addresses told apart in a second; what comes from others then is not little."""


class LightSources:
    """Counts the new requests of an overload, second by second."""

    __slots__ = ("_counts", "_ends_at", "_left", "_taken")

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._ends_at = 0.0
        self._left = 0
        self._taken = 0

    def takes(self, host: str, now: float) -> bool:
        """Whether a new request of an address is to be taken for asking for little."""
        if now >= self._ends_at:
            self._begin(now)
        key = network64(host) if ":" in host else host
        count = self._counts.get(key, 0)
        if count >= FEW or (not count and len(self._counts) >= ADDRESSES):
            return False
        self._counts[key] = count + 1
        if not self._left:
            return False
        self._left -= 1
        return True

    def taken(self) -> None:
        """A new request was taken, for whichever reason."""
        self._taken += 1

    def _begin(self, now: float) -> None:
        """A new second: half of what was taken in the last one is kept."""
        self._left = max(LEAST, self._taken // 2) if now < self._ends_at + 1.0 else LEAST
        self._taken = 0
        self._counts.clear()
        self._ends_at = now + 1.0
