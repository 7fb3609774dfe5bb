"""How many messages one address may send: what is beyond is dropped before it is read.

A token bucket for each address, an IPv6 address counting as its /64 network, which its customer fills as he likes. What
is remembered is bounded: an address that was silent until its bucket was full again is forgotten, and with too many at
one time, which are false ones or the whole world, those that are new are not counted; `overload` protects from them.

Pure: times are arguments; knows neither sockets nor what a message is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from luasip.lock import new_lock

ADDRESSES: Final = 16_384
"""Addresses remembered: so many that sent lately, and so many that sent before."""
TOLD_AFTER: Final = 60.0
"""Seconds until an address that goes on is told of again."""
_UNLIMITED: Final = float("inf")

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """Messages a second (0: any number), how many at once, and the networks that do not count."""

    rate: int = 1000
    burst: int = 3000
    exempt: Sequence[Network] = ()


class Bucket:
    """What an address may still send."""

    __slots__ = ("at", "left", "most", "told_at")

    def __init__(self, most: float, at: float) -> None:
        self.most = most
        self.left = most
        self.at = at
        self.told_at = -TOLD_AFTER


class SourceRates:
    """Counts every message by its source. Any thread."""

    def __init__(self, limits: SourceLimits, tell: Callable[[str], object]) -> None:
        """`tell` is called when an address begins to send too much."""
        self.dropped = 0
        self._tell = tell
        self._lock = new_lock()
        self._lately: dict[str, Bucket] = {}
        self._before: dict[str, Bucket] = {}
        self._forget_at = 0.0
        self.use(limits)

    def use(self, limits: SourceLimits) -> None:
        """Count by other limits, everybody anew."""
        with self._lock:
            self._limits = limits
            self._rate = float(limits.rate)
            self._burst = float(max(limits.burst, 1))
            self._lately.clear()
            self._before.clear()

    def exceeds(self, host: str, now: float) -> bool:
        """Count a message from an IP literal in the system's spelling; whether it is one too many."""
        if not self._rate:
            return False
        key = network64(host) if ":" in host else host
        with self._lock:
            bucket = self._lately.get(key) or self._find(key, now)
            left = bucket.left + (now - bucket.at) * self._rate
            if left > bucket.most:
                left = bucket.most
            bucket.at = now
            if left >= 1.0:
                bucket.left = left - 1.0
                return False
            bucket.left = left
            self.dropped += 1
            begins = now - bucket.told_at >= TOLD_AFTER
            if begins:
                bucket.told_at = now
        if begins:
            self._tell(
                f"{host} sends more than {self._limits.rate} messages a second: what is beyond is dropped"
                " ([server.sources])"
            )
        return True

    def __len__(self) -> int:
        """Addresses remembered."""
        return len(self._lately) + len(self._before)

    def _find(self, key: str, now: float) -> Bucket:
        """The bucket of an address that has not sent lately."""
        if now >= self._forget_at:
            # Who is in neither has been silent for as long as it takes to fill a bucket.
            self._before, self._lately = self._lately, {}
            self._forget_at = now + self._burst / (self._rate or 1.0)
        bucket = self._before.pop(key, None)
        if bucket is None:
            bucket = Bucket(_UNLIMITED if self._is_exempt(key) else self._burst, now)
        if len(self._lately) < ADDRESSES:
            self._lately[key] = bucket
        return bucket

    def _is_exempt(self, key: str) -> bool:
        if not self._limits.exempt:
            return False
        try:
            network = ip_network(key)
        except ValueError:
            return False
        return any(overlap(network, exempt) for exempt in self._limits.exempt)


def overlap(one: Network, other: Network) -> bool:
    """Whether two networks have addresses in common."""
    return one.version == other.version and one.overlaps(other)


@lru_cache(maxsize=4096)
def network64(host: str) -> str:
    """The /64 network of an IPv6 literal in the system's spelling: "2001:db8::1" → "2001:db8:0:0::/64"."""
    head, gap, tail = host.partition("::")
    groups = head.split(":") if head else []
    if gap and len(groups) < 4:
        rest = tail.split(":") if tail else []
        groups += ["0"] * (8 - len(groups) - len(rest)) + rest
    return ":".join(groups[:4]) + "::/64"
