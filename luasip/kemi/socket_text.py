"""Addresses and sockets as Kamailio's scripts write them, and the numbers it gives to protocols."""

from collections.abc import Sequence
from typing import Final

from luasip.kemi.context import Listener

PROTOCOLS: Final = {"udp": 1, "tcp": 2, "tls": 3, "sctp": 4, "ws": 5, "wss": 6}
"""Kamailio's numbers of protocols."""
INET: Final = 2
INET6: Final = 10
"""Linux's numbers of address families."""


def bracketed(host: str) -> str:
    """An IP address as it stands in a URI."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def protocol_number(protocol: str) -> int:
    """Kamailio's number of a protocol, 0 for none it knows."""
    return PROTOCOLS.get(protocol.lower(), 0)


def address_uri(host: str, port: int, protocol: str, always: bool = False) -> str:
    """sip:host:port, with ;transport= unless it is UDP (or `always`)."""
    transport = f";transport={protocol}" if always or protocol != "udp" else ""
    return f"sip:{bracketed(host)}:{port}{transport}"


def address_family(host: str) -> int:
    """The number of an IP address's family."""
    return INET6 if ":" in host else INET


def find_listener(listeners: Sequence[Listener], text: str) -> Listener | None:
    """The listening socket called "[proto:]host[:port]", by its own or its advertised address."""
    head, colon, rest = text.strip().partition(":")
    protocol = head.lower() if colon and head.lower() in PROTOCOLS else ""
    address = rest if protocol else text.strip()
    host, port = _split_address(address)
    for listener in listeners:
        own = host in (listener.host.strip("[]").lower(), listener.advertised_host.strip("[]").lower())
        ports = ("", str(listener.port), str(listener.advertised_port or listener.port))
        if own and host and protocol in ("", listener.protocol) and port in ports:
            return listener
    return None


def _split_address(address: str) -> tuple[str, str]:
    if address.startswith("["):
        host, _, rest = address[1:].partition("]")
        return host.lower(), rest.removeprefix(":")
    host, _, port = address.partition(":")
    return host.lower(), port
