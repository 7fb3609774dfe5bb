"""luasip: what LuaSIP has beyond Kamailio: waiting, waking, and work beside a route."""

import threading
from collections.abc import Generator
from typing import Any

from luasip.errors import MisuseError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.kemi.operation import TIMED_OUT, Event, Operation, Parallel, RunRoute
from luasip.modules import sleeping
from luasip.modules.blocking_lua import BlockingLua
from luasip.modules.signatures import Signatures, SignatureSettings, check


class Suspension(BlockingLua, Signatures, Module):
    """luasip: waiting without holding a thread, and code that needs one."""

    name = ""
    namespace = "luasip"

    Settings = SignatureSettings

    def __init__(self, settings: SignatureSettings, services: Services) -> None:
        """Raises SettingsError for a secret that can be guessed."""
        check(settings)
        self._services = services
        self._settings = settings
        self._key = b""
        self._key_lock = threading.Lock()

    @function(suspends=True, body=sleeping.sleep)
    def sleep(self, ctx: RouteContext, seconds: Any) -> Generator[Operation, Any, None]:
        """Wait, while other messages are handled.

        Args:
            seconds: how long, fractions allowed, up to a day.
        """
        once: Generator[Operation, Any, None] = sleeping.sleep(self, ctx, seconds)
        return once

    @function(suspends=True)
    def wait(self, ctx: RouteContext, key: str, seconds: Any) -> Generator[Operation, Any, Any]:
        """Wait until somebody calls luasip.notify with the same key.

        Args:
            key: any text.
            seconds: how long at most, fractions allowed, up to a day.
        Returns: the value given to notify (true when it gave none), nil when nobody came in time.
        """
        value = yield Event(f"luasip:{key}", sleeping.seconds_of("luasip.wait", seconds))
        if value is TIMED_OUT:
            return None
        return True if value is None else value

    @function()
    def notify(self, ctx: RouteContext, key: str, value: Any = None) -> int:
        """Wake every route that waits for a key.

        Args:
            key: any text.
            value: what luasip.wait returns there: a string, number, boolean or table of these.
        Returns: how many were woken.
        """
        return self._services.notify(f"luasip:{key}", value)

    @function()
    def spawn(self, ctx: RouteContext, work: Any, *arguments: Any) -> None:
        """Run a function beside this route; it may outlive the message and sees it without its transaction.

        Args:
            work: a function.
            arguments: what it is called with.
        """
        self._services.spawn(ctx, _function("luasip.spawn", work))

    @function(suspends=True)
    def all(self, ctx: RouteContext, *work: Any) -> Generator[Operation, Any, Any]:
        """Run several functions at once, begun in their order, and wait for all of them.

        Args:
            work: functions without parameters.
        Returns: the first result of each function, in their order; nil for one that failed, whose error is logged.
        """
        routes = tuple(RunRoute(_function("luasip.all", each), ctx) for each in work)
        return (yield Parallel(routes))


def _function(name: str, value: Any) -> str:
    """A Lua function given as an argument stands here as a name the runtime can start."""
    if not isinstance(value, str):
        raise MisuseError(f"{name}: a function is needed, not {value!r}")
    return value
