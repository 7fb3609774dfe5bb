"""The journal of one queue: its items outlive the process, however that ends.

An item is written before it is in the queue and crossed out when it has left it for good; what is written and not
crossed out is there again after the next start. The queue's lock is held in every call, but in `sync`.
"""

import json
import logging
from pathlib import Path
from typing import Final

from luasip.errors import StorageError
from luasip.storage.journal import SEGMENT_BYTES, Journal

log = logging.getLogger("luasip.mqueue")

_FEW: Final = 1000
"""Items moved to the newest segment at one time so that the oldest one can go."""


class ItemLog:
    """Items by number; a later item has a greater one."""

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Open the journal. Raises StorageError."""
        self._journal = Journal(folder, segment_bytes)
        self._places: dict[int, tuple[str, str, str]] = {}
        """Number → (segment, key, value) of each item that is not crossed out."""
        self._counts: dict[str, int] = {}
        """How many of them each segment holds; oldest segment first."""
        self._next = 1

    def load(self) -> list[tuple[int, str, str]]:
        """What an earlier process left: (number, key, value), oldest first. Raises StorageError."""
        items: dict[int, tuple[str, str, str]] = {}
        crossed_out: set[int] = set()
        for segment in self._journal.segments():
            self._counts[segment] = 0
            offset = 0
            while lines := self._journal.read(segment, offset):
                offset = lines[-1][0]
                for _, line in lines:
                    self._read_line(segment, line, items, crossed_out)
        self._next = max([*items, *crossed_out], default=0) + 1
        self._places = {number: item for number, item in sorted(items.items()) if number not in crossed_out}
        for segment, _, _ in self._places.values():
            self._counts[segment] += 1
        self._delete_empty()
        return [(number, key, value) for number, (_, key, value) in self._places.items()]

    def _read_line(
        self, segment: str, line: str, items: dict[int, tuple[str, str, str]], crossed_out: set[int]
    ) -> None:
        try:
            number, *item = json.loads(line)
            if item:
                key, value = item
                items[int(number)] = (segment, str(key), str(value))
            else:
                crossed_out.add(int(number))
        except (ValueError, TypeError):
            log.error("mqueue: a line of the journal cannot be read: %.200s", line)

    def add(self, key: str, value: str) -> int:
        """Write an item; it is safe when this returns. Returns its number. Raises StorageError: it is not kept."""
        number = self._next
        self._write(number, key, value)
        self._next = number + 1
        return number

    def remove(self, number: int) -> None:
        """Cross an item out. When that cannot be written, the item comes back after the next start."""
        place = self._places.pop(number, None)
        if place is None:
            return
        self._counts[place[0]] -= 1
        try:
            self._counts.setdefault(self._journal.append(f"[{number}]"), 0)
        except StorageError as error:
            log.error("mqueue: an item that has left its queue will come back: %s", error)
        if not self._counts[place[0]]:
            self._delete_empty()

    def tidy(self) -> None:
        """Move the few items that keep the oldest of several segments alive into the newest one."""
        if len(self._counts) < 3:
            return
        oldest = next(iter(self._counts))
        if self._counts[oldest] > _FEW:
            return
        stuck = [(number, item) for number, item in self._places.items() if item[0] == oldest]
        try:
            for number, (_, key, value) in stuck:
                self._write(number, key, value)
                self._counts[oldest] -= 1
        except StorageError as error:
            log.error("mqueue: %s", error)
        self._delete_empty()

    def sync(self) -> None:
        """Have the disk keep what was written, through a power failure. Raises StorageError."""
        self._journal.sync()

    def close(self) -> None:
        """Let go of the journal; what is in it stays."""
        self._journal.close()

    def _write(self, number: int, key: str, value: str) -> None:
        segment = self._journal.append(json.dumps([number, key, value], separators=(",", ":")))
        self._places[number] = (segment, key, value)
        self._counts[segment] = self._counts.get(segment, 0) + 1

    def _delete_empty(self) -> None:
        """Delete the oldest segments without items: what they cross out stood in them or in older ones.

        The segment that grows goes too once it is large: then nothing is left at all.
        """
        for segment, count in list(self._counts.items()):
            if count:
                return
            size = self._journal.size(segment)
            try:
                if self._journal.grows(segment):
                    if size < 65536 or not self._journal.remove(segment, size):
                        return
                else:
                    self._journal.remove(segment)
            except StorageError as error:
                log.error("mqueue: %s", error)
                return
            del self._counts[segment]
