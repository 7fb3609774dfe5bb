"""luasip.server.log_commands: levels while the server runs."""

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from luasip.errors import CommandError
from luasip.server.log_commands import LogCommands

NAME = "luasip.test_levels"


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    found = logging.getLogger(NAME)
    before = found.level, logging.getLogger("luasip").level
    logging.getLogger("luasip").setLevel(logging.WARNING)
    yield found
    found.setLevel(before[0])
    logging.getLogger("luasip").setLevel(before[1])


def level_of(commands: LogCommands, name: str = NAME) -> tuple[str, bool]:
    (found,) = [one for one in commands.levels() if one["logger"] == name]
    return found["level"], found["set"]


@pytest.mark.parametrize("name", [NAME, "test_levels"])
def test_a_level_is_set_and_taken_back(logger: logging.Logger, name: str) -> None:
    commands = LogCommands(None)
    assert level_of(commands) == ("warn", False)
    commands.set_level(name, "DBG")
    commands.set_level(name, "info")
    assert level_of(commands) == ("info", True)
    assert logger.isEnabledFor(logging.INFO)
    commands.reset_level(name)
    commands.reset_level(name)
    assert level_of(commands) == ("warn", False)


@pytest.mark.parametrize(
    ("number", "level"),
    [(3, "dbg"), (9, "dbg"), (2, "info"), (1, "notice"), (0, "warn"), (-1, "err"), (-5, "crit")],
)
def test_kamailios_numbers(logger: logging.Logger, number: int, level: str) -> None:
    commands = LogCommands(None)
    commands.set_module_level("test_levels", number)
    assert level_of(commands) == (level, True)
    assert commands.module_level("test_levels") == max(-2, min(3, number))
    commands.reset_module_level("test_levels")
    assert level_of(commands) == ("warn", False)


def test_the_core_is_everything(logger: logging.Logger) -> None:
    commands = LogCommands(None)
    commands.set_module_level("core", 3)
    assert level_of(commands) == ("dbg", False)
    assert commands.module_level("core") == 3
    commands.reset_module_level("core")
    assert level_of(commands) == ("warn", False)


def test_what_there_is_not(logger: logging.Logger) -> None:
    commands = LogCommands(None)
    for name, level in (("no_such_module", "info"), (NAME, "loud")):
        with pytest.raises(CommandError):
            commands.set_level(name, level)
    with pytest.raises(CommandError):
        commands.reset_level("no_such_module")


def test_the_state() -> None:
    log: Any = SimpleNamespace(waiting=1, dropped=2, suppressed=3)
    assert LogCommands(log).state() == {"waiting": 1, "dropped": 2, "suppressed": 3}
    assert LogCommands(None).state()["dropped"] == 0
