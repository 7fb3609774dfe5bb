"""One table of keys and values in memory.

Readers take no lock: an Item is never changed, only replaced. Knows no database and no script.
"""

import math
import threading
import zlib
from collections.abc import Callable, Iterable

from luasip.modules.htable.settings import Definition

Scalar = str | int


class Item:
    """A value and when it ends: `expires_at` is seconds since the epoch, 0.0 for never."""

    __slots__ = ("expires_at", "value")

    def __init__(self, value: Scalar, expires_at: float) -> None:
        self.value = value
        self.expires_at = expires_at


class HashTable:
    """Keys and values with their lives. Every method may be called from any thread."""

    def __init__(self, definition: Definition, now: Callable[[], float]) -> None:
        """`now` gives seconds since the epoch."""
        self.definition = definition
        self._now = now
        self._items: dict[str, Item] = {}
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The table's name."""
        return self.definition.name

    def find(self, key: str) -> Item | None:
        """The item of `key`; None when it is absent or has ended."""
        item = self._items.get(key)
        if item is None or 0.0 < item.expires_at <= self._now():
            return None
        return item

    def value(self, key: str) -> Scalar | None:
        """The value of `key`, initval when it is absent, None without an initval."""
        item = self.find(key)
        return self.definition.initval if item is None else item.value

    def set(self, key: str, value: Scalar, life: int = 0) -> None:
        """Set a value. `life` seconds instead of autoexpire's, in a table with autoexpire."""
        with self._lock:
            self._items[key] = Item(value, self._expiry(self.find(key), life))

    def add(self, key: str, amount: int) -> int | None:
        """Add to an integer and return it. An absent key counts from initval.

        None when the value is text, or absent without an initval.
        """
        with self._lock:
            item = self.find(key)
            before = self.definition.initval if item is None else item.value
            if not isinstance(before, int):
                return None
            self._items[key] = Item(before + amount, self._expiry(item, 0))
            return before + amount

    def remove(self, key: str) -> bool:
        """Remove a key. False when it was absent."""
        with self._lock:
            return self._items.pop(key, None) is not None

    def remove_where(self, matches: Callable[[str, Scalar], bool]) -> int:
        """Remove the items for which `matches(key, value)` holds; returns how many."""
        with self._lock:
            gone = [key for key, item in self._items.items() if matches(key, item.value)]
            for key in gone:
                del self._items[key]
            return len(gone)

    def set_life(self, key: str, seconds: int) -> None:
        """Make an item end `seconds` from now, never for 0; nothing without autoexpire."""
        if not self.definition.autoexpire:
            return
        with self._lock:
            item = self._items.get(key)
            if item is not None:
                self._items[key] = Item(item.value, self._now() + seconds if seconds > 0 else 0.0)

    def remaining(self, key: str) -> int:
        """Seconds until an item ends, 0 when it does not or is absent."""
        item = self.find(key)
        return 0 if item is None or not item.expires_at else math.ceil(item.expires_at - self._now())

    def clear(self) -> None:
        """Remove everything."""
        with self._lock:
            self._items.clear()

    def replace(self, items: Iterable[tuple[str, Scalar, float]]) -> None:
        """Have just these (key, value, seconds since the epoch at which it ends or 0.0) instead of all
        there is.
        """
        loaded = {key: Item(value, expires_at or self._expiry(None, 0)) for key, value, expires_at in items}
        with self._lock:
            self._items = loaded

    def items(self) -> list[tuple[str, Item]]:
        """What is in the table now, ended items left out."""
        now = self._now()
        return [(key, item) for key, item in self._items.copy().items() if not 0.0 < item.expires_at <= now]

    def expire(self) -> list[tuple[str, Scalar]]:
        """Remove the ended items and return them."""
        if not self.definition.autoexpire:
            return []
        now = self._now()
        with self._lock:
            ended = [(key, item.value) for key, item in self._items.items() if 0.0 < item.expires_at <= now]
            for key, _ in ended:
                del self._items[key]
        return ended

    def slot(self, key: str) -> int:
        """The slot Kamailio would keep a key in, as far as its number matters: for locks and listings."""
        return zlib.crc32(key.encode("latin-1", "replace")) & (self.definition.slots - 1)

    def _expiry(self, item: Item | None, life: int) -> float:
        autoexpire = self.definition.autoexpire
        if not autoexpire:
            return 0.0
        if life > 0:
            return self._now() + life
        if item is not None and not self.definition.updateexpire:
            return item.expires_at
        return self._now() + autoexpire
