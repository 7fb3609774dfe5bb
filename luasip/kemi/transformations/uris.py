"""`{uri.…}` and `{urialias.…}`: the parts of a URI. Text that is no URI makes the pseudo-variable null."""

from collections.abc import Callable
from typing import Final

from luasip.errors import UriError
from luasip.sip.uri import Uri, parse_uri

_PROTOCOLS: Final = ("none", "udp", "tcp", "tls", "sctp", "ws", "wss")
"""Transports by the number Kamailio gives them."""


def part(read: Callable[[Uri], str | int]) -> Callable[[str], str | int | None]:
    """A transformation that parses the URI and reads something of it."""

    def transform(text: str) -> str | int | None:
        uri = _parse(text)
        return None if uri is None else read(uri)

    return transform


def named(name: str) -> Callable[[str], str | int | None]:
    """A transformation to the value of one parameter, "" when it is absent."""
    return part(lambda uri: uri.params.get(name, ""))


def _parse(text: str) -> Uri | None:
    try:
        return parse_uri(text.removesuffix(";"))
    except UriError:
        return None


def parameter(text: str, name: str) -> str | None:
    """{uri.param,name}: "" when it is absent or has no value."""
    uri = _parse(text)
    return None if uri is None else uri.params.get(name.lower(), "")


def without_parameter(text: str, name: str) -> str | None:
    """{uri.rmparam,name}"""
    uri = _parse(text)
    if uri is None:
        return None
    params = {key: value for key, value in uri.params.items() if key != name.lower()}
    return text if len(params) == len(uri.params) else uri.replace(params=params).text


def parameters(uri: Uri) -> str:
    """What stands between the host (or number) and the headers, without the first ";"."""
    head = uri.text.removesuffix("?" + uri.headers) if uri.headers else uri.text
    at_sign = head.rfind("@")
    return head[at_sign + 1 :].partition(";")[2]


def short_aor(uri: Uri) -> str:
    """{uri.saor}: scheme, user and host."""
    return _written(uri, with_user=True, with_address=False)


def short_uri(uri: Uri) -> str:
    """{uri.suri}: scheme, user, host, port and transport."""
    return _written(uri, with_user=True, with_address=True)


def destination(uri: Uri) -> str:
    """{uri.duri}: scheme, host, port and transport."""
    return _written(uri, with_user=False, with_address=True)


def _written(uri: Uri, with_user: bool, with_address: bool) -> str:
    text = f"{uri.text.partition(':')[0]}:"
    if uri.user and with_user:
        text += f"{uri.user}@" if uri.host else uri.user
    text += uri.host
    if with_address:
        text += f":{uri.port}" if uri.port is not None else ""
        transport = uri.params.get("transport", "")
        text += f";transport={transport}" if transport else ""
    return text


def socket(uri: Uri) -> str:
    """{uri.tosocket}: "udp:host:port"."""
    return f"{protocol_of(uri)}:{uri.host}:{uri.port or 5060}"


def protocol_of(uri: Uri) -> str:
    """The protocol the URI asks for: its transport, else tls for sips and udp."""
    return uri.transport or ("tls" if uri.scheme == "sips" else "udp")


def encode_alias(text: str) -> str | None:
    """{urialias.encode}: "alias=host~port~protocol" of a URI; None for an unknown transport."""
    uri = _parse(text)
    if uri is None or not uri.host or protocol_of(uri) not in _PROTOCOLS:
        return None
    return f"alias={uri.host}~{uri.port or 5060}~{_PROTOCOLS.index(protocol_of(uri))}"


def decode_alias(text: str) -> str | None:
    """{urialias.decode}: the URI an alias parameter (with or without "alias=") stands for."""
    fields = text.removeprefix("alias=").split("~")
    if (
        len(fields) != 3
        or not fields[0]
        or not all(field.isascii() and field.isdigit() for field in fields[1:])
    ):
        return None
    number = int(fields[2][:4])
    if not 0 < number < len(_PROTOCOLS):
        return None
    return f"sip:{fields[0]}:{fields[1]};transport={_PROTOCOLS[number]}"
