"""How many responses transactions sent upstream, by class, made here or passed on. Counted where they are sent."""

from typing import Final

from luasip.lock import new_lock

CLASSES: Final = ("2xx", "3xx", "4xx", "5xx", "6xx")
"""Of final responses."""


class SentResponses:
    """Counts since the start. Any thread."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._made = 0
        self._relayed = 0
        self._final = [0] * len(CLASSES)

    def count(self, status: int, is_made_here: bool) -> None:
        """A response that is no 100 was sent."""
        with self._lock:
            if is_made_here:
                self._made += 1
            else:
                self._relayed += 1
            if status >= 200:
                self._final[min(status // 100, 6) - 2] += 1

    def statistics(self) -> dict[str, int]:
        """All counts, by the names of Kamailio's tmx."""
        with self._lock:
            found = {
                f"tmx:{name}_transactions": count for name, count in zip(CLASSES, self._final, strict=True)
            }
            found["tmx:rpl_generated"] = self._made
            found["tmx:rpl_relayed"] = self._relayed
        return found
