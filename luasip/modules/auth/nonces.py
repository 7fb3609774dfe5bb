"""Nonces: made without being stored, recognised by a keyed hash, and remembered once they have been used.

A nonce is the time it was made at, a random part, a hash of the address it was sent to, the hash of these three, and
the hash of what binds it to a request.
Only nonces with which somebody has proved to know a password are remembered, so guessing costs no memory.
Knows no message.
"""

import enum
import hashlib
import hmac
from collections import OrderedDict
from typing import Final

from luasip.lock import new_lock

_TIME: Final = 8
_ID: Final = 16
_ORIGIN: Final = 16
_HEAD: Final = _TIME + _ID + _ORIGIN
_HASH: Final = 32
_HEX: Final = frozenset("0123456789abcdef")


class Freshness(enum.Enum):
    """What a nonce is worth."""

    GOOD = 0
    FOREIGN = 1
    """Not made with this secret."""
    STALE = 2
    """Made here, but too old, for another request, or with a nonce count seen before."""
    USED = 3
    """It may be used only once, and was."""


class Nonces:
    """Makes and checks nonces. Times are whole seconds since the epoch. May be called from any thread."""

    def __init__(self, secret: str, expires: int, drift: int, valid_from: int = 0) -> None:
        """`expires` and `drift` in seconds; nonces made before `valid_from` are stale."""
        self._key = hashlib.sha256(secret.encode("utf-8")).digest()
        self._expires = expires
        self._drift = drift
        self._valid_from = valid_from

    def make(self, now: int, random: str, bound_to: str, address: str = "") -> str:
        """A nonce to be sent to `address`; `random` is 16 characters that nobody can guess, `bound_to` what it is
        good for only.
        """
        origin = self._hash("origin", address)[:_ORIGIN]
        head = f"{now & 0xFFFFFFFF:08x}{random[:_ID]:0>16}{origin}"
        return f"{head}{self._hash('time', head)}{self._hash('bound', head + bound_to)}"

    def check(self, nonce: str, now: int, bound_to: str) -> Freshness:
        """Whether a nonce is good now and for this request; it says nothing about earlier use."""
        made_at = self.made_at(nonce)
        if made_at < 0:
            return Freshness.FOREIGN
        if made_at < self._valid_from:
            return Freshness.STALE
        head, first, second = nonce[:_HEAD], nonce[_HEAD:-_HASH], nonce[-_HASH:]
        if not hmac.compare_digest(first.encode(), self._hash("time", head).encode()):
            return Freshness.FOREIGN
        if not hmac.compare_digest(second.encode(), self._hash("bound", head + bound_to).encode()):
            return Freshness.STALE
        if made_at > now + self._drift or made_at + self._expires < now:
            return Freshness.STALE
        return Freshness.GOOD

    def made_at(self, nonce: str) -> int:
        """When a nonce says it was made, -1 when it does not look like one of ours."""
        if len(nonce) != _HEAD + 2 * _HASH or not nonce.isascii() or not _HEX.issuperset(nonce[:_TIME]):
            return -1
        return int(nonce[:_TIME], 16)

    def origin(self, nonce: str) -> str:
        """What stands for the address that a nonce of ours was sent to."""
        return nonce[_TIME + _ID : _HEAD]

    def went_to(self, nonce: str, address: str) -> bool:
        """Whether a nonce of ours was sent to `address`."""
        return self.origin(nonce) == self._hash("origin", address)[:_ORIGIN]

    def _hash(self, purpose: str, text: str) -> str:
        # BLAKE2 takes a key by itself (RFC 7693); HMAC costs four times as much, and a call needs six of these.
        data = f"{purpose}:{text}".encode("latin-1", "replace")
        return hashlib.blake2b(data, digest_size=_HASH // 2, key=self._key).hexdigest()


class UsedNonces:
    """Remembers the highest nonce count of each nonce, for as many nonces as it is allowed."""

    def __init__(self, limit: int, expires: int) -> None:
        self._limit = limit
        self._expires = expires
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()
        """nonce → (when it was made, highest count), in the order of first use."""
        self._forgotten_until = -1
        """Nonces made up to this instant may have been forgotten."""
        self._lock = new_lock()

    def claim(self, nonce: str, made_at: int, count: int, now: int) -> bool:
        """Use a nonce with a nonce count: False when that count, or a higher one, was used before.

        Of two threads that claim the same only one succeeds.
        """
        with self._lock:
            known = self._counts.get(nonce)
            if known is not None:
                if count <= known[1]:
                    return False
                self._counts[nonce] = (made_at, count)
                return True
            if made_at <= self._forgotten_until:
                return False
            self._make_room(now)
            self._counts[nonce] = (made_at, count)
            return True

    def _make_room(self, now: int) -> None:
        while self._counts:
            nonce, (made_at, _) = next(iter(self._counts.items()))
            expired = made_at + self._expires < now
            if not expired and len(self._counts) < self._limit:
                return
            del self._counts[nonce]
            if not expired:
                self._forgotten_until = max(self._forgotten_until, made_at)


def read_count(text: str) -> int | None:
    """A nonce count: eight hexadecimal digits (RFC 7616 §3.4); None for anything else."""
    if len(text) != 8 or not _HEX.issuperset(text.lower()):
        return None
    return int(text, 16)
