"""Settings of modules that change while the server runs, and what the next message meets."""

import errno
import logging
from typing import Any

import pytest

from luasip.server.scripts import Scripts
from tests.scenarios.scene import Phone, Scene

SCRIPT = """
function ksr_request_route()
    local method = KSR.pv.get("$rm")
    if method == "REGISTER" then
        KSR.registrar.save("location", 0)
    elseif method == "OPTIONS" then
        if KSR.pike.pike_check_req() < 0 then KSR.sl.send_reply(503, "Pike")
        elseif KSR.ratelimit.rl_check() < 0 then KSR.sl.send_reply(480, "Rate")
        else KSR.siputils.options_reply() end
    elseif method == "MESSAGE" then
        if KSR.auth.pv_www_authenticate("example.com", "secret", 0) > 0 then KSR.sl.send_reply(200, "OK")
        else KSR.auth.www_challenge("example.com", 0) end
    elseif method == "NOTIFY" then
        KSR.setflag(1)
        KSR.tm.t_newtran()
        KSR.tm.t_reply(200, "Noted")
    elseif KSR.maxfwd.process_maxfwd(70) < 0 then
        KSR.sl.send_reply(483, "Too Many Hops")
    else
        KSR.xlog.xinfo("call")
        KSR.sl.sl_reply_error()
    end
end
"""

SETTINGS = """
[modules.pike]
reqs_density_per_unit = 1000
[modules.ratelimit]
pipe = ["0:TAILDROP:100"]
queue = ["0:*"]
timer_interval = 1
[modules.auth]
[modules.acc]
[modules.nathelper]
[modules.uac]
"""


def ask(phone: Phone, method: str, number: int = 1) -> tuple[int, str]:
    call_id = f"{phone.host}-{method}-{number}-{phone.scene.now}"
    phone.send(phone.request(method, "sip:example.com", to="sip:alice@example.com", call_id=call_id))
    answer = phone.next()
    return answer.status, answer.text


def change(scene: Scene, module: str, text: str) -> list[str]:
    """Put a line into a module's table and reload."""
    file = scene.server.settings.file
    old = file.read_text()
    header = f"[modules.{module}]"
    file.write_text(
        old.replace(header, f"{header}\n{text}") if header in old else f"{old}\n{header}\n{text}\n"
    )
    done = scene.server.reloading.reload()
    assert (done.error, done.needs_restart) == ("", ())
    return list(done.changed)


def without(scene: Scene, text: str) -> None:
    file = scene.server.settings.file
    file.write_text(file.read_text().replace(text, ""))


@pytest.fixture
def scene() -> Any:
    with Scene(SCRIPT, SETTINGS) as made:
        yield made


def test_registrar(scene: Scene) -> None:
    phone = scene.phone("alice")
    assert "expires=3600" in ask(phone, "REGISTER")[1]
    assert change(scene, "registrar", "default_expires = 600") == ["modules.registrar.default_expires"]
    assert "expires=600" in ask(phone, "REGISTER", number=2)[1]


def test_siputils_and_limits(scene: Scene) -> None:
    phone = scene.phone("alice")
    assert "Accept: */*" in ask(phone, "OPTIONS")[1]
    change(scene, "siputils", 'options_accept = "application/sdp"')
    assert "Accept: application/sdp" in ask(phone, "OPTIONS", number=2)[1]
    without(scene, 'pipe = ["0:TAILDROP:100"]\n')
    assert change(scene, "ratelimit", 'pipe = ["0:TAILDROP:1"]') == ["modules.ratelimit.pipe"]
    assert [ask(phone, "OPTIONS", number=number)[0] for number in (3, 4)] == [200, 480]
    without(scene, "reqs_density_per_unit = 1000\n")
    change(scene, "pike", "reqs_density_per_unit = 1")
    assert [ask(phone, "OPTIONS", number=number)[0] for number in range(5, 12)][-1] == 503


def test_auth(scene: Scene) -> None:
    phone = scene.phone("alice")
    assert "SHA-256" not in ask(phone, "MESSAGE")[1]
    change(scene, "auth", 'algorithm = "SHA-256"\nwww_challenge_header = "X-Challenge"')
    text = ask(phone, "MESSAGE", number=3)[1]
    assert "X-Challenge: Digest" in text
    assert "algorithm=SHA-256" in text


def test_acc(scene: Scene) -> None:
    phone = scene.phone("alice")
    ask(phone, "NOTIFY")
    assert "ACC:" not in scene.log.text(logging.INFO)
    change(scene, "acc", "log_flag = 1")
    ask(phone, "NOTIFY", number=2)
    assert "ACC: transaction answered" in scene.log.text(logging.INFO)


def test_others(scene: Scene) -> None:
    phone = scene.phone("alice")
    change(scene, "maxfwd", "max_limit = 20")
    change(scene, "xlog", 'prefix = "script: "')
    ask(phone, "INFO")
    assert "script: call" in scene.log.text(logging.INFO)
    assert scene.server.settings.module("maxfwd").settings.max_limit == 20  # type: ignore[union-attr]


def test_pings_begin_and_end(scene: Scene) -> None:
    phone = scene.phone("alice")
    ask(phone, "REGISTER")
    scene.advance(5)
    assert len(phone.received) == 1
    change(scene, "nathelper", "natping_interval = 2")
    scene.advance(5)
    pings = len(phone.received)
    assert [message.text for message in phone.received[1:]] == ["\0\0\0\0"] * (pings - 1)
    assert pings > 2
    without(scene, "natping_interval = 2")
    assert scene.server.reload() == ""
    scene.advance(5)
    assert len(phone.received) == pings


def test_a_check_that_names_two_settings(scene: Scene) -> None:
    file = scene.server.settings.file
    file.write_text(
        file.read_text().replace(
            "[modules.nathelper]", "[modules.nathelper]\nsipping_bflag = 3\nnatping_interval = 9"
        )
    )
    assert "modules.nathelper.sipping_from: missing; sipping_bflag needs it" in scene.server.reload()
    file.write_text(
        file.read_text().replace("sipping_bflag = 3", 'sipping_bflag = 3\nsipping_from = "sip:a@b"')
    )
    assert scene.server.reload() == ""


def test_a_script_that_cannot_be_loaded_takes_its_settings_with_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for a mistake in it: the system refuses something, and the thread that asked for the reload goes on."""

    def refuse(scripts: Scripts) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    modules: list[Any] = scene.server.modules
    (settings,) = [module.settings for module in modules if module.name == "pike"]
    with monkeypatch.context() as patched:
        patched.setattr(Scripts, "_load", refuse)
        file = scene.server.settings.file
        file.write_text(file.read_text().replace("= 1000", "= 2000"))
        assert "Too many open files" in scene.server.reload()
        assert settings.reqs_density_per_unit == 1000
    assert scene.server.reload() == ""
    assert settings.reqs_density_per_unit == 2000
