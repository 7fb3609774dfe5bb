"""The order in which the targets of a request are tried (RFC 3261 §16.5, §16.6).

This module must not know how targets are found, what else they hold, nor what becomes of them.
"""

from collections.abc import Iterable
from typing import Protocol, TypeVar


class HasQ(Protocol):
    """A target by its preference."""

    @property
    def q(self) -> float | None:
        """0.0 to 1.0; None when unspecified: such targets come after all that have one, as in Kamailio."""


T = TypeVar("T", bound=HasQ)


def by_preference(targets: Iterable[T]) -> list[T]:
    """Highest q first; targets of equal q keep their order."""
    return sorted(targets, key=_descending_q)


def groups(targets: Iterable[T]) -> list[list[T]]:
    """Targets of equal q, to be tried in parallel; the groups in the order to be tried in series."""
    result: list[list[T]] = []
    for target in by_preference(targets):
        if result and result[-1][0].q == target.q:
            result[-1].append(target)
        else:
            result.append([target])
    return result


def _descending_q(target: HasQ) -> float:
    return 1.0 if target.q is None else -target.q
