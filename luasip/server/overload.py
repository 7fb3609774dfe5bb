"""Too much to do: what begins something new is refused, so that what has begun can end (RFC 6357).

There is too much when messages wait too long for their turn, or when more transactions or suspended routes are held
than allowed. Responses and requests within a dialog always pass: each of them brings work already done nearer to its
end. Refusing costs too, so only so many refusals a second are sent; what comes beyond them is dropped unread, and is
sent again by who wants it.

What a new request costs is mostly still to come when it is taken: its responses, its ACK, its BYE. If all were taken
until messages are late, and then none, those would be late together and be sent again. So the share of new requests
that is taken falls as the wait grows, by the square of what is left of it, and both settle well below what is late. Who
asks for little goes before those who ask for much (`light_sources`).

Pure: times are arguments; knows neither sockets nor transactions.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from luasip.lock import new_lock
from luasip.server.light_sources import LightSources

PASS: Final = 0
REFUSE: Final = 1
DROP: Final = 2
"""What becomes of a message."""

RELAPSE_WITHIN: Final = 5.0
"""Seconds after an overload in which the next one needs no patience."""

EARLY: Final = 0.2
"""Share of `late` that messages wait when the first new requests are turned away."""
LASTING: Final = 0.5
"""Share of `late` above which an overload goes on."""
EASES_AFTER: Final = 2.0
"""Seconds after which an overload that no longer goes on is over: only what is late is turned away then."""

_TO_TAG: Final = re.compile(rb"\n(?:to|t)[ \t]*:[^\n]*;[ \t]*tag[ \t]*=", re.IGNORECASE)
_NEVER_NEW: Final = frozenset((b"ACK", b"CANCEL", b"BYE", b"PRACK"))


@dataclass(frozen=True, slots=True)
class OverloadLimits:
    """When it is too much. Seconds, counts, and events a second."""

    late: float = 0.25
    patience: float = 0.5
    transactions: int = 50_000
    refusals: int = 100
    probes: int = 10


class Allowance:
    """So many events a second, a second's worth at once. Not for two threads at one time."""

    __slots__ = ("_at", "_left", "_most")

    def __init__(self, a_second: int) -> None:
        self._most = float(a_second)
        self._left = self._most
        self._at = 0.0

    def take(self, now: float) -> bool:
        """Whether one more is allowed."""
        self._left = min(self._most, self._left + (now - self._at) * self._most)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class Overload:
    """Looks at every message before it is read. Any thread."""

    def __init__(
        self,
        limits: OverloadLimits,
        transactions: Callable[[], int],
        suspended: Callable[[], int],
        most_suspended: int,
        tell: Callable[[str], object],
    ) -> None:
        """`transactions` and `suspended` say how many there are now; `tell` is called when an overload begins."""
        self.refused = 0
        self.dropped = 0
        self._transactions = transactions
        self._suspended = suspended
        self._tell = tell
        self._late_since = 0.0  # 0.0 while messages come in time
        self._over_at = -RELAPSE_WITHIN  # when messages were last late for too long
        self._shed_at = -RELAPSE_WITHIN  # when something was last refused or dropped
        self._credit = 0.0  # of new requests: shares that have not made a whole one yet
        self._light = LightSources()
        self._lock = new_lock()
        self.use(limits, most_suspended)

    def use(self, limits: OverloadLimits, most_suspended: int) -> None:
        """Judge by other limits."""
        with self._lock:
            self.limits = limits
            self._most_suspended = most_suspended
            self._refusals = Allowance(limits.refusals)
            self._probes = Allowance(limits.probes)

    def judge(self, data: bytes, age: float, now: float, host: str) -> int:
        """PASS, REFUSE (503) or DROP a message from an IP literal that has waited `age` seconds."""
        share = self._share(age, now)
        if share >= 1.0 or not is_new(data):
            return PASS
        with self._lock:
            if is_probe(data) and self._probes.take(now):
                return PASS
            if self._takes(share, host, now):
                self._light.taken()
                return PASS
            begins = now - self._shed_at > RELAPSE_WITHIN
            self._shed_at = now
            verdict = self._shed(now)
        if begins:
            held = f"{self._transactions()} transactions, {self._suspended()} suspended routes"
            self._tell(f"overload: messages wait {age:.2f} s, {held}; what begins something new is refused")
        return verdict

    def _takes(self, share: float, host: str, now: float) -> bool:
        if share < 0.0:
            return False
        if self._light.takes(host, now):
            return True
        self._credit += share
        if self._credit < 1.0:
            return False
        self._credit -= 1.0
        return True

    def _shed(self, now: float) -> int:
        if self._refusals.take(now):
            self.refused += 1
            return REFUSE
        self.dropped += 1
        return DROP

    def _share(self, age: float, now: float) -> float:
        """Of new requests, the share that is taken: 1.0 when all is well, -1.0 when there is no room for any."""
        if self._is_full():
            return -1.0
        late = self.limits.late
        if not late or not self._is_overload(age, late, now):
            return 1.0
        if age >= late:
            return 0.0
        share = (late - age) / (late - late * EARLY)
        return share if share >= 1.0 else share * share

    def _is_full(self) -> bool:
        if self._suspended() >= self._most_suspended:
            return True
        most = self.limits.transactions
        return most > 0 and self._transactions() >= most

    def _is_overload(self, age: float, late: float, now: float) -> bool:
        """Whether messages have been late for long enough, now or lately: a short jam, as by a reload, is none."""
        if age <= late:
            if self._late_since:
                self._late_since = 0.0
            if now - self._over_at > EASES_AFTER:
                return False
            if age > late * LASTING:
                self._over_at = now
            return True
        since = self._late_since
        if not since:
            since = self._late_since = now
        if now - since < self.limits.patience and now - self._over_at > RELAPSE_WITHIN:
            return False
        self._over_at = now
        return True


def is_new(data: bytes) -> bool:
    """Whether a message begins something: a request without a tag in To that no transaction needs to end."""
    method = data[:32].lstrip(b"\r\n").partition(b" ")[0]
    if method in _NEVER_NEW or method.upper().startswith(b"SIP/"):
        return False
    return _TO_TAG.search(data) is None


def is_probe(data: bytes) -> bool:
    """Whether it is an OPTIONS for the server itself, as monitors send."""
    return data.startswith(b"OPTIONS ") and b"@" not in data.partition(b"\r\n")[0]
