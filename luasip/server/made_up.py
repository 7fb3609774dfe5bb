"""The request that event callbacks, timers and other work without a message of their own run on."""

from luasip.kemi.context import Listener
from luasip.sip.message import Request
from luasip.sip.parser import parse_message


def made_up_request(listener: Listener, call_id: str) -> Request:
    """A harmless OPTIONS from and to this server; nobody sent it and it is never sent."""
    text = (
        "OPTIONS sip:you@luasip.invalid SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {listener.sent_by};branch=z9hG4bKevent\r\n"
        "From: <sip:you@luasip.invalid>;tag=event\r\n"
        "To: <sip:you@luasip.invalid>\r\n"
        f"Call-ID: {call_id}\r\n"
        "CSeq: 1 OPTIONS\r\n"
        "Content-Length: 0\r\n\r\n"
    )
    message = parse_message(text)
    assert isinstance(message, Request)
    return message
