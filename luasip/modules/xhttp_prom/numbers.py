"""What scripts hand to metrics, read: label values and numbers."""

import math

from luasip.kemi.wire_text import from_wire
from luasip.modules.xhttp_prom.metrics import Labels


def label_values(labels: Labels) -> Labels:
    """Values for Prometheus, which takes UTF-8. Raises ValueError for an empty one, as Kamailio refuses it."""
    if not all(labels):
        raise ValueError("the value of a label is empty")
    return tuple(map(from_wire, labels))


def to_number(text: str) -> float:
    """A finite number. Raises ValueError."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is no number")
    return number
