"""What credentials are for and where they come from: URIs and addresses compared. Knows no nonce and no password."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from luasip.errors import SipError
from luasip.sip.uri import Uri, parse_uri, unescape

_SITE: Final = 64
"""Bits of an IPv6 address that name a customer; the others are the customer's to choose."""


def is_for(uri: str, request_uri: str) -> bool:
    """Whether the uri of credentials names what the Request-URI names: user, host and port (RFC 3261 §22.4).

    Parameters do not count, since phones leave them out. URIs other than SIP's are compared as they are written.
    """
    if uri == request_uri:
        return True
    try:
        given, asked = parse_uri(uri), parse_uri(request_uri)
    except SipError:
        return False
    if given.scheme not in _PORTS or asked.scheme not in _PORTS:
        return False
    return _place(given) == _place(asked)


_PORTS: Final = {"sip": 5060, "sips": 5061}


def _place(uri: Uri) -> tuple[str, str, int]:
    return unescape(uri.user), uri.host.lower(), uri.port or _PORTS[uri.scheme]


def guesser(host: str) -> str:
    """What stands for everybody who may use an address: the address, or an IPv6 address's /64 network."""
    if ":" not in host:
        return host
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    mapped = address.ipv4_mapped
    if mapped is not None:
        return str(mapped)
    return str(IPv6Network((int(address) >> _SITE << _SITE, _SITE)))


def is_within(host: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Whether an IP literal is in one of the networks."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address.version == network.version and address in network for network in networks)
