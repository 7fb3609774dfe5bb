"""What the message being routed says at this moment, with None in place of an exception.

Scripts ask about malformed messages too and must get "no" for an answer. It only reads; it knows no module.
"""

from luasip.errors import SipError
from luasip.kemi.context import RouteContext
from luasip.sip.header_names import canonical
from luasip.sip.message import HeaderLine, Message, Request
from luasip.sip.uri import Uri, parse_uri
from luasip.sip.values import NameAddr


def method_of(message: Message) -> str:
    """Method of a request, CSeq method of a reply; "" when it cannot be read."""
    if isinstance(message, Request):
        return message.method
    try:
        return message.cseq.method
    except SipError:
        return ""


def parsed_uri(text: str) -> Uri | None:
    """`text` as a URI, None when it is none."""
    try:
        return parse_uri(text)
    except SipError:
        return None


def request_uri(ctx: RouteContext) -> Uri | None:
    """The current Request-URI, edits included; None on replies and when malformed."""
    return parsed_uri(ctx.target.uri) if ctx.target.uri else None


def next_hop_uri(ctx: RouteContext) -> Uri | None:
    """The destination URI when one is set, else the Request-URI."""
    return parsed_uri(ctx.target.destination_uri or ctx.target.uri)


def from_header(message: Message) -> NameAddr | None:
    """The From header, None when missing or malformed."""
    try:
        return message.from_
    except SipError:
        return None


def to_header(message: Message) -> NameAddr | None:
    """The To header, None when missing or malformed."""
    try:
        return message.to
    except SipError:
        return None


def uri_of(address: NameAddr | None) -> Uri | None:
    """The URI in an address header, None when there is none or it is malformed."""
    if address is None:
        return None
    try:
        return address.uri
    except SipError:
        return None


def contacts_of(message: Message) -> list[NameAddr] | None:
    """Contact values of all Contact headers, None when one is malformed."""
    try:
        return message.contacts
    except SipError:
        return None


def header_lines(message: Message, name: str) -> list[HeaderLine]:
    """Header lines called `name`, whatever its case or compact form."""
    return message.all(canonical(name)) if name else []
