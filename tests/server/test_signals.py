"""What signals ask for, each in the middle of whatever the main thread does."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from luasip.server.signals import RELOAD, STOP, Signals

TIMES = 3000


@pytest.fixture
def signals() -> Iterator[Signals]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    listening = Signals()
    listening.listen()
    yield listening
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "meaning"), [(signal.SIGTERM, STOP), (signal.SIGINT, STOP), (signal.SIGHUP, RELOAD)]
)
def test_a_signal(signals: Signals, number: int, meaning: int) -> None:
    assert list(signals.wait(0.0)) == []
    os.kill(os.getpid(), number)
    assert list(signals.wait(5.0)) == [meaning]
    assert list(signals.wait(0.0)) == []


def test_what_is_asked_often_is_told_once(signals: Signals) -> None:
    for meaning in (RELOAD, STOP, RELOAD, RELOAD):
        signals.ask(meaning)
    assert set(signals.wait(5.0)) == {RELOAD, STOP}
    assert list(signals.wait(0.0)) == []


@pytest.mark.timeout(60)
def test_signals_amid_waiting(signals: Signals) -> None:
    """They come while the queue is read, written and waited for: nothing waits for itself, and none is lost."""

    def send() -> None:
        for _ in range(TIMES):
            os.kill(os.getpid(), signal.SIGHUP)
        signals.ask(STOP)

    sender = threading.Thread(target=send)
    sender.start()
    told: set[int] = set()
    while STOP not in told:
        told.update(signals.wait(0.01))
        signals.ask(RELOAD)
    sender.join()
    assert told == {RELOAD, STOP}
