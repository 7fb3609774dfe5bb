"""Commands that do little, for tests of what carries them."""

import threading
from typing import Any

from luasip.control.registry import Registry
from luasip.control.system_commands import SystemCommands
from luasip.errors import CommandError, StorageError
from luasip.kemi.declare import command


class Example:
    """A few commands of every kind."""

    def __init__(self) -> None:
        self.held = threading.Event()
        """Set to end example.hold."""
        self.calls: list[str] = []

    @command("example.add")
    def add(self, first: int, second: int = 10) -> int:
        """Add two numbers.

        Args:
            first: one number.
            second: the other.
        Returns: their sum.
        """
        return first + second

    @command("example.echo")
    def echo(self, text: str, *more: str) -> list[str]:
        """The arguments."""
        return [text, *more]

    @command("example.any")
    def any_kind(self, value: Any) -> Any:
        """The argument as it came."""
        return value

    @command("example.half")
    def half(self, value: float) -> float:
        """Half a number."""
        return value / 2

    @command("example.nothing")
    def nothing(self) -> None:
        """Nothing to tell."""
        self.calls.append("nothing")

    @command("example.refuse")
    def refuse(self, code: int) -> None:
        """Refuse with a code."""
        raise CommandError(code, "No such thing \xc3\xbc")

    @command("example.fail")
    def fail(self) -> None:
        """Fail in a way nobody meant."""
        raise ZeroDivisionError("oops")

    @command("example.store")
    def store(self) -> None:
        """Fail as a database does."""
        raise StorageError("the database is away")

    @command("example.hold")
    def hold(self) -> str:
        """Take long."""
        self.held.wait(10)
        return "held"

    @command("example.fill")
    def fill(self, size: int) -> str:
        """Much text."""
        return "x" * size


def registry(example: Example | None = None) -> Registry:
    """The example's commands and system.*."""
    made = Registry([example or Example()])
    made.add(SystemCommands(made))
    return made
