"""Messages the proxy tests forward, byte for byte."""

from luasip.sip.message import Request, Response
from luasip.sip.parser import parse_message

INVITE = (
    "INVITE sip:bob@example.com SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa;rport\r\n"
    "Max-Forwards: 70\r\n"
    "f: Alice  <sip:alice@example.com>;tag=1\r\n"
    "To: <sip:bob@example.com>\r\n"
    "Call-ID: c1@192.0.2.1\r\n"
    "CSeq: 42 INVITE\r\n"
    "Contact: <sip:alice@192.0.2.1>\r\n"
    "Content-Length: 4\r\n"
    "\r\n"
    "v=0\n"
)


def request(text: str = INVITE) -> Request:
    message = parse_message(text)
    assert isinstance(message, Request)
    return message


def response(
    status: int = 200, vias: str = "Via: SIP/2.0/UDP p;branch=z9hG4bKp\r\n", more: str = ""
) -> Response:
    message = parse_message(
        f"SIP/2.0 {status} Reason\r\n{vias}From: <sip:alice@example.com>;tag=1\r\n"
        f"To: <sip:bob@example.com>;tag=2\r\nCall-ID: c1@192.0.2.1\r\nCSeq: 42 INVITE\r\n{more}"
        "Content-Length: 0\r\n\r\n"
    )
    assert isinstance(message, Response)
    return message
