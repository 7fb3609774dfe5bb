"""core.*: the process as a whole, in the shapes of Kamailio's core commands.

What Kamailio has processes for, LuaSIP has threads for: where its commands list processes, these list threads, with
the kernel's thread number as PID.
"""

import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from luasip import __version__
from luasip.errors import CommandError
from luasip.kemi.declare import command
from luasip.server.running_settings import RunningSettings
from luasip.server.sockets import Sockets
from luasip.transport.tcp import StreamTransport

NAME = "LuaSIP"


class CoreCommands:
    """Commands about the process."""

    def __init__(
        self,
        running: RunningSettings,
        sockets: Sockets,
        streams: Sequence[StreamTransport],
        stop: Callable[[], None],
    ) -> None:
        """`stop` begins a graceful stop and returns at once."""
        self._running = running
        self._sockets = sockets
        self._streams = streams
        self._stop = stop
        self._started_at = time.time()

    @command("core.version")
    def version(self) -> str:
        """Name and version of the server."""
        return f"{NAME} {__version__} ({platform.machine()}/{sys.platform})"

    @command("core.info")
    def info(self) -> dict[str, Any]:
        """Version, Python, and what the settings file is."""
        return {
            "version": f"{NAME} {__version__}",
            "id": "",
            "compiler": f"{platform.python_implementation()} {platform.python_version()}",
            "compiled": "",
            "flags": ", ".join(self._flags()),
            "config": str(self._running.now.file),
        }

    @command("core.flags")
    def flags(self) -> str:
        """How this Python and this server were built."""
        return ", ".join(self._flags())

    def _flags(self) -> list[str]:
        import luasip.sip.parser

        compiled = not (luasip.sip.parser.__file__ or "").endswith(".py")
        has_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
        return [
            "COMPILED" if compiled else "PURE_PYTHON",
            "GIL" if has_gil else "FREE_THREADED",
            self._running.now.script.lua.upper(),
        ]

    @command("core.runinfo")
    def run_info(self) -> dict[str, Any]:
        """Version and times in one."""
        seconds = int(time.time() - self._started_at)
        days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
        return {
            "name": NAME,
            "version": __version__,
            "sourceid": "",
            "compiler": f"{platform.python_implementation()} {platform.python_version()}",
            "compiled": "",
            "time_now": time.ctime(),
            "time_started": time.ctime(self._started_at),
            "uptime_secs": seconds,
            "utime_days": f"{days}d {hours}h {minutes}m {seconds % 60}s",
        }

    @command("core.uptime")
    def uptime(self) -> dict[str, Any]:
        """Now, since when the server runs, and for how many seconds."""
        return {
            "now": time.ctime(),
            "up_since": time.ctime(self._started_at),
            "uptime": int(time.time() - self._started_at),
        }

    @command("core.ps")
    def ps(self) -> list[Any]:
        """The threads: number and name in turn."""
        return [part for number, name in _threads() for part in (number, name)]

    @command("core.psx")
    def psx(self) -> list[dict[str, Any]]:
        """The threads, each with its index, number and name."""
        return [{"IDX": index, "PID": number, "DSC": name} for index, (number, name) in enumerate(_threads())]

    @command("core.psa")
    def psa(self) -> list[dict[str, Any]]:
        """The threads with all that is known of them; all of them run."""
        return [
            {"index": index, "pid": number, "status": 1, "rank": index, "description": name}
            for index, (number, name) in enumerate(_threads())
        ]

    @command("core.ppdefines")
    def definitions(self) -> list[str]:
        """The names of [define], and MOD_NAME for each loaded module."""
        return [one["name"] for one in self.definitions_full()]

    @command("core.ppdefines_full")
    def definitions_full(self) -> list[dict[str, Any]]:
        """The names of [define] with their values, and MOD_NAME for each loaded module."""
        settings = self._running.now
        defined = {f"MOD_{loaded.key}": "" for loaded in settings.modules} | settings.define
        return [{"name": name, "type": 0, "value": value or "none"} for name, value in defined.items()]

    @command("core.sockets_list")
    def sockets(self) -> list[dict[str, Any]]:
        """The sockets listened on."""
        return [
            {
                "socket": {
                    "proto": listener.protocol,
                    "address": listener.host,
                    "ipaddress": listener.host,
                    "port": str(listener.port),
                    **({"advertise": listener.sent_by} if listener.advertised_host else {}),
                    "mcast": "no",
                    "mhomed": "no",
                    "virtual": "no",
                }
            }
            for listener in self._sockets.listeners
        ]

    @command("core.aliases_list")
    def aliases(self) -> dict[str, Any]:
        """The domains and addresses that count as this server beside its sockets."""
        found = [
            {"alias": {"proto": protocol or "*", "address": host, "port": port or "*"}}
            for protocol, host, port in self._running.now.server.parsed_aliases
        ]
        return {"myself_callbacks": "no", "aliases": found}

    @command("corex.list_sockets")
    def list_sockets(self) -> list[dict[str, Any]]:
        """The sockets listened on, as Kamailio's corex shows them."""
        return [
            {
                "PROTO": listener.protocol,
                "NAME": listener.host,
                "ADDRLIST": {"ADDR": listener.host},
                "PORT": str(listener.port),
                "MCAST": "no",
                "MHOMED": "no",
                "VIRTUAL": "no",
                "SOCKNAME": listener.text,
                "ADVERTISE": listener.sent_by if listener.advertised_host else "-",
            }
            for listener in self._sockets.listeners
        ]

    @command("corex.list_aliases")
    def list_aliases(self) -> list[dict[str, Any]]:
        """The domains and addresses that count as this server, as Kamailio's corex shows them."""
        return [
            {"PROTO": protocol or "*", "ADDR": host, "PORT": port}
            for protocol, host, port in self._running.now.server.parsed_aliases
        ]

    @command("core.modules")
    def modules(self) -> list[str]:
        """The modules that are loaded."""
        return [loaded.key for loaded in self._running.now.modules]

    @command("core.tcp_info")
    def tcp_info(self) -> dict[str, int]:
        """How many stream connections there are and may be."""
        return {
            "readers": len(self._streams),
            "max_connections": self._running.now.server.tcp.connections,
            "max_tls_connections": self._running.now.server.tcp.connections,
            "opened_connections": sum(stream.stats()["connections"] for stream in self._streams),
            "opened_tls_connections": sum(
                peer.protocol in ("tls", "wss")
                for stream in self._streams
                for peer in stream.peers().values()
            ),
            "write_queued_bytes": sum(stream.queued_bytes() for stream in self._streams),
        }

    @command("core.tcp_options")
    def tcp_options(self) -> dict[str, int | float]:
        """The limits of stream connections; connection_lifetime is the time without a byte."""
        limits = self._running.now.server.tcp
        return {
            "connect_timeout": limits.connect_timeout,
            "send_timeout": limits.write_timeout,
            "connection_lifetime": limits.idle_timeout,
            "max_connections(soft)": limits.connections,
            "max_tls_connections(soft)": limits.connections,
            "no_connect": 0,
            "async": 1,
            "conn_wq_max": limits.write_buffer,
            "crlf_ping": 1,
        }

    @command("core.tcp_list")
    def tcp_list(self) -> list[dict[str, Any]]:
        """The stream connections."""
        return [
            {
                "id": identity,
                "type": peer.protocol.upper(),
                "state": "CONN_OK",
                "direction": "in" if peer.inbound else "out",
                "src_ip": peer.host,
                "src_port": peer.port,
                "dst_ip": peer.listener.host,
                "dst_port": peer.listener.port,
            }
            for stream in self._streams
            for identity, peer in stream.peers().items()
        ]

    @command("core.pwd")
    def working_directory(self) -> list[str]:
        """The working directory."""
        return [os.getcwd()]

    @command("core.arg")
    def arguments(self) -> list[str]:
        """The command line the server was started with."""
        return list(sys.orig_argv)

    @command("core.echo")
    def echo(self, *values: str) -> list[str]:
        """The arguments, as they came."""
        return list(values)

    @command("core.prints")
    def print_texts(self, *values: str) -> list[str]:
        """The arguments, as texts."""
        return list(values)

    @command("core.printi")
    def print_integers(self, *values: int) -> list[int]:
        """The arguments, as integers."""
        return list(values)

    @command("core.kill")
    def kill(self, signal_number: int = 15) -> None:
        """Stop the server, as SIGTERM does: what runs may end within server.stop_timeout.

        Args:
            signal_number: 15 (SIGTERM) or 2 (SIGINT); there is no other way to stop by command.
        """
        if signal_number not in (2, 15):
            raise CommandError(500, f"signal {signal_number} is not 2 or 15")
        self._stop()


def _threads() -> list[tuple[int, str]]:
    """(kernel's number, name) of every thread, the main one first."""
    main = threading.main_thread()
    known = sorted(threading.enumerate(), key=lambda thread: (thread is not main, thread.native_id or 0))
    return [(thread.native_id or 0, thread.name) for thread in known]
