"""Settings of luasip.jsonrpc, and the servers in them."""

from dataclasses import dataclass, field
from typing import Final

from luasip.errors import SettingsError
from luasip.kemi.declare import Module
from luasip.kemi.parameter_text import fields

_SETTING: Final = "modules.luasip_jsonrpc"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """One server of a connection."""

    connection: str
    host: str
    port: int
    priority: int
    weight: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.connection} {host}:{self.port}"


@dataclass
class JsonRpcSettings(Module.Settings):
    """Which servers there are, and limits. Times are seconds."""

    server: list[str] = field(default_factory=list)
    """Servers, each "conn=NAME;addr=HOST;port=N;priority=P;weight=W". Requests name the conn. The lowest priority (0
    by default) that has a server connected is used, its servers in proportion to their weights (1 by default)."""
    timeout: float = 5.0
    """For a request that names no timeout of its own."""
    retry: int = 1
    """How often a request is sent again, to whichever server is connected then, when the connection is lost before its
    answer; the server may have carried it out already, so 0 for what must not happen twice. Requests may say
    otherwise."""
    connect_timeout: float = 3.0
    """Until a connection is open."""
    reconnect_after: float = 0.5
    """Pause before a lost server is tried again; it doubles with every failure."""
    reconnect_limit: float = 30.0
    """The longest such pause."""
    max_pending: int = 1000
    """Requests of one conn that may wait for their answers; one more fails at once."""
    max_message: int = 1048576
    """Bytes of a message from a server; one that sends a larger one is disconnected."""
    max_output: int = 1048576
    """Bytes that may wait for a server that reads too slowly; beyond it is disconnected."""

    def __post_init__(self) -> None:
        """Raises SettingsError with everything that is wrong."""
        least = {"retry": 0, "max_pending": 1, "max_message": 1, "max_output": 1}
        problems = [
            f"{_SETTING}.{name}: {getattr(self, name)} is too small; allowed: from {lowest}"
            for name, lowest in least.items()
            if getattr(self, name) < lowest
        ]
        problems += [
            f"{_SETTING}.{name}: {getattr(self, name)} is too small; allowed: numbers above 0"
            for name in ("timeout", "connect_timeout", "reconnect_after", "reconnect_limit")
            if getattr(self, name) <= 0
        ]
        for text in self.server:
            try:
                _address(text)
            except SettingsError as error:
                problems += error.problems
        if problems:
            raise SettingsError(problems)

    def addresses(self) -> list[ServerAddress]:
        """The servers."""
        return [_address(text) for text in self.server]


def _address(text: str) -> ServerAddress:
    """A server by its definition. Raises SettingsError."""
    values = fields(text, f"{_SETTING}.server", ("conn", "addr", "port", "priority", "weight"))
    port, priority, weight = values.get("port", ""), values.get("priority", "0"), values.get("weight", "1")
    host = values.get("addr", "").removeprefix("[").removesuffix("]")
    numbers = all(number.isdecimal() for number in (port, priority, weight))
    if not values.get("conn") or not host or not numbers or not 0 < int(port) < 65536:
        raise SettingsError(
            [
                f"{_SETTING}.server: {text!r}: conn, addr and port are needed; port, priority and weight are numbers"
            ]
        )
    return ServerAddress(values["conn"], host, int(port), int(priority), int(weight))
