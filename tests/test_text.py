"""What no file of the project may contain, and what each Python file must."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LONG = 500
"""Lines a source file may have before its docstring must say why it has more."""

UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:wor" + r"k|roo" + r"t|farm)/")


def tracked(pattern: str = "") -> list[Path]:
    """The files of the project: those git knows, or all source files where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *([pattern] if pattern else [])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [file for name in listed.stdout.split("\0") if name and (file := ROOT / name).is_file()]


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in tracked()
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize("pattern", [UNFINISHED, MACHINE_PATH], ids=["unfinished", "machine path"])
def test_no_file_contains(pattern: re.Pattern[str]) -> None:
    assert lines_with(pattern) == []


def test_every_source_file_says_what_it_is_for() -> None:
    silent = [
        str(file.relative_to(ROOT))
        for file in tracked("luasip/*.py")
        if not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_long_files_say_why() -> None:
    for file in tracked("luasip/*.py"):
        text = file.read_text(encoding="utf-8")
        if text.count("\n") > LONG:
            docstring = ast.get_docstring(ast.parse(text)) or ""
            assert "long" in docstring.lower(), (
                f"{file.relative_to(ROOT)}: over {LONG} lines, and does not say why"
            )


@pytest.mark.parametrize("script", ["scripts/serve", "scripts/test", ".ci/run"])
def test_scripts_can_be_run(script: str) -> None:
    assert (ROOT / script).stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(ROOT / script)], check=True)
