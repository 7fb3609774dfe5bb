"""A record for each call: acc with dialog."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from luasip.errors import SettingsError
from tests.scenarios.dialog_calls import SCRIPT, SETTINGS, Call
from tests.scenarios.scene import Scene

BEGIN = 'function begin() KSR.dialog.dlg_manage() KSR.dialog.var_sets("who", "alice") end\n'
ACC = '\n[modules.acc]\ncdr_enable = 1\ncdr_extra = "who=$dlg_var(who);cid=$ci;none=$dlg_var(none)"\n'


def lines(scene: Scene) -> list[str]:
    """The records in the log, without their times."""
    found = [record.getMessage() for record in scene.log.records if record.name == "luasip.acc"]
    return [line.partition("duration=")[2] for line in found if line.startswith("start_time=")]


def duration(line: str) -> float:
    return float(line.partition(";")[0])


def test_an_answered_call_has_a_record() -> None:
    with Scene(SCRIPT + BEGIN, SETTINGS + ACC) as scene:
        call = Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
        assert lines(scene) == []
        call.request("BYE")
        [line] = lines(scene)
        assert line.partition(" ")[2] == "who=alice; cid=call-1; none="
        assert 0 < duration(line) < 60


@pytest.mark.parametrize(("further", "count"), [("", 1), ("cdr_on_failed = 0\n", 0)])
def test_a_call_that_is_not_answered(further: str, count: int) -> None:
    with Scene(SCRIPT + BEGIN, SETTINGS + ACC + further) as scene:
        Call(scene, scene.phone("alice"), scene.phone("bob")).start().respond(180).respond(486)
        assert lines(scene) == ["0; who=alice; cid=call-1; none="] * count


@pytest.mark.parametrize(
    ("bye", "further", "count"), [(0, "", 0), (0, "cdr_expired_dlg_enable = 1\n", 1), (1, "", 1)]
)
def test_a_call_that_times_out(bye: int, further: str, count: int) -> None:
    timeout = f"default_timeout = 50\nsend_bye = {bye}\n"
    with Scene(SCRIPT + BEGIN, SETTINGS + timeout + ACC + further) as scene:
        Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
        scene.advance(100)
        assert [line.partition("; ")[2] for line in lines(scene)] == ["who=alice; cid=call-1; none="] * count


@pytest.mark.parametrize("further", ['cdr_skip = "who"\n', "cdr_log_enable = 0\n", ""])
def test_calls_without_record(further: str) -> None:
    settings = SETTINGS + ACC.replace("cdr_enable = 1", f"cdr_enable = {int(bool(further))}")
    with Scene(SCRIPT + BEGIN, settings + further) as scene:
        Call(scene, scene.phone("alice"), scene.phone("bob")).connect().request("BYE")
        assert lines(scene) == []


@pytest.mark.parametrize(("nullable", "none"), [(0, ""), (1, None)])
def test_the_table(tmp_path: Path, nullable: int, none: str | None) -> None:
    database = (
        f'db_url = "sqlite:///{tmp_path}/acc.db"\njournal = "{tmp_path}/journal"\ncdrs_table = "acc_cdrs"\n'
        f'cdr_start_id = "begun"\ncdr_start_on_confirmed = 1\ncdr_extra_nullable = {nullable}\n'
    )
    with Scene(SCRIPT + BEGIN, SETTINGS + ACC + database) as scene:
        Call(scene, scene.phone("alice"), scene.phone("bob")).connect().request("BYE")
        scene.advance(2)
        [row] = rows(tmp_path)
        assert (row["who"], row["cid"], row["none"]) == ("alice", "call-1", none)
        assert row["begun"] <= row["end_time"]
        assert (len(row["begun"]), row["begun"][:2]) == (19, "20")
        assert 0 <= row["duration"] < 60


def rows(folder: Path) -> list[dict[str, Any]]:
    with sqlite3.connect(folder / "acc.db") as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("select * from acc_cdrs")]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("[modules.acc]\ncdr_enable = 1\n", "cdr_enable: the module dialog is not loaded"),
        ('[modules.acc]\ncdrs_table = "acc_cdrs"\n', "cdrs_table: needs modules.acc.db_url"),
        ('[modules.acc]\ncdr_extra = "x"\n', "cdr_extra"),
    ],
)
def test_settings_that_cannot_be(settings: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        Scene("function ksr_request_route() end", settings)
