"""A Kamailio with a Lua script, as a process on loopback."""

import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

CONFIG = """#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children={children}
auto_aliases=no
listen=udp:127.0.0.1:{port}
{tcp}
{modules}
{parameters}
modparam("app_lua", "load", "{script}")
cfgengine "lua"
"""


class Kamailio:
    """It serves while the `with` block runs. `-x fm -X fm`: the memory managers for production use."""

    def __init__(
        self,
        folder: Path,
        script: Path,
        port: int,
        children: int,
        modules: Sequence[str],
        parameters: Sequence[str] = (),
        tcp: bool = False,
    ) -> None:
        """`parameters` are lines for the configuration. With TCP there are `children` more processes for that."""
        self.address = ("127.0.0.1", port)
        self._folder = folder
        self._config = folder / "kamailio.cfg"
        folder.mkdir(parents=True, exist_ok=True)
        stream = f"tcp_children={children}\nlisten=tcp:127.0.0.1:{port}" if tcp else "disable_tcp=yes"
        text = CONFIG.format(
            children=children,
            port=port,
            tcp=stream,
            modules="\n".join(f'loadmodule "{name}.so"' for name in [*modules, "app_lua"]),
            parameters="\n".join(parameters),
            script=script,
        )
        self._config.write_text(text, "ascii")

    def __enter__(self) -> "Kamailio":
        command = ["kamailio", "-f", str(self._config), "-DD", "-E", "-x", "fm", "-X", "fm", "-m", "256"]
        command += ["-Y", str(self._folder), "-n", "8"]
        with open(self._folder / "kamailio.log", "wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        time.sleep(2.0)
        assert self._process.poll() is None, (self._folder / "kamailio.log").read_text("latin-1")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """The process all others are below."""
        return self._process.pid

    @staticmethod
    def version() -> str:
        """Its first line about itself."""
        shown = subprocess.run(["kamailio", "-v"], capture_output=True, text=True, check=True)
        return shown.stdout.splitlines()[0]
