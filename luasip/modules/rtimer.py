"""rtimer: functions of the script called again and again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from luasip.errors import SettingsError
from luasip.kemi.context import LuaWorkers, PvValue, RouteContext, Services
from luasip.kemi.declare import Module, command, variable
from luasip.kemi.parameter_text import fields, seconds


class Rtimer(Module):
    """rtimer: timers that run Lua functions."""

    name = "rtimer"

    @dataclass
    class Settings:
        """Parameters of rtimer."""

        timer: list[str] = field(default_factory=list)
        """Timers: "name=NAME;interval=10;mode=1;". interval in seconds, or "100000u" microseconds, "500m" milliseconds;
        mode 0: on the thread shared by all such timers, N: on N threads of its own."""
        exec: list[str] = field(default_factory=list)
        """What they call: "timer=NAME;route=FUNCTION"; a timer may call several functions, in this order."""
        default_interval: int = 10
        """Seconds of timers without interval."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._services = services
        self._timers: list[_Timer] = []
        routes: dict[str, list[str]] = {}
        for text in settings.exec:
            values = fields(text, "modules.rtimer.exec", ("timer", "route"))
            routes.setdefault(values.get("timer", ""), []).append(values.get("route", ""))
        for text in settings.timer:
            values = fields(text, "modules.rtimer.timer", ("name", "interval", "mode"))
            name = values.get("name", "")
            interval = values.get("interval", str(settings.default_interval))
            mode = values.get("mode", "0")
            if not name or not mode.isdecimal():
                raise SettingsError([f"modules.rtimer.timer: {text!r}: name missing, or mode not a number"])
            called = routes.pop(name, [])
            self._timers.append(
                _Timer(name, seconds(interval, "modules.rtimer.timer"), int(mode), called, services)
            )
        if routes:
            known = ", ".join(timer.name for timer in self._timers) or "none"
            raise SettingsError([f"modules.rtimer.exec: no timer {sorted(routes)[0]!r}; there are: {known}"])

    def start(self) -> None:
        """Start the timers."""
        shared: LuaWorkers | None = None
        for timer in self._timers:
            if timer.mode:
                for number in range(timer.mode):
                    timer.begin(self._services.lua_workers(f"rtimer-{timer.name}", 1), number)
            else:
                shared = shared or self._services.lua_workers("rtimer", 1)
                timer.begin(shared, 0)

    @command("rtimer.list")
    def list_timers(self) -> list[dict[str, Any]]:
        """The timers: interval in seconds, mode, and the functions they call."""
        return [
            {"name": timer.name, "interval": timer.interval, "mode": timer.mode, "routes": list(timer.routes)}
            for timer in self._timers
        ]

    @variable("rtimer_worker")
    def worker(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$rtimer_worker: number of the thread, from 0, among those of the timer."""
        value: PvValue = ctx.attributes.get("rtimer.worker")
        return value


class _Timer:
    """One timer. An execution never overlaps the one before on the same thread: the interval begins when it ends."""

    def __init__(
        self, name: str, interval: float, mode: int, routes: list[str], services: Services
    ) -> None:
        self.name = name
        self.mode = mode
        self.interval = interval
        self.routes = routes
        self._services = services

    def begin(self, workers: LuaWorkers, number: int) -> None:
        """Let the timer run on a group of one thread."""
        self._wait(workers, number)

    def _wait(self, workers: LuaWorkers, number: int) -> None:
        self._services.after(self.interval, lambda: self._run(workers, number, 0))

    def _run(self, workers: LuaWorkers, number: int, index: int) -> None:
        """Call the functions one after the other, then wait for the next time."""
        if index == len(self.routes):
            self._wait(workers, number)
            return
        ended: Callable[[], None] = lambda: self._run(workers, number, index + 1)  # noqa: E731
        attributes = {"rtimer.worker": number}
        if not workers.run(self.routes[index], "rtimer", attributes, ended):
            self._wait(workers, number)
