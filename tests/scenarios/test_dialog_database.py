"""Dialogs in a database: written beside the call, read at the start, kept while the database is away."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from luasip.errors import StorageError
from luasip.modules.dialog.store import DialogStore
from tests.scenarios.dialog_calls import SCRIPT, SETTINGS, Call, dialog_module
from tests.scenarios.scene import Scene

BEGIN = (
    "function begin()\n"
    '  KSR.dialog.dlg_manage() KSR.dialog.var_sets("note", "!") KSR.dialog.set_dlg_profile("caller", "alice")\n'
    '  KSR.dialog.set_dlg_profile_static("all") KSR.dialog.dlg_setflag(4)\n'
    '  KSR.dialog.dlg_set_property("ka-src")\n'
    "end\n"
)


def settings(folder: Path, mode: int, further: str = "") -> str:
    return f'{SETTINGS}db_mode = {mode}\ndb_url = "sqlite:///{folder}/dialogs.db"\n{further}'


def rows(folder: Path, table: str = "dialog") -> list[dict[str, Any]]:
    with sqlite3.connect(folder / "dialogs.db") as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"select * from {table}")]


def restarted(call: Call, scene: Scene) -> Call:
    """The same call through another server."""
    call.caller, call.callee = scene.phone("alice"), scene.phone("bob")
    call.scene = scene
    return call


def test_the_rows_are_kamailios(tmp_path: Path) -> None:
    with Scene(SCRIPT + BEGIN, settings(tmp_path, 1)) as scene:
        call = Call(scene, scene.phone("alice"), scene.phone("bob")).start().respond(180)
        scene.advance(1)
        assert rows(tmp_path) == []
        call.respond(200)
        scene.advance(0.1)
        [row] = rows(tmp_path)
        assert row["state"] == 3
        call.acknowledge()
        scene.advance(0.1)
        [row] = rows(tmp_path)
        [shown] = dialog_module(scene).list_all()
        assert row == {
            **{"id": row["id"], "hash_entry": shown["h_entry"], "hash_id": shown["h_id"], "callid": "call-1"},
            **{"from_uri": "sip:alice@example.com", "from_tag": "alice-tag", "to_uri": "sip:bob@example.com"},
            **{"to_tag": "bob-to", "caller_cseq": "1", "callee_cseq": "0", "caller_route_set": None},
            **{"callee_route_set": None, "caller_contact": "sip:alice@10.0.0.2:5060"},
            **{"callee_contact": "sip:bob@10.0.0.3:5060", "caller_sock": "udp:10.0.0.1:5060"},
            **{"callee_sock": "udp:10.0.0.1:5060", "state": 4, "start_time": shown["start_ts"]},
            **{"timeout": row["timeout"], "sflags": 16, "iflags": 2, "toroute_name": None},
            **{"req_uri": "sip:bob@10.0.0.3", "xdata": row["xdata"]},
        }
        assert abs(row["timeout"] - row["start_time"] - 43200) <= 1
        assert json.loads(row["xdata"]) == {
            "profiles": [{"name": "caller", "value": "alice"}, {"name": "all"}]
        }
        [variable] = rows(tmp_path, "dialog_vars")
        assert (variable["dialog_key"], variable["dialog_value"]) == ("note", "!")
        call.request("BYE")
        scene.advance(0.1)
        assert rows(tmp_path) == rows(tmp_path, "dialog_vars") == []


def test_another_server_goes_on_with_the_call(tmp_path: Path) -> None:
    first = Scene(SCRIPT + BEGIN, settings(tmp_path, 1))
    call = Call(first, first.phone("alice"), first.phone("bob")).connect()
    first.advance(0.1)
    first.close(check=False)
    assert len(rows(tmp_path)) == 1
    with Scene(SCRIPT + BEGIN, settings(tmp_path, 1)) as second:
        module = dialog_module(second)
        assert module.profile_get_size("caller", "alice") == module.profile_get_size("all") == 1
        assert second.statistic("dialog:active_dialogs") == 1
        [shown] = module.list_all()
        assert (shown["state"], shown["variables"], shown["sflags"]) == (4, [{"note": "!"}], 16)
        restarted(call, second).request("BYE")
        assert second.said[-1] == "dialog:end BYE  5!"
        second.advance(0.1)
        assert rows(tmp_path) == []
        assert module.profile_get_size("caller", "alice") == 0


def test_the_timeout_comes_after_a_restart(tmp_path: Path) -> None:
    further = "default_timeout = 100\nsend_bye = 1\n"
    first = Scene(SCRIPT, settings(tmp_path, 1, further))
    Call(first, first.phone("alice"), first.phone("bob")).connect()
    first.advance(0.1)
    first.close(check=False)
    with Scene(SCRIPT, settings(tmp_path, 1, further)) as second:
        alice, bob = second.phone("alice"), second.phone("bob")
        second.advance(97)
        assert (alice.requests(), bob.requests()) == ([], [])
        second.advance(4)
        assert {request.method for phone in (alice, bob) for request in phone.requests()} == {"BYE"}
        second.advance(40)
        assert rows(tmp_path) == []


def test_what_has_timed_out_meanwhile_ends_at_once(tmp_path: Path) -> None:
    first = Scene(SCRIPT, settings(tmp_path, 1))
    Call(first, first.phone("alice"), first.phone("bob")).connect()
    first.advance(0.1)
    first.close(check=False)
    with sqlite3.connect(tmp_path / "dialogs.db") as connection:
        connection.execute("update dialog set timeout = start_time")
    with Scene(SCRIPT, settings(tmp_path, 1)) as second:
        second.advance(1)
        assert second.said == ["dialog:end OPTIONS  5"]
        assert rows(tmp_path) == []


@pytest.mark.parametrize(("mode", "after", "at_the_end"), [(2, 1, 1), (3, 0, 1), (0, 0, 0)])
def test_when_it_is_written(tmp_path: Path, mode: int, after: int, at_the_end: int) -> None:
    scene = Scene(SCRIPT, settings(tmp_path, mode, "db_update_period = 20\n"))
    Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
    scene.advance(1)
    assert not (tmp_path / "dialogs.db").exists() or rows(tmp_path) == []
    scene.advance(21)
    assert len(rows(tmp_path) if mode else []) == after
    scene.close(check=False)
    assert len(rows(tmp_path) if mode else []) == at_the_end


def test_a_call_that_ends_between_two_writings_leaves_nothing(tmp_path: Path) -> None:
    with Scene(SCRIPT, settings(tmp_path, 2, "db_update_period = 20\n")) as scene:
        call = Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
        call.request("BYE")
        assert dialog_module(scene).database_waiting() == {"waiting": 0}


def test_loading_on_demand(tmp_path: Path) -> None:
    first = Scene(SCRIPT, settings(tmp_path, 1))
    call = Call(first, first.phone("alice"), first.phone("bob")).connect()
    first.advance(0.1)
    first.close(check=False)
    script = (
        "function ksr_request_route()\n"
        "  KSR.info(KSR.dialog.is_known_dlg() .. KSR.dialog.dlg_db_load_callid('other')\n"
        "    .. KSR.dialog.dlg_db_load_callid(KSR.kx.get_callid()) .. KSR.dialog.is_known_dlg())\n"
        "  KSR.info(KSR.dialog.dlg_db_load_extra() .. KSR.dialog.dlg_db_load_callid(''))\n"
        "  KSR.sl.sl_send_reply(200, 'OK')\n"
        "end\n"
    )
    with Scene(script, settings(tmp_path, 1, "db_skip_load = 1\n")) as second:
        restarted(call, second)
        assert dialog_module(second).list_all() == []
        call.caller.send(call.within("INFO", call.caller))
        assert second.said == ["-1-111", "1-1"]
        assert len(dialog_module(second).list_all()) == 1


def test_nobody_waits_for_a_database_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Scene(SCRIPT, settings(tmp_path, 1)) as scene:
        away = monkeypatch.context()
        with away as patched:
            patched.setattr(DialogStore, "write", _fail)
            patched.setattr(DialogStore, "is_there", lambda store: False)
            call = Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
            scene.advance(5)
            assert dialog_module(scene).database_waiting() == {"waiting": 1}
            assert scene.statistic("dialog:db_failed") >= 2
        scene.advance(40)
        assert dialog_module(scene).database_waiting() == {"waiting": 0}
        assert len(rows(tmp_path)) == 1
        call.request("BYE")


def test_a_database_that_is_away_for_half_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Scene(SCRIPT, settings(tmp_path, 1, "default_timeout = 1000000\n")) as scene:
        with monkeypatch.context() as patched:
            patched.setattr(DialogStore, "write", _fail)
            patched.setattr(DialogStore, "is_there", lambda store: False)
            call = Call(scene, scene.phone("alice"), scene.phone("bob")).connect()
            scene.advance(43200)
            assert scene.statistic("dialog:db_failed") > 1100
        scene.advance(40)
        assert dialog_module(scene).database_waiting() == {"waiting": 0}
        assert len(rows(tmp_path)) == 1
        call.request("BYE")


def test_what_the_database_refuses_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = DialogStore.write

    def picky(store: DialogStore, written: Any, gone: Any) -> None:
        if any(row.dialog["callid"] == "bad" for row in written):
            raise StorageError("too long")
        write(store, written, gone)

    monkeypatch.setattr(DialogStore, "write", picky)
    with Scene(SCRIPT, settings(tmp_path, 1)) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        bad = Call(scene, alice, bob, "bad").start()
        good = Call(scene, alice, bob, "good").start()
        bad.respond(200)
        good.respond(200)
        scene.advance(1)
        assert [row["callid"] for row in rows(tmp_path)] == ["good"]
        assert scene.statistic("dialog:db_refused") == 1
        for call in (bad, good):
            call.acknowledge().request("BYE")


def _fail(*arguments: Any) -> None:
    raise StorageError("it is away")
