"""async: continuing a request later, or in another thread, in a function of the script."""

from dataclasses import dataclass, field

from luasip.kemi.context import LuaWorkers, PvValue, RouteContext, Services
from luasip.kemi.declare import Module, Route, function, variable
from luasip.kemi.transactions import Transaction

LONGEST_ROUTE = 100
"""Seconds, as in Kamailio."""
LONGEST_MS_ROUTE = 30_000
MARGIN = 5.0
"""A suspended transaction may live this much longer than the wait it was suspended for."""


class Async(Module):
    """async: asynchronous routes and tasks."""

    name = "async"
    changeable = ("ms_timer", "return_")

    @dataclass
    class Settings:
        """Parameters of async."""

        workers: int = 1
        """Lua threads for task_route and task_data (Kamailio's core setting async_workers)."""
        workers_group: list[str] = field(default_factory=list)
        """Further groups, "name=GROUP;workers=N" (Kamailio's async_workers_group)."""
        ms_timer: int = 0
        """1: ms_route may be used (Kamailio needs a timer for it; here it only allows the function)."""
        return_: int = 0
        """What route, ms_route and task_route return when the request is suspended."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self.settings = settings
        self._services = services
        self._groups: dict[str, LuaWorkers] = {}

    def start(self) -> None:
        """Start the worker threads."""
        self._groups["default"] = self._services.lua_workers("async", max(1, self.settings.workers))
        for text in self.settings.workers_group:
            values = dict(part.partition("=")[::2] for part in text.strip(";").split(";"))
            name = values.get("name", "").strip()
            count = int(values["workers"]) if values.get("workers", "").strip().isdigit() else 1
            self._groups[name] = self._services.lua_workers(f"async-{name}", count)

    @function(Route.REQUEST | Route.FAILURE | Route.ONREPLY)
    def route(self, ctx: RouteContext, rn: str, s: int) -> int:
        """Suspend the request and continue it in another function after some seconds; the script must then end.

        Args:
            rn: name of a global Lua function; it is called with "async:timer-exec".
            s: seconds, 0 to 100.
        Returns: the module's `return` setting (0) when suspended, -1 when that is not possible.
        """
        if not 0 <= s <= LONGEST_ROUTE:
            return -1
        return self._later(ctx, rn, float(s))

    @function(Route.REQUEST | Route.FAILURE | Route.ONREPLY)
    def ms_route(self, ctx: RouteContext, rn: str, s: int) -> int:
        """Suspend the request and continue it in another function after some milliseconds.

        Args:
            rn: name of a global Lua function; it is called with "async:timer-exec".
            s: milliseconds, 0 to 30000.
        Returns: as route; -1 also when the setting ms_timer is 0.
        """
        if not self.settings.ms_timer or not 0 <= s <= LONGEST_MS_ROUTE:
            return -1
        return self._later(ctx, rn, s / 1000)

    def _later(self, ctx: RouteContext, callback: str, seconds: float) -> int:
        transactions = self._services.transactions
        if transactions.suspend(ctx, seconds + MARGIN) < 0 or ctx.transaction is None:
            return -1
        transaction = ctx.transaction
        self._services.after(seconds, lambda: _resume(self._services, transaction, callback))
        return self.settings.return_

    @function(Route.REQUEST | Route.FAILURE | Route.ONREPLY)
    def task_route(self, ctx: RouteContext, rn: str) -> int:
        """Suspend the request and continue it at once in a thread for tasks; the script must then end.

        Args:
            rn: name of a global Lua function; it is called with "async:task-exec".
        Returns: the module's `return` setting (0) when handed over, -1 when that is not possible.
        """
        return self.task_group_route(ctx, rn, "default")

    @function(Route.REQUEST | Route.FAILURE | Route.ONREPLY)
    def task_group_route(self, ctx: RouteContext, rn: str, gn: str) -> int:
        """Suspend the request and continue it in a thread of a group.

        Args:
            rn: name of a global Lua function; it is called with "async:task-exec".
            gn: name of the group.
        Returns: as task_route; -1 also when there is no such group.
        """
        group = self._groups.get(gn)
        if group is None or self._services.transactions.suspend(ctx) < 0 or ctx.transaction is None:
            return -1
        if not group.resume(ctx.transaction, rn, "async:task-exec"):
            return -1
        return self.settings.return_

    @function()
    def task_data(self, ctx: RouteContext, rn: str, sdata: str) -> int:
        """Call a function in a thread for tasks, on a made-up request; this route goes on.

        Args:
            rn: name of a global Lua function; it is called with "async:task-data".
            sdata: text it finds in $async(data).
        Returns: 1, or -1 when too many tasks wait.
        """
        return self.task_group_data(ctx, rn, "default", sdata)

    @function()
    def task_group_data(self, ctx: RouteContext, rn: str, gn: str, sdata: str) -> int:
        """Call a function in a thread of a group, on a made-up request.

        Args:
            rn: name of a global Lua function; it is called with "async:task-data".
            gn: name of the group.
            sdata: text it finds in $async(data).
        Returns: 1, or -1 when there is no such group or too many tasks wait.
        """
        group = self._groups.get(gn)
        if group is None:
            return -1
        attributes = {"async.data": sdata, "async.gname": gn}
        return 1 if group.run(rn, "async:task-data", attributes) else -1

    @function()
    def get_data(self, ctx: RouteContext) -> PvValue:
        """The text given to task_data, in its function.

        Returns: the text, nil elsewhere.
        """
        return self.async_variable(ctx, "data", None)

    @function()
    def get_gname(self, ctx: RouteContext) -> PvValue:
        """The name of the group the function runs in.

        Returns: the name, nil outside a task with data.
        """
        return self.async_variable(ctx, "gname", None)

    @variable("async")
    def async_variable(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$async(data), $async(gname): text and group of a task started by task_data."""
        value: PvValue = ctx.attributes.get(f"async.{inner}")
        return value


def _resume(services: Services, transaction: Transaction, callback: str) -> None:
    services.transactions.resume(transaction, callback, "async:timer-exec")
