"""Every dialog of the server, found by identity or by Call-ID and tags. Knows no message and no clock."""

import threading
from collections.abc import Callable, Iterator

from luasip.kemi.transformations.digests import core_hash_number
from luasip.modules.dialog.dialog import Dialog, Direction

_LARGEST = 0x7FFFFFFF


class DialogTable:
    """The dialogs. `lock` guards them and the table; hold it briefly, never over a call into Lua."""

    def __init__(self, size: int, start: int, step: int, chance: Callable[[int], int]) -> None:
        """
        Args:
            size: Kamailio's number of hash entries, of which one is part of each identity; a power of two.
            start, step: the second part of each identity is start + N * step.
            chance: a random number below its argument.
        """
        self.lock = threading.RLock()
        self._size = size
        self._start = start
        self._step = max(1, step)
        self._count = chance(1 << 20)
        self._by_identity: dict[tuple[int, int], Dialog] = {}
        self._by_call_id: dict[str, list[Dialog]] = {}

    def __len__(self) -> int:
        return len(self._by_identity)

    def new_identity(self, call_id: str) -> tuple[int, int]:
        """An identity no dialog here has."""
        entry = core_hash_number(call_id, self._size)
        with self.lock:
            while True:
                self._count += 1
                number = (self._start + self._count * self._step) & _LARGEST
                if number and (entry, number) not in self._by_identity:
                    return entry, number

    def add(self, dialog: Dialog) -> bool:
        """Take a dialog in; False when there is one with its identity."""
        with self.lock:
            if dialog.identity in self._by_identity:
                return False
            self._by_identity[dialog.identity] = dialog
            self._by_call_id.setdefault(dialog.call_id, []).append(dialog)
            return True

    def remove(self, dialog: Dialog) -> None:
        """Forget a dialog."""
        with self.lock:
            if self._by_identity.pop(dialog.identity, None) is None:
                return
            others = [other for other in self._by_call_id[dialog.call_id] if other is not dialog]
            if others:
                self._by_call_id[dialog.call_id] = others
            else:
                del self._by_call_id[dialog.call_id]

    def by_identity(self, entry: int, number: int) -> Dialog | None:
        """The dialog with this identity."""
        return self._by_identity.get((entry, number))

    def by_call_id(self, call_id: str) -> list[Dialog]:
        """The dialogs of a Call-ID, the oldest first."""
        return list(self._by_call_id.get(call_id, ()))

    def find(self, call_id: str, from_tag: str, to_tag: str) -> tuple[Dialog, Direction] | None:
        """The dialog a message with these belongs to; one that has ended only when there is no other."""
        ended: tuple[Dialog, Direction] | None = None
        with self.lock:
            for dialog in reversed(self._by_call_id.get(call_id, ())):
                direction = dialog.direction_of(from_tag, to_tag)
                if direction is None:
                    continue
                if dialog.is_live:
                    return dialog, direction
                ended = ended or (dialog, direction)
        return ended

    def find_initial(self, call_id: str, from_tag: str, cseq: int) -> Dialog | None:
        """The live dialog that an INVITE has begun."""
        with self.lock:
            for dialog in self._by_call_id.get(call_id, ()):
                if dialog.is_live and dialog.caller.tag == from_tag and dialog.invite_cseq == cseq:
                    return dialog
        return None

    def all(self) -> Iterator[Dialog]:
        """Every dialog, as of now."""
        with self.lock:
            return iter(list(self._by_identity.values()))
