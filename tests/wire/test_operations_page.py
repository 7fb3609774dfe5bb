"""Every command that docs/operations.md shows is there, and does what it is shown for."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs_blocks import ROOT, blocks, prose, rows, section
from tests.wire.process import Served, free_port, luasip

PAGE = ROOT / "docs" / "operations.md"

HTTP_PORT = free_port()
SETTINGS = f"""
[control]
stream = "luasip.sock"
http = "127.0.0.1:{HTTP_PORT}"
fifo = "luasip.fifo"
ctl = "luasip.ctl"
[modules.htable]
htable = ["ipban=>size=8;"]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("operated"), SETTINGS) as made:
        yield made


def shown_commands() -> list[str]:
    lines = [line for block in blocks("sh") if block.file == PAGE for line in block.text.splitlines()]
    return lines + re.findall(r"`(luasip (?:ul|reload|stats)[^`]*)`", prose(PAGE))


@pytest.mark.parametrize("line", shown_commands())
def test_commands_run(server: Served, line: str) -> None:
    words = [word for word in shlex.split(line)[1:] if word not in ("-c", "luasip.toml")]
    if "alice" in words:
        add = ("ul.add", "location", "alice", "sip:alice@127.0.0.1", "60", "1", ".", "0", "0", "0")
        assert luasip("rpc", "-c", server.config, *add).returncode == 0
    if "ipban" in words:
        assert luasip("rpc", "-c", server.config, "htable.seti", "ipban", "192.0.2.7", "1").returncode == 0
    result = luasip(words[0], "-c", server.config, *words[1:])
    assert (result.returncode, result.stderr) == (0, "")


def other_clients() -> list[str]:
    texts = [block.text for block in blocks("text") if block.file == PAGE]
    lines = [line for text in texts for line in text.splitlines()]
    return [line for line in lines if re.match(r"(\w+=\S+ )?(curl|kamctl|kamcmd|python3 -c) ", line)]


@pytest.mark.parametrize("line", other_clients())
def test_commands_of_other_clients_run(server: Served, line: str) -> None:
    """Their port and folder are those of the page."""
    line = line.replace(":8080", f":{HTTP_PORT}").replace("/etc/luasip", str(server.config.parent))
    result = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=30)
    assert (result.returncode, result.stdout != "") == (0, True), result.stderr
    assert "error" not in result.stdout.partition("\n")[0]


def test_other_clients_are_shown() -> None:
    assert len(other_clients()) >= 7


def test_commands_that_are_named_are_there(server: Served) -> None:
    known = set(json.loads(luasip("rpc", "-c", server.config, "system.listMethods").stdout))
    table = rows(section(PAGE, "What to ask for"))
    named = {text.split()[0] for row in table for text in re.findall(r"`([a-z_]+\.[\w.]+[^`]*)`", row[1])}
    assert len(named) > 30
    assert named - known == set()


def test_the_folder_of_the_settings_holds_the_socket(server: Served) -> None:
    assert (Path(server.config).parent / "luasip.sock").is_socket()
