"""Source trees of LuaSIP to be measured: the working tree, its compiled copy, other commits."""

import subprocess
import sys
from pathlib import Path

from tests.wire.process import ROOT


def compiled() -> Path:
    """The compiled copy that scripts/bench has made."""
    found = Path(sys.prefix) / "compiled"
    if not (found / "luasip").is_dir():
        sys.exit(f"there is no compiled LuaSIP in {found}: run scripts/bench, or use --plain")
    return found


def of_commit(commit: str, folder: Path, build: bool) -> Path:
    """What a commit holds, compiled if `build` says so (minutes). Exits with git's or the compiler's words."""
    folder.mkdir(parents=True)
    archive = folder.with_suffix(".tar")
    _run(
        [
            "git",
            "archive",
            "--output",
            str(archive),
            commit,
            "luasip",
            "setup.py",
            "pyproject.toml",
            "README.md",
        ],
        ROOT,
    )
    _run(["tar", "-xf", str(archive), "-C", str(folder)], ROOT)
    if build:
        _run(["bash", "-c", '. scripts/environment.sh; build_in "$0"', str(folder)], ROOT)
    return folder


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
