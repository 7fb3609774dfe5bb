"""The metrics of scripts: declared by settings, counted by functions, forgotten when nobody uses them any more."""

import math
import re
import threading
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

DEFAULT_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MOST_LABELS: Final = 3

COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"

_NAME: Final = re.compile("[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL: Final = re.compile("[a-zA-Z_][a-zA-Z0-9_]*")

Labels = tuple[str, ...]
"""The values of a metric's labels, in the order they were declared."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric as the settings declare it."""

    kind: str
    name: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """Upper bounds of a histogram, growing."""


@dataclass(slots=True)
class Value:
    """What was counted for one set of label values."""

    used_at: float
    number: float = 0.0
    """The value, of a histogram the sum of what was observed."""
    counts: list[int] = field(default_factory=list)
    """Of a histogram: observations up to each bound and, last, beyond all."""


def declaration(kind: str, text: str) -> Declared:
    """A metric declared as "name=N; label=A:B; buckets=0.1:1". Raises ValueError saying what is wrong."""
    parts: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        known = ("name", "label", "buckets") if kind == HISTOGRAM else ("name", "label")
        if name not in known or not equals or name in parts:
            raise ValueError(
                f"{part!r}: each of {', '.join(known)} once, as in name=calls; label=method:status"
            )
        parts[name] = value
    metric = parts.get("name", "")
    if not _NAME.fullmatch(metric):
        raise ValueError(f"{metric!r} is no name for a metric")
    labels = tuple(parts["label"].split(":")) if "label" in parts else ()
    if len(labels) > MOST_LABELS or len(set(labels)) < len(labels):
        raise ValueError(f"{parts['label']!r}: at most {MOST_LABELS} different labels, as in method:status")
    for label in labels:
        if not _LABEL.fullmatch(label) or label.startswith("__") or label == "le":
            raise ValueError(f"{label!r} is no name for a label")
    buckets = _buckets(parts.get("buckets", "")) if kind == HISTOGRAM else ()
    return Declared(kind, metric, labels, buckets)


def _buckets(text: str) -> tuple[float, ...]:
    if not text:
        return DEFAULT_BUCKETS
    try:
        bounds = tuple(float(bound) for bound in text.split(":"))
    except ValueError:
        bounds = ()
    if not bounds or not all(map(math.isfinite, bounds)) or list(bounds) != sorted(set(bounds)):
        raise ValueError(f"{text!r}: growing numbers expected, as in 0.1:1:10")
    return bounds


class Metrics:
    """All metrics of the scripts of a server; any thread may use it."""

    def __init__(self, declared: Iterable[Declared], lifetime: float) -> None:
        """`lifetime`: seconds after which a value nobody changed is forgotten. Raises ValueError for a second name."""
        self.lifetime = lifetime
        self._lock = threading.Lock()
        self._declared: dict[str, Declared] = {}
        self._values: dict[str, dict[Labels, Value]] = {}
        for one in declared:
            if one.name in self._declared:
                raise ValueError(f"two metrics are called {one.name!r}")
            self._declared[one.name] = one
            self._values[one.name] = {}

    def add(self, kind: str, name: str, labels: Labels, number: float, now: float) -> None:
        """Add to a counter or gauge. Raises LookupError for one that was not declared so."""
        with self._lock:
            self._value(kind, name, labels, now).number += number

    def set(self, kind: str, name: str, labels: Labels, number: float, now: float) -> None:
        """Set a counter or gauge. Raises LookupError for one that was not declared so."""
        with self._lock:
            self._value(kind, name, labels, now).number = number

    def observe(self, name: str, labels: Labels, number: float, now: float) -> None:
        """Count a number in a histogram. Raises LookupError for one that was not declared so."""
        with self._lock:
            value = self._value(HISTOGRAM, name, labels, now)
            value.number += number
            value.counts[bisect_left(self._declared[name].buckets, number)] += 1

    def read(self, now: float) -> list[tuple[Declared, Mapping[Labels, Value]]]:
        """Every metric with copies of its values; what nobody has used lately is forgotten."""
        with self._lock:
            for values in self._values.values():
                for labels in [key for key, value in values.items() if now - value.used_at > self.lifetime]:
                    del values[labels]
            return [
                (
                    one,
                    {
                        key: Value(v.used_at, v.number, list(v.counts))
                        for key, v in self._values[name].items()
                    },
                )
                for name, one in self._declared.items()
            ]

    def _value(self, kind: str, name: str, labels: Labels, now: float) -> Value:
        """The lock is held."""
        declared = self._declared.get(name)
        if declared is None or declared.kind != kind:
            raise LookupError(f"there is no {kind} {name!r}{_hint(declared)}")
        if len(labels) != len(declared.labels):
            raise LookupError(f"{kind} {name!r} has {len(declared.labels)} labels, not {len(labels)}")
        value = self._values[name].get(labels)
        if value is None:
            value = self._values[name][labels] = Value(now)
            value.counts = [0] * (len(declared.buckets) + 1) if kind == HISTOGRAM else []
        value.used_at = now
        return value


def _hint(declared: Declared | None) -> str:
    if declared is None:
        return " (a line for the settings of xhttp_prom?)"
    return f", it is a {declared.kind}"


def cumulated(counts: Sequence[int]) -> list[int]:
    """How many were at most each bound, from how many were between it and the one before."""
    found = list(counts)
    for index in range(1, len(found)):
        found[index] += found[index - 1]
    return found
