"""What the logs of the callers come to."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.calls import SCENARIOS
from benchmarks.overload import CALL, SLICE, Ended, lost_datagrams, parse, read_times, recovered, resident


def test_times_of_sipp() -> None:
    ended = read_times("Date_ms;response_time_ms;rtd_no\n28.0;4;1\n131.5;110;2\n1048.0;12;1\n")
    assert ended.answered == [(0.028, 4.0), (1.048, 12.0)]
    assert ended.completed == [(0.1315, 110.0)]


def completed(*a_slice: int) -> Ended:
    """So many calls completed in each slice."""
    return Ended(
        completed=[
            (number * SLICE + 0.01, 100.0) for number, count in enumerate(a_slice) for _ in range(count)
        ]
    )


@pytest.mark.parametrize(
    ("a_slice", "seconds"),
    [
        ((0, 0, 10, 10, 10, 10), 0.0),
        ((0, 0, 10, 9, 12, 10), 0.0),
        ((0, 0, 3, 10, 10, 10), 0.5),
        ((0, 0, 3, 20, 8, 10), 1.5),
        ((0, 0, 10, 10, 10, 0), 2.0),
    ],
)
def test_recovery(a_slice: tuple[int, ...], seconds: float) -> None:
    assert recovered(completed(*a_slice), 20.0, 1.0, 3.0) == seconds


def test_goodput() -> None:
    assert completed(5, 10, 10, 0).rate(0.5, 1.5) == 20.0


def test_scenario_and_command_line() -> None:
    assert ElementTree.parse(SCENARIOS / f"{CALL.caller}.xml").getroot().tag == "scenario"
    assert parse([]).times == 3.0
    assert parse(["--write", "x.md"]).write == Path("x.md")


def test_what_the_system_says() -> None:
    assert lost_datagrams(1) == 0
    assert resident(1) >= 0.0
