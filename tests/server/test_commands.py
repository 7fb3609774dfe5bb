"""The server's own RPC commands and the shapes of those of modules, on a whole server in virtual time."""

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from luasip.errors import CommandError
from luasip.kemi.declare import commands_of
from luasip.kemi.log_levels import NOTICE
from luasip.modules import MODULES
from luasip.server.control import OWN_COMMANDS
from luasip.server.setting_commands import without_passwords
from luasip.server.signals import STOP
from tests.scenarios.scene import Scene

SCRIPT = """
function ksr_request_route()
    if KSR.is_REGISTER() then KSR.registrar.save("location", 0) return end
    if KSR.is_method_in("I") then
        luasip.sleep(30)
        KSR.sl.send_reply(480, "Slept")
        return
    end
    if KSR.is_method_in("O") then return KSR.sl.send_reply(200, "OK") end
    luasip.wait("key", 60)
    KSR.sl.send_reply(200, "Woken")
end
"""

SETTINGS = """
[modules.htable]
htable = ["a=>size=4;autoexpire=60;"]
[modules.mqueue]
mqueue = ["name=q"]
[modules.rtimer]
timer = ["name=ta;interval=100;mode=0;"]
exec = ["timer=ta;route=ksr_request_route"]
[modules.timer]
declare_timer = ["tb=ksr_request_route,1000,slow,disable"]
"""


def call(scene: Scene, name: str, *arguments: Any) -> Any:
    return scene.server.control.registry.call(name, arguments)


def refused(scene: Scene, name: str, *arguments: Any) -> CommandError:
    with pytest.raises(CommandError) as error:
        call(scene, name, *arguments)
    return error.value


SHAPES: list[tuple[str, list[Any], Callable[[Any], bool]]] = [
    ("core.version", [], lambda v: v.startswith("LuaSIP 0.")),
    ("core.info", [], lambda v: {"version", "id", "compiler", "compiled", "flags", "config"} == set(v)),
    ("core.flags", [], lambda v: "LUA54" in v),
    ("core.runinfo", [], lambda v: v["name"] == "LuaSIP" and v["utime_days"] == "0d 0h 0m 0s"),
    ("core.uptime", [], lambda v: set(v) == {"now", "up_since", "uptime"} and v["uptime"] >= 0),
    ("core.ps", [], lambda v: v[1] == threading.main_thread().name and len(v) % 2 == 0),
    ("core.psx", [], lambda v: v[0]["IDX"] == 0 and set(v[0]) == {"IDX", "PID", "DSC"}),
    ("core.shmmem", [], lambda v: v["total"] > v["used"] > 1 << 20 and v["max_used"] >= v["used"]),
    ("core.shmmem", ["m"], lambda v: 1 < v["used"] < 10_000),
    ("core.modules", [], lambda v: {"core", "tm", "htable"} <= set(v)),
    ("core.pwd", [], lambda v: v[0].startswith("/")),
    ("core.arg", [], lambda v: len(v) > 0),
    ("core.echo", ["a", 1], lambda v: v == ["a", "1"]),
    ("core.prints", ["a"], lambda v: v == ["a"]),
    ("core.printi", ["4"], lambda v: v == [4]),
    (
        "core.sockets_list",
        [],
        lambda v: v[0]["socket"]["address"] == "10.0.0.1" and v[1]["socket"]["proto"] == "tcp",
    ),
    (
        "core.aliases_list",
        [],
        lambda v: v["aliases"] == [{"alias": {"proto": "*", "address": "example.com", "port": "*"}}],
    ),
    ("core.tcp_info", [], lambda v: v["max_connections"] == 2048 and v["opened_connections"] == 0),
    ("core.tcp_list", [], lambda v: v == []),
    ("corex.list_sockets", [], lambda v: v[0]["PROTO"] == "udp" and v[0]["ADDRLIST"] == {"ADDR": "10.0.0.1"}),
    ("corex.list_aliases", [], lambda v: v == [{"PROTO": "*", "ADDR": "example.com", "PORT": 0}]),
    ("tm.list", [], lambda v: v == []),
    ("tm.stats", [], lambda v: v["current"] == v["total"] == v["2xx"] == 0 and v["delayed_free"] == 0),
    ("ul.dump", [], lambda v: v["Domains"][0]["Domain"]["Domain"] == "location"),
    ("ul.dump", ["brief"], lambda v: v["Domains"][0]["Domain"]["AoRs"] == []),
    ("ul.flush", [], lambda v: v is None),
    ("htable.sets", ["a", "x", "hello"], lambda v: v == "Ok. Key set to new value."),
    ("htable.seti", ["a", "n", 7], lambda v: v == "Ok. Key set to new value."),
    ("htable.setex", ["a", "x", 30], lambda v: v == "Ok"),
    ("htable.setxs", ["a", "x", "hello", 30], lambda v: v == "Ok. Key set to new value."),
    ("htable.setxi", ["a", "n", 7, 30], lambda v: v == "Ok. Key set to new value."),
    ("htable.delete", ["a", "x"], lambda v: v == "Ok. Key deleted."),
    ("htable.flush", ["a"], lambda v: v == "Ok. Htable flushed."),
    ("htable.listTables", [], lambda v: v[0]["name"] == "a" and v[0]["expire"] == 60),
    ("htable.stats", [], lambda v: set(v[0]) == {"name", "slots", "all", "min", "max"}),
    ("mqueue.get_sizes", [], lambda v: v == [{"name": "q", "size": 0}]),
    ("mqueue.get_size", ["q"], lambda v: v == {"name": "q", "size": 0}),
    ("pike.list", [], lambda v: v == {"max_hits": 30, "list": [], "number_of_rows": 0}),
    ("app_lua.list", [], lambda v: v[0].startswith("0: [")),
    ("app_lua.reload", [], lambda v: v is None),
    ("app_lua.api_list", [], lambda v: "methods" in v),
    (
        "rtimer.list",
        [],
        lambda v: v == [{"name": "ta", "interval": 100.0, "mode": 0, "routes": ["ksr_request_route"]}],
    ),
    ("timer.list", [], lambda v: v[0]["name"] == "tb" and v[0]["interval"] == 1000 and not v[0]["enabled"]),
    ("stats.get_statistics", ["all"], lambda v: "tmx:UAS_transactions = 0" in v),
    ("stats.fetch", ["tmx:"], lambda v: v["tmx.UAS_transactions"] == "0"),
    ("stats.fetchn", ["tmx:"], lambda v: v["tmx.UAC_transactions"] == 0),
    ("core.psa", [], lambda v: v[0]["index"] == 0 and v[0]["status"] == 1 and v[0]["description"]),
    ("core.ppdefines", [], lambda v: "MOD_tm" in v),
    ("core.ppdefines_full", [], lambda v: {"name": "MOD_tm", "type": 0, "value": "none"} in v),
    ("core.tcp_options", [], lambda v: v["max_connections(soft)"] == 2048),
    ("corex.debug", [], lambda v: v == {"debug": 3}),
    ("shm.stats", [], lambda v: v["used"] > 1_000_000 and "fragments" in v),
    ("shm.info", [], lambda v: v["size"] > 1_000_000),
    ("pkg.stats", [], lambda v: v[0]["entry"] == 0 and 0 < v[0]["used"] < v[0]["total_size"]),
    ("pkg.stats", ["index", 0], lambda v: len(v) == 1 and v[0]["desc"] == "lua54 runtime 0"),
    ("pkg.info", [], lambda v: v == {"name": "lua54", "size": 256 * 1024 * 1024}),
    ("jsonrpc.echo", ["a", 1], lambda v: v == ["a", 1]),
    ("dns.view", [], lambda v: v == []),
    ("dns.delete_all", [], lambda v: v == {"status": "ok"}),
    ("dns.delete_all_force", [], lambda v: v == {"status": "ok"}),
    ("sl.stats", [], lambda v: v["200"] == 0 and list(v)[-1] == "xxx"),
    ("script.info", [], lambda v: v["lua"] == "lua54" and v["suspended"] == 0 and v["runtimes"] >= 1),
    ("script.reload", [], lambda v: v == {"reloads": 1, "changed": [], "needs_restart": []}),
    ("script.reloads", [], lambda v: v == []),
    ("script.suspended", [], lambda v: v == []),
    ("pool.list", [], lambda v: [one["name"] for one in v] == ["sql", "http", "lua", "dns", "control"]),
    ("cfg.list", ["core"], lambda v: v == ["core: debug"]),
    ("cfg.get", ["tm", "fr_timer"], lambda v: v == 30000),
    ("cfg.get", ["tm"], lambda v: v["fr_timer"] == 30000 and v["default_reason"] == "Server Internal Error"),
    ("cfg.help", ["tm", "fr_timer"], lambda v: "INVITE" in v),
    ("cfg.help", ["core", "debug"], lambda v: "debug" in v),
    ("cfg.diff", [], lambda v: v == []),
]


@pytest.fixture(scope="module")
def scene() -> Any:
    with Scene(SCRIPT, SETTINGS) as made:
        yield made


def test_shapes() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        for name, arguments, is_right in SHAPES:
            value = None
            if name == "script.reloads":
                assert [one["error"] for one in call(scene, name)] == ["", ""]
                continue
            if name == "script.reload":
                assert call(scene, name)["reloads"] == 2  # app_lua.reload was the first
                continue
            value = call(scene, name, *arguments)
            assert is_right(value), (name, arguments, value)


def test_every_command_of_the_server_and_its_modules_is_documented() -> None:
    with Scene(SCRIPT) as scene:
        for one in call(scene, "system.describe"):
            assert one["help"], one
            assert call(scene, "system.methodHelp", one["name"]).startswith(one["usage"])


@pytest.mark.parametrize(
    ("name", "arguments", "code", "message"),
    [
        ("core.shmmem", ["x"], 500, "bad parameter"),
        ("core.kill", [9], 500, "signal 9"),
        ("htable.get", ["none", "x"], 500, "No such htable"),
        ("htable.delete", ["a", "none"], 404, "Key not found in htable."),
        ("mqueue.get_size", ["none"], 404, "No such queue"),
        ("tm.cancel", ["none", "1"], 400, "Transaction not found"),
        ("tm.reply", [486, "Busy", "1:2"], 404, "Transaction not found"),
        ("tm.reply", [486, "Busy", "x"], 404, "Transaction not found"),
        ("tm.t_uac_start", ["OPTIONS", "nonsense"], 400, "nonsense"),
        ("tm.t_uac_start", ["OPTIONS", "sip:a@b", "sip:"], 400, "sip:"),
        ("tm.t_uac_start", ["OPTIONS", "sip:a@b", ".", ".", "no header"], 400, "Invalid headers"),
        ("tm.t_uac_start", ["OPT IONS", "sip:a@b"], 400, "Invalid headers"),
        ("script.continue", [77], 404, "no suspended route 77"),
        ("script.drop", [77], 404, "no suspended route 77"),
        ("pkg.stats", ["index", 77], 500, "No such index"),
        ("pkg.stats", ["size", 77], 500, "Invalid filter type"),
        ("dns.lookup", ["TXT", "example.com"], 400, "A or AAAA"),
        ("dns.delete_a", ["example.com"], 400, "Not found"),
        ("httpclient.listcon", [], 500, "No Connection Definitions"),
        ("cfg.get", ["none", "x"], 400, "Failed to get the variable"),
        ("cfg.get", ["tm", "none"], 400, "Failed to get the variable"),
        ("cfg.set", ["tm", "none", 1], 400, "Failed to set the variable"),
        ("cfg.set", ["tm", "fr_timer", "soon"], 400, "tm.fr_timer: wrong type ('soon'); allowed: an integer"),
        ("cfg.set", ["htable", "htable", "x"], 400, "with the next start only"),
        ("cfg.set", ["registrar", "default_q", 5000], 400, "5000 is not a number from -1 to 1000"),
        ("cfg.set", ["core", "debug", "x"], 400, "'x' is not an integer"),
        ("cfg.help", ["tm", "none"], 400, "Failed to get the variable description"),
    ],
)
def test_refusals(scene: Scene, name: str, arguments: list[Any], code: int, message: str) -> None:
    error = refused(scene, name, *arguments)
    assert error.code == code
    assert message in error.message


def test_settings_change_and_change_back() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        call(scene, "cfg.set", "tm", "fr_timer", "5000")
        call(scene, "cfg.sets", "tm", "default_reason", "Sorry")
        settings = scene.server.layer.settings
        assert (settings.timers.final_response, settings.default_reason) == (5.0, "Sorry")
        assert call(scene, "cfg.diff") == [
            {"group": "tm", "name": "fr_timer", "started_with": 30000, "value": 5000},
            {
                "group": "tm",
                "name": "default_reason",
                "started_with": "Server Internal Error",
                "value": "Sorry",
            },
        ]
        call(scene, "cfg.reset", "tm", "fr_timer")
        call(scene, "cfg.reset", "tm", "fr_inv_timer")
        assert scene.server.layer.settings.timers.final_response == 30.0
        assert refused(scene, "cfg.seti", "registrar", "default_q", 5000)
        assert call(scene, "cfg.get", "registrar", "default_q") == -1


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("sqlcon", ["db=>mysql://user:sec@ret@127.0.0.1/k"], ["db=>mysql://user:***@127.0.0.1/k"]),
        ("db_url", "sqlite:///var/a.db", "sqlite:///var/a.db"),
        ("auth_password", "x", "***"),
        ("secret", "", ""),
        ("token", "abc", "***"),
        ("restore_passwd", "abc", "***"),
        ("credential", ["alice:example.com:abc"], "***"),
        ("password_column_2", "ha1b", "ha1b"),
        ("auth_password_avp", "$avp(p)", "$avp(p)"),
        ("secret_file", "var/secret", "var/secret"),
        ("any", {"db_password": "x", "n": [1, None, True]}, {"db_password": "***", "n": [1, None, True]}),
    ],
)
def test_passwords_are_not_shown(name: str, value: Any, shown: Any) -> None:
    assert without_passwords(name, value) == shown


def test_registrar_settings_hold_for_the_next_registration() -> None:
    with Scene(SCRIPT) as scene:
        call(scene, "cfg.seti", "registrar", "max_expires", 100)
        phone = scene.phone("alice")
        phone.send(phone.request("REGISTER", "sip:example.com", "Expires: 3600", to="sip:alice@example.com"))
        (contact,) = call(scene, "ul.lookup", "location", "alice")["Contacts"]
        assert 98 <= contact["Contact"]["Expires"] <= 100
        call(scene, "ul.rm", "location", "alice")


def test_the_log_level() -> None:
    with Scene(SCRIPT) as scene:
        logger = logging.getLogger("luasip")
        for number, level in ((3, 10), (2, 20), (0, 30), (-1, 40), (-9, 50)):
            call(scene, "cfg.set_now_int", "core", "debug", number)
            assert logger.level == level
        assert call(scene, "cfg.get", "core", "debug") == -2
        call(scene, "cfg.reset", "core", "debug")
        assert call(scene, "cfg.get", "core") == {"debug": 3}


def test_names_are_remembered_and_forgotten() -> None:
    with Scene(SCRIPT) as scene:
        found = call(scene, "dns.lookup", "a", "localhost")
        assert (found["name"], found["type"], found["negative_entry"]) == ("localhost", "A", "no")
        assert found["records"][0]["rr_ip"] == "127.0.0.1"
        assert 0 < found["expires"] <= 60
        assert found in call(scene, "dns.view")
        call(scene, "dns.delete_aaaa", "LOCALHOST")
        assert call(scene, "dns.view") == []
        assert "Not found" in refused(scene, "dns.lookup", "A", "no.such.name.invalid").message
        (unknown,) = call(scene, "dns.view")
        assert (unknown["negative_entry"], "records" in unknown) == ("yes", False)


def test_stateless_replies_are_counted() -> None:
    with Scene("function ksr_request_route() KSR.sl.sl_send_reply(tonumber(KSR.pv.get('$rU')), 'X') end") as scene:
        phone = scene.phone("alice")
        for status in (200, 200, 204, 404, 488, 180):
            phone.send(phone.request("OPTIONS", f"sip:{status}@example.com"))
        found = {name: count for name, count in call(scene, "sl.stats").items() if count}
        assert found == {"200": 2, "2xx": 1, "404": 1, "4xx": 1, "xxx": 1}
        assert scene.statistic("sl:200_replies") == 2


def test_named_http_servers_are_shown_without_passwords() -> None:
    with Scene(SCRIPT, "[modules.http_client]\nhttpcon = ['x=>http://u:hidden@127.0.0.1:1/api']") as scene:
        (shown,) = call(scene, "httpclient.listcon")
        assert (shown["CONNECTION"], shown["USERNAME"]) == ("x", "u")
        assert "hidden" not in str(shown)


def test_the_log_level_by_corex() -> None:
    with Scene(SCRIPT) as scene:
        assert call(scene, "corex.debug", 1) == {"old": 3, "new": 1}
        assert logging.getLogger("luasip").level == NOTICE
        call(scene, "cfg.reset", "core", "debug")


def test_transactions() -> None:
    with Scene(SCRIPT) as scene:
        phone = scene.phone("alice")
        phone.send(phone.request("INVITE", "sip:bob@example.com", call_id="one"))
        (shown,) = call(scene, "tm.list")
        assert (shown["method"], shown["callid"], shown["cseq"]) == (
            "INVITE",
            "Call-ID: one\r\n",
            "CSeq: 1 INVITE",
        )
        assert (shown["uas_request"], shown["suspended"], shown["last_status"]) == ("yes", False, 100)
        call(scene, "tm.reply_callid", 486, "Busy Here", "one", "1", "", "X-By: command", "")
        scene.settle()
        assert phone.statuses() == [100, 486]
        assert "X-By: command" in phone.texts[-1]
        assert refused(scene, "tm.reply_callid", 486, "Busy", "one", "1").message == "Reply failed"
        assert refused(scene, "tm.reply_callid", 486, "a\r\nb", "one", "1").code == 400
        stats = call(scene, "tm.stats")
        assert (stats["current"], stats["total"], stats["4xx"], stats["rpl_generated"]) == (1, 1, 1, 1)


def test_requests_sent_by_command() -> None:
    with Scene(SCRIPT) as scene:
        bob = scene.phone("bob")
        call(
            scene,
            "tm.t_uac_start",
            "MESSAGE",
            f"sip:bob@{bob.host}",
            ".",
            ".",
            "X-A: b\r\nCSeq: 7 MESSAGE",
            "hello",
        )
        scene.settle()
        (request,) = bob.requests()
        assert (request.method, request.cseq.number, request.body) == ("MESSAGE", 7, "hello")
        assert request.first("x-a").value == "b"  # type: ignore[union-attr]
        assert request.from_.tag
        bob.answer(request, 200)
        assert call(scene, "tm.stats")["total_local"] == 1


def test_routes_that_wait() -> None:
    with Scene(SCRIPT) as scene:
        phone = scene.phone("alice")
        for number, method in enumerate(["INVITE", "MESSAGE", "MESSAGE"]):
            phone.send(phone.request(method, "sip:bob@example.com", call_id=f"call-{number}"))
            scene.advance(1)
        first, second, third = call(scene, "script.suspended")
        assert (first["wait"], first["for"], first["method"], first["age"]) == (
            "sleep",
            "30 s",
            "INVITE",
            3.0,
        )
        assert first["place"].endswith("route.lua:5")
        assert (second["wait"], second["for"]) == ("event", "luasip:key, 60 s")
        assert (second["call_id"], second["callback"]) == ("call-1", "ksr_request_route")
        assert call(scene, "script.suspended", 1) == [first]

        call(scene, "script.continue", second["number"])
        scene.settle()
        assert 200 in phone.statuses()
        call(scene, "script.drop", third["number"])
        call(scene, "script.drop", first["number"])
        scene.settle()
        assert phone.statuses() == [500, 500]
        assert call(scene, "script.suspended") == []
        assert refused(scene, "script.drop", first["number"]).code == 404
        assert all(slot.runtime.suspended == 0 for slot in scene.server.scripts.slots)


def test_reloads_are_remembered() -> None:
    with Scene(SCRIPT) as scene:
        call(scene, "script.reload")
        scene.script.write_text("function ksr_request_route(", encoding="utf-8")
        assert "route.lua:1:" in refused(scene, "script.reload").message
        good, bad = call(scene, "script.reloads")
        assert (good["ok"], good["error"], bad["ok"]) == (True, "", False)
        assert "route.lua:1:" in bad["error"]
        assert call(scene, "script.info")["failed_reloads"] == 1


def test_stop_by_command() -> None:
    with Scene(SCRIPT) as scene:
        call(scene, "core.kill")
        assert list(scene.server._signals.wait(0.0)) == [STOP]


def test_no_two_commands_have_one_name() -> None:
    """Not all modules are loaded together by default."""
    names = [command.name for owner in (*OWN_COMMANDS, *MODULES) for command in commands_of(owner)]
    assert sorted(names) == sorted(set(names))


def test_every_module_documents_its_commands() -> None:
    for owner in (*OWN_COMMANDS, *MODULES):
        for command in commands_of(owner):
            given = {parameter.name for parameter in command.parameters}
            assert set(command.documentation.parameters) <= given, command.name
