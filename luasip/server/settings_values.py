"""Single values of the settings file: how they are written and checked.

Every checker raises ValueError("what is wrong; allowed: …"). Knows no section.
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator

from luasip.errors import TransportError
from luasip.kemi.wire_text import to_wire
from luasip.transport.address import parse_listener, split_host_port
from luasip.transport.packet import Listener

_SIZE = re.compile(r"(\d+)\s*([kmg]?)i?b?", re.IGNORECASE)
_FACTORS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_LUA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEFINE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def read_size(value: object) -> object:
    """Bytes from 65536, "64K", "64M" or "1G"; anything else is left to the integer check that follows."""
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise ValueError('not a size; allowed: a number of bytes, or text such as "512K", "64M", "1G"')
    return int(match[1]) * _FACTORS[match[2].lower()]


def _check_listen(value: str) -> str:
    listener_of(value)
    return value


def listener_of(text: str, default_advertise: str = "") -> Listener:
    """The Listener written as "udp:10.0.0.1:5060" or "udp:10.0.0.1:5060 advertise 203.0.113.5:5060".

    Raises ValueError saying what is allowed.
    """
    words = text.split()
    if len(words) not in (1, 3) or (len(words) == 3 and words[1] != "advertise"):
        raise ValueError(
            'not understood; allowed: "PROTOCOL:ADDRESS:PORT" or "PROTOCOL:ADDRESS:PORT advertise HOST:PORT"'
        )
    try:
        return parse_listener(words[0], words[2] if len(words) == 3 else default_advertise)
    except TransportError as error:
        raise ValueError(str(error).removeprefix(f"{words[0]!r}: ")) from None


def _check_host_port(value: str) -> str:
    if value:
        split_host_port(value)
    return value


PRIVATE = (
    *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"),
    *("::1/128", "fc00::/7", "fe80::/10"),
)
"""The networks called "private": RFC 1122, 1918, 6598, 3927, 4291 and 4193."""


def networks_of(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks written as "192.0.2.0/24", "2001:db8::1" or "private". Raises ValueError."""
    try:
        return tuple(ip_network(one, strict=False) for one in (PRIVATE if text == "private" else (text,)))
    except ValueError:
        raise ValueError(
            'neither address nor network; allowed: "192.0.2.0/24", "2001:db8::1", "private"'
        ) from None


def _check_network(value: str) -> str:
    networks_of(value)
    return value


def _check_alias(value: str) -> str:
    alias_of(value)
    return value


def alias_of(text: str) -> "tuple[str, str, int]":
    """(protocol, host, port) of "[PROTOCOL:]HOST[:PORT]"; "" and 0 where left out, host in lower case.

    Raises ValueError.
    """
    protocol, colon, rest = text.partition(":")
    if not colon or protocol.lower() not in ("udp", "tcp", "tls", "ws", "wss", "sctp"):
        protocol, rest = "", text
    host, port = split_host_port(rest)
    if not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+", host):
        raise ValueError('not a host name; allowed: "[PROTOCOL:]HOST[:PORT]", e.g. "example.com"')
    return protocol.lower(), host.lower(), port


def _header_text(value: str) -> str:
    if any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise ValueError("control characters are not allowed in a header; allowed: one line of text")
    return to_wire(value)


def _define_value(value: object) -> str:
    """A value as `$def` and KSR.kx.get_def show it; true is a definition without a value."""
    if isinstance(value, bool):
        return "" if value else "\0"
    if isinstance(value, int | float | str):
        return to_wire(str(value))
    raise ValueError("wrong type; allowed: a string, a number, true, or false (not defined)")


def _check_defines(values: dict[str, str]) -> dict[str, str]:
    for name in values:
        if not _DEFINE_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a name; allowed: letters, digits, '_', '.', '-'")
    return {to_wire(name): value for name, value in values.items() if value != "\0"}


def _check_lua_name(value: str) -> str:
    if not _LUA_NAME.fullmatch(value):
        raise ValueError(
            'not the name of a Lua function; allowed: letters, digits and "_", or "none" to switch it off'
        )
    return value


def _check_not_none(value: str) -> str:
    if value == "none":
        raise ValueError("the request route cannot be switched off; allowed: the name of a Lua function")
    return value


def _check_status(value: int) -> int:
    if value != 0 and not 400 <= value <= 699:
        raise ValueError("not a final failure status; allowed: 0 (send nothing) or 400 to 699")
    return value


_T = TypeVar("_T")


def check_listen_list(values: tuple[_T, ...]) -> tuple[_T, ...]:
    if not values:
        raise ValueError('empty; allowed: at least one entry, e.g. "udp:127.0.0.1:5060"')
    if len(set(values)) != len(values):
        raise ValueError("an entry is written twice; allowed: each address once")
    return values


Size = Annotated[int, BeforeValidator(read_size)]
Listen = Annotated[str, AfterValidator(_check_listen)]
HeaderText = Annotated[str, AfterValidator(_header_text)]
HostPort = Annotated[str, AfterValidator(_check_host_port)]
Alias = Annotated[str, AfterValidator(_check_alias)]
Network = Annotated[str, AfterValidator(_check_network)]
Status = Annotated[int, AfterValidator(_check_status)]
LogLevel = Literal[
    "dbg", "debug", "info", "notice", "warn", "warning", "err", "error", "crit", "critical", "alert"
]
LuaName = Annotated[str, AfterValidator(_check_lua_name)]
RequestLuaName = Annotated[LuaName, AfterValidator(_check_not_none)]
DefineValue = Annotated[str, BeforeValidator(_define_value)]
Defines = Annotated[dict[str, DefineValue], AfterValidator(_check_defines)]
