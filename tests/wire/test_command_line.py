"""The command line as a user meets it: start, stop, and what it says about mistakes."""

import signal
import socket
from pathlib import Path

import pytest

from luasip import __version__
from tests.wire.peer import Peer
from tests.wire.process import ROOT, Served, free_port, luasip

SCRIPT_WITH_MISTAKES = """
function ksr_request_route()
    KSR.tm.t_on_failure("nobody_wrote_this")
    KSR.tm.t_rely()
    KSR.sl.send_reply(404)
end
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_is_graceful(tmp_path: Path, number: signal.Signals) -> None:
    with Served(tmp_path) as server, Peer(server.address, "tcp") as peer:
        assert peer.ask(peer.request("OPTIONS", "")).status == 200
        assert server.stop(number) == 0
        assert server.log[-1].endswith("stopped\n")
        warnings = [line for line in server.log if "WARNING" in line and "running as root" not in line]
        assert warnings == []


def test_second_start_at_once(tmp_path: Path) -> None:
    """The ports are free again although a TCP connection was open."""
    with Served(tmp_path) as server:
        with Peer(server.address, "tcp") as peer:
            assert peer.ask(peer.request("OPTIONS", "")).status == 200
            server.stop()
        server.start()
        with Peer(server.address, "tcp") as peer:
            assert peer.ask(peer.request("OPTIONS", "")).status == 200


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_port_in_use(tmp_path: Path, kind: socket.SocketKind) -> None:
    server = Served(tmp_path, port=free_port())  # writes the settings only
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(server.address)
        if kind == socket.SOCK_STREAM:
            taken.listen()
        result = luasip("run", "-c", server.config)
    protocol = "udp" if kind == socket.SOCK_DGRAM else "tcp"
    assert result.returncode == 1
    assert f"{protocol}:127.0.0.1:{server.port}" in result.stderr
    assert "in use" in result.stderr
    assert "Traceback" not in result.stderr


def test_three_mistakes_in_the_settings(tmp_path: Path) -> None:
    config = tmp_path / "luasip.toml"
    config.write_text(
        '[server]\nlisten = ["upd:127.0.0.1:5060"]\nstop_timeout = "soon"\n'
        f'[script]\npath = "{ROOT}/lua/default.lua"\n[modules.tm]\nfr_tmer = 5\n',
        "utf-8",
    )
    result = luasip("run", "-c", config)
    assert result.returncode == 1
    lines = sorted(result.stderr.splitlines())
    assert len(lines) == 3, result.stderr
    for line, name in zip(
        lines, ("modules.tm.fr_tmer", "server.listen[0]", "server.stop_timeout"), strict=True
    ):
        assert name in line
        assert "luasip.toml" in line
    assert "fr_timer" in result.stderr


def test_mistakes_in_the_script(tmp_path: Path) -> None:
    server = Served(tmp_path, script=SCRIPT_WITH_MISTAKES)
    result = luasip("check", "-c", server.config)
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 3, result.stderr
    for line, number, words in zip(
        lines, (3, 4, 5), ("nobody_wrote_this", "KSR.tm.t_relay", "reason"), strict=True
    ):
        assert f"default.lua:{number}:" in line
        assert words in line


def test_syntax_error_in_the_script(tmp_path: Path) -> None:
    server = Served(tmp_path, script="function ksr_request_route(\n")
    result = luasip("run", "-c", server.config)
    assert result.returncode == 1
    assert "default.lua:1:" in result.stderr or "default.lua:2:" in result.stderr
    assert "Traceback" not in result.stderr


def test_no_such_file(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    result = luasip("run", "-c", missing)
    assert result.returncode == 1
    assert str(missing) in result.stderr
    assert "Traceback" not in result.stderr


def test_default_configuration_is_clean() -> None:
    for name in ("luasip.toml", "example.toml"):
        result = luasip("check", "-c", ROOT / "conf" / name)
        assert result.returncode == 0, result.stderr


def test_version() -> None:
    result = luasip("--version")
    assert (result.returncode, result.stdout) == (0, f"LuaSIP {__version__}\n")
