"""One queue in memory: keys and values in the order of adding, and the routes that wait for the next one.

An item leaves by being fetched, or it is taken for a time: then it is gone when that is confirmed, and back in the
queue when it is given back or the time is over. Knows no Lua, no message and no database; a queue may have a journal.
Every method may be called from any thread.
"""

import itertools
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable
from typing import Final

from luasip.modules.mqueue.item_log import ItemLog

Item = tuple[str, str]
"""Key and value."""

Numbered = tuple[int, str, str]
"""An item's number, key and value."""

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
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`on_drop` is told of every item that goes because the queue is full; the queue is locked meanwhile."""
        self.name = name
        self.size = size
        self.addmode = addmode
        self.changes = 0
        """Counts additions and removals."""
        self._on_drop = on_drop
        self._clock = clock
        self._log: ItemLog | None = None
        self._lock = threading.Lock()
        self._items: OrderedDict[Hashable, Numbered] = OrderedDict()
        self._numbers = itertools.count(1)
        self._tickets = itertools.count(1)
        self._waiting: deque[str] = deque()
        self._handed: dict[str, Numbered] = {}
        self._taken: dict[int, tuple[Numbered, float]] = {}
        """Number → item taken and the instant it comes back at."""

    def __len__(self) -> int:
        """How many items can be fetched."""
        with self._lock:
            return len(self._items)

    def keep_in(self, log: ItemLog) -> None:
        """Begin with the items of a journal and keep all in it from now on. Raises StorageError."""
        with self._lock:
            self._log = log
            for item in log.load():
                self._append(item)

    def add(self, key: str, value: str) -> str:
        """Add an item, or hand it to the one who has waited longest; returns the ticket of the latter, else "".

        Raises StorageError when the queue has a journal that cannot be written: then the item is not added.
        """
        with self._lock:
            if self.addmode == KEEP_FIRST and key in self._items:
                return ""
            item = (next(self._numbers) if self._log is None else self._log.add(key, value), key, value)
            if self._waiting:
                return self._hand(item)
            self._append(item)
            return ""

    def extend(self, items: Iterable[Item]) -> None:
        """Add items nobody can wait for yet."""
        for key, value in items:
            self.add(key, value)

    def fetch(self) -> Item | None:
        """Remove the oldest item; None when there is none."""
        with self._lock:
            item = self._pop()
            return None if item is None else self._fetched(item)

    def fetch_or_wait(self) -> Item | str:
        """Remove the oldest item, or a ticket that add() returns when there is one."""
        with self._lock:
            item = self._pop()
            return self._new_ticket() if item is None else self._fetched(item)

    def fetch_handed(self, ticket: str) -> Item | None:
        """Give a ticket back: the item handed to it, which is removed; None when there came none."""
        with self._lock:
            item = self._end_wait(ticket)
            return None if item is None else self._fetched(item)

    def take(self, seconds: float) -> Numbered | None:
        """Take the oldest item for a time; None when there is none."""
        with self._lock:
            item = self._pop()
            return None if item is None else self._keep_taken(item, seconds)

    def take_or_wait(self, seconds: float) -> Numbered | str:
        """Take the oldest item for a time, or a ticket that add() returns when there is one."""
        with self._lock:
            item = self._pop()
            return self._new_ticket() if item is None else self._keep_taken(item, seconds)

    def take_handed(self, ticket: str, seconds: float) -> Numbered | None:
        """Give a ticket back: the item handed to it, taken for a time; None when there came none."""
        with self._lock:
            item = self._end_wait(ticket)
            return None if item is None else self._keep_taken(item, seconds)

    def leave(self, ticket: str) -> str:
        """Give a ticket back unused; what was handed to it is for the others. A ticket as add()."""
        with self._lock:
            item = self._end_wait(ticket)
            return "" if item is None else self._put_back(item)

    def done(self, number: int) -> bool:
        """Remove an item that was taken. False when it is not taken (any more)."""
        with self._lock:
            taken = self._taken.pop(number, None)
            if taken is None:
                return False
            self._forget(taken[0])
            return True

    def give_back(self, number: int) -> str | None:
        """Put an item that was taken back to the front: a ticket as add(), None when it is not taken (any more)."""
        with self._lock:
            taken = self._taken.pop(number, None)
            return None if taken is None else self._put_back(taken[0])

    def give_back_late(self) -> list[str]:
        """Put back what was taken for a time that is over, and tidy the journal; tickets as add()."""
        with self._lock:
            now = self._clock()
            late = [number for number, (_, until) in self._taken.items() if until <= now]
            tickets = [self._put_back(self._taken.pop(number)[0]) for number in sorted(late, reverse=True)]
            if self._log is not None:
                self._log.tidy()
            return [ticket for ticket in tickets if ticket]

    def items(self) -> tuple[int, list[Item]]:
        """All items, oldest first, those taken too, with the value of `changes` they belong to."""
        with self._lock:
            taken = sorted(item for item, _ in self._taken.values())
            return self.changes, [(key, value) for _, key, value in (*taken, *self._items.values())]

    # The lock is held

    def _append(self, item: Numbered) -> None:
        place = self._place(item)
        if place in self._items:
            self._forget(self._items.pop(place))
        self._items[place] = item
        self.changes += 1
        if 0 < self.size < len(self._items):
            self._forget(self._items.popitem(last=False)[1])
            self._on_drop()

    def _put_back(self, item: Numbered) -> str:
        """To the front, unless there is a newer item with the key; or to one who waits."""
        if self._waiting:
            return self._hand(item)
        place = self._place(item)
        if place in self._items:
            self._forget(item)
        else:
            self._items[place] = item
            self._items.move_to_end(place, last=False)
            self.changes += 1
        return ""

    def _place(self, item: Numbered) -> Hashable:
        return item[0] if self.addmode == KEEP_ALL else item[1]

    def _pop(self) -> Numbered | None:
        if not self._items:
            return None
        self.changes += 1
        return self._items.popitem(last=False)[1]

    def _fetched(self, item: Numbered) -> Item:
        self._forget(item)
        return item[1:]

    def _keep_taken(self, item: Numbered, seconds: float) -> Numbered:
        self._taken[item[0]] = (item, self._clock() + seconds)
        return item

    def _forget(self, item: Numbered) -> None:
        """It has left for good."""
        self.changes += 1
        if self._log is not None:
            self._log.remove(item[0])

    def _new_ticket(self) -> str:
        ticket = f"mqueue:{self.name}:{next(self._tickets)}"
        self._waiting.append(ticket)
        return ticket

    def _hand(self, item: Numbered) -> str:
        ticket = self._waiting.popleft()
        self._handed[ticket] = item
        return ticket

    def _end_wait(self, ticket: str) -> Numbered | None:
        item = self._handed.pop(ticket, None)
        if item is None and ticket in self._waiting:
            self._waiting.remove(ticket)
        return item
