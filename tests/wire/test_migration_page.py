"""What docs/migrating-from-kamailio.md shows runs as it stands there."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from luasip.kemi.declare import module_key
from luasip.modules import MODULES
from luasip.server.settings_sections import Document
from luasip.storage import tables
from tests.docs_blocks import ROOT, blocks, prose, rows, section
from tests.wire.process import Served, luasip

PAGE = ROOT / "docs" / "migrating-from-kamailio.md"

SETTINGS = """
[control]
stream = "luasip.sock"
[modules.htable]
htable = ["ipban=>size=8;"]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("migrated"), SETTINGS) as made:
        yield made


def lines(*kinds: str) -> list[str]:
    return [line for block in blocks(*kinds) if block.file == PAGE for line in block.text.splitlines()]


@pytest.mark.parametrize("line", lines("sh"))
def test_commands_run(server: Served, line: str) -> None:
    words = [str(server.config) if word == "luasip.toml" else word for word in shlex.split(line)[1:]]
    result = luasip(*words)
    assert (result.returncode, result.stderr) == (0, "")


def test_checking_and_asking_a_server_beside(server: Served) -> None:
    shown = [line for line in lines("text") if line.startswith(("luasip", "sipsak"))]
    assert [line.split()[0] for line in shown] == ["luasip", "luasip", "sipsak"]
    assert luasip(*shown[0].replace("luasip.toml", str(server.config)).split()[1:]).returncode == 0
    asked = shown[2].replace("5070", str(server.port)).split()
    assert subprocess.run(asked, capture_output=True, timeout=20).returncode == 0


def settings_of(kind: type[BaseModel], path: str = "") -> Iterator[str]:
    for name, field in kind.model_fields.items():
        yield f"{path}{name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from settings_of(field.annotation, f"{path}{name}.")


def test_settings_that_are_named_are_there() -> None:
    known = set(settings_of(Document))
    known |= {f"modules.{module_key(one)}.{name}" for one in MODULES for name in one.Settings.__annotations__}
    table = rows(section(PAGE, "kamailio.cfg"))
    named = {name for row in table for name in re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", row[1])}
    assert len(named) > 20
    assert named - known == set()


def test_the_two_configurations_say_the_same() -> None:
    kamailio = next(b.text for b in blocks("text") if b.file == PAGE and "loadmodule" in b.text)
    toml = next(b.text for b in blocks("toml") if b.file == PAGE)
    for module, setting, value in re.findall(r'modparam\("(\w+)", "(\w+)", (.+)\)', kamailio):
        if module in ("app_lua", "jsonrpcs"):
            continue
        found = re.search(rf"\[modules\.{module}\]\n(?:(?!\[modules).*\n)*?{setting} = (.*)", toml)
        assert found is not None, setting
        assert value in found[1]


def test_tables_that_are_named_are_known() -> None:
    text = section(PAGE, "The database")
    named = set(re.findall(r"`(\w+)`", text.partition(" and those of your own")[0]))
    assert len(named) == 13
    sources = "".join(
        file.read_text("utf-8")
        for folder in (ROOT / "luasip" / "modules", Path(tables.__file__).parent)
        for file in folder.rglob("*.py")
    )
    assert [name for name in named if f'"{name}"' not in sources] == []


def test_commands_in_prose_are_there(server: Served) -> None:
    known = luasip("rpc", "-c", server.config, "--json", "system.listMethods").stdout
    named = re.findall(r"`luasip rpc ([\w.]+)", prose(PAGE))
    assert named
    assert [name for name in named if f'"{name}"' not in known] == []
