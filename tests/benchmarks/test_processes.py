"""What is read from /proc."""

import os

import pytest

from benchmarks.processes import TICKS, Cpus, Stat, cpu_seconds, memory_mib, parse_cpus, parse_stat, tree

STAT = "812 (a) b (c) S 7 812 812 0 -1 4194560 1 0 0 0 {user} {system} 90 90 20 0 1 0 100 1 1\n"


def test_a_name_may_contain_blanks_and_parentheses() -> None:
    assert parse_stat(STAT.format(user=2 * TICKS, system=TICKS)) == Stat(7, 3.0)


def test_a_tree_is_a_process_and_all_below_it() -> None:
    stats = {pid: Stat(parent, 1.0) for pid, parent in {2: 1, 3: 2, 4: 3, 5: 2, 6: 1, 7: 6}.items()}
    assert sorted(tree(2, stats)) == [2, 3, 4, 5]


def test_busy_is_all_but_idle_and_waiting_for_disks() -> None:
    text = f"cpu  {TICKS} 0 {TICKS} {5 * TICKS} {TICKS} 0 0 {TICKS} 99 99\ncpu0 1 1 1 1 1 1 1 1 1 1\n"
    assert parse_cpus(text) == Cpus(busy=3.0, stolen=1.0, total=9.0)


def test_this_process() -> None:
    assert cpu_seconds(os.getpid()) >= sum(os.times()[:2]) - 0.5
    assert cpu_seconds(os.getpid()) < 3600
    assert memory_mib(os.getpid()) == pytest.approx(memory_mib(os.getpid()), rel=0.2)
    assert memory_mib(os.getpid()) > 5
