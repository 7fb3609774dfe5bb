"""What a server does with the topmost Via: marks where the request came from, and finds where the response
goes.

It must not know sockets: addresses are arguments (RFC 3261 §18.2.1, §18.2.2, RFC 3581).
"""

from luasip.sip.grammar import SPACE
from luasip.sip.params import split_items
from luasip.sip.uri import hosts_equal
from luasip.sip.values import Via


def received_via(via: Via, source_host: str, source_port: int, force_rport: bool = False) -> str:
    """The text of the Via value with received and rport filled in, the rest as written.

    Only white space around ";" may be lost.

    `received` is added when the sent-by host is not the source address or rport is asked for (RFC 3581 §4);
    a value the sender wrote is replaced. `source_host` is an address, IPv6 without brackets. `force_rport`
    treats the request as if it asked for rport.
    """
    wants_rport = force_rport or via.rport is not None
    was_received = via.param("received") is not None
    is_source = via.host == source_host or hosts_equal(via.host, source_host)
    if is_source and not wants_rport and not was_received:
        return via.text
    if not was_received and via.rport is None:  # nothing of the sender's to replace
        asked = f";rport={source_port}" if wants_rport else ""
        return f"{via.text}{asked};received={source_host}"
    pieces = _without(_split_params(via.text), "received")
    if wants_rport:
        pieces = _without(pieces, "rport", f"rport={source_port}")
    if wants_rport or not is_source:
        pieces.append(f"received={source_host}")
    return ";".join(pieces)


def _split_params(text: str) -> list[str]:
    if '"' not in text:
        return text.split(";")
    return [text[start:end] for start, end in split_items(text, ";", 0, len(text), "Via")]


def _without(pieces: list[str], name: str, instead: str = "") -> list[str]:
    """`pieces` without parameter `name`; `instead`, unless "", takes its place or comes last."""
    kept = pieces[:1]
    for piece in pieces[1:]:
        if piece.partition("=")[0].strip(SPACE).lower() != name:
            kept.append(piece)
        elif instead:
            kept.append(instead)
            instead = ""
    if instead:
        kept.append(instead)
    return kept


def via_target(via: Via) -> tuple[str, int | None]:
    """(host, port or None) to send a response to, from the topmost Via value (§18.2.2, RFC 3581 §4).

    The host has no brackets. None: no port is given, the transport's default holds.
    """
    maddr = via.param("maddr")
    if maddr:
        return maddr.strip("[]"), via.port
    received = via.received
    if not received:
        return via.host.strip("[]"), via.port
    rport = via.rport or ""
    if rport.isdecimal() and len(rport) <= 5 and 0 < int(rport) <= 65535:
        return received.strip("[]"), int(rport)
    return received.strip("[]"), via.port
