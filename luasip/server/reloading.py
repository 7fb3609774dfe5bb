"""A reload: the settings file is read again and the script loaded again, both or neither; and who asks for one.

Knows neither what a setting means nor what a script does.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import watchfiles

from luasip.errors import SettingsError
from luasip.server.running_settings import Adopted, RunningSettings
from luasip.server.scripts import Reload, Scripts
from luasip.server.settings import Settings, load_settings

log = logging.getLogger("luasip.settings")

PAUSE: Final = 200
"""Milliseconds in which several changes of files count as one."""

LOOK_AFTER: Final = 2000
"""Milliseconds after which the folders are looked at that are to be watched."""


Stamps = dict[Path, tuple[int, int, int]]
"""File → its inode, size and time of change, zeros where there is none."""


class Reloading:
    """Any thread may ask; one reload at a time."""

    def __init__(
        self, running: RunningSettings, scripts: Scripts, check: Callable[[Settings], object]
    ) -> None:
        """`check` raises SettingsError for settings no server can be built with."""
        self._running = running
        self._scripts = scripts
        self._check = check
        self._lock = threading.Lock()
        self._read_as: Stamps = {}

    def note(self) -> None:
        """Remember the files as they are, which is how they were read: `watch` takes another state for a change."""
        self._read_as = self._stamps()

    def reload(self) -> Reload:
        """Read and load everything again; an error changes nothing."""
        with self._lock:
            before = self._stamps()
            try:
                return self._reload()
            finally:
                # What is written while it is read counts as a change; of a file required for the first time only the
                # state after it is known.
                self._read_as = self._stamps() | before

    def _reload(self) -> Reload:
        try:
            adopted = self._running.adopt(self._read, self._checked)
        except SettingsError as error:
            return self._scripts.refused(str(error))
        try:
            done = self._scripts.load_anew(adopted.changed, adopted.restart)
        except Exception as error:  # no descriptor left, no memory: who asked is told, the main thread goes on
            log.exception("the script cannot be loaded")
            done = self._scripts.refused(f"{type(error).__name__}: {error}")
        if done.error:
            self._running.give_back(adopted)
        else:
            _tell(adopted)
        return done

    def _read(self) -> Settings:
        return load_settings(self._running.now.file)

    def _checked(self, settings: Settings) -> None:
        try:
            self._check(settings)
        except SettingsError as error:
            raise SettingsError([f"{settings.file}: {problem}" for problem in error.problems]) from None

    def watch(self, stop: threading.Event, wanted: Callable[[], object]) -> None:
        """Call `wanted` when a file of the script or the settings file has changed, until `stop` is set.

        The kernel tells of changes from when a folder is watched on. One that came before, or that it could not tell
        for want of room, is found by the files being others than those read, within `LOOK_AFTER`.
        """
        asked_for = self._read_as
        while not stop.is_set():
            folders = self.folders()
            for changes in watchfiles.watch(
                *folders,
                stop_event=stop,
                debounce=PAUSE,
                rust_timeout=LOOK_AFTER,
                yield_on_timeout=True,
                recursive=False,
                raise_interrupt=False,
            ):
                found = self._stamps()
                wants = any(self._concerns(path) for _, path in changes)
                wants = wants or (_differ(found, self._read_as) and _differ(found, asked_for))
                if wants and self._running.now.script.reload:
                    asked_for = found
                    wanted()
                if self.folders() != folders:
                    break

    def folders(self) -> set[Path]:
        """Where files are whose change matters. A folder is watched, not the file: editors replace files."""
        return {file.parent for file in (self._running.now.file, *self._scripts.files)}

    def _stamps(self) -> Stamps:
        return {file: _stamp(file) for file in (self._running.now.file, *self._scripts.files)}

    def _concerns(self, path: str) -> bool:
        return (
            path.endswith(".lua") or Path(path) == self._running.now.file or Path(path) in self._scripts.files
        )


def _differ(one: Stamps, other: Stamps) -> bool:
    """Whether a file that is in both has changed: a route may have required one more file since."""
    return any(one[file] != other[file] for file in one.keys() & other.keys())


def _stamp(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError:  # gone, or just being replaced
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns


def _tell(adopted: Adopted) -> None:
    if adopted.changed:
        log.info("settings changed: %s", ", ".join(adopted.changed))
    if adopted.restart:
        log.warning("settings that will change with the next start only: %s", ", ".join(adopted.restart))
