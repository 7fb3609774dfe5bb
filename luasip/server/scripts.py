"""The Lua runtimes of a server: made at start, replaced together by a reload, or not at all."""

import dataclasses
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from luasip.errors import ScriptError, SettingsError
from luasip.kemi.declare import Module
from luasip.modules import MODULES
from luasip.script.check import check_loaded
from luasip.script.runtime import Runtime, ScriptOptions
from luasip.server.chunks import Chunks
from luasip.server.execution import Execution
from luasip.server.frames import RuntimeSlot
from luasip.server.settings import Settings

log = logging.getLogger("luasip.script")

MISTAKES_TOLD = 50
"""Warnings about a script at start and after a reload; `luasip check` tells all."""

REMEMBERED = 50
"""Reloads that are remembered."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reload:
    """One reload: when, in seconds since the epoch, the error that made it fail ("" for none), and the settings."""

    at: float
    error: str
    changed: tuple[str, ...] = ()
    """Settings that have another value since."""
    needs_restart: tuple[str, ...] = ()
    """Settings that have another value in the file, and will have it with the next start."""


class Scripts:
    """All slots of a server and the script they run."""

    def __init__(
        self,
        options: ScriptOptions,
        modules: Callable[[], Sequence[Module]],
        execution: Execution,
        required: Callable[[], Sequence[str]],
    ) -> None:
        self.options = options
        self._modules = modules
        self._execution = execution
        self._required = required
        self._lock = threading.Lock()
        self.slots: list[RuntimeSlot] = []
        self.reloads = 0
        self.failed_reloads = 0
        self.history: deque[Reload] = deque(maxlen=REMEMBERED)
        """The latest reloads, oldest first."""
        self._failed: set[Path] = set()
        """The files of a script that could not be loaded."""
        self._chunks = Chunks(lambda: self.options, lambda: self.reloads)

    def start(self, count: int) -> None:
        """Make `count` runtimes. Raises ScriptError when the script cannot be loaded."""
        self.slots = [RuntimeSlot(self._load()) for _ in range(count)]
        self._tell_mistakes(self.slots[0].runtime)

    def new_slot(self) -> RuntimeSlot:
        """One more runtime, for a thread of its own. Raises ScriptError."""
        with self._lock:
            slot = RuntimeSlot(self._load())
            self.slots.append(slot)
            return slot

    def reload(self) -> str:
        """Load the script anew, the settings being as they are. Returns "" or why the running one stays."""
        return self.load_anew().error

    def load_anew(self, changed: tuple[str, ...] = (), needs_restart: tuple[str, ...] = ()) -> Reload:
        """Load the script anew beside the running one, then swap; with an error nothing was changed.

        Args:
            changed: settings that change with it, to be remembered.
            needs_restart: settings that do not.
        """
        with self._lock:
            try:
                runtimes = [self._load() for _ in self.slots]
            except (ScriptError, SettingsError) as error:
                return self.refused(str(error))
            self._tell_mistakes(runtimes[0])
            for slot, runtime in zip(self.slots, runtimes, strict=True):
                old, slot.runtime = slot.runtime, runtime
                old.retire()
            self.reloads += 1
            self.history.append(Reload(time.time(), "", changed, needs_restart))
            log.info("script %s reloaded", self.options.path)
            return self.history[-1]

    def refused(self, error: str) -> Reload:
        """Remember a reload that failed."""
        self.failed_reloads += 1
        self.history.append(Reload(time.time(), error))
        log.error("reload failed, the running script stays: %s", error)
        return self.history[-1]

    def use(self, options: ScriptOptions) -> None:
        """Load the next runtimes with other options; files that were added stay."""
        self.options = dataclasses.replace(options, more=self.options.more)

    def _tell_mistakes(self, runtime: Runtime) -> None:
        """Warn of what `luasip check` would report: a call that cannot work shows now and not with the first call."""
        for problem in check_loaded(runtime, self._modules(), MODULES)[:MISTAKES_TOLD]:
            log.warning("%s", problem)

    def add(self, path: str) -> None:
        """Run one more file after the script, in the same state."""
        self.options = dataclasses.replace(self.options, more=(*self.options.more, Path(path)))

    @property
    def paths(self) -> Sequence[str]:
        """The script and the files added to it."""
        return [str(path) for path in (self.options.path, *self.options.more)]

    def run_chunk(self, code: str, arguments: Sequence[Any], ends_at: float) -> list[Any]:
        """The results of Lua code run on this thread in a state of its own. Raises ScriptError, TimeoutError."""
        return self._chunks.run(code, arguments, ends_at)

    @property
    def files(self) -> set[Path]:
        """The script and every file it required, also those of a script that could not be loaded."""
        return self._failed.union(*(slot.runtime.files.copy() for slot in self.slots))

    def _load(self) -> Runtime:
        runtime = Runtime(
            self.options,
            self._modules(),
            block=self._execution.block,
            log=log,
            known_modules=MODULES,
            version=self.reloads,
        )
        try:
            runtime.load()
            for name in self._required():
                if not runtime.has(name):
                    raise ScriptError(f"{self.options.path}: no function {name}")
        except ScriptError:
            self._failed = runtime.files.copy()
            raise
        self._failed = set()
        return runtime


def script_options(settings: Settings) -> ScriptOptions:
    """What the settings say of the script."""
    script = settings.script
    return ScriptOptions(
        Path(script.path), script.lua, script.time_limit, script.memory_limit, script.suspend
    )
