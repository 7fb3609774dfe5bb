"""app_lua: Lua code named or written in the script, run as part of it."""

import logging
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Final

from luasip.errors import CommandError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Export, Module, command, function
from luasip.kemi.operation import Operation, RunCode, RunRoute

LONGEST_CODE: Final = 1022
"""Bytes of text or of a file name; Kamailio's limit."""

LOG_EXPORTS: Final = 1

_log = logging.getLogger("luasip.script")

Running = Generator[Operation, Any, int]


class AppLua(Module):
    """app_lua: running functions, text and files of Lua.

    What runs sees the message as the caller does and may suspend. KSR.x.exit() in a function called by run ends that
    function only, and run gives 1.
    """

    name = "app_lua"
    changeable = ("reload",)

    @dataclass
    class Settings:
        """What is loaded."""

        load: list[str] = field(default_factory=list)
        """More Lua files, run after the route script in the same Lua state, in this order, at start and at every
        reload."""
        reload: int = 1
        """0: the command app_lua.reload is refused."""
        log_mode: int = 0
        """1: log every function of KSR at start, at debug level."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._settings = settings
        self._services = services
        for path in settings.load:
            services.script.add(path)

    def start(self) -> None:
        """Log the functions when that is wanted."""
        if self._settings.log_mode & LOG_EXPORTS:
            for export in self._exports():
                _log.debug("exporting KSR.%s(...)", ".".join(filter(None, (export.module, export.name))))

    @function(suspends=True)
    def run(self, ctx: RouteContext, func: str) -> Running:
        """Call a function of the script.

        Args:
            func: name of a global function.
        Returns: 1; -1 when there is no such function or it failed, which is logged.
        """
        return self._run(ctx, func)

    @function(suspends=True)
    def run_p1(self, ctx: RouteContext, func: str, p1: str) -> Running:
        """Call a function of the script with one argument.

        Args:
            func: name of a global function.
            p1: its argument, a string.
        Returns: 1; -1 when there is no such function or it failed, which is logged.
        """
        return self._run(ctx, func, p1)

    @function(suspends=True)
    def run_p2(self, ctx: RouteContext, func: str, p1: str, p2: str) -> Running:
        """Call a function of the script with two arguments.

        Args:
            func: name of a global function.
            p1: its first argument, a string.
            p2: its second argument, a string.
        Returns: 1; -1 when there is no such function or it failed, which is logged.
        """
        return self._run(ctx, func, p1, p2)

    @function(suspends=True)
    def run_p3(self, ctx: RouteContext, func: str, p1: str, p2: str, p3: str) -> Running:
        """Call a function of the script with three arguments.

        Args:
            func: name of a global function.
            p1: its first argument, a string.
            p2: its second argument, a string.
            p3: its third argument, a string.
        Returns: 1; -1 when there is no such function or it failed, which is logged.
        """
        return self._run(ctx, func, p1, p2, p3)

    def _run(self, ctx: RouteContext, func: str, *arguments: str) -> Running:
        return 1 if (yield RunRoute(func, ctx, arguments)) else -1

    @function(suspends=True)
    def runstring(self, ctx: RouteContext, script: str) -> Running:
        """Run Lua text among the functions and globals of the script.

        Args:
            script: Lua code of at most 1022 bytes.
        Returns: 1; -1 when it is too long, is no Lua, failed, or ended by KSR.x.exit(), which is logged.
        """
        return self._run_code("runstring", ctx, script)

    @function(suspends=True)
    def dostring(self, ctx: RouteContext, script: str) -> Running:
        """Run Lua text in a second Lua state, which has KSR and nothing of the script.

        That state keeps its globals until the script is loaded again; there is one for each thread.

        Args:
            script: Lua code of at most 1022 bytes.
        Returns: 1; -1 when it is too long, is no Lua, failed, or ended by KSR.x.exit(), which is logged.
        """
        return self._run_code("dostring", ctx, script, apart=True)

    @function(suspends=True)
    def dofile(self, ctx: RouteContext, script: str) -> Running:
        """Run a Lua file in the second Lua state, the one of dostring. The file is read each time.

        Args:
            script: path of the file, of at most 1022 bytes.
        Returns: 1; -1 when it cannot be read, is no Lua, failed, or ended by KSR.x.exit(), which is logged.
        """
        return self._run_code("dofile", ctx, script, is_file=True, apart=True)

    def _run_code(
        self, name: str, ctx: RouteContext, code: str, *, is_file: bool = False, apart: bool = False
    ) -> Running:
        if len(code) > LONGEST_CODE:
            _log.error("KSR.app_lua.%s: %d bytes given, at most %d allowed", name, len(code), LONGEST_CODE)
            return -1
        return 1 if (yield RunCode(f"KSR.app_lua.{name}", code, ctx, is_file, apart)) else -1

    @command("app_lua.reload")
    def reload(self, index: int = -1) -> None:
        """Load the script and the files of `load` anew, in a fresh Lua state.

        An index of app_lua.list is accepted, and all is loaded all the same.
        """
        if not self._settings.reload:
            raise CommandError(500, "Reload Failed: modules.app_lua.reload is 0")
        if index >= len(self._services.script.paths):
            raise CommandError(500, f"Reload Failed: there is no script {index}")
        if why := self._services.script.reload():
            raise CommandError(500, f"Reload Failed: {why}")

    @command("app_lua.list")
    def list(self) -> list[str]:
        """The files of the script, each as "index: [path]"."""
        return [f"{index}: [{path}]" for index, path in enumerate(self._services.script.paths)]

    @command("app_lua.api_list")
    def api_list(self) -> dict[str, Any]:
        """Every function of KSR with its result and parameters."""
        methods = [
            {
                "func": {
                    "ret": export.result,
                    "module": export.module,
                    "name": export.name,
                    "params": ", ".join(p.kind for p in export.parameters) or "none",
                }
            }
            for export in self._exports()
        ]
        return {"msize": len(methods), "methods": methods}

    def _exports(self) -> Generator[Export]:
        for module in self._services.modules:
            if module.namespace == "KSR":
                yield from type(module).exports()
