"""benchmarks/reload.py: what counts as a fault of a run."""

import dataclasses

import pytest

from benchmarks.calls import Run
from benchmarks.load import Counts
from benchmarks.reload import MOST_GROWTH, Reloads, faults, row

GOOD = Run(500, 499.0, Counts(15000, 0, 3), 30.0, 20.0, 0.4, 0.7, 90.0, [1.0, 2.0], 0)


def reloads(*memory: float) -> Reloads:
    return Reloads([100.0] * 30, list(memory) or [90.0] * 30)


def test_a_good_run() -> None:
    assert faults(GOOD, reloads()) == []
    assert row(GOOD, reloads())[-3:] == ["0.67", "+0.00 MiB", "none"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"counts": Counts(14990, 10, 3)}, "10 of 15000 calls failed"),
        ({"unanswered": 2}, "2 plain OPTIONS had no answer"),
        ({"sipp_cores": 0.95}, "nothing is shown: sipp"),
        ({"achieved": 300.0, "machine_busy": 0.99, "server_cpu": 15.0}, "nothing is shown: the machine's CPUs"),
        ({"achieved": 300.0, "machine_busy": 0.5, "server_cpu": 15.0}, "nothing is shown: sipp"),
    ],
)
def test_faults_of_the_calls(change: dict[str, object], text: str) -> None:
    found = faults(dataclasses.replace(GOOD, **change), reloads())  # type: ignore[arg-type]
    assert any(one.startswith(text) for one in found), found


def test_faults_of_the_reloads() -> None:
    assert faults(GOOD, Reloads()) == ["nothing was reloaded"]
    assert faults(GOOD, Reloads([1.0], [1.0], ["route.lua:1: x"])) == ["a reload failed: route.lua:1: x"]


def test_a_kept_lua_state_shows() -> None:
    kept = reloads(*(90.0 + 1.1 * number for number in range(30)))
    assert kept.growth() == pytest.approx(1.1)
    assert "the server grew by 1.10 MiB a reload" in faults(GOOD, kept)
    # What a run leaves behind at its beginning, and noise, are none.
    begins = reloads(*([60.0 + number for number in range(10)] + [70.0, 70.3] * 10))
    assert 0 <= begins.growth() < MOST_GROWTH
    assert faults(GOOD, begins) == []
