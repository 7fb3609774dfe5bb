"""luasip/__main__.py: commands, what they print, how they exit. Server and script check are stand-ins."""

import logging
import subprocess
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from luasip import __version__
from luasip.__main__ import main
from luasip.errors import SettingsError, StorageError, TransportError
from luasip.kemi.stubs import render_stubs
from luasip.modules import MODULES
from luasip.server.settings import Settings


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "route.lua").write_text("function ksr_request_route() end\n")
    file = tmp_path / "luasip.toml"
    file.write_text('[script]\npath = "route.lua"\n[server.log]\nlevel = "notice"\n')
    return file


def fake_server(monkeypatch: pytest.MonkeyPatch, outcome: int | Exception) -> list[Settings]:
    """Replace the server by one whose run() ends with `outcome`; returns the settings it was given."""
    given: list[Settings] = []

    class Server:
        def __init__(self, settings: Settings, log_in_use: object = None) -> None:
            given.append(settings)
            self.modules = settings.modules
            if isinstance(outcome, SettingsError):
                raise outcome

        def run(self) -> int:
            logging.getLogger("luasip.server").warning("it runs in %s", Path.cwd().name)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

    replacement: Any = types.ModuleType("luasip.server.server")
    replacement.Server = Server
    monkeypatch.setitem(sys.modules, "luasip.server.server", replacement)
    return given


def fake_check(monkeypatch: pytest.MonkeyPatch, problems: list[str]) -> list[tuple[Path, str, int]]:
    """Replace the script check by one that finds `problems`; returns what it was asked."""
    asked: list[tuple[Path, str, int]] = []

    def check_script(
        path: Path, modules: Sequence[Any], known: Sequence[Any], *, lua: str, required: Sequence[str]
    ) -> list[str]:
        assert list(required) == ["ksr_request_route"]
        asked.append((path, lua, len(modules)))
        return problems

    replacement: Any = types.ModuleType("luasip.script.check")
    replacement.check_script = check_script
    monkeypatch.setitem(sys.modules, "luasip.script.check", replacement)
    fake_server(monkeypatch, 0)
    return asked


def test_python_dash_m() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "luasip", "--version"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"LuaSIP {__version__}\n", "")


@pytest.mark.parametrize("arguments", [[], ["serve"], ["run", "--colour"], ["run", "-c"]])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: luasip" in capsys.readouterr().err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert all(f"    {command} " in text for command in ("run", "check", "stubs", "docs"))


@pytest.mark.parametrize("code", [0, 1])
def test_run(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: int
) -> None:
    given = fake_server(monkeypatch, code)
    assert main(["run", "-c", str(config)]) == code
    assert given[0].file == config
    assert "WARNING luasip.server: it runs" in capsys.readouterr().err


def test_run_goes_to_its_directory(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_server(monkeypatch, 0)
    monkeypatch.chdir(Path.cwd())  # so that it is restored
    (config.parent / "var").mkdir()
    config.write_text('[script]\npath = "route.lua"\n[server]\ndirectory = "var"\n')
    assert main(["run", "-c", str(config)]) == 0
    assert "it runs in var" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TransportError("udp:127.0.0.1:5060: address in use"), "luasip: udp:127.0.0.1:5060: address in use"),
        (StorageError("sqlite:///x: read only"), "luasip: sqlite:///x: read only"),
        (SettingsError(["one", "two"]), "{config}: one\n{config}: two"),
        (
            IsADirectoryError(21, "Is a directory", "/a"),
            "luasip: /a: Is a directory\n  This is a folder; a file is wanted.",
        ),
        (OSError("something else"), "luasip: something else"),
    ],
)
def test_a_server_that_cannot_run(
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    text: str,
) -> None:
    fake_server(monkeypatch, error)
    assert main(["run", "-c", str(config)]) == 1
    assert capsys.readouterr().err.endswith(text.format(config=config) + "\n")


def test_run_with_faulty_settings(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text('[server]\nreceivers = "x"\n[serve]\n[script]\npath = "gone.lua"\n')
    assert main(["run", "-c", str(config)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{config}: ") for line in lines)


def test_check(config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked = fake_check(monkeypatch, [])
    assert main(["check", "-c", str(config)]) == 0
    script = config.parent / "route.lua"
    assert [(path, lua) for path, lua, _ in asked] == [(script, "lua54")]
    captured = capsys.readouterr()
    assert captured.out.startswith(f"ok: {config}, {script}, ")
    assert captured.err == ""


def test_check_tells_settings_and_script(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = fake_check(monkeypatch, ["route.lua:3: no such function"])
    config.write_text('[script]\npath = "route.lua"\nlua = "lua51"\n[serve]\n[kem]\n')
    assert main(["check", "-c", str(config)]) == 1
    captured = capsys.readouterr()
    assert [line.partition(": unknown")[0] for line in captured.err.splitlines()] == [
        f"{config}: serve",
        f"{config}: kem",
        "route.lua:3: no such function",
    ]
    assert captured.out == ""
    assert asked[0][1:] == ("lua51", len(MODULES))


def test_check_without_a_script(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = fake_check(monkeypatch, [])
    assert main(["check", "-c", str(config.parent / "gone.toml")]) == 1
    assert (
        capsys.readouterr().err
        == f"{config.parent / 'gone.toml'}: cannot be read: No such file or directory\n"
    )
    assert asked == []


def test_stubs(tmp_path: Path) -> None:
    file = tmp_path / "made" / "ksr.lua"
    assert main(["stubs", "--out", str(file)]) == 0
    assert file.read_text() == render_stubs(MODULES)


def test_docs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "--out", str(tmp_path / "made")]) == 0
    assert {"README.md", "core.md", "settings.md"} <= {file.name for file in (tmp_path / "made").iterdir()}
    assert "pages" in capsys.readouterr().out


def test_docs_missing_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["docs", "--missing"]) == 0
    assert all(line.startswith("KSR.") for line in capsys.readouterr().out.splitlines())
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "made").write_text("")
    assert main(["docs", "--out", str(tmp_path / "made" / "x")]) == 1
    assert capsys.readouterr().err.startswith("luasip: ")


def test_check_with_a_setting_its_module_refuses(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is replaced here: a module's own complaint, and the script's, come together."""
    config.write_text('[script]\npath = "route.lua"\n[modules.usrloc]\ndb_mode = 9\n')
    (config.parent / "route.lua").write_text("function other()\n    KSR.tm.t_rely()\nend\n")
    assert main(["check", "-c", str(config)]) == 1
    lines = capsys.readouterr().err.splitlines()
    script = config.parent / "route.lua"
    assert lines[0].startswith(f"{config}: modules.usrloc.db_mode: ")
    assert lines[1:] == [
        f"{script}: no function ksr_request_route",
        f"{script}:2: there is no KSR.tm.t_rely, did you mean KSR.tm.t_relay?",
    ]
