"""IP literals and socket addresses: reading listen settings, choosing a listener for a destination.

Never looks a name up, so everything here is safe in `send()`.
"""

import functools
import ipaddress
import socket
from collections.abc import Sequence

from luasip.errors import TransportError
from luasip.transport.packet import Listener

LISTEN_FORM = 'allowed: "PROTOCOL:ADDRESS:PORT", e.g. "udp:192.0.2.1:5060" or "tcp:[2001:db8::1]:5060"'
PROTOCOLS = ("udp", "tcp")

SocketAddress = tuple[str, int] | tuple[str, int, int, int]


def split_host_port(text: str) -> tuple[str, int]:
    """("192.0.2.1", 5060) from "192.0.2.1:5060"; brackets are removed; port 0 when there is none.

    Raises ValueError when the port is no number from 0 to 65535 or a bracket is missing.
    """
    if text.startswith("["):
        host, closing, rest = text[1:].partition("]")
        if not closing or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r}: bad brackets")
        port_text = rest[1:]
    else:
        host, _, port_text = text.partition(":")
    if not port_text:
        return host, 0
    if not (port_text.isascii() and port_text.isdigit()) or int(port_text) > 65535:
        raise ValueError(f"{text!r}: {port_text!r} is not a port number")
    return host, int(port_text)


def parse_listener(text: str, advertise: str = "") -> Listener:
    """The Listener written as "udp:127.0.0.1:5060" or "tcp:[::1]:5060".

    Port 0 lets the system choose. `advertise` is "host" or "host:port". TransportError names what is wrong.
    """
    protocol, _, address = text.strip().partition(":")
    protocol = protocol.lower()
    if protocol not in PROTOCOLS:
        raise TransportError(f"{text!r}: unknown protocol {protocol!r}; {LISTEN_FORM}")
    try:
        host, port = split_host_port(address)
        advertised_host, advertised_port = split_host_port(advertise.strip())
        host = str(ipaddress.ip_address(host))
    except ValueError as error:
        raise TransportError(f"{text!r}: {error}; {LISTEN_FORM}") from None
    if not address.endswith(f":{port}"):
        raise TransportError(f"{text!r}: no port; {LISTEN_FORM}")
    return Listener(protocol, host, port, advertised_host, advertised_port)


@functools.lru_cache(maxsize=8192)
def normal_literal(host: str) -> str:
    """The one spelling of an IP literal ("[::0001]" → "::1"); "" when `host` is none."""
    try:
        return str(ipaddress.ip_address(host[1:-1] if host.startswith("[") and host.endswith("]") else host))
    except ValueError:
        return ""


def is_literal(host: str) -> bool:
    """True for an IPv4 or IPv6 address, with or without brackets."""
    return bool(normal_literal(host))


@functools.lru_cache(maxsize=8192)
def socket_address(host: str, port: int) -> SocketAddress:
    """What bind, connect and sendto take for an IP literal; TransportError for anything else."""
    literal = normal_literal(host)
    if not literal or not 0 <= port <= 65535:
        raise TransportError(f"{host!r} port {port} is not an IP address and port")
    if ":" not in literal:
        return literal, port
    if "%" not in literal:
        return literal, port, 0, 0
    try:
        found = socket.getaddrinfo(literal, port, socket.AF_INET6, flags=socket.AI_NUMERICHOST)
    except OSError as error:
        raise TransportError(f"{host!r}: {error}") from None
    address = found[0][4]
    return str(address[0]), port, 0, int(address[3]) if len(address) == 4 else 0


def pick_listener(listeners: Sequence[Listener], protocol: str, host: str) -> Listener | None:
    """The listener to send from to IP literal `host`; None when no listener has its protocol and family.

    A loopback destination prefers a loopback listener, any other one a listener that is not loopback.
    """
    is_ipv6 = ":" in host
    first: Listener | None = None
    for listener in listeners:
        if listener.protocol != protocol or listener.is_ipv6 != is_ipv6:
            continue
        if is_wildcard(listener.host) or is_loopback(listener.host) == is_loopback(host):
            return listener
        first = first or listener
    return first


def is_loopback(host: str) -> bool:
    """True for an address that only reaches this machine."""
    return host.startswith("127.") or host in ("::1", "[::1]")


def is_wildcard(host: str) -> bool:
    """True for an address that stands for every interface."""
    return host in ("0.0.0.0", "::")
