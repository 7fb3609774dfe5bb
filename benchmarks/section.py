"""A section of a Markdown file, put in place of the one of the same name."""

import os
import platform
import re
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.processes import cpus


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


class Circumstances:
    """Where and when something is measured, from its beginning on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._load = os.getloadavg()[0]
        self._cpus = cpus()

    def text(self) -> str:
        """Day, CPUs, Python, load before, what of the CPUs other machines of the host took, how long it lasted."""
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        name = next(
            (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
        )
        now = cpus()
        stolen = (now.stolen - self._cpus.stolen) / max(now.total - self._cpus.total, 0.01)
        return (
            f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} CPUs ({name}), Python {platform.python_version()}, "
            f"load {self._load:.1f} before, {stolen:.1%} of the CPUs taken by the host; "
            f"took {(time.monotonic() - self._began) / 60:.0f} minutes."
        )
