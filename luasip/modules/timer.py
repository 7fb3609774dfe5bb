"""timer: functions of the script called again and again, which the script can switch on and off."""

import threading
from dataclasses import dataclass, field
from typing import Any

from luasip.errors import SettingsError
from luasip.kemi.context import LuaWorkers, RouteContext, Services
from luasip.kemi.declare import Module, command, function

FORM = '"NAME=FUNCTION,MILLISECONDS,slow|fast,enable|disable"'


class Timer(Module):
    """timer: timers that can be switched."""

    name = "timer"

    @dataclass
    class Settings:
        """Parameters of timer."""

        declare_timer: list[str] = field(default_factory=list)
        """Timers: "NAME=FUNCTION,MILLISECONDS,slow|fast,enable|disable"; fast ones have a thread of their own."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._services = services
        self._timers: dict[str, _Timer] = {}
        for text in settings.declare_timer:
            timer = _read(text, services)
            self._timers[timer.name] = timer

    def start(self) -> None:
        """Start the timers that are enabled."""
        shared: LuaWorkers | None = None
        for timer in self._timers.values():
            if timer.fast:
                timer.workers = self._services.lua_workers(f"timer-{timer.name}", 1)
            else:
                shared = timer.workers = shared or self._services.lua_workers("timer", 1)
            timer.switch(timer.enabled)

    @command("timer.list")
    def list_timers(self) -> list[dict[str, Any]]:
        """The timers: interval in milliseconds, the function they call, and whether they are switched on."""
        return [
            {
                "name": timer.name,
                "interval": round(timer.interval * 1000),
                "route": timer.function_name,
                "fast": timer.fast,
                "enabled": timer.enabled,
            }
            for timer in self._timers.values()
        ]

    @function()
    def timer_enable(self, ctx: RouteContext, timerid: str, enable: int) -> int:
        """Switch a timer on or off.

        Args:
            timerid: its name.
            enable: 0 off, else on.
        Returns: 1, or -1 when there is no such timer.
        """
        timer = self._timers.get(timerid)
        if timer is None:
            return -1
        timer.switch(bool(enable))
        return 1


class _Timer:
    """One timer: the interval begins anew when an execution has ended."""

    def __init__(
        self, name: str, function_name: str, interval: float, fast: bool, enabled: bool, services: Services
    ) -> None:
        self.name = name
        self.fast = fast
        self.enabled = enabled
        self.workers: LuaWorkers | None = None
        self.function_name = function_name
        self.interval = interval
        self._services = services
        self._lock = threading.Lock()
        self._turn = 0
        """Counts switchings: a wait that belongs to an earlier one does nothing."""

    def switch(self, enabled: bool) -> None:
        """Begin waiting, or stop."""
        with self._lock:
            self.enabled = enabled
            self._turn += 1
            turn = self._turn
        if enabled:
            self._wait(turn)

    def _wait(self, turn: int) -> None:
        self._services.after(self.interval, lambda: self._run(turn))

    def _run(self, turn: int) -> None:
        with self._lock:
            if turn != self._turn or self.workers is None:
                return
            workers = self.workers
        if not workers.run(self.function_name, "timer", None, lambda: self._wait(turn)):
            self._wait(turn)


def _read(text: str, services: Services) -> _Timer:
    name, equals, rest = text.partition("=")
    parts = [part.strip() for part in rest.split(",")]
    interval = parts[1] if len(parts) > 1 else ""
    if not equals or not parts[0] or not interval.isdecimal() or int(interval) == 0 or len(parts) > 4:
        raise SettingsError([f"modules.timer.declare_timer: {text!r}; allowed: {FORM}"])
    kind = parts[2] if len(parts) > 2 else "slow"
    state = parts[3] if len(parts) > 3 else "enable"
    if kind not in ("slow", "fast", "") or state not in ("enable", "disable", ""):
        raise SettingsError([f"modules.timer.declare_timer: {text!r}; allowed: {FORM}"])
    return _Timer(
        name.strip(), parts[0], int(interval) / 1000, kind == "fast", state != "disable", services
    )
