"""luasip.server.watchdog: a sign of life only while the server lives."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from luasip.server.watchdog import LOOK_AFTER, Watchdog


class Bench:
    def __init__(self, watchdog: float) -> None:
        self.now = 100.0
        self.told: list[str] = []
        self.faults: list[str] = []
        manager: Any = SimpleNamespace(watchdog=watchdog, tell=self.told.append)
        self.ailments: list[str] = []
        health: Any = SimpleNamespace(
            faults=lambda: list(self.faults), ailments=lambda: list(self.ailments)
        )
        self.watchdog = Watchdog(manager, health, lambda: self.now)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.watchdog.look()


def test_signs_of_life_come_often_enough() -> None:
    bench = Bench(30.0)
    bench.watchdog.look()
    for _ in range(30):
        bench.pass_time(1.0)
    assert bench.told == ["WATCHDOG=1"] * 4


def test_none_while_a_thread_stands_still(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(3.0)
    bench.faults = ["thread timers does not move"]
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            bench.pass_time(1.0)
        assert bench.told == []
        assert [record.levelname for record in caplog.records] == ["CRITICAL"]
        bench.faults = []
        bench.pass_time(1.0)
    assert bench.told == ["WATCHDOG=1"]
    assert caplog.messages[-1] == "the server lives again"


def test_faults_are_logged_without_a_service_manager(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(0.0)
    bench.faults = ["thread timers does not move"]
    bench.pass_time(LOOK_AFTER)
    assert bench.told == []
    assert "thread timers does not move" in caplog.text


def test_what_sip_does_not_depend_on_is_named_and_nothing_more(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(3.0)
    bench.ailments = ["thread control does not move"]
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            bench.pass_time(1.0)
        bench.ailments = []
        bench.pass_time(1.0)
    assert bench.told == ["WATCHDOG=1"] * 4
    assert caplog.messages == ["SIP goes on, but thread control does not move", "all threads move again"]
