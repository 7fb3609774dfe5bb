"""luasip/server/reloading.py: which files are watched, and what of their changes counts."""

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import watchfiles

from luasip.errors import SettingsError
from luasip.server import reloading
from luasip.server.reloading import PAUSE, Reloading
from luasip.server.running_settings import Adopted
from luasip.server.scripts import Reload

SETTINGS = Path("/etc/luasip/luasip.toml")
SCRIPT = Path("/srv/route.lua")
LIBRARY = Path("/usr/share/lua/answers")


class Bench:
    """Reloading over a script of these files, and changes that come when they are asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, changes: list[set[Any]]) -> None:
        self.files = {SCRIPT, LIBRARY}
        self.script = SimpleNamespace(reload=True)
        now = SimpleNamespace(file=SETTINGS, script=self.script)
        running: Any = SimpleNamespace(now=now, adopt=self._refuse)
        scripts: Any = SimpleNamespace(files=self.files, refused=lambda error: Reload(0.0, error))
        self.reloading = Reloading(running, scripts, lambda _: None)
        self.stop = threading.Event()
        self.wanted = threading.Event()
        self.watched: list[set[Any]] = []
        self.options: dict[str, Any] = {}
        self.changes = changes
        monkeypatch.setattr(reloading.watchfiles, "watch", self._watch)

    def _refuse(self, read: object, check: object) -> Adopted:
        raise SettingsError(["no such thing"])

    def _watch(self, *folders: Path, **options: Any) -> Iterator[set[Any]]:
        self.watched.append(set(folders))
        self.options = options
        while self.changes:
            yield self.changes.pop(0)
        self.stop.set()

    def read(self, tmp_path: Path, *names: str) -> list[Path]:
        """The script consists of these files, which are made, and is loaded."""
        self.files.clear()
        for name in names:
            (tmp_path / name).write_text("return 1\n", "utf-8")
            self.files.add(tmp_path / name)
        self.reloading.note()
        return [tmp_path / name for name in names]

    def run(self) -> bool:
        self.reloading.watch(self.stop, self.wanted.set)
        return self.wanted.is_set()


def changed(*paths: str | Path) -> set[Any]:
    return {(watchfiles.Change.modified, str(path)) for path in paths}


@pytest.mark.parametrize(
    ("paths", "counts"),
    [
        ([SETTINGS], True),
        ([SCRIPT], True),
        ([LIBRARY], True),
        (["/srv/new.lua"], True),
        (["/srv/calls.db", SCRIPT], True),
        (["/srv/calls.db", "/etc/luasip/luasip.toml~", "/etc/luasip/other.toml"], False),
        ([], False),
    ],
    ids=str,
)
def test_what_counts(monkeypatch: pytest.MonkeyPatch, paths: list[Any], counts: bool) -> None:
    bench = Bench(monkeypatch, [changed(*paths)])
    assert bench.run() is counts
    assert bench.watched == [{SETTINGS.parent, SCRIPT.parent, LIBRARY.parent}]
    assert (bench.options["debounce"], bench.options["recursive"]) == (PAUSE, False)


def test_script_reload_false(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, [changed(SCRIPT)])
    bench.script.reload = False
    assert not bench.run()


def test_other_folders_after_a_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, [changed(SCRIPT), set(), changed("/srv/calls.db")])
    bench.files.add(Path("/opt/more.lua"))
    first = bench.reloading.folders()
    assert Path("/opt") in first
    later = itertools.chain([first], itertools.repeat(first - {Path("/opt")}))
    monkeypatch.setattr(bench.reloading, "folders", later.__next__)
    assert bench.run()
    assert len(bench.watched) == 2


def test_a_change_before_the_folder_was_watched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing tells of it; asked for once, however long the reload takes."""
    bench = Bench(monkeypatch, [set(), set(), set()])
    route, _ = bench.read(tmp_path, "route.lua", "answers.lua")
    route.write_text("return 12\n", "utf-8")
    asked: list[None] = []
    bench.reloading.watch(bench.stop, lambda: asked.append(None))
    assert len(asked) == 1


def test_nothing_has_changed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also not by a file that a route required later."""
    bench = Bench(monkeypatch, [set(), set()])
    bench.read(tmp_path, "route.lua")
    (tmp_path / "later.lua").write_text("return 2\n", "utf-8")
    bench.files.add(tmp_path / "later.lua")
    assert not bench.run()


def test_a_file_that_is_gone_has_changed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bench = Bench(monkeypatch, [set()])
    _, answers = bench.read(tmp_path, "route.lua", "answers.lua")
    answers.unlink()
    assert bench.run()


def test_a_failed_reload_is_not_tried_again_until_a_file_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bench = Bench(monkeypatch, [set(), set(), set()])
    (route,) = bench.read(tmp_path, "route.lua")
    route.write_text("return (\n", "utf-8")
    asked: list[None] = []

    def reload() -> None:
        asked.append(None)
        bench.reloading.reload()

    bench.reloading.watch(bench.stop, reload)
    assert len(asked) == 1
    bench.stop.clear()
    bench.changes.append(set())
    route.write_text("return (2\n", "utf-8")
    bench.reloading.watch(bench.stop, reload)
    assert len(asked) == 2
