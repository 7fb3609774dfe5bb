"""SIPVicious' tools run for a while against a server on the loopback network, and what they say they found.

They are never given an address but 127.x.y.z, and always bound to one.
"""

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from security.disguised import OWN_AGENT
from tests.wire.process import ROOT, free_port

ATTACKER = "127.0.0.1"

ORDINARY = OWN_AGENT
DISGUISED = "Yealink SIP-T21P_E2 52.84.0.125"

_ROW = re.compile(r"^\| (?P<first>[^|]+?) +\| (?P<second>[^|]*?) +\|", re.M)


@dataclass(frozen=True)
class Target:
    """The server under attack."""

    host: str
    port: int

    def __post_init__(self) -> None:
        """Raises ValueError for an address that is not of this machine."""
        if not ip_address(self.host).is_loopback:
            raise ValueError(
                f"{self.host} is not of the loopback network: this is no tool for other machines"
            )


@dataclass(frozen=True)
class Ran:
    """What a tool printed, and how long it ran."""

    rows: list[tuple[str, str]]
    """The first two columns of the table at the end, its head left out."""
    seconds: float
    timed_out: bool
    output: str


def svmap(target: Target, agent: str, method: str = "OPTIONS", limit: float = 15.0) -> Ran:
    """Look whether a SIP server is there, and which; rows: address, User-Agent."""
    return _run("svmap", agent, ["-m", method, "-p", str(target.port), target.host], limit)


def svwar(target: Target, agent: str, extensions: str, method: str, limit: float = 30.0) -> Ran:
    """Look for users among `extensions` ("1000-1099"); rows: extension, whether it needs a password."""
    options = [
        "--force",
        "-e",
        extensions,
        "-m",
        method,
        "--maximumtime",
        "5",
        "-p",
        str(target.port),
        target.host,
    ]
    return _run("svwar", agent, options, limit)


def svcrack(target: Target, agent: str, user: str, words: Path, limit: float) -> Ran:
    """Try the words of a file as a user's password; rows: user, password."""
    options = ["-u", user, "-d", str(words), "--maximumtime", "5", "-t", "0.004"]
    return _run("svcrack", agent, [*options, "-p", str(target.port), target.host], limit)


def _run(tool: str, agent: str, options: Sequence[str], limit: float) -> Ran:
    command = [sys.executable, "-m", "security.disguised", tool, agent]
    command += ["-b", ATTACKER, "-P", str(free_port(ATTACKER)), *options]
    began = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        timed_out = False
        try:
            output, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            timed_out = True
            process.terminate()
            output, _ = process.communicate()
    rows = [(found["first"].strip(), found["second"].strip()) for found in _ROW.finditer(output)]
    return Ran(rows[1:], time.monotonic() - began, timed_out, output)
