"""What a message must have before a server looks at it (RFC 3261 §8.1.1).

It must not know routing or the transaction it belongs to. Parsing has shown that the message can be split;
this says whether its transaction can be found and it be answered. What else §16.3 asks for is the script's to check,
by the module sanity.
"""

from typing import Final

from luasip.errors import HeaderError
from luasip.sip.header_names import display
from luasip.sip.message import Message

SINGLE_HEADERS: Final = (
    "from",
    "to",
    "call-id",
    "cseq",
    "max-forwards",
    "content-length",
    "content-type",
    "expires",
)
"""Keys of headers that may stand in a message only once."""


def check_headers(message: Message) -> None:
    """HeaderError when the top Via, From, To, Call-ID or CSeq is missing, malformed or there twice."""
    if message.headers_checked:
        return
    check_repeats(message)
    if not message.is_usual:
        _ = message.top_via
        _ = message.from_
        _ = message.to
        _ = message.call_id
        _ = message.cseq
        _ = message.max_forwards
    _ = message.content_length
    message.headers_checked = True


def check_repeats(message: Message) -> None:
    """HeaderError when a header that may stand only once stands twice (RFC 3261 §7.3.1)."""
    if all(key not in SINGLE_HEADERS for key in message.repeated):
        return
    seen: set[str] = set()
    for line in message.headers:
        key = line.key
        if key in SINGLE_HEADERS:
            if key in seen:
                raise HeaderError(display(key), line.value, "given twice")
            seen.add(key)
