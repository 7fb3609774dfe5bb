"""Where a SIP host is reached (RFC 3263): address records only; a literal needs no look-up.

`resolve` may block for seconds: call it in a pool. Knows no SIP message.
"""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from luasip.errors import TransportError
from luasip.transport.address import is_literal, normal_literal

__all__ = ["NextHop", "addresses_of", "default_port", "is_literal", "name_of", "resolve"]

Lookup = Callable[..., Sequence[tuple[Any, ...]]]
"""What getaddrinfo is."""

PORTS = {"ws": 80, "wss": 443, "tls": 5061}


@dataclass(frozen=True, slots=True)
class NextHop:
    """One place to try: protocol ("udp", "tcp" …), IP literal without brackets, port."""

    protocol: str
    host: str
    port: int


def default_port(protocol: str) -> int:
    """The port of a protocol when a URI names none (RFC 3261 §19.1.2, RFC 7118 §5)."""
    return PORTS.get(protocol, 5060)


def resolve(
    host: str,
    port: int | None = None,
    transport: str = "",
    *,
    secure: bool = False,
    ipv4: bool = True,
    ipv6: bool = True,
    lookup: Lookup = socket.getaddrinfo,
) -> list[NextHop]:
    """The next hops for `host` (name or literal, brackets allowed), in the order to try them.

    `port` None or 0 is the protocol's own. `transport` is the URI's, "" when it names none: UDP then, or TLS
    when `secure` (a sips URI, RFC 3263 §4.1). `ipv4` and `ipv6` say which families the server can send to.
    Raises TransportError when nothing is found.
    """
    protocol = protocol_for(transport.lower(), secure)
    target_port = port or default_port(protocol)
    literal = normal_literal(host)
    if literal:
        return [NextHop(protocol, literal, target_port)]
    return [NextHop(protocol, address, target_port) for address in addresses_of(host, ipv4, ipv6, lookup)]


def protocol_for(transport: str, secure: bool) -> str:
    """What a URI's transport means: a sips URI over "tcp" is TLS (RFC 3261 §26.2.2)."""
    if not secure:
        return transport or "udp"
    if transport in ("ws", "wss"):
        return "wss"
    return "tls" if transport in ("", "udp", "tcp", "tls") else transport


def addresses_of(
    host: str, ipv4: bool = True, ipv6: bool = True, lookup: Lookup = socket.getaddrinfo
) -> list[str]:
    """The addresses of a name, each once, in the system's order of preference (RFC 6724)."""
    family = socket.AF_UNSPEC if ipv4 and ipv6 else socket.AF_INET6 if ipv6 else socket.AF_INET
    try:
        found = lookup(host, None, family, socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise TransportError(f"{host!r} has no address: {error}") from error
    addresses: dict[str, None] = {}
    for _, _, _, _, address in found:
        literal = normal_literal(str(address[0]))
        if literal and (ipv6 if ":" in literal else ipv4):
            addresses[literal] = None
    if not addresses:
        raise TransportError(f"{host!r} has no address of a family this server listens on")
    return list(addresses)


def name_of(address: str, lookup: Callable[[str], tuple[str, Any, Any]] = socket.gethostbyaddr) -> str:
    """The name an IP literal has in the DNS (PTR). Raises TransportError when it has none."""
    try:
        return lookup(address)[0]
    except (OSError, UnicodeError) as error:
        raise TransportError(f"{address!r} has no name: {error}") from error
