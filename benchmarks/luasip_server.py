"""A LuaSIP as a process on loopback, from any source tree: plain, compiled, or of another commit."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SETTINGS = """
[server]
listen = [{sockets}]
[script]
path = "{script}"
{settings}
"""


class LuaSip:
    """It serves while the `with` block runs. `source` is the folder that has the package `luasip`."""

    started_in = 0.0
    """Seconds from its start until it served."""

    def __init__(
        self, folder: Path, script: Path, port: int, source: Path, settings: str = "", tcp: bool = False
    ) -> None:
        """`settings` is TOML behind the sockets and the script."""
        self.address = ("127.0.0.1", port)
        self._folder = folder
        self._source = source
        folder.mkdir(parents=True, exist_ok=True)
        sockets = ", ".join(f'"{name}:127.0.0.1:{port}"' for name in (["udp", "tcp"] if tcp else ["udp"]))
        text = SETTINGS.format(sockets=sockets, script=script, settings=settings)
        (folder / "luasip.toml").write_text(text, "utf-8")

    def __enter__(self) -> "LuaSip":
        # -P and another working directory: PYTHONPATH alone says which tree is imported.
        command = [sys.executable, "-P", "-m", "luasip", "run", "-c", str(self._folder / "luasip.toml")]
        environment = os.environ | {"PYTHONPATH": str(self._source)}
        self._log = self._folder / "luasip.log"
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        began = time.monotonic()
        while "ready, pid" not in (text := self._log.read_text("utf-8")):
            assert self._process.poll() is None, text
            assert time.monotonic() < began + 120, text
            time.sleep(0.02)
        self.started_in = time.monotonic() - began
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def log(self) -> str:
        """What it has logged so far."""
        return self._log.read_text("utf-8")
