"""pv: $sel(…): Kamailio's selects as far as scripts use them: paths of names, "@" in front or not."""

from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.current import method_of
from luasip.kemi.transformations.strings import to_integer
from luasip.kemi.transformations.uris import parameters
from luasip.sip.header_names import canonical
from luasip.sip.message import Message
from luasip.sip.uri import Uri, parse_uri
from luasip.sip.values import NameAddr, Via

_ADDRESSES = ("from", "f", "to", "t", "contact", "m")


def select(ctx: RouteContext, path: str) -> PvValue:
    """What a select path names, None when it is empty or unknown. Raises HeaderError and UriError."""
    head, *rest = path.strip().removeprefix("@").split(".")
    message = ctx.message
    match head:
        case "ruri":
            return _uri(ctx.target.uri, rest)
        case "dst_uri":
            return _uri(ctx.target.destination_uri, rest)
        case "method":
            return method_of(message) or None
        case "call_id" | "callid":
            return message.call_id
        case "cseq":
            return {"": f"{message.cseq.number} {message.cseq.method}", "num": str(message.cseq.number)}.get(
                ".".join(rest), message.cseq.method if rest == ["method"] else None
            )
        case "src":
            return {"ip": ctx.source.host, "port": str(ctx.source.port)}.get(".".join(rest))
        case "dst" | "rcv":
            listener = ctx.source.listener
            return {"ip": listener.host, "port": str(listener.port)}.get(".".join(rest))
    if head in _ADDRESSES:
        return _address(message, canonical(head), rest)
    if head.partition("[")[0] in ("via", "v"):
        return _via(message, head, rest)
    if head in ("hf_value", "msg") and rest:
        return _header(message, rest)
    return None


def _uri(text: str, rest: list[str]) -> PvValue:
    if not text or not rest:
        return text or None
    uri = parse_uri(text)
    if rest[0] == "params":
        return _named(uri, rest[1:])
    values: dict[str, PvValue] = {
        "type": uri.scheme,
        "user": uri.user or None,
        "pwd": uri.password or None,
        "host": uri.host or None,
        "port": None if uri.port is None else str(uri.port),
        "hostport": f"{uri.host}:{uri.port or 5060}" if uri.host else None,
        "transport": uri.params.get("transport"),
    }
    return values.get(rest[0]) if len(rest) == 1 else None


def _named(uri: Uri, rest: list[str]) -> PvValue:
    if not rest:
        return parameters(uri) or None
    return uri.params.get(".".join(rest).lower())


def _address(message: Message, key: str, rest: list[str]) -> PvValue:
    line = message.first(key)
    if line is None or not rest:
        return None if line is None else line.value
    address: NameAddr = message.addresses(key)[0]
    match rest[0]:
        case "uri":
            return _uri(address.uri_text, rest[1:])
        case "tag":
            return address.tag or None
        case "name":
            return address.display_name or None
        case "params":
            return address.params.get(".".join(rest[1:]).lower())
    return None


def _via(message: Message, head: str, rest: list[str]) -> PvValue:
    index = to_integer(head.partition("[")[2].removesuffix("]") or "0")
    vias = message.vias
    if index is None or not -len(vias) <= index < len(vias):
        return None
    via: Via = vias[index]
    if not rest:
        return via.text
    values: dict[str, PvValue] = {
        "host": via.host,
        "port": None if via.port is None else str(via.port),
        "transport": via.transport,
        "branch": via.branch or None,
        "received": via.received or None,
        "rport": via.rport or None,
    }
    return via.params.get(".".join(rest[1:]).lower()) if rest[0] == "params" else values.get(rest[0])


def _header(message: Message, rest: list[str]) -> PvValue:
    name, _, index = rest[0].strip('"').partition("[")
    lines = message.all(canonical(name.strip('"')))
    position = to_integer(index.removesuffix("]") or "0")
    if position is None or not -len(lines) <= position < len(lines):
        return None
    return lines[position].value
