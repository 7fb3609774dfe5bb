"""evapi's settings."""

import ipaddress
from dataclasses import dataclass

from luasip.errors import SettingsError
from luasip.kemi.declare import Module


@dataclass
class EvapiSettings(Module.Settings):
    """Where clients connect, and how much each may send and leave unread."""

    bind_addr: str = "127.0.0.1:8448"
    """Address and port to listen on, IPv6 as "[::1]:8448". There is no password: let in only whom you trust."""
    workers: int = 1
    """Lua threads that run event_callback; a client's events begin in their order, all on one of them. 0 means 1."""
    netstring_format: int = 1
    """1: messages are netstrings, "5:hello,"; 0: bare bytes, and what comes in one piece is a message."""
    event_callback: str = ""
    """Lua function called with "evapi:connection-new", "evapi:connection-closed" and "evapi:message-received"."""
    max_clients: int = 8
    """Clients connected at one time; more are closed as they come."""
    max_message: int = 65536
    """Bytes of a message from a client; one that sends a larger one is closed. Not a setting of Kamailio's."""
    max_output: int = 1048576
    """Bytes that may wait for a client that reads too slowly; beyond it is closed. Not a setting of Kamailio's."""
    max_backlog: int = 256
    """Messages of one client whose callbacks have not ended; then it is not read until some have. Not a setting of
    Kamailio's."""
    wait_idle: int = 500000
    """Accepted, without effect: nothing polls."""
    wait_increase: int = 3
    """Accepted, without effect: nothing polls."""
    send_task_timeout: int = 120000
    """Accepted, without effect: sending never waits."""
    send_data_timeout: int = 200000
    """Accepted, without effect: max_output limits what waits."""

    def __post_init__(self) -> None:
        """Raises SettingsError with everything that is wrong."""
        problems = [
            f"modules.evapi.{name}: {getattr(self, name)} is too small; allowed: from {least}"
            for name, least in {
                "workers": 0,
                "max_clients": 1,
                "max_message": 1,
                "max_output": 1,
                "max_backlog": 1,
            }.items()
            if getattr(self, name) < least
        ]
        if self.netstring_format not in (0, 1):
            problems.append(f"modules.evapi.netstring_format: {self.netstring_format}; allowed: 0, 1")
        try:
            self.address()
        except ValueError:
            problems.append(
                f'modules.evapi.bind_addr: {self.bind_addr!r} not understood; allowed: "ADDRESS:PORT",'
                ' e.g. "127.0.0.1:8448" or "[::1]:8448"'
            )
        if problems:
            raise SettingsError(problems)

    def address(self) -> tuple[str, int]:
        """bind_addr as IP literal and port. Raises ValueError."""
        host, colon, port = self.bind_addr.rpartition(":")
        if not colon:
            host, port = self.bind_addr, "8448"
        if not port.isdecimal() or int(port) > 65535:
            raise ValueError(port)
        return str(ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))), int(port)
