"""Ends behind NAT: where a request goes whose Contact is an address that is not reached from here.

The address a message came from is kept as Kamailio keeps it, in the Contact's parameter `alias`: address, port and
number of the transport, joined by "~". Scripts that call nathelper's functions write the same.
"""

import ipaddress
from typing import Final

from luasip.errors import SipError
from luasip.kemi.context import Source
from luasip.sip.uri import parse_uri

_NUMBERS: Final = {"udp": "1", "tcp": "2", "tls": "3", "sctp": "4", "ws": "5", "wss": "6"}
_PRIVATE: Final = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
_NAMES: Final = {number: name for name, number in _NUMBERS.items()}


def reachable(contact: str, source: Source) -> str:
    """A Contact with the address its sender wrote from, if only the Contact is a private address."""
    try:
        uri = parse_uri(contact)
    except SipError:
        return contact
    if "alias" in uri.params or not _is_private(uri.host) or _is_private(source.host):
        return contact
    number = _NUMBERS.get(source.listener.protocol, "1")
    return uri.replace(params={**uri.params, "alias": f"{source.host}~{source.port}~{number}"}).text


def keep_alias(before: str, contact: str) -> str:
    """A Contact that comes again, with the address that the same one was reached at before."""
    return before if without_alias(before)[0] == contact else contact


def without_alias(contact: str) -> tuple[str, str]:
    """A Contact as its owner knows it, and the URI of where to send to; "" when that is the Contact itself."""
    try:
        uri = parse_uri(contact)
    except SipError:
        return contact, ""
    host, _, rest = uri.params.get("alias", "").partition("~")
    port, _, number = rest.partition("~")
    if not host or not port.isdecimal() or number not in _NAMES:
        return contact, ""
    params = {name: value for name, value in uri.params.items() if name != "alias"}
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return uri.replace(params=params).text, f"sip:{shown}:{port};transport={_NAMES[number]}"


def _is_private(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return any(address in network for network in _PRIVATE)
