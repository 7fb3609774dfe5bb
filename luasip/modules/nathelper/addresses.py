"""Which IP addresses are private, and how a source address is written into a URI parameter.

Knows no message.
"""

import ipaddress
from functools import lru_cache
from typing import Final

from luasip.kemi.socket_text import PROTOCOLS, address_uri, bracketed, protocol_number

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_SEPARATOR: Final = "~"
_NAMES: Final = {str(number): name for name, number in PROTOCOLS.items()}


@lru_cache(maxsize=1)
def _private_networks() -> tuple[ipaddress.IPv4Network, ...]:
    texts = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "192.0.0.0/29", "192.0.0.0/24")
    return tuple(ipaddress.IPv4Network(text) for text in texts)


def parse_address(text: str) -> Address | None:
    """An IP address, IPv6 with or without brackets; None for a name and for an address with a zone."""
    if "%" in text:
        return None
    try:
        return ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def is_private(text: str, reserved: bool) -> bool:
    """Whether `text` is an IPv4 address of RFC 1918, RFC 6598 or 192.0.0.0/29; with `reserved` 192.0.0.0/24."""
    address = parse_address(text)
    if not isinstance(address, ipaddress.IPv4Address):
        return False
    networks = _private_networks() if reserved else _private_networks()[:-1]
    return any(address in network for network in networks)


def same_host(one: str, other: str) -> bool:
    """Whether two hosts are the same IP address, or the same name."""
    address = parse_address(one)
    return one.lower() == other.lower() if address is None else address == parse_address(other)


def alias_value(host: str, port: int, protocol: str) -> str:
    """ip~port~protocol, the protocol as Kamailio's number."""
    return _SEPARATOR.join((bracketed(host), str(port), str(protocol_number(protocol))))


def alias_uri(value: str, always: bool = False) -> str:
    """The URI that an alias stands for, with a transport unless that is UDP (or `always`).

    Raises ValueError when it is none.
    """
    host, port, number = _split(value)
    address = parse_address(host)
    if address is None:
        raise ValueError(f"alias {value!r}: no IP address")
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) <= 65535):
        raise ValueError(f"alias {value!r}: no port")
    protocol = _NAMES.get(number)
    if protocol is None:
        raise ValueError(f"alias {value!r}: unknown protocol")
    return address_uri(str(address), int(port), protocol, always)


def _split(value: str) -> tuple[str, str, str]:
    parts = value.split(_SEPARATOR)
    if len(parts) != 3:
        raise ValueError(f"alias {value!r}: not ip~port~protocol")
    return parts[0], parts[1], parts[2]


def without_parameter(uri: str, name: str, last: bool = False) -> tuple[str, str]:
    """A SIP URI without its first (or `last`) parameter `name`, and the value that had; "" when there is none."""
    head, mark, headers = uri.partition("?")
    start = head.find(";", head.rfind("@") + 1)
    if start < 0:
        return uri, ""
    parts = head[start + 1 :].split(";")
    places = [i for i, part in enumerate(parts) if part.partition("=")[0].lower() == name.lower()]
    if not places:
        return uri, ""
    value = parts.pop(places[-1 if last else 0]).partition("=")[2]
    return head[:start] + "".join(f";{part}" for part in parts) + mark + headers, value


def with_parameter(uri: str, parameter: str) -> str:
    """A URI with `parameter` ("name=value") behind its others, before its headers."""
    head, mark, headers = uri.partition("?")
    return f"{head};{parameter}{mark}{headers}"


def with_first_parameter(uri: str, parameter: str) -> str:
    """A SIP URI with `parameter` ("name=value") before its others."""
    head, mark, headers = uri.partition("?")
    place = head.find(";", head.rfind("@") + 1)
    if place < 0:
        place = len(head)
    return f"{head[:place]};{parameter}{head[place:]}{mark}{headers}"
