"""A real server controlled from outside: curl, kamctl, xmlrpc.client, plain sockets, `luasip rpc` and its kin."""

import contextlib
import json
import os
import pty
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.wire.peer import Peer
from tests.wire.process import ROOT, Served, free_port, luasip, wait_for

SCRIPT = """
function ksr_request_route()
    if KSR.is_REGISTER() then KSR.registrar.save("location", 0) return end
    if KSR.is_method_in("I") then luasip.sleep(30) end
    KSR.sl.send_reply(200, "OK")
end
function ksr_xhttp_event()
    if KSR.xhttp.get_hu() == "/RPC" then KSR.jsonrpcs.dispatch() return end
    local seen = KSR.pv.get("$rm") .. " " .. KSR.pv.get("$hu") .. " " .. KSR.pv.gete("$rb")
    KSR.xhttp.xhttp_reply(200, "OK", "text/plain", seen)
end
"""


class Controlled(Served):
    """A server with every interface."""

    def __init__(self, folder: Path, settings: str = "", script: str = SCRIPT, more: str = "") -> None:
        self.http = free_port()
        self.udp = free_port()
        control = f"""
[control]
http = "127.0.0.1:{self.http}"
udp = "127.0.0.1:{self.udp}"
stream = "rpc.stream"
ctl = "rpc.ctl"
datagram = "rpc.datagram"
fifo = "rpc.fifo"
fifo_reply_dir = "/tmp"
{settings}
[modules.xhttp]
event_callback = "ksr_xhttp_event"
[modules.htable]
htable = ["a=>size=4;"]
{more}
"""
        super().__init__(folder, control, script)

    def path(self, name: str) -> str:
        return str(self.config.parent / f"rpc.{name}")

    def rpc(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return luasip("rpc", "-c", self.config, *arguments)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controlled]:
    with Controlled(tmp_path_factory.mktemp("controlled")) as made:
        yield made
        assert not made.logged("ERROR"), "".join(made.log)


def document(method: str, *params: Any, identity: int = 1) -> str:
    return json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": identity})


def run(*command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=20,
        stdin=subprocess.DEVNULL,
        env=os.environ | environment,
    )


def curl(url: str, *arguments: str) -> tuple[int, str]:
    """(status, body) of a request by curl."""
    result = run("curl", "-s", "-m", "10", "-w", "\n%{http_code}", *arguments, url)
    assert result.returncode == 0, result
    body, _, status = result.stdout.rpartition("\n")
    return int(status), body


# Kamailio's and other people's clients


def test_json_rpc_by_curl(server: Controlled) -> None:
    url = f"http://127.0.0.1:{server.http}/RPC"
    status, body = curl(url, "-d", document("core.version"))
    assert status == 200
    assert json.loads(body)["result"].startswith("LuaSIP ")
    status, body = curl(
        url, "-H", "Content-Type: application/json", "-d", document("htable.get", "a", "none")
    )
    assert (status, json.loads(body)["error"]["code"]) == (500, 500)
    batch = f"[{document('core.pwd')},{document('no.such', identity=2)}]"
    status, body = curl(url, "--data-binary", batch)
    assert [answer["id"] for answer in json.loads(body)] == [1, 2]
    assert curl(url, "-d", '{"jsonrpc":"2.0","method":"core.pwd"}') == (204, "")
    assert curl(url)[0] == 405
    assert curl(url, "-d", document("core.pwd"), "-H", "Host: evil.example")[0] == 403


def test_xml_rpc_by_python(server: Controlled) -> None:
    proxy = xmlrpc.client.ServerProxy(f"http://127.0.0.1:{server.http}/RPC2", allow_none=True)
    proxy.htable.sets("a", "x", "Jürgen")
    assert proxy.htable.get("a", "x")["item"]["value"] == "Jürgen"
    assert "core.uptime" in proxy.system.listMethods()
    with pytest.raises(xmlrpc.client.Fault, match="No such htable"):
        proxy.htable.get("none", "x")
    several = xmlrpc.client.MultiCall(proxy)
    several.core.version()
    several.core.echo("a")
    assert list(several())[1] == ["a"]


def test_kamctl(server: Controlled) -> None:
    fifo = server.path("fifo")
    result = run("kamctl", "rpc", "core.uptime", RPCFIFOPATH=fifo)
    assert result.returncode == 0, result
    assert json.loads(result.stdout)["result"]["uptime"] >= 0
    assert "No such htable" in run("kamctl", "rpc", "htable.get", "none", "x", RPCFIFOPATH=fifo).stdout
    run("kamctl", "rpc", "htable.seti", "a", "number", "i:7", RPCFIFOPATH=fifo)
    shown = run("kamctl", "rpc", "htable.get", "a", "number", RPCFIFOPATH=fifo)
    assert json.loads(shown.stdout)["result"]["item"]["value"] == 7
    added = run("kamctl", "ul", "add", "kam@example.com", "sip:kam@127.0.0.1:5070", RPCFIFOPATH=fifo)
    assert "error" not in added.stdout + added.stderr
    assert "sip:kam@127.0.0.1:5070" in run("kamctl", "ul", "show", RPCFIFOPATH=fifo).stdout


def test_kamcmd(server: Controlled) -> None:
    def kamcmd(*arguments: str) -> str:
        result = run("kamcmd", "-s", f"unixs:{server.path('ctl')}", *arguments)
        assert (result.returncode, result.stderr) == (0, ""), result
        return result.stdout

    assert kamcmd("core.echo", "a", "5", "s:7", "1.5") == "a\n5\n7\n1.5\n"
    assert "uptime: " in kamcmd("core.uptime")
    assert kamcmd("no.such") == "error: -32601 - Method Not Found: no.such\n"
    kamcmd("htable.sets", "a", "by", "J\u00fcrgen")
    assert "value: J\u00fcrgen" in kamcmd("htable.get", "a", "by")
    kamcmd("ul.add", "location", "cmd", "sip:cmd@127.0.0.1:5070", "600", "0.5", ".", "0", "0", "0")
    assert "Address: sip:cmd@127.0.0.1:5070" in kamcmd("ul.dump")
    assert "fr_timer: " in kamcmd("cfg.get", "tm")
    assert "core.uptime\n" in kamcmd("help")


@pytest.mark.parametrize("kind", ["datagram", "udp"])
def test_datagrams(server: Controlled, tmp_path: Path, kind: str) -> None:
    family = socket.AF_UNIX if kind == "datagram" else socket.AF_INET
    address: Any = server.path("datagram") if kind == "datagram" else ("127.0.0.1", server.udp)
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        if kind == "datagram":
            client.bind(str(tmp_path / "client"))
        client.sendto(document("core.echo", "hello").encode(), address)
        assert json.loads(client.recv(65536))["result"] == ["hello"]


def test_http_on_the_sip_port(server: Controlled) -> None:
    url = f"http://127.0.0.1:{server.port}"
    assert curl(f"{url}/page?x=1") == (200, "GET /page?x=1 ")
    assert curl(url, "-d", "a=b") == (200, "POST / a=b")
    status, body = curl(f"{url}/RPC", "-d", document("core.echo", "hello"))
    assert (status, json.loads(body)["result"]) == (200, ["hello"])
    assert curl(f"{url}/RPC", "-d", document("no.such"))[0] == 404
    with Peer(server.address, "tcp") as peer:
        assert peer.ask(peer.request("OPTIONS", "")).status == 200
        peer.send("GET /same HTTP/1.1\r\nHost: h\r\n\r\n")
        assert peer.socket.recv(65536).endswith(b"GET /same ")
        assert peer.ask(peer.request("OPTIONS", "")).status == 200


# luasip rpc and its short forms


def test_results_and_exit_codes(server: Controlled) -> None:
    good = server.rpc("core.echo", "a", "5", "s:5")
    assert (good.returncode, json.loads(good.stdout), good.stderr) == (0, ["a", "5", "5"], "")
    refused = server.rpc("htable.get", "none", "x")
    assert (refused.returncode, refused.stdout, refused.stderr) == (1, "", "luasip: 500 No such htable\n")
    unknown = server.rpc("core.uptim")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "did you mean core.uptime?" in unknown.stderr
    wrong = server.rpc("htable.get", "a")
    assert wrong.returncode == 2
    assert "key is missing; usage: htable.get table key" in wrong.stderr
    assert luasip("rpc", "--nonsense").returncode == 2
    assert "core.uptime" in server.rpc().stdout
    by_url = server.rpc("--url", f"http://127.0.0.1:{server.http}/RPC", "core.echo", "x")
    assert json.loads(by_url.stdout) == ["x"]


def test_unreachable_servers(tmp_path: Path) -> None:
    config = tmp_path / "luasip.toml"
    config.write_text("[control]\nstream = 'none.stream'\n")
    result = luasip("rpc", "-c", config, "core.uptime")
    assert (result.returncode, result.stdout) == (3, "")
    assert "none.stream: No such file or directory; does the server run?" in result.stderr
    config.write_text("")
    result = luasip("reload", "-c", config)
    assert result.returncode == 3
    assert "no control.stream and no control.http" in result.stderr
    for arguments in (["--socket", str(tmp_path / "x")], ["--url", "http://127.0.0.1:1/RPC"]):
        assert luasip("rpc", *arguments, "core.uptime").returncode == 3
    config.write_text("[control]\nstraem = 'x'\n")
    result = luasip("rpc", "-c", config, "core.uptime")
    assert result.returncode == 1
    assert "control.straem: unknown setting, did you mean 'stream'?" in result.stderr


def terminal(*arguments: str | Path) -> str:
    """What a luasip command shows on a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "luasip", *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
    ) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # the other side of a terminal ends with an error
            while part := os.read(ours, 65536):
                shown += part
        assert process.wait(10) == 0, shown
    os.close(ours)
    return shown.decode()


def test_tables_on_a_terminal(server: Controlled) -> None:
    with Peer(server.address) as peer:
        assert peer.register("carol", f"sip:carol@{peer.address}").status == 200
        shown = terminal("ul", "show", "-c", server.config)
        assert "AoR" in shown
        assert f"sip:carol@{peer.address}" in shown
        rows = json.loads(luasip("ul", "show", "carol", "-c", server.config).stdout)
        assert [row["Address"] for row in rows] == [f"sip:carol@{peer.address}"]
    assert luasip("ul", "rm", "carol", "-c", server.config).returncode == 0
    assert luasip("ul", "rm", "-c", server.config).returncode == 2
    assert luasip("ul", "show", "carol", "-c", server.config).returncode == 1
    assert "MainThread" in terminal("rpc", "-c", server.config, "core.psx")
    assert "core.rcv_requests" in terminal("stats", "-c", server.config)
    assert terminal("rpc", "-c", server.config, "core.echo", "a", "--json").split() == ["[", '"a"', "]"]
    live = terminal("top", "-n", "2", "-i", "0.2", "-c", server.config)
    assert "requests/s" in live
    assert "control" in live


def test_statistics(server: Controlled) -> None:
    with Peer(server.address) as peer:
        before = json.loads(luasip("stats", "-c", server.config, "core:").stdout)["core.rcv_requests"]
        assert peer.ask(peer.request("OPTIONS", "")).status == 200
        after = json.loads(luasip("stats", "-c", server.config, "rcv_requests").stdout)
        assert after == {"core.rcv_requests": before + 1}
    assert "requests/s" in luasip("top", "-i", "0.1", "-n", "1", "-c", server.config).stdout


def test_methods_are_completed(server: Controlled) -> None:
    line = f"luasip rpc -c {server.config} core.upt"
    typed = {"COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_TYPE": "9", "_ARGCOMPLETE": "1"}
    completed = subprocess.run(
        f"{sys.executable} -m luasip 8>&1 9>/dev/null >/dev/null 2>&1",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        env=os.environ | typed,
    )
    assert completed.stdout.split() == ["core.uptime"]


def test_reload_by_command(tmp_path: Path) -> None:
    with Controlled(tmp_path) as server:
        assert json.loads(luasip("reload", "-c", server.config).stdout)["reloads"] >= 1
        server.script.write_text("function ksr_request_route(\n")
        broken = luasip("reload", "-c", server.config)
        assert broken.returncode == 1
        assert "default.lua:" in broken.stderr
        with Peer(server.address) as peer:
            assert peer.ask(peer.request("OPTIONS", "")).status == 200


def test_waiting_routes_are_seen_and_dropped(server: Controlled) -> None:
    with Peer(server.address) as peer:
        peer.send(peer.request("INVITE", "bob"))
        assert peer.receive().status == 100  # type: ignore[union-attr]
        (shown,) = json.loads(server.rpc("script.suspended").stdout)
        assert (shown["method"], shown["wait"]) == ("INVITE", "sleep")
        assert shown["place"].endswith("default.lua:4")
        assert server.rpc("script.drop", str(shown["number"])).returncode == 0
        answer = peer.receive()
        assert answer.status == 500  # type: ignore[union-attr]


def test_a_request_by_command(server: Controlled) -> None:
    with Peer(server.address) as peer:
        results: list[Any] = []
        uri = f"sip:peer@{peer.address}"
        asking = threading.Thread(target=lambda: results.append(server.rpc("tm.t_uac_wait", "OPTIONS", uri)))
        asking.start()
        peer.socket.settimeout(10)
        request = peer.receive()
        kept = ("Via", "From", "To", "Call-ID", "CSeq")
        lines = [line for line in request.text.splitlines() if line.split(":")[0] in kept]
        peer.send("\r\n".join(["SIP/2.0 299 Fine", *lines, "Content-Length: 0"]) + "\r\n\r\n")
        asking.join(20)
        assert json.loads(results[0].stdout)[:2] == [299, "Fine"]


def test_stop_by_command(tmp_path: Path) -> None:
    with Controlled(tmp_path) as server:
        assert server.rpc("core.kill").returncode == 0
        assert server.process.wait(10) == 0
        assert [name for name in os.listdir(server.config.parent) if name.startswith("rpc.")] == []


# Safety


def test_a_token_from_the_environment_and_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "token").write_text("a-token-that-is-long\n")
    with Controlled(tmp_path, 'token_file = "token"') as server:
        url = f"http://127.0.0.1:{server.http}/RPC"
        assert curl(url, "-d", document("core.pwd"))[0] == 401
        assert (
            curl(url, "-d", document("core.pwd"), "-H", "Authorization: Bearer a-token-that-is-long")[0]
            == 200
        )
        assert server.rpc("core.pwd").returncode == 0
        assert server.rpc("--url", url, "core.pwd").returncode == 3
        monkeypatch.setenv("LUASIP_CONTROL_TOKEN", "a-token-that-is-long")
        assert server.rpc("--url", url, "core.pwd").returncode == 0


DANGERS = [
    (
        'http = "0.0.0.0:8080"',
        "control.http: '0.0.0.0:8080' can be reached from other machines and there is no token",
    ),
    (
        'udp = "0.0.0.0:8080"',
        "control.udp: '0.0.0.0:8080' can be reached from other machines and UDP has no protection",
    ),
    ('mode = "0666"', "control.mode: '0666' lets every user of this machine control the server"),
    ('token_file = "none"', "control.token_file: 'none' cannot be read: No such file or directory"),
    ('http = "localhost:8080"', "control.http: not an IP address"),
    ('http = "127.0.0.1"', "control.http: no port"),
    ('mode = "rw"', "control.mode: not permissions"),
    ('certificate = "c.pem"', "control: certificate and private_key go together"),
]


@pytest.mark.parametrize(("setting", "told"), DANGERS, ids=[setting for setting, _ in DANGERS])
def test_what_is_not_safe_is_refused(tmp_path: Path, setting: str, told: str) -> None:
    (tmp_path / "route.lua").write_text("function ksr_request_route() end")
    config = tmp_path / "luasip.toml"
    config.write_text(f'[script]\npath = "route.lua"\n[control]\n{setting}\n')
    result = luasip("check", "-c", config)
    assert result.returncode == 1
    assert told in result.stderr


def test_an_interface_in_use_is_told(tmp_path: Path, server: Controlled) -> None:
    other = Controlled(tmp_path)
    text = other.config.read_text().replace(f":{other.http}", f":{server.http}")
    other.config.write_text(text)
    result = luasip("run", "-c", other.config)
    assert result.returncode == 1
    assert f"127.0.0.1:{server.http}: Address already in use" in result.stderr
    assert "Traceback" not in result.stderr


def test_https(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    made = run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
        *("-addext", "subjectAltName=IP:127.0.0.1"),
        *("-keyout", str(tmp_path / "conf/key.pem"), "-out", str(tmp_path / "conf/cert.pem")),
    )
    assert made.returncode == 0, made.stderr
    with Controlled(tmp_path, 'certificate = "cert.pem"\nprivate_key = "key.pem"') as server:
        url = f"https://127.0.0.1:{server.http}/RPC"
        assert curl(url, "-d", document("core.pwd"), "--cacert", str(tmp_path / "conf/cert.pem"))[0] == 200
        os.unlink(server.path("stream"))
        assert server.rpc("core.pwd").returncode == 0


def test_a_slow_database_holds_neither_control_nor_calls(tmp_path: Path) -> None:
    """While a command waits for a locked table, other commands and requests are answered."""
    file = tmp_path / "location.db"
    settings = f'[modules.usrloc]\ndb_url = "sqlite:///{file}"\ndb_mode = 1\n'
    with Controlled(tmp_path, more=settings) as server, contextlib.closing(sqlite3.connect(file)) as other:
        assert server.rpc("ul.db_contacts", "location").stdout == "0\n"
        other.execute("BEGIN EXCLUSIVE")
        results: list[Any] = []
        slow = threading.Thread(target=lambda: results.append(server.rpc(*ADD_CONTACT)))
        slow.start()
        url = f"http://127.0.0.1:{server.http}/RPC"
        wait_for(lambda: pending(url) > 1, "the command to wait for the table")
        began = time.monotonic()
        assert curl(url, "-d", document("core.pwd"))[0] == 200
        with Peer(server.address) as peer:
            assert peer.ask(peer.request("OPTIONS", "")).status == 200
        assert time.monotonic() - began < 1
        assert results == []
        other.rollback()
        slow.join(20)
        assert results[0].returncode in (0, 1)


ADD_CONTACT = ("ul.add", "location", "eve", "sip:eve@127.0.0.1:5099", "600", "1", ".", "0", "0", "0")


def pending(url: str) -> int:
    """How many commands run, with the one that asks."""
    _, body = curl(url, "-d", document("pool.list"))
    return next(int(pool["pending"]) for pool in json.loads(body)["result"] if pool["name"] == "control")


def test_reload_reads_the_settings(tmp_path: Path) -> None:
    made = Controlled(tmp_path, more="[server.overload]\nlate = 0.5\n[modules.tm]\nfr_timer = 10000\n")
    unwatched = made.config.read_text("utf-8").replace("[script]", "[script]\nreload = false")
    made.config.write_text(unwatched, "utf-8")
    with made as server:
        text = server.config.read_text("utf-8").replace("late = 0.5", "late = 0.1").replace("10000", "7000")
        server.config.write_text(text.replace("[control]", '[control]\nmode = "0660"'), "utf-8")
        assert terminal("reload", "-c", server.config).split("\r\n")[:3] == [
            "reloaded",
            "changed: server.overload.late, modules.tm.fr_timer",
            "takes a restart: control.mode",
        ]
        assert json.loads(server.rpc("cfg.get", "tm", "fr_timer").stdout) == 7000
        assert json.loads(server.rpc("cfg.get", "server.overload", "late").stdout) == 0.1
        server.config.write_text(text.replace("7000", '"soon"'), "utf-8")
        wrong = luasip("reload", "-c", server.config)
        assert wrong.returncode == 1
        problem = f"{server.config}: modules.tm.fr_timer: wrong type ('soon'); allowed: an integer"
        assert problem in wrong.stderr
        assert json.loads(server.rpc("cfg.get", "tm", "fr_timer").stdout) == 7000
        assert "Traceback" not in "".join(server.log)


def test_a_saved_settings_file_is_read(tmp_path: Path) -> None:
    with Controlled(tmp_path, more="[modules.tm]\nfr_timer = 10000\n") as server:
        text = server.config.read_text("utf-8")
        server.config.write_text(text.replace("10000", "7000"), "utf-8")
        wait_for(lambda: server.logged("settings changed: modules.tm.fr_timer"), "the change to be seen")
        # An editor that writes a new file in place of the old one, and a signal in place of the watch.
        server.config.with_suffix(".new").write_text(text.replace("10000", "8000\n[script"), "utf-8")
        server.config.with_suffix(".new").rename(server.config)
        wait_for(lambda: server.logged("not TOML"), "the mistake to be seen")
        server.config.write_text(text.replace("10000", "9000"), "utf-8")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: json.loads(server.rpc("cfg.get", "tm", "fr_timer").stdout) == 9000, "the change")


def test_files_required_from_elsewhere_are_watched(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    library = tmp_path / "elsewhere" / "answers.lua"
    library.write_text("return {reason = 'First'}\n", "utf-8")
    script = f"""
package.path = "{library.parent}/?.lua;" .. package.path
local answers = require("answers")
function ksr_request_route() KSR.sl.send_reply(200, answers.reason) end
"""
    with Served(tmp_path / "server", script=script) as server, Peer(server.address) as peer:
        assert peer.ask(peer.request("OPTIONS", "")).reason == "First"
        library.write_text("return {reason = 'Second'\n", "utf-8")
        wait_for(lambda: server.logged("answers.lua:2"), "the mistake to be seen")
        assert peer.ask(peer.request("OPTIONS", "")).reason == "First"
        library.write_text("return {reason = 'Second'}\n", "utf-8")
        wait_for(lambda: peer.ask(peer.request("OPTIONS", "")).reason == "Second", "the second")
