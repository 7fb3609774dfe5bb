"""A server started as root on a port that only root may bind: it serves as somebody else."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.test_privileges import NOBODY, command_for_all, needs_root
from tests.wire.peer import Peer
from tests.wire.process import ROOT, wait_for

HOST = "127.0.0.44"
SETTINGS = """
[server]
listen = ["udp:HOST:PORT", "tcp:HOST:PORT"]
user = "nobody"
directory = "."
[server.log]
file = "log"
[script]
path = "route.lua"
[modules.usrloc]
db_url = "sqlite:///luasip.db"
db_mode = 1
"""


def low_port() -> int:
    """A port below 1024 that is free on HOST."""
    for port in range(600, 1000):
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
        ):
            try:
                one.bind((HOST, port))
                other.bind((HOST, port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of nobody's; pytest's own are closed for others."""
    made = Path(tempfile.mkdtemp(prefix="luasip-user-"))
    os.chown(made, NOBODY, -1)
    yield made
    shutil.rmtree(made)


@needs_root
def test_root_only_binds(folder: Path) -> None:
    port = low_port()
    shutil.copy(ROOT / "lua/default.lua", folder / "route.lua")
    os.chmod(folder / "route.lua", 0o644)
    settings = folder / "luasip.toml"
    settings.write_text(SETTINGS.replace("HOST", HOST).replace("PORT", str(port)))
    command, environment = command_for_all("-m", "luasip", "run", "-c", str(settings))
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            log = folder / "log"
            wait_for(
                lambda: (log.exists() and "ready, pid" in log.read_text()) or process.poll() is not None,
                "the server to start",
            )
            assert "running as user nobody" in log.read_text()
            for protocol in ("udp", "tcp"):
                with Peer((HOST, port), protocol) as peer:
                    assert peer.ask(peer.request("OPTIONS", "")).status == 200
                    assert peer.register("alice", "sip:alice@127.0.0.1:9").status == 200
            for task in Path(f"/proc/{process.pid}/task").iterdir():
                lines = (task / "status").read_text().splitlines()
                status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
                assert status["Uid"] == [str(NOBODY)] * 4, status["Name"]
                assert int(status["CapPrm"][0], 16) == int(status["CapEff"][0], 16) == 0
            assert {(folder / name).stat().st_uid for name in ("log", "luasip.db")} == {NOBODY}
            assert (folder / "luasip.db").stat().st_mode & 0o007 == 0
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0
