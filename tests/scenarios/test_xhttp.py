"""xhttp and jsonrpcs: HTTP on the SIP port, answered by the script, and RPC commands called by it."""

import json
import logging

import pytest

from tests.scenarios.scene import Scene

SETTINGS = '[modules.xhttp]\nevent_callback = "ksr_xhttp_event"\n[modules.htable]\nhtable = ["a=>size=4;"]\n'

SCRIPT = """
function ksr_request_route() KSR.sl.send_reply(200, "OK") end
function ksr_xhttp_event(name)
    local target = KSR.xhttp.get_hu()
    if target == "/RPC" then
        if KSR.jsonrpcs.dispatch() < 0 then KSR.err("no dispatch") end
    elseif target == "/wait" then
        luasip.sleep(2)
        KSR.xhttp.xhttp_reply(200, "OK", "text/plain", "waited")
    elseif target == "/silent" then
        return
    elseif target == "/broken" then
        error("oops")
    elseif target == "/exec" then
        local result = KSR.jsonrpcs.exec('{"jsonrpc":"2.0","method":"htable.get","params":["a","x"],"id":1}')
        KSR.xhttp.xhttp_reply("200", "OK", "text/plain", result .. " " .. KSR.pv.get("$jsonrpl(code)") .. " "
            .. KSR.pv.get("$jsonrpl(text)") .. " " .. KSR.jsonrpcs.response())
    else
        KSR.hdr.append_to_reply("X-Seen: yes\\r\\n")
        KSR.xhttp.xhttp_reply(200, "Fine", "text/plain", table.concat({name, KSR.pv.get("$rm"), KSR.pv.get("$hu"),
            KSR.pv.gete("$rb"), KSR.pv.gete("$hdr(User-Agent)"), KSR.pv.get("$si"),
            tostring(KSR.is_method_in("G"))}, "|"))
    end
end
"""


def ask(scene: Scene, text: str) -> str:
    """The one answer to an HTTP request."""
    phone = scene.phone("browser", "tcp")
    phone.send(text)
    (answer,) = phone.texts
    return answer


def request(line: str, *headers: str, body: str = "") -> str:
    length = [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([f"{line} HTTP/1.1", "Host: 10.0.0.1", *headers, *length]) + "\r\n\r\n" + body


def test_the_script_sees_and_answers_a_request() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        answer = ask(scene, request("GET /page?x=1", "User-Agent: curl"))
        assert answer == (
            "HTTP/1.1 200 Fine\r\nContent-Type: text/plain\r\nServer: LuaSIP\r\nX-Seen: yes\r\nContent-Length: 53\r\n"
            "\r\nxhttp:request|GET|/page?x=1||curl|10.0.0.2|true"
        ).replace("53", str(len("xhttp:request|GET|/page?x=1||curl|10.0.0.2|true")))
        posted = ask(scene, request("POST /", body="some=thing"))
        assert posted.endswith("xhttp:request|POST|/|some=thing||10.0.0.3|false")
        assert scene.statistic("xhttp:requests") == scene.statistic("xhttp:replies") == 2


def test_a_waiting_route_answers_later() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        phone = scene.phone("browser", "tcp")
        phone.send(request("GET /wait"))
        assert phone.texts == []
        scene.advance(2)
        assert phone.texts[0].endswith("waited")


@pytest.mark.parametrize(("target", "logged"), [("/silent", "did not answer /silent"), ("/broken", "oops")])
def test_a_client_is_never_left_without_an_answer(target: str, logged: str) -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        assert ask(scene, request(f"GET {target}")).startswith("HTTP/1.1 500 No Reply\r\n")
        assert logged in scene.log.text()


def test_commands_by_http() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        good = ask(
            scene, request("POST /RPC", body='{"jsonrpc":"2.0","method":"core.echo","params":["a"],"id":1}')
        )
        head, _, body = good.partition("\r\n\r\n")
        assert head.startswith("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
        assert json.loads(body) == {"jsonrpc": "2.0", "result": ["a"], "id": 1}
        assert ask(scene, request("POST /RPC", body="nonsense")).startswith("HTTP/1.1 400 Parse error")
        unknown = request("POST /RPC", body='{"jsonrpc":"2.0","method":"no.such","id":1}')
        assert ask(scene, unknown).startswith("HTTP/1.1 404 Method Not Found")


def test_commands_by_script() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        answer = ask(scene, request("GET /exec"))
        assert "1 500 Key name doesn't exist in htable. {" in answer
        scene.server.control.registry.call("htable.sets", ["a", "x", "hello"])
        assert '"value":\t"hello"' in ask(scene, request("GET /exec"))


@pytest.mark.parametrize(
    ("settings", "target", "status"),
    [
        ('url_match = "^/a"', "/abc", 200),
        ('url_match = "^/a"', "/b", 404),
        ('url_skip = "^/a"', "/abc", 404),
        ('url_skip = "^/a"', "/b", 200),
    ],
)
def test_targets_the_script_does_not_get(settings: str, target: str, status: int) -> None:
    with Scene(SCRIPT, f'[modules.xhttp]\nevent_callback = "ksr_xhttp_event"\n{settings}\n') as scene:
        assert ask(scene, request(f"GET {target}")).startswith(f"HTTP/1.1 {status} ")


def test_without_a_callback_nothing_is_answered() -> None:
    with Scene(SCRIPT) as scene:
        phone = scene.phone("browser", "tcp")
        phone.send(request("GET /"))
        assert phone.texts == []
        assert scene.statistic("core:bad_msg_hdr") == 1
        assert phone.closed


def test_http_over_udp_is_not_taken() -> None:
    with Scene(SCRIPT, SETTINGS) as scene:
        phone = scene.phone("browser")
        phone.send(request("GET /"))
        assert phone.texts == []


def test_sip_functions_on_an_http_request_do_no_harm() -> None:
    script = """
    function ksr_request_route() end
    function ksr_xhttp_event()
        KSR.sl.sl_send_reply(200, "OK")
        KSR.tm.t_relay()
        KSR.pv.get("$ru")
        KSR.pv.get("$ci")
        KSR.info(tostring(KSR.pv.get("$fu")))
        KSR.xhttp.xhttp_reply(200, "OK", "", "")
    end
    """
    with Scene(script, SETTINGS) as scene:
        assert ask(scene, request("GET /")).startswith("HTTP/1.1 200 OK\r\n")
        assert "Traceback" not in scene.log.text(logging.DEBUG)
