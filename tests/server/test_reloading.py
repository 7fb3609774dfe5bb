"""luasip/server/reloading.py: which files are watched, and what of their changes counts."""

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import watchfiles

from luasip.server import reloading
from luasip.server.reloading import PAUSE, Reloading

SETTINGS = Path("/etc/luasip/luasip.toml")
SCRIPT = Path("/srv/route.lua")
LIBRARY = Path("/usr/share/lua/answers")


class Bench:
    """Reloading over a script of these files, and changes that come when they are asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, changes: list[set[Any]]) -> None:
        self.files = {SCRIPT, LIBRARY}
        self.script = SimpleNamespace(reload=True)
        now = SimpleNamespace(file=SETTINGS, script=self.script)
        running: Any = SimpleNamespace(now=now)
        scripts: Any = SimpleNamespace(files=self.files)
        self.reloading = Reloading(running, scripts, lambda _: None)
        self.stop = threading.Event()
        self.wanted = threading.Event()
        self.watched: list[set[Any]] = []
        self.options: dict[str, Any] = {}
        self._changes = changes
        monkeypatch.setattr(reloading.watchfiles, "watch", self._watch)

    def _watch(self, *folders: Path, **options: Any) -> Iterator[set[Any]]:
        self.watched.append(set(folders))
        self.options = options
        while self._changes:
            yield self._changes.pop(0)
        self.stop.set()

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
