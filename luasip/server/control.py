"""The RPC side of one server: every command, and the interfaces they are reached by."""

from collections.abc import Callable, Sequence

from starlette.routing import BaseRoute

from luasip.control.gate import Gate
from luasip.control.interfaces import ControlInterfaces
from luasip.control.json_rpc import ScriptCalls
from luasip.control.registry import Registry
from luasip.control.system_commands import SystemCommands
from luasip.kemi.declare import Module
from luasip.server.core_commands import CoreCommands
from luasip.server.dns_commands import DnsCommands
from luasip.server.log_commands import LogCommands
from luasip.server.memory_commands import MemoryCommands
from luasip.server.pool import Job, Pool
from luasip.server.running_settings import RunningSettings
from luasip.server.script_commands import ScriptCommands
from luasip.server.setting_commands import SettingCommands
from luasip.transport.lasting_thread import LastingThread

OWN_COMMANDS = (
    *(SystemCommands, CoreCommands, MemoryCommands, ScriptCommands),
    *(SettingCommands, LogCommands, DnsCommands),
)
"""The classes of commands that belong to no module."""


class Control:
    """Opening, `start` and `stop` do nothing when the settings name no interface."""

    def __init__(
        self,
        running: RunningSettings,
        modules: Sequence[Module],
        core: CoreCommands,
        further: Sequence[object],
        pool: Pool,
    ) -> None:
        own = (core, *further, SettingCommands(running))
        self.registry = Registry([*modules, *own])
        self.registry.add(SystemCommands(self.registry))
        self.calls = ScriptCalls(self.registry)
        self.routes: list[BaseRoute] = []
        """Further pages of the HTTP interface; add to them before `open_ports`."""
        self.open_paths: set[str] = set()
        """Those of them that need no token."""
        self._settings = running.now.control
        self._gate = Gate(self.registry, _submit(pool), lambda: pool.settings.deadline)
        self.run = self._gate.run
        """For pages: runs a function on the pool of the commands."""
        self._interfaces: ControlInterfaces | None = None

    def open_ports(self) -> None:
        """Bind what has a port, as the user who may. Raises TransportError."""
        if self._settings.is_on:
            made = ControlInterfaces(self._settings, self._gate, LastingThread, self.routes, self.open_paths)
            made.open_ports()
            self._interfaces = made

    def open_files(self) -> None:
        """Make sockets and FIFO that are files, as the user the server runs as. Raises TransportError."""
        if self._interfaces is not None:
            self._interfaces.open_files()

    def start(self) -> None:
        """Begin to take commands."""
        if self._interfaces is not None:
            self._interfaces.start()

    def stop(self) -> None:
        """Take no more commands."""
        if self._interfaces is not None:
            self._interfaces.stop()
            self._interfaces = None

    def stalled(self, limit: float) -> list[str]:
        """The name of the control thread, if it has not moved for `limit` seconds."""
        return [] if self._interfaces is None else self._interfaces.stalled(limit)

    @property
    def listening(self) -> list[str]:
        """Each interface, as text for people."""
        return [] if self._interfaces is None else self._interfaces.listening


def _submit(pool: Pool) -> Callable[[Callable[[], object], Callable[[object], object]], bool]:
    return lambda function, done: pool.submit(Job(function, done))
