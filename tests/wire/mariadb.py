"""A private MariaDB server on a free loopback port, for as long as a test needs it."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pymysql

_SMALL = (
    "--innodb-log-file-size=8M",
    "--innodb-buffer-pool-size=16M",
    "--innodb-flush-log-at-trx-commit=0",
    "--skip-innodb-doublewrite",
    "--skip-name-resolve",
)


class MariaDb:
    """The server; `url` is a Kamailio URL of its database `sip`."""

    def __init__(self, directory: Path, *, durable: bool = False) -> None:
        """Start it with its files in `directory`; returns when it accepts connections.

        durable: what is committed outlives kill(), as with MariaDB's own defaults.
        """
        self._directory = directory
        self._more = ["--innodb-flush-log-at-trx-commit=1"] if durable else []
        self._socket = directory / "socket"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        data = f"--datadir={directory / 'data'}"
        install = ["mariadb-install-db", "--no-defaults", "--user=root", data, *_SMALL]
        install += ["--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(install, check=True, capture_output=True)
        self._process = self._start(data)
        self._prepare()

    @property
    def url(self) -> str:
        """mysql://sip:p@ss@127.0.0.1:port/sip."""
        return f"mysql://sip:p@ss@127.0.0.1:{self._port}/sip"

    def stop(self) -> None:
        """Stop the server and delete its files."""
        self._process.terminate()
        self._process.wait(timeout=30)
        shutil.rmtree(self._directory, ignore_errors=True)

    def restart(self) -> None:
        """Stop and start the server; connections to it are lost."""
        self._process.terminate()
        self._process.wait(timeout=30)
        self.start()

    def kill(self) -> None:
        """End the server at once, as a crash does."""
        self._process.kill()
        self._process.wait(timeout=30)

    def start(self) -> None:
        """Start the server that was stopped or killed; returns when it accepts connections."""
        self._process = self._start(f"--datadir={self._directory / 'data'}")
        self._connect().close()

    def _start(self, data: str) -> "subprocess.Popen[bytes]":
        command = ["mariadbd", "--no-defaults", "--user=root", data, *_SMALL, *self._more]
        command += [f"--socket={self._socket}", f"--port={self._port}", "--bind-address=127.0.0.1"]
        command += [f"--pid-file={self._directory / 'pid'}", "--performance-schema=OFF", "--skip-log-bin"]
        command += [f"--log-error={self._directory / 'errors'}"]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _connect(self) -> pymysql.Connection:
        deadline = time.monotonic() + 60
        while True:
            try:
                return pymysql.connect(unix_socket=str(self._socket), user="root", connect_timeout=1)
            except pymysql.err.OperationalError:
                assert self._process.poll() is None, (self._directory / "errors").read_text()[-2000:]
                assert time.monotonic() < deadline, "mariadbd does not answer"
                time.sleep(0.05)

    def _prepare(self) -> None:
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute("create database sip character set utf8mb4")
            cursor.execute("create user sip@'127.0.0.1' identified by 'p@ss'")
            cursor.execute("grant all on sip.* to sip@'127.0.0.1'")
