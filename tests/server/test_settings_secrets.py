"""References in the settings file, and files that everybody may write."""

import os
from pathlib import Path
from typing import Any

import pytest

from luasip.errors import SettingsError
from luasip.server.settings import load_settings
from luasip.server.settings_files import writable_for_all
from luasip.server.settings_secrets import References

ENVIRONMENT = {"NAME": "secret-1", "EMPTY": "", "SHORT": "a", "FOLDER": "keys"}


def filled(value: Any, folder: Path = Path("/nowhere")) -> tuple[Any, list[str]]:
    problems: list[str] = []
    table = References(folder, ENVIRONMENT).fill({"key": value}, problems)
    return table["key"], problems


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("$NAME and $avp(x) {s.len}", "$NAME and $avp(x) {s.len}"),
        ("${NAME}", "secret-1"),
        ("mysql://u:${NAME}@db/x${EMPTY}", "mysql://u:secret-1@db/x"),
        ("$${NAME}", "${NAME}"),
        ("${", "${"),
        (["${NAME}", {"a": "${SHORT}"}], ["secret-1", {"a": "a"}]),
        (5, 5),
        (True, True),
    ],
)
def test_environment(value: Any, expected: Any) -> None:
    assert filled(value) == (expected, [])


@pytest.mark.parametrize("reference", ["${file:keys/db}", "${file:$FOLDER/db}"])
def test_files(tmp_path: Path, reference: str) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/db").write_text("pa$$ ${NAME}\n")
    assert filled(f"<{reference}>", tmp_path) == ("<pa$$ ${NAME}>", [])
    assert filled(f"${{file:{tmp_path}/keys/db}}") == ("pa$$ ${NAME}", [])


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("${MISSING}", "key: ${MISSING}: MISSING is not in the environment"),
        ({"inner": ["${a b}"]}, "key.inner[0]: ${a b}: no name of a variable"),
        ("${}", "no name of a variable"),
        ("${file:nowhere}", "No such file"),
        ("${file:}", "directory"),
        ("${file:$MISSING/x}", "MISSING is not in the environment"),
    ],
)
def test_what_there_is_not(value: Any, problem: str) -> None:
    _, [found] = filled(value, Path("/"))
    assert problem in found


def test_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    _, [found] = filled("${file:x}", tmp_path)
    assert "not UTF-8" in found


SETTINGS = """
[script]
path = "route.lua"
[server]
listen = ["${PLACE}"]
[modules.sqlops]
sqlcon = ["db=>nosuch://user:${DB_PASSWORD}@db/x"]
[define]
TOKEN = "${DB_PASSWORD}"
"""


def write(folder: Path, settings: str = SETTINGS) -> Path:
    (folder / "route.lua").write_text("function ksr_request_route() end\n")
    (folder / "luasip.toml").write_text(settings)
    return folder / "luasip.toml"


def test_problems_do_not_tell_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "hush-hush")
    monkeypatch.setenv("DB_PASSWORD", "hush")
    with pytest.raises(SettingsError) as raised:
        load_settings(write(tmp_path))
    assert "${PLACE}" in str(raised.value)
    assert "hush" not in str(raised.value)


def test_settings_are_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "udp:127.0.0.1:5999")
    monkeypatch.setenv("DB_PASSWORD", "hush")
    settings = load_settings(write(tmp_path))
    assert settings.server.listen == ("udp:127.0.0.1:5999",)
    assert settings.define == {"TOKEN": "hush"}
    sqlops = settings.module("sqlops")
    assert sqlops is not None
    assert sqlops.settings.sqlcon == ["db=>nosuch://user:hush@db/x"]


@pytest.mark.parametrize("name", ["luasip.toml", "route.lua"])
def test_files_that_everybody_may_write_are_refused(tmp_path: Path, name: str) -> None:
    file = write(tmp_path, '[script]\npath = "route.lua"\n')
    load_settings(file)
    (tmp_path / name).chmod(0o666)
    with pytest.raises(SettingsError, match=r"everybody may write it \(mode 0666\); allowed: chmod o-w"):
        load_settings(file)


def test_folder_in_which_everybody_may_replace_files(tmp_path: Path) -> None:
    file = write(tmp_path, '[script]\npath = "route.lua"\n')
    tmp_path.chmod(0o777)
    with pytest.raises(SettingsError, match="everybody may replace it"):
        load_settings(file)
    tmp_path.chmod(0o1777)
    load_settings(file)


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("x")
    os.symlink(tmp_path / "real", tmp_path / "link")
    assert writable_for_all(tmp_path / "link") == []
    (tmp_path / "real").chmod(0o602)
    assert len(writable_for_all(tmp_path / "link")) == 1
    assert writable_for_all(tmp_path / "nowhere") == []
