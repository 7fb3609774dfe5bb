"""What a request must have before a server looks at it (RFC 3261 §8.1.1, §8.2, §16.3).

It must not know routing or the transaction it belongs to. Parsing has shown that the message can be split;
this says whether it is one that can be answered and forwarded.
"""

from collections.abc import Collection
from typing import Final

from luasip.errors import HeaderError, SipError
from luasip.sip.header_names import display
from luasip.sip.message import Message, Request
from luasip.sip.uri import parse_uri

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

ROUTABLE_SCHEMES: Final = frozenset(("sip", "sips", "tel"))


def validate_request(
    request: Request,
    schemes: Collection[str] = ROUTABLE_SCHEMES,
    extensions: Collection[str] = (),
) -> None:
    """Raises SipError when the request must not be processed.

    505: another SIP version. 400: a mandatory header is missing, malformed or there twice; CSeq names
    another method; a number is out of range; the Request-URI is malformed or carries headers. 416: its
    scheme is not in `schemes`.
    420: Proxy-Require lists an option that is not in `extensions` (see `unsupported_extensions`; ACK and
    CANCEL are exempt, §8.2.2.3).
    """
    if request.version != "SIP/2.0":
        raise SipError("Version Not Supported", 505)
    check_headers(request)
    cseq = request.cseq
    if cseq.method != request.method:
        raise HeaderError("CSeq", request.required("cseq").value, "method differs from request line")
    check_request_uri(request, schemes)
    if request.method not in ("ACK", "CANCEL") and unsupported_extensions(request, extensions):
        raise SipError("Bad Extension", 420)


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


def check_request_uri(request: Request, schemes: Collection[str] = ROUTABLE_SCHEMES) -> None:
    """SipError 416 for a scheme not in `schemes`, 400 for a malformed URI or one with headers (§19.1.1)."""
    uri = parse_uri(request.request_uri)
    if uri.scheme not in schemes:
        raise SipError("Unsupported URI Scheme", 416)
    if uri.headers:
        raise SipError("Bad Request-URI (headers not allowed)")


def unsupported_extensions(request: Request, extensions: Collection[str] = ()) -> list[str]:
    """The options of Proxy-Require that are not in `extensions`, for the Unsupported header of a 420
    (§16.3).
    """
    if request.first("proxy-require") is None:
        return []
    return [option for option in request.values("proxy-require") if option.lower() not in extensions]


def validate_response(message: Message) -> None:
    """HeaderError when a response lacks, repeats or garbles what is needed to find its transaction and
    forward it.
    """
    check_headers(message)
