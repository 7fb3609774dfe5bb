"""A section of a Markdown file, put in place of the one of the same name."""

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path


def replace_section(text: str, heading: str, body: str) -> str:
    """The text with the section under "## heading" replaced, or put at the end."""
    body_text = body.strip("\n")
    section = f"## {heading}\n\n{body_text}\n"
    pattern = re.compile(rf"^## {re.escape(heading)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if not pattern.search(text):
        return f"{text.rstrip()}\n\n{section}"
    replaced = pattern.sub(lambda _: f"{section}\n", text)
    return f"{replaced.rstrip()}\n"


def write_section(path: Path, heading: str, body: str) -> None:
    """Replace it in a file, which is made if there is none."""
    text = path.read_text("utf-8") if path.exists() else ""
    path.write_text(replace_section(text, heading, body).lstrip("\n"), "utf-8")


def machine(load: float, took: float) -> str:
    """Where and when something was measured: CPUs, system, Python, load before, how long it took."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    name = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )
    return (
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} CPUs ({name}), Python {platform.python_version()}, "
        f"load {load:.1f} before; took {took / 60:.0f} minutes."
    )
