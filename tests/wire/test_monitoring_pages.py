"""The sections on metrics, health and logs in docs/operations.md: everything they show is there."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs_blocks import ROOT, blocks, rows, section
from tests.wire.process import Served, free_port, luasip

PAGE = ROOT / "docs" / "operations.md"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, int]]:
    port = free_port()
    with Served(tmp_path_factory.mktemp("watched"), f'[control]\nhttp = "127.0.0.1:{port}"\n') as server:
        yield server, port


def shown() -> list[str]:
    lines = [line for block in blocks("text") if block.file == PAGE for line in block.text.splitlines()]
    return [line for line in lines if line.startswith("curl http")]


@pytest.mark.parametrize("line", shown())
def test_pages_answer(served: tuple[Served, int], line: str) -> None:
    _, port = served
    command = line.replace("curl ", "curl --silent --fail ").replace(":8080", f":{port}")
    result = subprocess.run(command.split(), capture_output=True, text=True, timeout=20)
    assert result.returncode == 0
    assert result.stdout


def test_the_table_has_every_metric(served: tuple[Served, int]) -> None:
    _, port = served
    url = f"http://127.0.0.1:{port}/metrics"
    page = subprocess.run(["curl", "--silent", url], capture_output=True, text=True, timeout=20).stdout
    there = set(re.findall(r"^# TYPE (luasip_\w+) ", page, re.MULTILINE))
    named = {name for row in rows(section(PAGE, "Metrics")) for name in re.findall(r"`(luasip_\w+)`", row[0])}
    assert named == there


def test_a_unit_that_is_named_is_there() -> None:
    text = "\n".join(block.text for block in blocks("text") if block.file == PAGE)
    unit = (ROOT / "conf" / "luasip.service").read_text("utf-8")
    assert "cp conf/luasip.service " in text
    assert "User=luasip\n" in unit
    assert "/opt/luasip/bin/luasip run -c /etc/luasip/luasip.toml" in unit
    assert "python3 -m venv /opt/luasip" in text


def test_metrics_of_a_script(tmp_path: Path) -> None:
    """The example of xhttp_prom: its settings, and its lines in a script."""
    settings = next(b.text for b in blocks("toml") if b.file == PAGE and "xhttp_prom" in b.text)
    lines = next(b.text for b in blocks("lua example") if b.file == PAGE and "xhttp_prom" in b.text)
    (tmp_path / "luasip.toml").write_text(settings, "utf-8")
    (tmp_path / "route.lua").write_text(f"function ksr_request_route()\n{lines}\nend\n", "utf-8")
    result = luasip("check", "-c", tmp_path / "luasip.toml")
    assert (result.returncode, result.stderr) == (0, "")
