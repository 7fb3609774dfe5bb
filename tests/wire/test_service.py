"""The server as a service: what a service manager hears, what a stop cuts, what is said when it cannot start."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.wire.peer import Peer
from tests.wire.process import ROOT, Served, free_port, luasip, wait_for

SCRIPT = """
function ksr_request_route()
    if KSR.pv.get("$rm") == "MESSAGE" then luasip.sleep(30) end
    KSR.sl.send_reply(200, "OK")
end
"""


class Manager:
    """A service manager's socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(10)

    def hears(self, expected: Callable[[list[str]], bool]) -> None:
        while not expected(self._socket.recv(4096).decode().splitlines()):
            pass

    def close(self) -> None:
        self._socket.close()


def test_a_service_manager_is_told(tmp_path: Path) -> None:
    manager = Manager(tmp_path / "notify")
    server = Served(tmp_path, script=SCRIPT)
    server.environment = {"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "600000"}
    try:
        with server:
            manager.hears(lambda lines: lines[0] == "READY=1" and f":{server.port}" in lines[1])
            for _ in range(3):
                manager.hears(lambda lines: lines == ["WATCHDOG=1"])
            server.process.send_signal(signal.SIGHUP)
            manager.hears(lambda lines: lines[0] == "RELOADING=1" and lines[1].startswith("MONOTONIC_USEC="))
            manager.hears(lambda lines: lines == ["READY=1"])
            server.stop()
            manager.hears(lambda lines: lines[0] == "STOPPING=1")
    finally:
        manager.close()


def test_what_is_cut_is_told(tmp_path: Path) -> None:
    with Served(tmp_path, script=SCRIPT) as server, Peer(server.address, "udp") as peer:
        text = server.config.read_text("utf-8").replace("[server]", "[server]\nstop_timeout = 0.3")
        server.stop()
        server.config.write_text(text, "utf-8")
        server.start()
        peer.send(peer.request("MESSAGE", "bob", call_id="long-call"))
        wait_for(lambda: server.threads() > 3, "the server")
        peer.send(peer.request("OPTIONS", ""))
        assert peer.receive().status == 200  # type: ignore[union-attr]
        server.stop()
        assert server.logged("stopping with 1 unanswered requests and 1 suspended routes")
        assert server.logged("cut: MESSAGE long-call, ")
        assert server.logged("cut: ksr_request_route has waited for ")


def start(folder: Path, settings: str) -> "subprocess.CompletedProcess[str]":
    (folder / "route.lua").write_text(SCRIPT, "utf-8")
    (folder / "luasip.toml").write_text(f'[script]\npath = "route.lua"\n{settings}', "utf-8")
    return luasip("run", "-c", folder / "luasip.toml")


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", port))
        result = start(tmp_path, f'[server]\nlisten = ["udp:127.0.0.1:{port}"]\n')
    assert result.returncode == 1
    assert f"udp:127.0.0.1:{port}: address already in use\n  Another program has this port" in result.stderr


def test_an_address_of_another_machine(tmp_path: Path) -> None:
    result = start(tmp_path, '[server]\nlisten = ["udp:192.0.2.1:5060"]\n')
    assert result.returncode == 1
    assert "`ip address` shows which there are" in result.stderr


def test_the_control_port_is_taken(tmp_path: Path) -> None:
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        listen = f'[server]\nlisten = ["udp:127.0.0.1:{free_port()}"]\n'
        result = start(tmp_path, f'{listen}[control]\nhttp = "127.0.0.1:{port}"\n')
    assert result.returncode == 1
    assert "Another program has this port" in result.stderr


def test_the_unit_is_understood(tmp_path: Path) -> None:
    text = (ROOT / "conf" / "luasip.service").read_text("utf-8")
    assert text.count("/opt/luasip/bin/luasip ") == 1
    unit = tmp_path / "luasip.service"
    unit.write_text(text.replace("/opt/luasip/bin/luasip ", f"{sys.executable} -m luasip "), "utf-8")
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )
    assert [line for line in result.stderr.splitlines() if "luasip" in line] == []
