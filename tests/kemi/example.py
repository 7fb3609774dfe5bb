"""A small module with one of everything that can be declared, for the tests of what is made from it."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.declare import Module, Route, command, function, variable, variable_setter
from luasip.kemi.operation import Operation, Sleep


class Example(Module):
    """example: one of everything.

    More about it, with a | in it.
    """

    name = "example"
    uses = ("tm",)

    @dataclass
    class Settings:
        limit: int = 5
        """Greatest value (seconds),
        over two lines, with a |."""
        names: list[str] = field(default_factory=list)
        """Repeatable."""
        mode: Annotated[Literal["a", "b"], "checked"] = "a"
        url: str | None = None
        active: bool = True

    @function()
    def plain(self, ctx: RouteContext) -> int:
        """Do it.

        Returns: 1.
        """
        return 1

    @function(Route.REQUEST | Route.BRANCH_FAILURE, suspends=True)
    def wait(
        self, ctx: RouteContext, end: str, seconds: int = 1, *more: Any
    ) -> Generator[Operation, Any, PvValue]:
        """Wait.

        First further line.
        Second further line.

        Args:
            end: how it ends,
                over two lines.
            seconds: how long.
            more: whatever else.
        Returns: what came,
            or nothing.
        """
        yield Sleep(seconds)
        return end

    @function(exits=True, name="not")
    def leave(self, ctx: RouteContext) -> None:
        """Leave."""

    @variable("ex", "example")
    def read(self, ctx: RouteContext, inner: str, index: int | str | None) -> str | int | None:
        """The value | of it."""
        return inner

    @variable_setter("ex")
    def write(
        self, ctx: RouteContext, inner: str, index: int | str | None, value: str | int | None
    ) -> bool:
        return True

    @command("example.show")
    def show(self, key: str) -> dict[str, str]:
        """Show one entry.

        Args:
            key: which.
        Returns: the entry.
        """
        return {key: key}


class Top(Module):
    """The functions of KSR itself."""

    @function()
    def is_it(self, ctx: RouteContext) -> bool:
        """Whether it is.

        Returns: true when it is.
        """
        return True
