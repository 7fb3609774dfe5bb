"""A Kamailio with a Lua script, as a process on loopback."""

import signal
import subprocess
import time
from pathlib import Path

MODULES = ("kex", "tm", "sl", "pv", "db_mysql", "sqlops", "http_client", "app_lua")

CONFIG = """#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children={children}
disable_tcp=yes
auto_aliases=no
listen=udp:127.0.0.1:{port}
{modules}
modparam("sqlops", "sqlcon", "db=>{database}")
modparam("http_client", "keep_connections", 1)
modparam("app_lua", "load", "{script}")
cfgengine "lua"
"""


class Kamailio:
    """It serves while the `with` block runs. `-x fm -X fm`: the memory managers for production use."""

    def __init__(self, folder: Path, script: Path, port: int, database: str, children: int) -> None:
        self.address = ("127.0.0.1", port)
        self._folder = folder
        modules = "\n".join(f'loadmodule "{name}.so"' for name in MODULES)
        self._config = folder / "kamailio.cfg"
        text = CONFIG.format(children=children, port=port, modules=modules, database=database, script=script)
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

    def version(self) -> str:
        """Its first line about itself."""
        shown = subprocess.run(["kamailio", "-v"], capture_output=True, text=True, check=True)
        return shown.stdout.splitlines()[0]
