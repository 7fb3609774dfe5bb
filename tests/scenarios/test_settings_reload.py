"""The settings file changes while the server runs, and a reload reads it."""

from pathlib import Path
from typing import Any

import pytest

from luasip.errors import CommandError
from tests.scenarios.scene import Scene

SCRIPT = """
function ksr_request_route()
    if KSR.is_myself_ruri() then
        KSR.sl.send_reply(200, "Own " .. KSR.kx.get_defn("LIMIT") .. " " .. KSR.kx.get_def("WHO"))
    else
        KSR.tm.t_relay()
    end
end
"""


def config(scene: Scene) -> Path:
    return scene.server.settings.file


def edit(scene: Scene, old: str, new: str) -> None:
    text = config(scene).read_text()
    assert old in text
    config(scene).write_text(text.replace(old, new))


def reload(scene: Scene) -> dict[str, Any]:
    done = scene.server.reloading.reload()
    assert done.error == ""
    return {"changed": list(done.changed), "needs_restart": list(done.needs_restart)}


def refused(scene: Scene) -> str:
    with pytest.raises(CommandError) as error:
        call(scene, "script.reload")
    return error.value.message


def call(scene: Scene, name: str, *arguments: Any) -> Any:
    return scene.server.control.registry.call(name, arguments)


def reply(scene: Scene, uri: str) -> tuple[int, str]:
    alice = scene.phone("alice")
    alice.send(alice.request("OPTIONS", uri, call_id=f"{alice.host}-{uri}"))
    answer = alice.next()
    return answer.status, answer.reason


SETTINGS = """
[define]
LIMIT = 1
[server.overload]
late = 0.5
[modules.tm]
fr_timer = 10000
[modules.registrar]
default_q = 100
"""


def test_what_can_change_changes_and_the_rest_is_named() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        assert reload(scene) == {"changed": [], "needs_restart": []}
        edit(
            scene,
            'aliases = ["example.com"]',
            'aliases = ["example.org"]\nserver_header = "Other"\nreceivers = 2',
        )
        edit(scene, "late = 0.5", "late = 0.1")
        edit(scene, "fr_timer = 10000", 'fr_timer = 7000\ncontacts_avp = "x"\nevent_callback = "ksr_tm"')
        edit(scene, "LIMIT = 1", 'LIMIT = 2\nWHO = "me"')
        assert reload(scene) == {
            "changed": [
                "server.aliases",
                "server.server_header",
                "server.overload.late",
                "define.LIMIT",
                "modules.tm.fr_timer",
                "modules.tm.contacts_avp",
                "modules.tm.event_callback",
                "define.WHO",
            ],
            "needs_restart": ["server.receivers"],
        }
        assert reply(scene, "sip:example.org") == (200, "Own 2 me")
        assert not scene.server.sockets.is_own("example.com")
        assert scene.server.layer.settings.timers.final_response == 7.0
        assert scene.server._overload.limits.late == 0.1
        assert scene.server.layer.server_header == "Other"
        (_, latest) = call(scene, "script.reloads")
        assert latest["changed"][0] == "server.aliases"
        assert latest["needs_restart"] == ["server.receivers"]
        assert "will change with the next start only: server.receivers" in scene.log.text()
        # What takes a start is named as long as it has not come; what holds is not told again.
        assert reload(scene) == {"changed": [], "needs_restart": ["server.receivers"]}
        edit(scene, "receivers = 2", "")
        edit(scene, 'WHO = "me"', "")
        assert reload(scene) == {"changed": ["define.WHO"], "needs_restart": []}
        assert reply(scene, "sip:example.org") == (200, "Own 2 ")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "late = 0.5",
            "late = -1",
            "luasip.toml: server.overload.late: too small (-1); allowed: a number not below 0",
        ),
        ("late = 0.5", "latte = 1", "server.overload.latte: unknown setting, did you mean 'late'?"),
        (
            "default_q = 100",
            "default_q = 5000",
            "luasip.toml: modules.registrar.default_q: 5000 is not a number from",
        ),
        (
            "default_q = 100",
            "regid_mode = 7",
            "luasip.toml: modules.registrar.regid_mode: 7 is not a number from",
        ),
        ("[define]", "[define", "luasip.toml: not TOML"),
        ('"example.com"', '"exa mple"', "server.aliases[0]: not a host name"),
        ('path = "route.lua"', 'path = "none.lua"', "script.path: no such file"),
    ],
)
def test_a_mistake_changes_nothing(old: str, new: str, message: str) -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        edit(scene, "fr_timer = 10000", "fr_timer = 7000")
        edit(scene, old, new)
        scene.script.write_text(SCRIPT.replace("Own", "New"))
        assert message in refused(scene)
        assert scene.server.layer.settings.timers.final_response == 10.0
        assert reply(scene, "sip:example.com") == (200, "Own 1 ")
        (failed,) = call(scene, "script.reloads")
        assert (failed["ok"], failed["changed"]) == (False, [])
        edit(scene, new, old)
        assert reload(scene)["changed"] == ["modules.tm.fr_timer"]
        assert reply(scene, "sip:example.com") == (200, "New 1 ")


def test_a_script_with_a_mistake_keeps_the_settings() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        edit(scene, "fr_timer = 10000", "fr_timer = 7000")
        edit(scene, "LIMIT = 1", "LIMIT = 2")
        scene.script.write_text("function ksr_request_route(")
        assert "route.lua:1:" in refused(scene)
        assert scene.server.layer.settings.timers.final_response == 10.0
        assert scene.server.services.defines == {"LIMIT": "1"}
        scene.script.write_text(SCRIPT)
        assert reload(scene)["changed"] == ["define.LIMIT", "modules.tm.fr_timer"]
        assert reply(scene, "sip:example.com") == (200, "Own 2 ")


def test_another_script() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        (scene.script.parent / "other.lua").write_text(SCRIPT.replace("Own", "Other"))
        edit(scene, 'path = "route.lua"', 'path = "other.lua"\ntime_limit = 2.0')
        assert reload(scene)["changed"] == ["script.path", "script.time_limit"]
        assert reply(scene, "sip:example.com") == (200, "Other 1 ")
        edit(scene, 'path = "other.lua"', 'path = "route.lua"')
        (scene.script).write_text("error('no')")
        assert "no" in refused(scene)
        assert reply(scene, "sip:example.com") == (200, "Other 1 ")


def test_commands_and_the_file() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        call(scene, "cfg.set", "tm", "fr_timer", 5000)
        call(scene, "cfg.set", "server.overload", "late", 0.3)
        assert [one["value"] for one in call(scene, "cfg.diff")] == [0.3, 5000]
        # A reload leaves what the file has not changed as the commands made it.
        assert reload(scene)["changed"] == []
        assert call(scene, "cfg.get", "tm", "fr_timer") == 5000
        edit(scene, "fr_timer = 10000", "fr_timer = 7000")
        assert reload(scene)["changed"] == ["modules.tm.fr_timer"]
        assert call(scene, "cfg.get", "tm", "fr_timer") == 7000
        call(scene, "cfg.set", "tm", "fr_timer", 5000)
        call(scene, "cfg.reset", "tm", "fr_timer")
        assert call(scene, "cfg.get", "tm", "fr_timer") == 7000
        call(scene, "cfg.reset", "server.overload", "late")
        assert (call(scene, "cfg.diff"), scene.server._overload.limits.late) == ([], 0.5)


def test_modules_that_come_and_go_take_a_start() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        edit(scene, "[modules.tm]", "[modules.auth]\nnonce_expire = 10\n[modules.tm]")
        assert reload(scene)["needs_restart"] == ["modules.auth"]
        edit(
            scene,
            "[modules.auth]\nnonce_expire = 10\n",
            '[modules]\nload = ["tm", "sl", "kx", "registrar"]\n',
        )
        restart = reload(scene)["needs_restart"]
        assert "modules.htable" in restart
        assert "modules.usrloc" not in restart  # registrar uses it


def test_a_file_that_cannot_be_read() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        config(scene).unlink()
        assert "luasip.toml: cannot be read: No such file or directory" in refused(scene)
        assert reply(scene, "sip:example.com") == (200, "Own 1 ")


def test_whoever_asks_hears_what_changed_just_before() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        edit(scene, "fr_timer = 10000", "fr_timer = 7000")
        assert reload(scene)["changed"] == ["modules.tm.fr_timer"]  # the file was seen to be saved
        edit(scene, "late = 0.5", "late = 0.1")
        answer = call(scene, "script.reload")
        assert answer == {
            "reloads": 2,
            "changed": ["modules.tm.fr_timer", "server.overload.late"],
            "needs_restart": [],
        }
