"""The xhttp_prom module: its settings, its page, and its RPC commands."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric

from luasip.errors import CommandError, SettingsError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Route, command, function
from luasip.modules.xhttp import Xhttp, is_http
from luasip.modules.xhttp_prom.counters import Counters
from luasip.modules.xhttp_prom.gauges import Gauges
from luasip.modules.xhttp_prom.histograms import Histograms
from luasip.modules.xhttp_prom.metrics import (
    COUNTER,
    GAUGE,
    HISTOGRAM,
    Declared,
    Labels,
    Metrics,
    Value,
    cumulated,
    declaration,
)

PAGE: Final = "/metrics"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_TYPES: Final = {COUNTER: "unknown", GAUGE: "gauge", HISTOGRAM: "histogram"}
"""Prometheus wants the names of counters to end in _total; Kamailio's do not, so they have no type."""

_FOREIGN: Final = re.compile("[^a-zA-Z0-9_:]")


class XhttpProm(Counters, Gauges, Histograms):
    """xhttp_prom: counters, gauges and histograms of scripts.

    They are declared by the settings. They are shown at /metrics of the control interface beside those of the server,
    and, for a Prometheus that asks the SIP port as it asked Kamailio's, by dispatch in an event of xhttp.
    """

    name = "xhttp_prom"
    changeable = ("xhttp_prom_beginning", "xhttp_prom_stats", "xhttp_prom_timeout")
    uses = ("xhttp",)

    @dataclass
    class Settings:
        """Parameters of xhttp_prom."""

        prom_counter: list[str] = field(default_factory=list)
        """Counters, each "name=NAME; label=LABEL:LABEL:LABEL"; label may be left out."""
        prom_gauge: list[str] = field(default_factory=list)
        """Gauges, declared as counters are."""
        prom_histogram: list[str] = field(default_factory=list)
        """Histograms, each "name=NAME; label=LABEL; buckets=0.1:1:10"; the buckets are upper bounds."""
        xhttp_prom_beginning: str = "kamailio_"
        """What the names of metrics begin with on every page."""
        xhttp_prom_stats: str = ""
        """Statistics that dispatch shows too: "all", "GROUP:" or a name; "" for none."""
        xhttp_prom_timeout: int = 60
        """Minutes after which a value nobody changed is forgotten."""
        xhttp_prom_buf_size: int = 0
        """Accepted for Kamailio's sake: a page may be of any size."""

    def __init__(self, settings: Settings, services: Services, xhttp: Xhttp) -> None:
        self.settings = settings
        self.services = services
        self._xhttp = xhttp
        problems: list[str] = []
        kinds = {
            COUNTER: settings.prom_counter,
            GAUGE: settings.prom_gauge,
            HISTOGRAM: settings.prom_histogram,
        }
        declared: list[Declared] = []
        for kind, texts in kinds.items():
            for text in texts:
                try:
                    declared.append(declaration(kind, text))
                except ValueError as error:
                    problems.append(f"modules.xhttp_prom.prom_{kind}: {text!r}: {error}")
        if problems:
            raise SettingsError(problems)
        try:
            self.metrics = Metrics(declared, settings.xhttp_prom_timeout * 60.0)
        except ValueError as error:
            raise SettingsError([f"modules.xhttp_prom: {error}"]) from None

    def settings_changed(self) -> None:
        """Forget values after another time."""
        self.metrics.lifetime = self.settings.xhttp_prom_timeout * 60.0

    @function(Route.EVENT)
    def check_uri(self, ctx: RouteContext) -> int:
        """Whether an HTTP request asks for /metrics.

        Returns: 1 when it does, 0 when not.
        """
        return 1 if is_http(ctx) and ctx.request.request_uri == PAGE else 0

    @function(Route.EVENT)
    def dispatch(self, ctx: RouteContext) -> int:
        """Answer an HTTP request with the metrics of scripts, and the statistics of xhttp_prom_stats.

        Returns: 0, -1 when the event is no HTTP request or was answered already.
        """
        body = generate_latest(_Page(self._page)).decode("latin-1")
        return 0 if self._xhttp.reply(ctx, 200, "OK", CONTENT_TYPE, body) else -1

    def collect(self) -> Iterator[Metric]:
        """The metrics of scripts: a collector of prometheus_client."""
        for declared, values in self.metrics.read(self.services.now()):
            metric = Metric(
                self._named(declared.name), f"A {declared.kind} of the script.", _TYPES[declared.kind]
            )
            for labels, value in values.items():
                _add(metric, declared, labels, value)
            yield metric

    def _page(self) -> Iterator[Metric]:
        yield from self.collect()
        wanted = self.settings.xhttp_prom_stats
        for full, value in sorted(self.services.all_statistics().items()) if wanted else ():
            group, _, name = full.partition(":")
            if wanted in ("all", f"{group}:", name, full):
                metric = Metric(self._named(f"{group}_{name}"), f"Statistic {full}.", "unknown")
                metric.add_sample(metric.name, {}, value)
                yield metric

    def _named(self, name: str) -> str:
        return _FOREIGN.sub("_", self.settings.xhttp_prom_beginning + name)

    # RPC

    @command("xhttp_prom.counter_inc")
    def counter_inc(self, name: str, number: int, *labels: str) -> None:
        """Add to a counter; the values of its labels follow."""
        _check(self.count(name, number, labels), f"Cannot add number: {number} to counter: {name}")

    @command("xhttp_prom.counter_reset")
    def counter_reset(self, name: str, *labels: str) -> None:
        """Set a counter to zero; the values of its labels follow."""
        _check(self.reset_counter(name, labels), f"Cannot reset counter: {name}")

    @command("xhttp_prom.gauge_set")
    def gauge_set(self, name: str, number: float, *labels: str) -> None:
        """Set a gauge; the values of its labels follow."""
        _check(self.set_gauge(name, str(number), labels), f"Cannot assign number: {number} to gauge: {name}")

    @command("xhttp_prom.gauge_inc")
    def gauge_inc(self, name: str, number: float, *labels: str) -> None:
        """Add to a gauge; the values of its labels follow."""
        _check(self.add_to_gauge(name, str(number), labels), f"Cannot add number: {number} to gauge: {name}")

    @command("xhttp_prom.gauge_reset")
    def gauge_reset(self, name: str, *labels: str) -> None:
        """Set a gauge to zero; the values of its labels follow."""
        _check(self.reset_gauge(name, labels), f"Cannot reset gauge: {name}")

    @command("xhttp_prom.histogram_observe")
    def histogram_observe(self, name: str, number: float, *labels: str) -> None:
        """Count a number in a histogram; the values of its labels follow."""
        _check(
            self.observe(name, str(number), labels), f"Cannot observe number: {number} in histogram: {name}"
        )

    @command("xhttp_prom.metric_list_print")
    def metric_list_print(self) -> str:
        """What dispatch shows."""
        return generate_latest(_Page(self._page)).decode("latin-1")


class _Page:
    """What the metrics library renders: it only asks for `collect`."""

    def __init__(self, collect: Callable[[], Iterator[Metric]]) -> None:
        self.collect = collect


def _add(metric: Metric, declared: Declared, labels: Labels, value: Value) -> None:
    named = dict(zip(declared.labels, labels, strict=True))
    if declared.kind != HISTOGRAM:
        metric.add_sample(metric.name, named, value.number)
        return
    counts = cumulated(value.counts)
    bounds = [str(bound) for bound in declared.buckets] + ["+Inf"]
    for bound, count in zip(bounds, counts, strict=True):
        metric.add_sample(f"{metric.name}_bucket", {**named, "le": bound}, count)
    metric.add_sample(f"{metric.name}_count", named, counts[-1])
    metric.add_sample(f"{metric.name}_sum", named, value.number)


def _check(code: int, failure: str) -> None:
    if code < 0:
        raise CommandError(500, failure)
