"""luasip.control.service_manager: what systemd is told."""

import logging
import os
import socket
from pathlib import Path

import pytest

from luasip.control.service_manager import ServiceManager


@pytest.mark.parametrize("abstract", [False, True])
def test_lines_in_a_datagram(tmp_path: Path, abstract: bool) -> None:
    name = f"@luasip-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0"))
        manager.settimeout(2)
        ServiceManager({"NOTIFY_SOCKET": name}).tell("READY=1", "STATUS=ok")
        assert manager.recv(1000) == b"READY=1\nSTATUS=ok"


def test_nobody_is_told_without_a_socket(caplog: pytest.LogCaptureFixture) -> None:
    ServiceManager({}).tell("READY=1")
    assert caplog.text == ""


def test_a_failure_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            manager.tell("READY=1")
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "1500000"}, 1.5),
        ({"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": str(os.getpid())}, 1.5),
        ({"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_the_watchdog(environment: dict[str, str], seconds: float) -> None:
    assert ServiceManager(environment).watchdog == seconds
