"""One queue in memory: keys and values in the order of adding, and the routes that wait for the next one.

Knows no Lua, no message and no database. Every method may be called from any thread.
"""

import itertools
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable
from typing import Final

Item = tuple[str, str]
"""Key and value."""

KEEP_ALL: Final = 0
KEEP_FIRST: Final = 1
"""A key that is in the queue already is not added."""
KEEP_LAST: Final = 2
"""A key that is in the queue already leaves its place to the new item, at the end."""


class ItemQueue:
    """A queue. `size` items at most, 0 for any number; beyond it the oldest goes."""

    def __init__(
        self,
        name: str,
        size: int = 0,
        addmode: int = KEEP_ALL,
        on_drop: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_drop` is told of every item that goes because the queue is full; the queue is locked meanwhile."""
        self.name = name
        self.size = size
        self.addmode = addmode
        self.changes = 0
        """Counts additions and removals."""
        self._on_drop = on_drop
        self._lock = threading.Lock()
        self._items: OrderedDict[Hashable, Item] = OrderedDict()
        self._serial = itertools.count()
        self._tickets = itertools.count(1)
        self._waiting: deque[str] = deque()
        self._handed: dict[str, Item] = {}

    def __len__(self) -> int:
        with self._lock:
            return len(self._items)

    def add(self, key: str, value: str) -> str:
        """Add an item, or hand it to the one who has waited longest; returns the ticket of the latter, else ""."""
        with self._lock:
            if self._waiting:
                ticket = self._waiting.popleft()
                self._handed[ticket] = (key, value)
                return ticket
            self._append((key, value))
            return ""

    def extend(self, items: Iterable[Item]) -> None:
        """Add items nobody can wait for yet."""
        with self._lock:
            for item in items:
                self._append(item)

    def _append(self, item: Item) -> None:
        place: Hashable = next(self._serial) if self.addmode == KEEP_ALL else item[0]
        if self.addmode == KEEP_FIRST and place in self._items:
            return
        self._items.pop(place, None)
        self._items[place] = item
        self.changes += 1
        if 0 < self.size < len(self._items):
            self._items.popitem(last=False)
            self._on_drop()

    def fetch(self) -> Item | None:
        """Take the oldest item; None when there is none."""
        with self._lock:
            return self._take()

    def fetch_or_wait(self) -> Item | str:
        """Take the oldest item, or a ticket that add() returns when there is one."""
        with self._lock:
            item = self._take()
            if item is not None:
                return item
            ticket = f"mqueue:{self.name}:{next(self._tickets)}"
            self._waiting.append(ticket)
            return ticket

    def end_wait(self, ticket: str) -> Item | None:
        """Give a ticket back: the item handed to it, None when there came none."""
        with self._lock:
            item = self._handed.pop(ticket, None)
            if item is None and ticket in self._waiting:
                self._waiting.remove(ticket)
            return item

    def put_back(self, item: Item) -> None:
        """Put an item nobody has seen back to the front."""
        with self._lock:
            place: Hashable = next(self._serial) if self.addmode == KEEP_ALL else item[0]
            if place not in self._items:
                self._items[place] = item
                self._items.move_to_end(place, last=False)
                self.changes += 1

    def items(self) -> tuple[int, list[Item]]:
        """All items, oldest first, with the value of `changes` they belong to."""
        with self._lock:
            return self.changes, list(self._items.values())

    def _take(self) -> Item | None:
        if not self._items:
            return None
        self.changes += 1
        return self._items.popitem(last=False)[1]
