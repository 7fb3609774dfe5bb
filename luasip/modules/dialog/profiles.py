"""Profiles: how many dialogs belong to a class the script has put them in, by value.

A dialog may be put into a profile more than once and then counts more than once, as in Kamailio.
"""

import threading
from collections import Counter
from collections.abc import Iterable

from luasip.modules.dialog.dialog import Dialog


def profile_names(text: str) -> list[str]:
    """The names in a setting such as "caller ; callee"."""
    return [name.strip() for name in text.split(";") if name.strip()]


class Profiles:
    """The profiles of the settings and who is in them."""

    def __init__(self, with_value: Iterable[str], without: Iterable[str]) -> None:
        self._has_value = {**dict.fromkeys(without, False), **dict.fromkeys(with_value, True)}
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in self._has_value}
        self._lock = threading.Lock()

    def __contains__(self, name: str) -> bool:
        return name in self._has_value

    def has_value(self, name: str) -> bool:
        """Whether the members of a profile have values."""
        return self._has_value[name]

    def key(self, name: str, value: str) -> tuple[str, str]:
        """The membership that a profile and a value stand for; a profile without values ignores the value."""
        return name, value if self._has_value[name] else ""

    def add(self, dialog: Dialog, membership: tuple[str, str]) -> None:
        """Put a dialog into a profile."""
        name, value = membership
        with self._lock:
            dialog.profiles.append(membership)
            self._counts[name][value] += 1

    def remove(self, dialog: Dialog, membership: tuple[str, str]) -> bool:
        """Take a dialog out of a profile; False when it is not in it."""
        with self._lock:
            if membership not in dialog.profiles:
                return False
            dialog.profiles.remove(membership)
            self._subtract(membership)
            return True

    def leave(self, dialog: Dialog) -> None:
        """Count a dialog that has ended no more."""
        with self._lock:
            for membership in dialog.profiles:
                self._subtract(membership)
            dialog.profiles = []

    def _subtract(self, membership: tuple[str, str]) -> None:
        name, value = membership
        counts = self._counts[name]
        counts[value] -= 1
        if counts[value] <= 0:
            del counts[value]

    def size(self, name: str, value: str | None) -> int:
        """How many dialogs are in a profile; of a value, or of any (None)."""
        with self._lock:
            counts = self._counts[name]
            return counts.total() if value is None else counts[value]
