"""Alert rules and dashboard ask only for metrics and label values that a server has."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.docs_blocks import ROOT
from tests.scenarios.scene import Scene

ALERTS = ROOT / "docs" / "prometheus-alerts.yml"
DASHBOARD = ROOT / "docs" / "grafana-dashboard.json"

OF_PROMETHEUS = {"up"}
"""Metrics Prometheus makes itself."""

_NAME = re.compile(r"\b((?:luasip|process|python)_\w+|up)\b(?:\{([^}]*)\})?")
_MATCHER = re.compile(r"(\w+)\s*(=~|!=|=)\s*\"([^\"]*)\"")


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return found


def expressions() -> Iterator[tuple[str, str]]:
    """(place, expression) of everything that is asked of Prometheus."""
    for rule in rules():
        yield f"alert {rule['alert']}", rule["expr"]
    for panel in panels():
        for target in panel.get("targets", ()):
            yield f"panel {panel['title']}", target["expr"]
    for variable in json.loads(DASHBOARD.read_text("utf-8"))["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable {variable['name']}", variable["query"]


EXPRESSIONS = list(expressions())

SCRIPT = """
function ksr_request_route()
    if KSR.pv.get("$rm") == "REGISTER" then KSR.registrar.save("location", 0); return end
    KSR.tm.t_relay()
end
"""


@pytest.fixture(scope="module")
def known() -> dict[str, list[dict[str, str]]]:
    """Name → labels of every sample a server shows that has relayed a call."""
    with Scene(SCRIPT) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("REGISTER", "sip:example.com", to="sip:alice@example.com"))
        alice.send(alice.request("MESSAGE", f"sip:bob@{bob.host}", call_id="message"))
        bob.answer(bob.requests()[0], 200)
        found: dict[str, list[dict[str, str]]] = {}
        for family in scene.server.metrics.collect():
            for sample in family.samples:
                found.setdefault(sample.name, []).append(dict(sample.labels))
            found.setdefault(f"{family.name}_total" if family.type == "counter" else family.name, [])
    return found


@pytest.mark.parametrize(("place", "text"), EXPRESSIONS, ids=[place for place, _ in EXPRESSIONS])
def test_every_metric_exists(place: str, text: str, known: dict[str, list[dict[str, str]]]) -> None:
    names = _NAME.findall(text)
    assert names, "no metric is asked for"
    for name, selector in names:
        assert name in known or name in OF_PROMETHEUS, name
        for label, operator, value in _MATCHER.findall(selector):
            if label in ("instance", "job"):
                continue
            values = {sample.get(label) for sample in known[name]}
            assert values != {None}, f"{name} has no label {label}"
            assert operator != "=" or value in values, f"{name} has no {label}={value}"


@pytest.mark.parametrize(("place", "text"), EXPRESSIONS, ids=[place for place, _ in EXPRESSIONS])
def test_every_label_in_by_exists(place: str, text: str, known: dict[str, list[dict[str, str]]]) -> None:
    samples = [labels for name, _ in _NAME.findall(text) for labels in known.get(name, ())]
    there = {label for labels in samples for label in labels} | {"instance", "job", "le"}
    for group in re.findall(r"by \(([^)]*)\)", text):
        labels = {label.strip() for label in group.split(",")}
        # What has had no reason to be counted yet has no labels to look at.
        assert labels <= there or not samples


def test_alerts_are_told_apart() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) > 10
    for rule in rules():
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["labels"]["severity"] in ("warning", "critical")


def test_alerts_name_commands_that_exist() -> None:
    with Scene(SCRIPT) as scene:
        there = set(scene.server.control.registry.names)
    named = re.findall(r"`luasip rpc ([\w.]+)`", ALERTS.read_text("utf-8"))
    assert named
    assert set(named) <= there


def test_panels_do_not_lie_over_each_other() -> None:
    places: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & places, panel["title"]
        assert max(x for x, _ in cells) < 24
        places |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())
