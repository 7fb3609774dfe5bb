"""Medians, ratios, tables, the plot, the section of the documentation."""

from xml.etree import ElementTree

import pytest

from benchmarks.calls import Run
from benchmarks.comparison import next_rate
from benchmarks.flame import shares
from benchmarks.growth import Growth, each
from benchmarks.load import Counts
from benchmarks.results import Result, markdown, plot, ratio_text, ratios, table
from benchmarks.section import replace_section


def result(server: str, *cpu: float, failed: int = 0, times: tuple[float, ...] = (1.0,)) -> Result:
    runs = [
        Run(100, 100.0, Counts(300 - failed, failed, 2), 3.0, 0.1, 0.1, 0.3, 40.0, list(times), 0)
        for _ in cpu
    ]
    return Result("INVITE", 100, server, 1.0, runs, list(cpu))


def test_medians_and_sums() -> None:
    one = result("a", 5.0, 1.0, 3.0, failed=4)
    assert one.median == 3.0
    assert one.failed == 12
    assert one.retransmissions == 6
    assert one.limits() == "server"
    assert result("b", 1.0).limits() == ""


def test_latency_is_of_all_rounds() -> None:
    one = result("a", 1.0, 1.0, times=(1.0, 2.0))
    one.runs[0].times[:] = [100.0]
    assert one.latency(99) == 100.0
    assert one.latency(50) == 2.0


def test_ratios_are_of_pairs() -> None:
    one, other = result("a", 100.0, 300.0, 200.0), result("b", 100.0, 100.0, 100.0)
    assert ratios(one, other) == [1.0, 3.0, 2.0]
    assert ratio_text(one, other) == "2.00 (1.00–3.00)"
    assert ratio_text(other, other) == ""


def test_the_reference_is_the_last_server_of_a_group() -> None:
    lines = markdown([result("LuaSIP", 200.0), result("Kamailio", 100.0)]).splitlines()
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1
    cells = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert cells == [
        "INVITE",
        "100",
        "LuaSIP",
        "200",
        "2.00 (2.00–2.00)",
        "1.0 / 1.0",
        "0",
        "2",
        "40",
        "",
        "",
    ]


def test_a_table_is_markdown() -> None:
    assert table(("a", "bb"), [["1", "2"]]) == "| a | bb |\n| - | -- |\n| 1 | 2  |"


def test_the_plot_has_a_bar_for_each_result() -> None:
    text = plot([result("LuaSIP <x>", 200.0), result("Kamailio", 100.0)])
    root = ElementTree.fromstring(text)
    bars = [e for e in root if e.tag.endswith("rect") and e.get("height") == "16"]
    assert [bar.get("width") for bar in bars] == ["380.0", "190.0"]
    assert "LuaSIP <x>" in [e.text for e in root]
    assert ElementTree.fromstring(plot([])).tag.endswith("svg")


@pytest.mark.parametrize(("rate", "following"), [(1000, 1400), (2000, 2800), (50, 70), (10, 20)])
def test_rates_go_up(rate: int, following: int) -> None:
    assert next_rate(rate) == following


BEFORE = "# Benchmarks\n\nText.\n\n## A\n\nold\n\n### Part\n\nold\n\n## B\n\nkept\n"


def test_a_section_is_replaced() -> None:
    after = replace_section(BEFORE, "A", "new \\1")
    assert after == "# Benchmarks\n\nText.\n\n## A\n\nnew \\1\n\n## B\n\nkept\n"
    assert replace_section(after, "A", "new \\1") == after


def test_the_last_section_and_a_new_one() -> None:
    assert replace_section(BEFORE, "B", "new") == BEFORE.replace("kept", "new")
    assert replace_section("", "C", "    code\n").endswith("## C\n\n    code\n")
    assert replace_section(BEFORE, "C", "new") == f"{BEFORE}\n## C\n\nnew\n"


def test_shares_leave_out_who_waits() -> None:
    stacks = "run (a.py:1);work (b.py:2) 30\nrun (a.py:9);work (b.py:3) 10\nrun (a.py:1) 60\n"
    stacks += "run (c.py:1);Condition.wait (threading.py:3) 1000\n"
    assert shares(stacks, 2) == [(0.6, 1.0, "run (a.py)"), (0.4, 0.4, "work (b.py)")]
    assert shares("", 5) == []


def test_growth_is_a_ratio_of_pairs() -> None:
    growth = Growth("contacts", "MESSAGE", 100, 100_000, [(100.0, 110.0), (200.0, 200.0), (100.0, 130.0)])
    expected = ["contacts", "MESSAGE", "100", "100", "100,000", "130", "1.10 (1.00–1.30)"]
    assert growth.row() == expected
    assert each("contact", 1024, 10.0, 12.0) == ["contact", "1,024", "2.00 KiB each"]
