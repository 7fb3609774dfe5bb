import logging
from collections.abc import Iterator

import pytest

from luasip.errors import CommandError
from luasip.kemi.log_levels import NOTICE
from luasip.modules.kex import Kex
from tests.bench import FakeServices, context


def kex() -> Kex:
    return Kex(Kex.Settings(), FakeServices(counters={"core:rcv": 3, "core:fwd": 2, "tm:UAS": 1}))


@pytest.fixture(autouse=True)
def level() -> Iterator[None]:
    logger = logging.getLogger("luasip")
    before = logger.level
    logger.setLevel(logging.INFO)
    yield
    logger.setLevel(before)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (9, logging.DEBUG),
        (3, logging.DEBUG),
        (2, logging.INFO),
        (1, NOTICE),
        (0, logging.WARNING),
        (-1, logging.ERROR),
        (-2, logging.CRITICAL),
        (-5, logging.CRITICAL),
    ],
)
def test_log_level(number: int, expected: int) -> None:
    module, logger = kex(), logging.getLogger("luasip")
    assert module.setdebug(context(), 0) == 1
    assert module.setdebug(context(), number) == 1
    assert logger.level == expected
    assert module.resetdebug(context()) == 1
    assert logger.level == logging.INFO
    module.setdebug(context(), number)
    module.stop()
    assert logger.level == logging.INFO


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["all"], ["core:fwd = 2", "core:rcv = 3", "tm:UAS = 1"]),
        (["core:"], ["core:fwd = 2", "core:rcv = 3"]),
        (["UAS", "core:rcv"], ["core:rcv = 3", "tm:UAS = 1"]),
        (["tm.UAS"], ["tm:UAS = 1"]),
        (["none"], []),
    ],
)
def test_statistics(names: list[str], found: list[str]) -> None:
    assert kex().get_statistics(*names) == found


def test_statistics_as_tables() -> None:
    assert kex().fetch("tm:") == {"tm.UAS": "1"}
    assert kex().fetch_numbers("tm:") == {"tm.UAS": 1}
    with pytest.raises(CommandError):
        kex().fetch()


def test_resetting() -> None:
    module = kex()
    assert module.clear_statistics("rcv") == "core:rcv = 0 (3)"
    module.reset_statistics("all")
    assert module.fetch_numbers("all") == {"core.fwd": 0, "core.rcv": 0, "tm.UAS": 0}
