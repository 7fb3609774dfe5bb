"""xhttp_prom: metrics of scripts."""

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from luasip.errors import CommandError, SettingsError
from luasip.kemi.context import RouteContext, Source
from luasip.kemi.declare import Route
from luasip.modules.xhttp import Xhttp
from luasip.modules.xhttp_prom import XhttpProm
from luasip.modules.xhttp_prom.metrics import DEFAULT_BUCKETS, HISTOGRAM, Declared, declaration
from luasip.sip.parser import parse_http_request
from tests.bench import FakeServices, context, exported

DECLARED: dict[str, Any] = {
    "prom_counter": ["name=calls;", "name=answers; label=method:status", "name=three; label=a:b:c"],
    "prom_gauge": ["name=load", "name=line; label=trunk;"],
    "prom_histogram": ["name=delay; buckets=0.1:1", "name=size; label=kind"],
}


class Bench:
    def __init__(self, **settings: Any) -> None:
        self.services = FakeServices()
        self.module = XhttpProm(
            XhttpProm.Settings(**{**DECLARED, **settings}),
            self.services,
            Xhttp(Xhttp.Settings(), self.services),
        )
        self.ctx = context(services=self.services)

    def call(self, name: str, *arguments: Any) -> Any:
        return getattr(self.module, name)(self.ctx, *arguments)

    def samples(self) -> dict[str, float]:
        return {
            f"{sample.name}{sorted(sample.labels.items()) or ''}": sample.value
            for family in text_string_to_metric_families(self.module.metric_list_print())
            for sample in family.samples
        }


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("name", "arguments", "sample", "value"),
    [
        ("counter_inc_l0", ("calls", 3), "kamailio_calls", 3),
        ("counter_inc_l0", ("calls", 0), "kamailio_calls", 0),
        (
            "counter_inc_l2",
            ("answers", 1, "INVITE", "200"),
            "kamailio_answers[('method', 'INVITE'), ('status', '200')]",
            1,
        ),
        (
            "counter_inc_l3",
            ("three", 2, "x", "y", "z"),
            "kamailio_three[('a', 'x'), ('b', 'y'), ('c', 'z')]",
            2,
        ),
        ("counter_reset_l0", ("calls",), "kamailio_calls", 0),
        ("gauge_set_l0", ("load", "-12.5"), "kamailio_load", -12.5),
        ("gauge_set_l1", ("line", "2", "north"), "kamailio_line[('trunk', 'north')]", 2),
        ("gauge_inc_l0", ("load", "0.5"), "kamailio_load", 0.5),
        ("gauge_reset_l1", ("line", "north"), "kamailio_line[('trunk', 'north')]", 0),
        ("histogram_observe_l0", ("delay", "0.5"), "kamailio_delay_bucket[('le', '1.0')]", 1),
        ("histogram_observe_l0", ("delay", "0.1"), "kamailio_delay_bucket[('le', '0.1')]", 1),
        ("histogram_observe_l0", ("delay", "7"), "kamailio_delay_bucket[('le', '+Inf')]", 1),
        ("histogram_observe_l1", ("size", "3", "big"), "kamailio_size_sum[('kind', 'big')]", 3),
    ],
)
def test_functions(bench: Bench, name: str, arguments: tuple[Any, ...], sample: str, value: float) -> None:
    assert bench.call(name, *arguments) == 1
    assert bench.samples()[sample] == value


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("counter_inc_l0", ("nothing", 1)),
        ("counter_inc_l0", ("calls", -1)),
        ("counter_inc_l0", ("load", 1)),
        ("counter_inc_l1", ("answers", 1, "INVITE")),
        ("counter_inc_l1", ("calls", 1, "INVITE")),
        ("counter_inc_l2", ("answers", 1, "INVITE", "")),
        ("counter_reset_l0", ("load",)),
        ("gauge_set_l0", ("load", "much")),
        ("gauge_set_l0", ("load", "nan")),
        ("gauge_set_l0", ("", "1")),
        ("gauge_inc_l2", ("line", "1", "a", "b")),
        ("gauge_reset_l0", ("calls",)),
        ("histogram_observe_l0", ("load", "1")),
        ("histogram_observe_l0", ("delay", "inf")),
    ],
)
def test_refusals(bench: Bench, name: str, arguments: tuple[Any, ...]) -> None:
    assert bench.call(name, *arguments) == -1
    assert bench.samples() == {}


def test_every_variant_is_there(bench: Bench) -> None:
    assert len(exported(bench.module)) == 26
    for labels in range(4):
        names = tuple("abc"[:labels])
        for name in ("counter_inc", "gauge_set", "gauge_inc", "histogram_observe"):
            assert (
                bench.call(f"{name}_l{labels}", "nothing", 1 if name == "counter_inc" else "1", *names) == -1
            )
        for name in ("counter_reset", "gauge_reset"):
            assert bench.call(f"{name}_l{labels}", "nothing", *names) == -1


def test_counters_add_up_and_are_reset(bench: Bench) -> None:
    for _ in range(3):
        bench.call("counter_inc_l0", "calls", 2)
    assert bench.samples()["kamailio_calls"] == 6
    bench.call("counter_reset_l0", "calls")
    assert bench.samples()["kamailio_calls"] == 0


def test_what_nobody_uses_is_forgotten(bench: Bench) -> None:
    bench.call("counter_inc_l0", "calls", 1)
    bench.services.clock += 1800
    bench.call("gauge_set_l0", "load", "1")
    bench.services.clock += 1801
    assert set(bench.samples()) == {"kamailio_load"}


def test_labels_are_text_of_any_language(bench: Bench) -> None:
    bench.call("gauge_set_l1", "line", "1", 'Zür"ich'.encode().decode("latin-1"))
    assert "kamailio_line[('trunk', 'Zür\"ich')]" in {
        name.encode("latin-1").decode() for name in bench.samples()
    }


# The page


def http(bench: Bench, target: str = "/metrics") -> RouteContext:
    text = f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    source = Source("127.0.0.1", 1, bench.services.listeners[0], 7)
    request = parse_http_request(text, "SIP/2.0/TCP 127.0.0.1:1")
    return RouteContext(Route.EVENT, request, source, bench.services)


def test_the_page() -> None:
    bench = Bench(xhttp_prom_stats="core:", xhttp_prom_beginning="sip_")
    bench.services.count("core:rcv-requests", 4)
    bench.services.count("sl:sent", 4)
    bench.call("counter_inc_l0", "calls", 1)
    ctx = http(bench)
    assert bench.module.check_uri(ctx) == 1
    assert bench.module.dispatch(ctx) == 0
    text = bench.services.sent_back[0][0]
    assert "Content-Type: text/plain; version=0.0.4" in text
    assert "\nsip_calls 1.0\n" in text
    assert "\nsip_core_rcv_requests 4.0\n" in text
    assert "sl_sent" not in text
    assert bench.module.dispatch(ctx) == -1


def test_other_pages_and_sip(bench: Bench) -> None:
    assert bench.module.check_uri(http(bench, "/other")) == 0
    assert bench.call("check_uri") == 0
    assert bench.call("dispatch") == -1


@pytest.mark.parametrize(("wanted", "shown"), [("all", 2), ("core:", 1), ("sent", 1), ("", 0)])
def test_statistics_that_are_shown(wanted: str, shown: int) -> None:
    bench = Bench(xhttp_prom_stats=wanted)
    bench.services.count("core:received")
    bench.services.count("sl:sent")
    assert len(bench.samples()) == shown


# Settings


def test_declarations() -> None:
    assert declaration(HISTOGRAM, " name = d ; label = a:b ; buckets = 1:2.5; ") == Declared(
        HISTOGRAM, "d", ("a", "b"), (1.0, 2.5)
    )
    assert declaration(HISTOGRAM, "name=d").buckets == DEFAULT_BUCKETS


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"prom_counter": ["label=a"]}, "no name"),
        ({"prom_counter": ["name=a b"]}, "'a b' is no name"),
        ({"prom_counter": ["name=a; name=b"]}, "once"),
        ({"prom_counter": ["name=a; buckets=1"]}, "each of name, label once"),
        ({"prom_gauge": ["name=a; label=b:c:d:e"]}, "at most 3"),
        ({"prom_gauge": ["name=a; label=b:b"]}, "different"),
        ({"prom_gauge": ["name=a; label=le"]}, "'le' is no name for a label"),
        ({"prom_histogram": ["name=a; buckets=2:1"]}, "growing numbers"),
        ({"prom_histogram": ["name=a; buckets=x"]}, "growing numbers"),
        ({"prom_counter": ["name=a"], "prom_gauge": ["name=a"]}, "two metrics"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError) as error:
        Bench(**settings)
    assert told in str(error.value)
    assert "modules.xhttp_prom" in str(error.value)


# RPC


def test_commands(bench: Bench) -> None:
    module = bench.module
    module.counter_inc("answers", 5, "INVITE", "200")
    module.counter_inc("calls", 1)
    module.counter_reset("calls")
    module.gauge_set("load", 2.5)
    module.gauge_inc("load", 1)
    module.gauge_set("line", 3.0, "x")
    module.gauge_reset("line", "x")
    module.histogram_observe("delay", 0.5)
    found = bench.samples()
    assert found["kamailio_answers[('method', 'INVITE'), ('status', '200')]"] == 5
    assert (found["kamailio_calls"], found["kamailio_load"], found["kamailio_delay_count"]) == (0, 3.5, 1)
    assert found["kamailio_line[('trunk', 'x')]"] == 0


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("counter_inc", ("nothing", 1)),
        ("counter_reset", ("nothing",)),
        ("gauge_set", ("nothing", 1.0)),
        ("gauge_inc", ("nothing", 1.0)),
        ("gauge_reset", ("nothing",)),
        ("histogram_observe", ("nothing", 1.0)),
    ],
)
def test_commands_that_cannot_be_carried_out(bench: Bench, name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(CommandError):
        getattr(bench.module, name)(*arguments)
