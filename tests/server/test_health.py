"""luasip.server.health: whether the server lives, and whether it serves."""

from types import SimpleNamespace
from typing import Any

from luasip.server.health import STALLED_AFTER, Health
from luasip.server.timers import Timers


class Now:
    at = 0.0

    def __call__(self) -> float:
        return self.at


def make(stalled: list[str]) -> tuple[Health, Now, Timers]:
    now = Now()
    timers = Timers(now)
    transport: Any = SimpleNamespace(stalled=lambda limit: stalled)
    without_threads: Any = SimpleNamespace()
    return Health(timers, [transport, without_threads], now), now, timers


def test_starting_and_stopping() -> None:
    health, _, _ = make([])
    assert (health.faults(), health.hindrances()) == ([], ["the server is starting"])
    health.begin()
    assert (health.faults(), health.hindrances()) == ([], [])
    health.end()
    assert (health.faults(), health.hindrances()) == ([], ["the server is stopping"])


def test_a_thread_that_does_not_move() -> None:
    stalled: list[str] = []
    health, _, _ = make(stalled)
    health.begin()
    stalled.append("udp:127.0.0.1:5060#1")
    assert health.faults() == ["thread udp:127.0.0.1:5060#1 does not move"]
    assert health.hindrances() == health.faults()


def test_a_thread_that_sip_does_not_depend_on() -> None:
    health, _, _ = make([])
    health.beside.append(lambda limit: ["control"] if limit == STALLED_AFTER else [])
    assert health.ailments() == []
    health.begin()
    assert health.ailments() == ["thread control does not move"]
    assert (health.faults(), health.hindrances()) == ([], [])


def test_timers_that_do_not_move() -> None:
    health, now, timers = make([])
    health.begin()
    for _ in range(3):
        now.at += STALLED_AFTER
        timers.run_due()
        assert health.faults() == []
    now.at += STALLED_AFTER + 1
    assert health.faults() == ["thread timers does not move"]


def test_the_signs_of_life_end() -> None:
    health, now, timers = make([])
    health.begin()
    health.end()
    now.at += 2
    timers.run_due()
    assert len(timers) == 0
