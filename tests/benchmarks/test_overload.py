"""What the logs of the callers come to."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.calls import SCENARIOS
from benchmarks.overload import CALL, Ended, last_late, lost_datagrams, parse, read_times, resident


def test_times_of_sipp() -> None:
    ended = read_times("Date_ms;response_time_ms;rtd_no\n28.0;4;1\n131.5;110;2\n1048.0;12;1\n")
    assert ended.answered == [(0.028, 4.0), (1.048, 12.0)]
    assert ended.completed == [(0.1315, 110.0)]


@pytest.mark.parametrize(
    ("answered", "seconds"),
    [
        ([], 0.0),
        ([(19.0, 900.0), (20.5, 499.0)], 0.0),
        ([(19.0, 900.0), (20.5, 700.0), (21.0, 600.0), (23.0, 4.0)], 1.0),
    ],
)
def test_recovery(answered: list[tuple[float, float]], seconds: float) -> None:
    assert last_late(Ended(answered=answered), 20.0) == seconds


def test_goodput() -> None:
    ended = Ended(completed=[(0.4, 1.0), (0.5, 1.0), (1.0, 1.0), (1.49, 1.0), (1.5, 1.0)])
    assert ended.rate(0.5, 1.5) == 3.0


def test_scenario_and_command_line() -> None:
    assert ElementTree.parse(SCENARIOS / f"{CALL.caller}.xml").getroot().tag == "scenario"
    assert parse([]).times == 3.0
    assert parse(["--write", "x.md"]).write == Path("x.md")


def test_what_the_system_says() -> None:
    assert lost_datagrams(1) == 0
    assert resident(1) >= 0.0
