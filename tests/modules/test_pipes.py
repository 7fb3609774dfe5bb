"""Pipes and the load they may follow; ratelimit and pipelimit are in test_ratelimit.py and test_pipelimit.py."""

from pathlib import Path

import pytest

from luasip.errors import CommandError
from luasip.modules.pipes import Algorithm, Controller, Pipe, algorithm_named
from luasip.modules.system_load import ProcessorLoad, bytes_waiting


def passed(pipe: Pipe, requests: int, allowed: int = 0, drop_rate: int = 0) -> int:
    return sum(pipe.push(allowed, drop_rate) for _ in range(requests))


def test_taildrop_lets_the_first_pass() -> None:
    pipe = Pipe(Algorithm.TAILDROP, 10)
    assert [pipe.push(3, 0) for _ in range(5)] == [True, True, True, False, False]
    pipe.swap(3, 0)
    assert pipe.push(3, 0)


def test_red_thins_out_by_what_the_last_interval_was() -> None:
    pipe = Pipe(Algorithm.RED, 10)
    assert passed(pipe, 45) == 45
    pipe.swap(10, 0)
    assert (pipe.load, pipe.last_counter) == (4, 45)
    assert passed(pipe, 40) == 10
    pipe.swap(10, 0)
    assert passed(pipe, 9) == 2  # load is still 4: 40 of 10
    pipe.swap(10, 0)
    assert passed(pipe, 9) == 9


def test_network_lets_all_or_none_pass() -> None:
    pipe = Pipe(Algorithm.NETWORK, 1000)
    assert passed(pipe, 5) == 5
    for waiting, expected in ((1001, 0), (1000, 5)):
        pipe.swap(0, waiting)
        assert passed(pipe, 5) == expected


@pytest.mark.parametrize("drop_rate", [0, 1, 25, 50, 99, 100, 250])
def test_feedback_drops_its_share_of_every_hundred(drop_rate: int) -> None:
    pipe = Pipe(Algorithm.FEEDBACK, 80)
    assert passed(pipe, 300, drop_rate=drop_rate) == 3 * max(100 - drop_rate, 0)


def test_feedback_drops_evenly() -> None:
    pipe = Pipe(Algorithm.FEEDBACK, 80)
    answers = [pipe.push(0, 50) for _ in range(100)]
    assert max(len(run) for run in "".join("x" if one else " " for one in answers).split()) <= 3


def test_pipe_without_algorithm_counts_only() -> None:
    pipe = Pipe()
    assert passed(pipe, 3) == 3
    assert pipe.counter == 3
    pipe.reset()
    assert pipe == Pipe()


def test_unused_intervals() -> None:
    pipe = Pipe(Algorithm.TAILDROP, 1)
    pipe.swap(1, 0)
    pipe.swap(1, 0)
    assert pipe.unused == 2
    pipe.push(1, 0)
    pipe.swap(1, 0)
    assert pipe.unused == 0


@pytest.mark.parametrize(
    ("name", "algorithm"), [("RED", Algorithm.RED), ("NOP", Algorithm.NOP), ("red", None), ("", None)]
)
def test_names(name: str, algorithm: Algorithm | None) -> None:
    assert algorithm_named(name) is algorithm


def test_controller_drops_while_there_is_too_much_load_and_recovers() -> None:
    controller = Controller()
    controller.setpoint = 0.8
    for _ in range(10):
        controller.update(0.1)
    assert controller.drop_rate == 0
    rates = []
    for _ in range(4):
        controller.update(1.0)
        rates.append(controller.drop_rate)
    assert rates == sorted(rates)
    assert rates[0] >= 4
    for _ in range(4):
        controller.update(0.5)
    assert controller.drop_rate == 0


def test_controller_is_tuned() -> None:
    controller = Controller()
    controller.tune(0.5, 1, -2)
    assert controller.shown() == "ki[0.500000] kp[1.000000] kd[-2.000000]"
    controller.push(0.85)
    assert controller.load == 0.85
    for wrong in (1.5, -0.1, float("nan")):
        with pytest.raises(CommandError):
            controller.push(wrong)
    with pytest.raises(CommandError):
        controller.tune(1, float("inf"), 1)
    controller.update(float("nan"))
    assert controller.load == 0.0


def test_processor_load(tmp_path: Path) -> None:
    load = ProcessorLoad(tmp_path)
    readings = []
    for text in (
        "cpu  10 0 10 80 0 0 0 0 0 0\n",
        "cpu  50 0 20 130 0 0 0 0 0 0\n",
        "cpu  50 0 20 130 0 0 0 0\n",
    ):
        (tmp_path / "stat").write_text(f"{text}cpu0 1 1 1 1 1 1 1 1\n")
        readings.append(load.read())
    assert readings == [0.0, 0.5, 0.0]


def test_system_that_does_not_tell_its_load(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    load = ProcessorLoad(tmp_path)
    assert [load.read(), load.read()] == [None, None]
    assert len(caplog.records) == 1
    assert bytes_waiting({5060}, tmp_path) == 0


def test_bytes_waiting(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when\n"
    line = "   0: 0100007F:{:04X} 00000000:0000 07 00000001:{:08X} 00:00000000 00000000     0        0 1\n"
    (tmp_path / "net/udp").write_text(head + line.format(5060, 300) + line.format(53, 7))
    (tmp_path / "net/tcp6").write_text(head + line.format(5061, 40))
    assert bytes_waiting({5060, 5061}, tmp_path) == 340
    assert bytes_waiting({5060}) >= 0
