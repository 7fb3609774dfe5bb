"""Where a response goes (RFC 3261 §18.2.2, RFC 3581). Knows no transaction and sends nothing."""

from luasip.errors import SipError
from luasip.kemi.context import SEND_CLOSE, SEND_NO_CONNECT, Source
from luasip.server.sockets import DEFAULT_PORTS
from luasip.sip.message import Request
from luasip.sip.via import via_target
from luasip.transport.packet import Destination
from luasip.transport.resolver import is_literal


def response_destination(request: Request, source: Source, send_flags: int) -> Destination:
    """Where a response to `request` goes: over the connection it came by, else as its Via says."""
    listener = source.listener
    protocol = listener.protocol
    host, port = source.host, source.port
    if protocol == "udp":
        try:
            via = request.top_via
            text = request.top_via_text
            if text == via.text or via.param("maddr") is not None:
                via_host, via_port = via_target(via)
            else:  # received_via wrote where the request came from into it
                via_host, via_port = source.host, source.port if ";rport=" in text else via.port
        except SipError:
            via_host, via_port = source.host, source.port
        if via_host is source.host or is_literal(via_host):
            host, port = via_host, via_port or DEFAULT_PORTS[protocol]
    elif protocol not in ("ws", "wss"):
        # The connection is used while it is open; else one is made to the port in the Via (RFC 3261 §18.2.2).
        try:
            port = request.top_via.port or DEFAULT_PORTS[protocol]
        except SipError:
            port = DEFAULT_PORTS[protocol]
    destination = Destination(protocol, host, port, None, source.connection_id)
    destination.listener = listener  # type: ignore[assignment]
    destination.may_connect = not send_flags & SEND_NO_CONNECT
    destination.close_after = bool(send_flags & SEND_CLOSE)
    return destination
