"""Families of metrics made of plain values, with the metrics library's own types."""

from collections.abc import Mapping
from typing import Any

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from luasip.server.durations import Durations

Values = Mapping[Any, float]
"""Values by their labels' values, each a tuple of text."""


def gauge(name: str, text: str, values: Values, labels: tuple[str, ...] = ()) -> GaugeMetricFamily:
    """A value that goes up and down, by label values."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def counter(name: str, text: str, values: Values, labels: tuple[str, ...] = ()) -> CounterMetricFamily:
    """A value that only grows, by label values; its samples are called `name`_total."""
    family = CounterMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def histogram(name: str, text: str, found: Mapping[str, Durations], label: str) -> HistogramMetricFamily:
    """Histograms by the value of `label`."""
    family = HistogramMetricFamily(name, text, labels=(label,))
    for key, durations in found.items():
        counts, total = durations.read()
        bounds = [str(bound) for bound in durations.bounds] + ["+Inf"]
        family.add_metric((key,), list(zip(bounds, counts, strict=True)), total)
    return family
