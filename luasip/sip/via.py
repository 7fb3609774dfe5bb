"""What a server does with the topmost Via: marks where the request came from, and finds where the response
goes.

It must not know sockets: addresses are arguments (RFC 3261 §18.2.1, §18.2.2, RFC 3581).
"""

from luasip.sip.params import split_items
from luasip.sip.uri import hosts_equal
from luasip.sip.values import Via, parse_via


def received_via(via: Via, source_host: str, source_port: int, force_rport: bool = False) -> str:
    """The text of the Via value with received and rport filled in, everything else byte for byte.

    `received` is added when the sent-by host is not the source address or rport is asked for (RFC 3581 §4);
    a value the sender wrote is replaced. `source_host` is an address, IPv6 without brackets. `force_rport`
    treats the request as if it asked for rport.
    """
    wants_rport = force_rport or "rport" in via.params
    stale = "received" in via.params
    if not wants_rport and not stale and hosts_equal(via.host, source_host):
        return via.text
    needs_received = wants_rport or not hosts_equal(via.host, source_host)
    text = via.text
    pieces: list[str] = []
    rport_written = False
    for index, (start, end) in enumerate(split_items(text, ";", 0, len(text), "Via")):
        item = text[start:end]
        name = item.partition("=")[0].rstrip(" \t").lower() if index else ""
        if name == "received":
            continue
        if name == "rport":
            if rport_written:
                continue
            item = f"rport={source_port}"
            rport_written = True
        pieces.append(item)
    if needs_received:
        pieces.append(f"received={source_host}")
    if wants_rport and not rport_written:
        pieces.append(f"rport={source_port}")
    return ";".join(pieces)


def response_target(via_text: str) -> tuple[str, int | None]:
    """(host, port or None) to send a response to, from the topmost Via value (§18.2.2, RFC 3581 §4).

    The host has no brackets. None: no port is given, the transport's default holds. Raises HeaderError.
    """
    via = parse_via(via_text)
    maddr = via.params.get("maddr", "")
    if maddr:
        return maddr.strip("[]"), via.port
    if not via.received:
        return via.host.strip("[]"), via.port
    rport = via.rport or ""
    if rport.isdecimal() and len(rport) <= 5 and 0 < int(rport) <= 65535:
        return via.received.strip("[]"), int(rport)
    return via.received.strip("[]"), via.port
