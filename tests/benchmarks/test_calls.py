"""What sipp's statistics and a run come to; the scenarios."""

from xml.etree import ElementTree

import pytest

from benchmarks.calls import SCENARIOS, Run, command, read_rate
from benchmarks.contestants import ROUTE
from benchmarks.load import Counts, percentile
from benchmarks.workloads import WORKLOADS

HEADINGS = "StartTime;ElapsedTime(C);TotalCallCreated;FailedCall(C);\n"


def statistics(*records: tuple[str, int]) -> str:
    return HEADINGS + "".join(f"x;{elapsed};{created};0;\n" for elapsed, created in records)


@pytest.mark.parametrize(
    ("records", "rate"),
    [
        ([("00:00:01:000000", 990), ("00:00:02:000000", 2000), ("00:00:09:000000", 3000)], 1000),
        ([("00:00:01:000000", 500), ("00:01:00:000000", 3000), ("00:02:00:000000", 3000)], 500),
        ([("00:00:00:000000", 0), ("00:00:02:000000", 3000)], 1500),
    ],
)
def test_the_rate_is_that_before_the_last_call_began(records: list[tuple[str, int]], rate: float) -> None:
    assert read_rate(statistics(*records), 3000) == rate


@pytest.mark.parametrize(
    ("achieved", "failed", "server", "sipp", "busy", "limit"),
    [
        (1000, 0, 0.5, 0.3, 0.6, ""),
        (1000, 5, 0.5, 0.3, 0.6, "server"),
        (1000, 5, 0.9, 0.3, 1.0, "server"),
        (1000, 5, 0.5, 0.3, 1.0, "CPUs"),
        (1000, 0, 0.5, 0.95, 0.6, "sipp"),
        (700, 0, 0.5, 0.4, 0.6, "sipp"),
        (700, 0, 0.5, 0.4, 1.0, "CPUs"),
        (700, 0, 0.95, 0.4, 1.0, "server"),
    ],
)
def test_what_is_full(
    achieved: float, failed: int, server: float, sipp: float, busy: float, limit: str
) -> None:
    run = Run(1000, achieved, Counts(3000 - failed, failed, 0), 3.0, 3.0 * server, sipp, busy, 50.0, [], 0)
    assert run.calls == 3000
    assert run.server_cores == pytest.approx(server)
    assert run.limit(1.0) == limit


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_scenarios_are_there_and_readable(workload) -> None:  # type: ignore[no-untyped-def]
    for name in filter(None, (workload.caller, workload.callee)):
        assert ElementTree.parse(SCENARIOS / f"{name}.xml").getroot().tag == "scenario"
        assert str(SCENARIOS / f"{name}.xml") in command(name, "callee", workload.tcp)


def test_the_script_needs_nothing_but_what_both_have() -> None:
    text = ROUTE.read_text("ascii")
    assert "luasip." not in text
    assert "require" not in text


def test_percentiles() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([float(n) for n in range(100)], 99) == 99.0
    assert percentile([], 50) != percentile([], 50)  # not a number
