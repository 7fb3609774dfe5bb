"""Files the server obeys must not be writable for everybody: whoever writes them is the server."""

import stat
from pathlib import Path


def writable_for_all(file: Path) -> list[str]:
    """What is wrong with the permissions of a file and its folder; nothing when there is none."""
    problems: list[str] = []
    real = file.resolve()
    mode = _mode(real)
    if mode & stat.S_IWOTH and not stat.S_ISLNK(mode):
        problems.append(
            f"{file}: everybody may write it (mode {stat.S_IMODE(mode):04o}); allowed: chmod o-w {file}"
        )
    folder = _mode(real.parent)
    # In a folder with the sticky bit, as /tmp, nobody may replace the files of others.
    if folder & stat.S_IWOTH and not folder & stat.S_ISVTX:
        shown = f"(mode {stat.S_IMODE(folder):04o}); allowed: chmod o-w {real.parent}"
        problems.append(f"{file}: everybody may replace it, being able to write its folder {shown}")
    return problems


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0
