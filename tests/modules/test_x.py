"""x: leaving the route, and native names."""

from collections.abc import Generator
from typing import Any

import pytest

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Module, Route, function
from luasip.kemi.operation import Operation, Sleep
from luasip.modules.core import Core
from luasip.modules.hdr import Hdr
from luasip.modules.maxfwd import Maxfwd
from luasip.modules.x import X
from tests.bench import FakeServices, context, settle


class Sleeper(Module):
    """A module with a suspending function."""

    name = "sleeper"

    @function(Route.REQUEST, suspends=True)
    def nap(self, ctx: RouteContext, seconds: int) -> Generator[Operation, Any, int]:
        """Sleep.

        Args:
            seconds: how long.
        Returns: 7.
        """
        yield Sleep(seconds)
        return 7


@pytest.fixture
def x() -> X:
    services = FakeServices()
    plain = Module.Settings()
    module = X(plain, services)
    services.modules = [
        Core(plain, services),
        Hdr(plain, services),
        Maxfwd(Maxfwd.Settings(), services),
        module,
    ]
    services.modules.append(Sleeper())
    return module


def test_exits() -> None:
    exits = {export.name: export.exits for export in X.exports()}
    assert exits == {"exit": True, "drop": True, "probe": False, "modf": False}


def test_drop_marks_the_message(x: X) -> None:
    ctx = context()
    x.exit(ctx)
    x.probe(ctx)
    assert not ctx.dropped
    x.drop(ctx)
    assert ctx.dropped


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("is_method", ("INVITE",), 1),
        ("is_method", ("BYE",), -1),
        ("setflag", ("5",), 1),
        ("setflag", (5.0,), 1),
        ("setflag", ("five",), -1),
        ("setflag", (), -1),
        ("setflag", ("5", "6"), -1),
        ("set_drop", (), 1),
        ("mf_process_maxfwd_header", ("10",), 1),
        ("maxfwd.process_maxfwd", ("10",), 1),
        ("append_to_reply", ("A: b\r\n",), 1),
        ("exit", (), -1),
        ("no_such_function", (), -1),
        ("", (), -1),
        ("nap", ("3",), 7),
    ],
)
def test_modf(x: X, name: str, arguments: tuple[Any, ...], expected: int) -> None:
    slept: list[Operation] = []
    assert settle(x.modf(context(), name, *arguments), slept.append) == expected
    assert slept == ([Sleep(3)] if name == "nap" else [])


def test_modf_respects_the_route(x: X) -> None:
    assert settle(x.modf(context(route=Route.REPLY), "nap", "3")) == -1
