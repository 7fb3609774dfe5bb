"""IP literals: what they are, and which network they belong to. Pure; asks nobody."""

import ipaddress
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_IPV4_KINDS: Final = (
    ("255.255.255.255/32", "BROADCAST"),
    ("203.0.113.0/24", "TEST-NET"),
    ("198.51.100.0/24", "TEST-NET"),
    ("192.88.99.0/24", "6TO4-RELAY"),
    ("192.0.2.0/24", "TEST-NET"),
    ("192.0.0.0/24", "RESERVED"),
    ("192.168.0.0/16", "PRIVATE"),
    ("169.254.0.0/16", "LINK-LOCAL"),
    ("198.18.0.0/15", "RESERVED"),
    ("172.16.0.0/12", "PRIVATE"),
    ("100.64.0.0/10", "SHARED"),
    ("127.0.0.0/8", "LOOPBACK"),
    ("10.0.0.0/8", "PRIVATE"),
    ("0.0.0.0/8", "PRIVATE"),
    ("240.0.0.0/4", "RESERVED"),
    ("224.0.0.0/4", "MULTICAST"),
    ("0.0.0.0/0", "PUBLIC"),
)
_IPV6_KINDS: Final = (
    ("::/128", "UNSPECIFIED"),
    ("::1/128", "LOOPBACK"),
    ("::ffff:0:0/96", "IPV4MAP"),
    ("100::/64", "DISCARD"),
    ("2001:2::/48", "BMWG"),
    ("2001::/32", "TEREDO"),
    ("2001:db8::/32", "DOCUMENTATION"),
    ("2001:10::/28", "ORCHID"),
    ("2002::/16", "6TO4"),
    ("fec0::/10", "RESERVED"),
    ("fe80::/10", "LINK-LOCAL-UNICAST"),
    ("ff00::/8", "MULTICAST"),
    ("fc00::/7", "UNIQUE-LOCAL-UNICAST"),
    ("2000::/3", "GLOBAL-UNICAST"),
    ("::/0", "RESERVED"),
)
_NETWORKS: Final = tuple((ipaddress.ip_network(text), kind) for text, kind in (*_IPV4_KINDS, *_IPV6_KINDS))
"""Kamailio's names of kinds of addresses; the first network that holds an address decides."""

_PRIVATE: Final = tuple(
    ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)


def pure_address(text: str) -> Address | None:
    """The address a literal without brackets stands for; None for anything else."""
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


def address(text: str) -> Address | None:
    """The address of a literal; IPv6 may stand in brackets."""
    if not is_reference(text):
        return pure_address(text)
    return pure_address(text[1:-1])


def is_reference(text: str) -> bool:
    """Whether it is an IPv6 literal in brackets."""
    return (
        text[:1] == "[" and text[-1:] == "]" and isinstance(pure_address(text[1:-1]), ipaddress.IPv6Address)
    )


def kind(found: Address) -> str:
    """Kamailio's name for the kind of an address, such as "PRIVATE"."""
    return next(name for network, name in _NETWORKS if found in network)


def is_rfc1918(found: Address) -> bool:
    """Whether it is a private IPv4 address."""
    return any(found in network for network in _PRIVATE)


def in_networks(found: Address, networks: str) -> bool:
    """Whether one of the networks (or addresses), separated by commas, holds the address. Broken ones hold none."""
    return any(_holds(part.strip(" "), found) for part in networks.split(","))


def _holds(text: str, found: Address) -> bool:
    start, slash, bits = text.partition("/")
    network = pure_address(start)
    if network is None or network.version != found.version:
        return False
    if not slash:
        return network == found
    if not bits.isdecimal() or not bits.isascii():
        return False
    try:
        return found in ipaddress.ip_network(f"{network}/{int(bits)}", strict=False)
    except ValueError:
        return False
