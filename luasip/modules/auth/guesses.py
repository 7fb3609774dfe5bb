"""Wrong passwords counted and slowed down: how often somebody may be wrong before having to wait.

Three counts: one user from one address, one address, one user from everywhere. A count over its limit is locked
for a while, longer each time, and falls back by its limit in a window. While locked, credentials are not looked at, so
that the right password cannot be told from a wrong one.

An address where a user has proved to know the password is not held up by what others do elsewhere: the lock of the
user does not count there, and for the very port it came from no lock does. A guesser can therefore keep a user out
only of addresses that the user has not been at lately.

Addresses come as `origin`, a value that stands for the address a challenge was sent to; a sender who only pretends
to be somewhere never saw a challenge for that place. Times are monotonic seconds. Knows no message and no password.
"""

import enum
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from luasip.lock import new_lock

_MAX_STRIKES: Final = 32


class Verdict(enum.Enum):
    """What becomes of an attempt."""

    FREE = 0
    BUSY = 1
    """As many attempts as may still fail are being looked at; a later one may succeed."""
    LOCKED = 2


@dataclass(frozen=True, slots=True)
class GuessLimits:
    """See the settings of the same meaning in AuthSettings; a limit of 0 counts nothing."""

    pair: int
    origin: int
    user: int
    delay: float
    longest_delay: float
    window: float
    size: int


@dataclass(slots=True)
class Attempt:
    """Credentials whose password is being looked at."""

    origin: str
    host: str
    """The origin for people."""
    port: int
    user: str
    """"name@realm", as users are told apart."""
    digest: str
    """The response: the same one again is no new guess."""
    is_elsewhere: bool = False
    """It comes from another address than the one the challenge went to: nobody is known there."""
    pending: bool = False
    """Counted as being looked at."""


class Count:
    """How often somebody was wrong."""

    __slots__ = ("at", "last_digest", "level", "locked_until", "pending", "strikes")

    def __init__(self, now: float) -> None:
        self.level = 0.0
        """Wrong passwords not yet forgotten at `at`."""
        self.at = now
        self.strikes = 0
        """Locks since the level was zero."""
        self.locked_until = 0.0
        self.pending = 0
        """Attempts that are being looked at."""
        self.last_digest = ""


class Counts:
    """Counts of one kind by key, the least recently changed one forgotten first. Not for several threads."""

    def __init__(self, limit: int, limits: GuessLimits) -> None:
        self.use(limit, limits)
        self.entries: OrderedDict[str, Count] = OrderedDict()

    def use(self, limit: int, limits: GuessLimits) -> None:
        """Go by other limits."""
        self._limit = limit
        self._limits = limits

    def verdict(self, key: str, now: float) -> Verdict:
        """Whether another attempt may be looked at now."""
        count = self.entries.get(key) if self._limit else None
        if count is None:
            return Verdict.FREE
        if now < count.locked_until:
            return Verdict.LOCKED
        self._forget(count, now)
        full = count.pending and self._is_full(count.level + count.pending)
        return Verdict.BUSY if full else Verdict.FREE

    def begin(self, key: str, now: float) -> None:
        """An attempt is being looked at."""
        if self._limit:
            self._entry(key, now).pending += 1

    def end(self, key: str, now: float) -> None:
        """It has been."""
        count = self.entries.get(key)
        if count is None:
            return
        count.pending = max(count.pending - 1, 0)
        self._forget(count, now)
        if not count.pending and not count.level and now >= count.locked_until:
            del self.entries[key]

    def is_over(self, key: str, now: float) -> bool:
        """Whether the limit was reached, and the wrong passwords are not yet forgotten."""
        count = self.entries.get(key)
        if count is None:
            return False
        self._forget(count, now)
        return self._is_full(count.level)

    def fail(self, key: str, now: float, digest: str = "") -> bool:
        """One more was wrong; True when this locks."""
        if not self._limit:
            return False
        count = self._entry(key, now)
        self.entries.move_to_end(key)
        self._forget(count, now)
        count.level += 1
        count.last_digest = digest
        if not self._is_full(count.level):
            return False
        delay = self._limits.delay * 2 ** min(count.strikes, _MAX_STRIKES)
        count.strikes += 1
        count.locked_until = now + min(delay, self._limits.longest_delay)
        return True

    def _is_full(self, level: float) -> bool:
        """Whether the limit is reached but for the little that was forgotten meanwhile."""
        return level > self._limit - 0.5

    def _entry(self, key: str, now: float) -> Count:
        count = self.entries.get(key)
        if count is None:
            while len(self.entries) >= self._limits.size:
                self.entries.popitem(last=False)
            count = self.entries[key] = Count(now)
        return count

    def _forget(self, count: Count, now: float) -> None:
        count.level = max(count.level - (now - count.at) * self._limit / self._limits.window, 0.0)
        count.at = now
        if not count.level and now >= count.locked_until:
            count.strikes = 0


class Guesses:
    """The three counts and the addresses users are known at. May be called from any thread."""

    def __init__(self, limits: GuessLimits) -> None:
        self._lock = new_lock()
        self._pairs = Counts(limits.pair, limits)
        self._origins = Counts(limits.origin, limits)
        self._users = Counts(limits.user, limits)
        self._limits = limits
        self._hosts: OrderedDict[str, str] = OrderedDict()
        """Origin → address for people, of origins that were wrong."""
        self._known: OrderedDict[str, float] = OrderedDict()
        """Origin and user, and these with the port → when the password was right there last."""

    def use(self, limits: GuessLimits) -> None:
        """Count on by other limits."""
        with self._lock:
            self._limits = limits
            self._pairs.use(limits.pair, limits)
            self._origins.use(limits.origin, limits)
            self._users.use(limits.user, limits)

    def begin(self, attempt: Attempt, now: float) -> Verdict:
        """Ask for an attempt; when it is FREE, `succeed`, `fail` or `abandon` must follow."""
        pair = _pair(attempt)
        with self._lock:
            if self._is_known(attempt, _exact(attempt), now):
                return Verdict.FREE
            asked = [self._pairs.verdict(pair, now), self._origins.verdict(attempt.origin, now)]
            if not self._is_known(attempt, pair, now):
                asked.append(self._users.verdict(attempt.user, now))
            if Verdict.LOCKED in asked:
                return Verdict.LOCKED
            if Verdict.BUSY in asked:
                return Verdict.BUSY
            attempt.pending = True
            self._pairs.begin(pair, now)
            self._origins.begin(attempt.origin, now)
            self._users.begin(attempt.user, now)
            return Verdict.FREE

    def succeed(self, attempt: Attempt, now: float) -> None:
        """The password was right: the pair starts afresh, and the user is known there."""
        with self._lock:
            self._end(attempt, now)
            self._pairs.entries.pop(_pair(attempt), None)
            if attempt.is_elsewhere:
                return
            for key in (_pair(attempt), _exact(attempt)):
                self._known[key] = now
                self._known.move_to_end(key)
            while len(self._known) > 2 * self._limits.size:
                self._known.popitem(last=False)

    def fail(self, attempt: Attempt, now: float) -> bool:
        """The password was wrong; True when something is locked now.

        A phone that goes on with an old password is counted with its own address and user only, once these are
        over the limit, so that it does not lock its neighbours.
        """
        pair = _pair(attempt)
        with self._lock:
            self._end(attempt, now)
            self._known.pop(_exact(attempt), None)
            count = self._pairs.entries.get(pair)
            if count is not None and count.last_digest == attempt.digest:
                return False
            was_over = self._pairs.is_over(pair, now)
            locked = [self._pairs.fail(pair, now, attempt.digest)]
            if not was_over:
                locked += [self._origins.fail(attempt.origin, now), self._users.fail(attempt.user, now)]
            self._hosts[attempt.origin] = attempt.host
            while len(self._hosts) > self._limits.size:
                self._hosts.popitem(last=False)
            return any(locked)

    def abandon(self, attempt: Attempt, now: float) -> None:
        """It was not found out whether the password is right."""
        with self._lock:
            self._end(attempt, now)

    def listed(self, now: float) -> list[dict[str, str | int]]:
        """Every count: kind, user, address, failures, seconds it is still locked; the longest locked first."""
        with self._lock:
            found = [
                *[(*self._named(key), count) for key, count in self._pairs.entries.items()],
                *[("", self._hosts.get(key, ""), count) for key, count in self._origins.entries.items()],
                *[(key, "", count) for key, count in self._users.entries.items()],
            ]
            shown: list[dict[str, str | int]] = [
                {
                    "user": user,
                    "address": address,
                    "failures": round(count.level),
                    "locked": max(round(count.locked_until - now), 0),
                }
                for user, address, count in found
                if count.level or count.locked_until > now
            ]
        return sorted(shown, key=lambda one: -int(one["locked"]))

    def clear(self, which: str) -> int:
        """Forget the counts of an address or a user, "" for all; how many there were."""
        with self._lock:
            forgotten = 0
            for counts in (self._pairs, self._origins, self._users):
                keys = [key for key in counts.entries if not which or which in self._names(counts, key)]
                forgotten += len(keys)
                for key in keys:
                    del counts.entries[key]
            return forgotten

    def _is_known(self, attempt: Attempt, key: str, now: float) -> bool:
        known_at = None if attempt.is_elsewhere else self._known.get(key)
        return known_at is not None and now - known_at <= self._limits.window

    def _end(self, attempt: Attempt, now: float) -> None:
        if not attempt.pending:
            return
        attempt.pending = False
        self._pairs.end(_pair(attempt), now)
        self._origins.end(attempt.origin, now)
        self._users.end(attempt.user, now)

    def _named(self, pair: str) -> tuple[str, str]:
        origin, _, user = pair.split(" ", 2)
        return user, self._hosts.get(origin, "")

    def _names(self, counts: Counts, key: str) -> tuple[str, ...]:
        """What a count may be called by."""
        if counts is self._origins:
            return (self._hosts.get(key, ""),)
        user, address = self._named(key) if counts is self._pairs else (key, "")
        return (user, user.rpartition("@")[0], address)


def _pair(attempt: Attempt) -> str:
    return f"{attempt.origin} * {attempt.user}"


def _exact(attempt: Attempt) -> str:
    return f"{attempt.origin} {attempt.port} {attempt.user}"
