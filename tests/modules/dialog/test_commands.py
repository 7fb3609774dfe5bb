"""The RPC commands dlg.*: shapes and errors as Kamailio has them."""

from typing import Any

import pytest

from luasip.errors import CommandError
from luasip.modules.dialog import DialogModule
from luasip.modules.dialog.dialog import State
from tests.modules.dialog.bench import Bench


def failing(function: Any, *arguments: Any) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        function(*arguments)
    return caught.value.code, str(caught.value)


def test_the_shape_of_a_dialog() -> None:
    bench = Bench()
    assert bench.module.list_all() == []
    bench.call("var_sets", "foo", "bar")
    bench.call("set_dlg_profile", "caller", "alice")
    bench.call("set_dlg_profile", "all", "")
    bench.call("dlg_manage")
    entry, number = bench.dialog.identity
    caller = {
        **{"tag": "from1", "contact": "sip:alice@127.0.0.2:5070", "cseq": "7", "route_set": ""},
        "socket": "udp:127.0.0.1:5060",
    }
    expected: dict[str, Any] = {
        **{"h_entry": entry, "h_id": number, "ref": 1, "call-id": "call1@127.0.0.2"},
        **{"from_uri": "sip:alice@example.com", "to_uri": "sip:bob@example.com", "state": 1, "start_ts": 0},
        **{
            "init_ts": 1_700_000_000,
            "end_ts": 0,
            "duration": 0,
            "timeout": 0,
            "lifetime": 43200,
            "dflags": 0,
        },
        **{"sflags": 0, "iflags": 0, "caller": caller, "callee": dict.fromkeys(caller)},
        **{"profiles": [{"caller": "alice"}, "all"], "variables": [{"foo": "bar"}]},
    }
    assert bench.module.list_all() == bench.module.list_all_ctx() == [expected]
    assert list(bench.module.list_all()[0]) == list(expected)
    bench.answer()
    bench.within("ACK")
    bench.services.clock += 9
    [shown] = bench.module.list_all()
    assert (shown["state"], shown["duration"], shown["timeout"]) == (4, 9, 1_700_043_200)
    assert shown["callee"]["tag"] == "to1"


def test_finding_dialogs() -> None:
    bench = Bench()
    bench.connect()
    module = bench.module
    [shown] = module.list_all()
    assert module.list_one("call1@127.0.0.2") == module.list_one_ctx("call1@127.0.0.2", "from1") == shown
    assert module.list_one("call1@127.0.0.2", "x") == module.list_one("x") == {}
    for key, operator, value in (
        *(("furi", "eq", "sip:alice@example.com"), ("turi", "sw", "sip:bob"), ("ruri", "re", "bob@.*udp$")),
        *(
            ("callid", "eq", "call1@127.0.0.2"),
            ("start_ts", "gt", "1699999999"),
            ("start_ts", "lt", "1700000001"),
        ),
    ):
        assert (
            module.list_match(key, operator, value, 1)
            == module.list_match_ctx(key, operator, value)
            == [shown]
        )


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("furi", "eq", "no"), 404, "Not found"),
        (("start_ts", "gt", "1700000000"), 404, "Not found"),
        (("xuri", "eq", "x"), 500, "Invalid matching key parameter"),
        (("furi", "xx", "x"), 500, "Invalid matching operator parameter"),
        (("furi", "gt", "1"), 500, "Invalid matching operator parameter"),
        (("furi", "re", "("), 500, "Invalid matching value parameter"),
        (("start_ts", "gt", "x"), 500, "Invalid matching value parameter"),
    ],
)
def test_what_is_not_found(arguments: tuple[str, str, str], code: int, text: str) -> None:
    bench = Bench()
    bench.connect()
    assert failing(bench.module.list_match, *arguments) == (code, text)


def test_briefing() -> None:
    bench = Bench()
    bench.connect()
    entry, number = bench.dialog.identity
    identity = {"h_entry": entry, "h_id": number}
    assert bench.module.briefing() == [
        {
            **identity,
            **{
                "from_uri": "sip:alice@example.com",
                "to_uri": "sip:bob@example.com",
                "call-id": "call1@127.0.0.2",
            },
            **{"from_tag": "from1", "to_tag": "to1"},
        }
    ]
    assert bench.module.briefing("sIE") == [{**identity, "init_ts": 1_700_000_000, "end_ts": 0, "state": 4}]


def test_counts_by_state() -> None:
    bench = Bench()
    names = ("starting", "connecting", "answering", "ongoing", "all")
    assert bench.module.stats_active() == dict.fromkeys(names, 0)
    bench.call("dlg_manage")
    seen = [tuple(bench.module.stats_active().values())]
    for status in (180, 200):
        bench.answer(status)
        seen.append(tuple(bench.module.stats_active(1).values()))
    bench.within("ACK")
    seen.append(tuple(bench.module.stats_active().values()))
    assert seen == [(1, 0, 0, 0, 1), (0, 1, 0, 0, 1), (0, 0, 1, 0, 1), (0, 0, 0, 1, 1)]


def test_is_alive() -> None:
    bench = Bench()
    assert failing(bench.module.is_alive, "call1@127.0.0.2", "from1", "to1") == (404, "Dialog not found")
    bench.call("dlg_manage")
    assert failing(bench.module.is_alive, "call1@127.0.0.2", "from1", "")[0] == 500
    bench.answer()
    bench.within("ACK")
    assert bench.module.is_alive("call1@127.0.0.2", "from1", "to1") == "Alive"
    bench.within("BYE", cseq=8)
    assert failing(bench.module.is_alive, "call1@127.0.0.2", "from1", "to1")[0] == 404


def test_ending_calls() -> None:
    bench = Bench()
    bench.call("dlg_manage")
    module = bench.module
    entry, number = bench.dialog.identity
    assert failing(module.terminate, "call1@127.0.0.2", "no", "to1") == (500, "Couldnt find callid in dialog")
    assert failing(module.end, entry, number + 1) == (404, "Dialog not found")
    assert failing(module.end, entry, number) == (500, "Operation failed")  # it is not answered
    bench.answer()
    assert module.end(entry, number, "X-Why: a\r\nX-More: b") == {}
    assert [request.method for request, _ in bench.transactions.sent] == ["BYE", "BYE"]
    assert all("X-Why: a\r\nX-More: b\r\n" in request.headers for request, _ in bench.transactions.sent)
    assert failing(module.terminate, "call1@127.0.0.2", "from1", "to1") == (500, "Operation failed")
    bench.transactions.sent[0][1](200, None)
    assert bench.dialog.state is State.DELETED
    assert failing(module.end, entry, number) == (404, "Dialog not found")


def test_states_by_hand() -> None:
    bench = Bench()
    bench.connect()
    key = ("call1@127.0.0.2", "from1", "to1")
    assert failing(bench.module.set_state, *key, 0) == (500, "Invalid state value")
    assert failing(bench.module.set_state, "no", "a", "b", 5) == (404, "Dialog not found")
    assert bench.module.set_state(*key, 5) == {}
    assert (bench.dialog.state, bench.services.events) == (State.DELETED, [])


def test_profiles() -> None:
    bench = Bench()
    bench.call("set_dlg_profile", "caller", "alice")
    bench.call("dlg_manage")
    module = bench.module
    assert [module.profile_get_size("caller"), module.profile_get_size("caller", "x")] == [1, 0]
    assert module.profile_list("caller") == module.profile_list("caller", "alice") == module.list_all()
    assert module.profile_list("caller", "x") == module.profile_list("all") == []
    assert failing(module.profile_get_size, "no") == failing(module.profile_list, "no")
    assert failing(module.profile_list, "no") == (404, "Profile not found: no")


def test_bridges() -> None:
    bench = Bench()
    assert bench.module.bridge("sip:a@x", "sip:b@x", "sip:next", "_") == {}
    [(request, _)] = bench.transactions.sent
    assert (request.method, request.next_hop, request.body) == ("INVITE", "sip:next", "")
    bench.transactions.code = -1
    assert failing(bench.module.bridge, "sip:a@x", "sip:b@x") == (500, "Operation failed")


def test_the_names_are_kamailios() -> None:
    names = {command.name for command in DialogModule.commands()}
    assert names == {
        *(
            "dlg.list",
            "dlg.list_ctx",
            "dlg.list_match",
            "dlg.list_match_ctx",
            "dlg.dlg_list",
            "dlg.dlg_list_ctx",
        ),
        *("dlg.terminate_dlg", "dlg.end_dlg", "dlg.set_state", "dlg.profile_get_size", "dlg.profile_list"),
        *("dlg.bridge_dlg", "dlg.stats_active", "dlg.is_alive", "dlg.briefing", "dlg.db_waiting"),
    }
