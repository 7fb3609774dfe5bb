"""Too much to do: what begins something new is refused, so that what has begun can end (RFC 6357).

There is too much when messages wait too long for their turn, or when more transactions or suspended routes are held
than allowed. Responses and requests within a dialog always pass: each of them brings work already done nearer to its
end. Refusing costs too, so only so many refusals a second are sent; what comes beyond them is dropped unread, and is
sent again by who wants it.

What a new request costs is mostly still to come when it is taken: its responses, its ACK, its BYE. If all were taken
until messages are late, and then none, those would be late together and be sent again. So the share of new requests
that is taken falls as the wait grows, by the square of what is left of it, and both settle well below what is late. Who
asks for little goes before those who ask for much (`light_sources`).

What is new need not wait in the way of what has begun: a transport asks `gives_way` and lets it wait aside.

Pure: times are arguments; knows neither sockets nor transactions.
"""

import math
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
_NEVER_NEW: Final = frozenset(("ACK", "CANCEL", "BYE", "PRACK"))
_NEVER_NEW_STARTS: Final = ("SIP/2.0 ", "ACK ", "BYE ", "CANCEL ", "PRACK ")
_LINE_FEED: Final = ord("\n")
_T: Final = ord("t")
_A: Final = ord("a")
_G: Final = ord("g")


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
        self._late_since = 0.0  # 0.0 while new requests come in time
        self._late_at = 0.0  # when one last did not
        self._room = 0  # messages that surely do not fill the tables
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
            self._late = limits.late or math.inf
            self._room = 0
            self._most_suspended = most_suspended
            self._refusals = Allowance(limits.refusals)
            self._probes = Allowance(limits.probes)

    def judge(self, data: bytes, age: float, now: float, host: str, gave_way: bool = False) -> int:
        """PASS, REFUSE (503) or DROP a message from an IP literal that has waited `age` seconds.

        `gave_way`: whether it did already, by `gives_way`, so that this need not be asked again.
        Only what is new tells whether there is too much: other messages need not wait for their turn (`gives_way`).
        """
        full = self._is_full()
        if not full and self._is_calm(age, now):
            return PASS
        if data.startswith(b"CANCEL ") if gave_way else not is_new(data):
            return PASS
        share = -1.0 if full else self._share(age, now)
        if share >= 1.0:
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

    def _is_full(self) -> bool:
        """Whether there is no room for anything new. Asked of the tables only when messages may have filled them."""
        if self._room > 0:
            self._room -= 1
            return False
        room = self._most_suspended - self._suspended()
        most = self.limits.transactions
        if most > 0:
            room = min(room, most - self._transactions())
        self._room = room // 2
        return room <= 0

    def _is_calm(self, age: float, now: float) -> bool:
        """Whether a message is in time and none was late lately."""
        return age <= self._late and not self._late_since and now - self._over_at > EASES_AFTER

    def _share(self, age: float, now: float) -> float:
        """Of new requests, the share that is taken: 1.0 when all is well."""
        late = self._late
        if not self._is_overload(age, now):
            return 1.0
        if age >= late:
            return 0.0
        share = (late - age) / (late - late * EARLY)
        return share if share >= 1.0 else share * share

    def _is_overload(self, age: float, now: float) -> bool:
        """Whether new requests have been late for long enough, now or lately: a short jam, as by a reload, is none."""
        if age <= self._late:
            self._late_since = 0.0
            if now - self._over_at > EASES_AFTER:
                return False
            if age > self._late * LASTING:
                self._over_at = now
            return True
        if not self._late_since or now - self._late_at > EASES_AFTER:
            self._late_since = now
        self._late_at = now
        lasted = now - self._late_since
        if lasted < self.limits.patience and now - self._over_at > RELAPSE_WITHIN:
            return False
        self._over_at = now
        return True


def gives_way(data: bytes) -> bool:
    """Whether a message waits for its turn while others go first; a CANCEL does not overtake its INVITE."""
    return is_new(data) or data.startswith(b"CANCEL ")


def is_new(data: bytes) -> bool:
    """Whether a message begins something: a request without a tag in To that no transaction needs to end."""
    text = data.decode("latin-1")  # compiled, that is searched for less than bytes are
    if not text.startswith("INV"):
        if text.startswith(_NEVER_NEW_STARTS):
            return False
        method = text[:32].lstrip("\r\n").partition(" ")[0]
        if method in _NEVER_NEW or method.upper().startswith("SIP/"):
            return False
    return not _has_to_tag(data, text)


def _has_to_tag(data: bytes, text: str) -> bool:
    start = text.find("\nTo:")
    # Where it is spelt as usual, its one line says it; not one in a body.
    if start >= 0 and not _may_name_a_tag(data, start + 4) and text.find("\r\n\r\n", 0, start) < 0:
        return False
    return _TO_TAG.search(data) is not None


def _may_name_a_tag(data: bytes, at: int) -> bool:
    """Whether there is the word tag in what is left of a line."""
    end = len(data) - 2
    while at < end:
        code = data[at]
        if code == _LINE_FEED:
            return False
        # In lower case; what is no letter may become one, and is then looked at once more than needed.
        if code | 32 == _T and data[at + 1] | 32 == _A and data[at + 2] | 32 == _G:
            return True
        at += 1
    return False


def is_probe(data: bytes) -> bool:
    """Whether it is an OPTIONS for the server itself, as monitors send."""
    return data.startswith(b"OPTIONS ") and b"@" not in data.partition(b"\r\n")[0]
