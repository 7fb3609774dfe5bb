"""Real processes for the tests over real sockets: the server, programs that talk to it, free ports.

Each test ends what it started, by process id.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]


def free_port(host: str = "127.0.0.1") -> int:
    """A port that is free for UDP and TCP on `host`, and so is the next one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(100):
        with contextlib.ExitStack() as opened:
            first = opened.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            first.bind((host, 0))
            port: int = first.getsockname()[1]
            wanted = [(socket.SOCK_STREAM, 0), (socket.SOCK_DGRAM, 1), (socket.SOCK_STREAM, 1)]
            try:
                for kind, offset in wanted:
                    opened.enter_context(socket.socket(family, kind)).bind((host, port + offset))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


def wait_for(condition: Callable[[], object], what: str, timeout: float = 10.0) -> None:
    """Wait until `condition` holds."""
    ends_at = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < ends_at, f"waited {timeout:g} s in vain for {what}"
        time.sleep(0.02)


def luasip(*arguments: str | Path, timeout: float = 30.0) -> "subprocess.CompletedProcess[str]":
    """A luasip command run to its end."""
    command = [sys.executable, "-m", "luasip", *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL
    )


class Served:
    """`luasip run` as a process of its own, on free ports, in a folder of its own.

    The settings are those that scripts/serve starts, but for the ports; `settings` is TOML put behind them and
    `script` replaces lua/default.lua.
    """

    def __init__(
        self, folder: Path, settings: str = "", script: str = "", listen: Sequence[str] = (), port: int = 0
    ) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.address = ("127.0.0.1", self.port)
        self.script = folder / "lua" / "default.lua"
        self.script.parent.mkdir(parents=True, exist_ok=True)
        self.script.write_text(script or (ROOT / "lua/default.lua").read_text("utf-8"), "utf-8")
        self.config = folder / "conf" / "luasip.toml"
        self.config.parent.mkdir(exist_ok=True)
        text = (ROOT / "conf/luasip.toml").read_text("utf-8").partition("[control]")[0]  # a test names its own
        if listen:
            sockets = ", ".join(f'"{one}"' for one in listen)
            line = next(line for line in text.splitlines() if line.startswith("listen ="))
            text = text.replace(line, f"listen = [{sockets}]")
        text = text.replace(":5060", f":{self.port}")
        self.config.write_text(f"{text}\n{settings}\n", "utf-8")
        self.environment: dict[str, str] = {}
        """Environment variables beside those of the tests themselves."""
        self.log: list[str] = []
        self.process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.process.kill()  # whoever started it will not stop it
            self.process.wait()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.stop(signal.SIGTERM if kind is None else signal.SIGKILL)
        if kind is not None:
            print("".join(self.log[-200:]))  # shown by pytest beside the failure

    def start(self) -> None:
        """Start the server and wait until it serves."""
        self.log = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "luasip", "run", "-c", str(self.config)],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        started = "ready, pid"
        wait_for(lambda: self.logged(started) or self.process.poll() is not None, "the server to start", 30.0)
        assert self.process.poll() is None, "".join(self.log)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)

    def logged(self, text: str) -> bool:
        """Whether a line of the log has `text`."""
        return any(text in line for line in list(self.log))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal that ends the server; its exit code."""
        self.process.send_signal(number)
        try:
            code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self._reader.join(5)
        return code

    def memory(self) -> int:
        """Bytes of memory the server holds."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def threads(self) -> int:
        """How many threads the server has."""
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def files(self) -> int:
        """How many files and sockets the server has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))
