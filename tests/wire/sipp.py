"""Calls made by sipp: a caller and a callee, both processes, and what came of the calls."""

import contextlib
import csv
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.wire.peer import Peer
from tests.wire.process import Served, free_port, wait_for

SCENARIOS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Calls:
    """What sipp counted."""

    successful: int
    failed: int
    retransmissions: int
    errors: str


@contextlib.contextmanager
def callee(
    server: Served, folder: Path, user: str, protocol: str = "udp", host: str = "127.0.0.1"
) -> Iterator[None]:
    """A sipp that takes every call, registered as `user` while the block runs."""
    port = free_port(host)
    shown = f"[{host}]" if ":" in host else host
    transport = ";transport=tcp" if protocol == "tcp" else ""
    process = _sipp(folder, "callee.xml", user, protocol, host, port)
    try:
        # sipp listens when its port is taken, which shows in /proc for both protocols.
        wait_for(lambda: _listens(protocol, port, host), "sipp to listen")
        with Peer((host, server.port), protocol) as phone:
            assert phone.register(user, f"sip:{user}@{shown}:{port}{transport}").status == 200
        yield
    finally:
        process.kill()
        process.wait()


def call(
    server: Served,
    folder: Path,
    user: str,
    calls: int,
    rate: int,
    protocol: str = "udp",
    host: str = "127.0.0.1",
) -> Calls:
    """Make calls to `user` through the server and wait for their end."""
    process = start_calls(server, folder, user, calls, rate, protocol, host)
    return end_calls(process, folder, limit=calls / rate + 20)


def start_calls(
    server: Served,
    folder: Path,
    user: str,
    calls: int,
    rate: int,
    protocol: str = "udp",
    host: str = "127.0.0.1",
) -> "subprocess.Popen[bytes]":
    """Begin to make calls; end_calls waits for them."""
    shown = f"[{host}]" if ":" in host else host
    target = f"{shown}:{server.port}"
    return _sipp(
        folder, "caller.xml", user, protocol, host, free_port(host),
        "-r", str(rate), "-m", str(calls), "-trace_stat", "-stf", "calls.csv", "-fd", "1", target,
    )  # fmt: skip


def end_calls(process: "subprocess.Popen[bytes]", folder: Path, limit: float) -> Calls:
    """What came of the calls that start_calls began."""
    try:
        process.wait(limit)
    finally:
        process.kill()
        process.wait()
    with open(folder / "calls.csv", encoding="ascii") as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    errors = folder / "caller.xml.errors"
    return Calls(
        int(last["SuccessfulCall(C)"]),
        int(last["FailedCall(C)"]),
        int(last["Retransmissions(C)"]),
        errors.read_text("latin-1")[:2000] if errors.exists() else "",
    )


def _sipp(
    folder: Path, scenario: str, user: str, protocol: str, host: str, port: int, *more: str
) -> "subprocess.Popen[bytes]":
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        "sipp", "-sf", str(SCENARIOS / scenario), "-s", user, "-i", host, "-p", str(port),
        "-t", "t1" if protocol == "tcp" else "u1", "-nostdin", "-nd", "-recv_timeout", "15000",
        "-trace_err", "-error_file", f"{scenario}.errors", *more,
    ]  # fmt: skip
    environment = os.environ | {"TERM": "dumb"}
    with open(folder / f"{scenario}.screen", "wb") as screen:
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen
        )


def _listens(protocol: str, port: int, host: str) -> bool:
    name = protocol + ("6" if ":" in host else "")
    with open(f"/proc/net/{name}", encoding="ascii") as table:
        return any(line.split()[1].endswith(f":{port:04X}") for line in table.readlines()[1:])
