"""The checks of the sanity module, one function a bit: each says what is wrong with a message, or nothing.

The reason phrases are Kamailio's. Pure: nothing is sent or changed here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from luasip.errors import HeaderError, SipError
from luasip.kemi.current import from_header, parsed_uri, to_header, uri_of
from luasip.sip.digest import parse_credentials
from luasip.sip.grammar import MAX_UINT32, is_number
from luasip.sip.message import Message, Request
from luasip.sip.params import split_items
from luasip.sip.uri import Uri
from luasip.sip.validation import check_headers
from luasip.sip.values import CSeq

SCHEMES: Final = frozenset(("sip", "sips", "tel", "tels", "urn"))
"""Schemes a Request-URI may have."""

LONGEST_URI: Final = 1024
LONGEST_VALUE: Final = 255
"""Greatest length of a Call-ID or tag under check 65536."""

REQUEST_URI: Final = 1
FROM_URI: Final = 2
TO_URI: Final = 4
CONTACT_URI: Final = 8
"""Bits of the second argument, for check 1024."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong. An empty reason: the message cannot be answered. `headers` are lines for the reply."""

    status: int = 400
    reason: str = ""
    headers: str = ""


SILENT: Final = Fault()

_ONCE: Final = ("from", "to", "call-id", "cseq")


class Subject:
    """What is checked: the message, its current Request-URI ("" on replies), URI bits, extensions we know."""

    __slots__ = ("_uri", "_uri_was_read", "extensions", "message", "request_uri", "uri_checks")

    def __init__(
        self, message: Message, request_uri: str, uri_checks: int, extensions: Collection[str]
    ) -> None:
        self.message = message
        self.request_uri = request_uri
        self.uri_checks = uri_checks
        self.extensions = extensions
        self._uri: Uri | None = None
        self._uri_was_read = False

    @property
    def uri(self) -> Uri | None:
        """The current Request-URI, None when it is malformed."""
        if not self._uri_was_read:
            self._uri_was_read = True
            self._uri = parsed_uri(self.request_uri)
        return self._uri


def first_fault(subject: Subject, checks: int) -> Fault | None:
    """Run the checks whose bits are set, in this order, until one objects.

    Bits 8 and 16 (Via version and protocol) add nothing to parsing.
    """
    return (
        (_version(subject) if checks & 1 else None)
        or (_scheme(subject) if checks & 2 else None)
        or (_required_headers(subject) if checks & 4 else None)
        or (_top_via(subject) if checks & 16384 else None)
        or (_cseq_method(subject) if checks & 32 else None)
        or (_cseq_number(subject) if checks & 64 else None)
        or (_content_length(subject) if checks & 128 else None)
        or (_expires(subject) if checks & 256 else None)
        or (_proxy_require(subject) if checks & 512 else None)
        or (_uris(subject) if checks & 1024 else None)
        or (_digest(subject) if checks & 2048 else None)
        or (_duplicate_tags(subject) if checks & 4096 else None)
        or (_authorization(subject) if checks & 8192 else None)
        or (_strict(subject) if checks & 32768 else None)
        or (_sizes(subject) if checks & 65536 else None)
    )


def _version(subject: Subject) -> Fault | None:
    message = subject.message
    if isinstance(message, Request) and message.version != "SIP/2.0":
        return Fault(505, "Version Not Supported (R-URI)")
    return None


def _scheme(subject: Subject) -> Fault | None:
    if not isinstance(subject.message, Request):
        return None
    uri = subject.uri
    if uri is None:
        return Fault(400, "Bad Request URI")
    if uri.scheme not in SCHEMES:
        return Fault(416, "Unsupported URI Scheme in Request URI")
    return None


def _required_headers(subject: Subject) -> Fault | None:
    message = subject.message
    if message.headers_checked:  # which says more
        return None
    if message.is_usual:
        return SILENT if any(key in _ONCE for key in message.repeated) else None
    if _lacks(message, "from") or _lacks(message, "to") or _lacks(message, "call-id") or _lacks(message, "cseq"):
        return SILENT
    return None if message.has_value("via") else SILENT


def _lacks(message: Message, key: str) -> bool:
    """True when the header is missing or empty, or there twice."""
    return not message.has_value(key) or key in message.repeated


def _cseq_method(subject: Subject) -> Fault | None:
    message = subject.message
    cseq = _cseq(message)
    if cseq is not None and (not isinstance(message, Request) or cseq.method == message.method):
        return None
    line = message.first("cseq")
    if line is None:
        return SILENT
    words = line.value.split()
    if len(words) < 2:
        return Fault(400, "Missing method in CSeq header")
    if isinstance(message, Request) and words[1] != message.method:
        return Fault(400, "CSeq method does not match request method")
    return None


def _cseq(message: Message) -> CSeq | None:
    """CSeq when it can be read; what is wrong with any other is for the checks to say."""
    try:
        return message.cseq
    except SipError:
        return None


def _cseq_number(subject: Subject) -> Fault | None:
    if _cseq(subject.message) is not None:
        return None
    line = subject.message.first("cseq")
    if line is None:
        return SILENT
    number = (line.value.split() or [""])[0]
    if not number:
        return Fault(400, "Missing number in CSeq header")
    return None if _is_uint32(number) else Fault(400, "CSeq number is illegal")


def _content_length(subject: Subject) -> Fault | None:
    try:
        length = subject.message.content_length
    except SipError:
        return Fault(400, "Content-Length Failure")
    if length is not None and length != len(subject.message.text) - subject.message.body_start:
        return Fault(400, "Content-Length mis-match")
    return None


def _expires(subject: Subject) -> Fault | None:
    line = subject.message.first("expires")
    if line is None:
        return None
    if not line.value:
        return Fault(400, "Missing number in Expires header")
    return None if _is_uint32(line.value) else Fault(400, "Expires value is illegal")


def _proxy_require(subject: Subject) -> Fault | None:
    if subject.message.first("proxy-require") is None:
        return None
    try:
        wanted = subject.message.values("proxy-require")
    except SipError:
        return Fault(400, "Bad Proxy Require Header")
    for option in wanted:
        if option.lower() not in subject.extensions:
            return Fault(420, "Bad Proxy Require Extension", f"Unsupported: {option}\r\n")
    return None


def _uris(subject: Subject) -> Fault | None:
    message, bits = subject.message, subject.uri_checks
    if bits & REQUEST_URI and isinstance(message, Request) and subject.uri is None:
        return Fault(400, "Bad Request URI")
    if bits & FROM_URI and not message.has_usual_from_uri and uri_of(from_header(message)) is None:
        return Fault(400, "Invalid From Header") if message.first("from") else SILENT
    if bits & TO_URI and not message.has_usual_to_uri and uri_of(to_header(message)) is None:
        return Fault(400, "Invalid To Header") if message.first("to") else SILENT
    return _contact_uris(message) if bits & CONTACT_URI else None


def _contact_uris(message: Message) -> Fault | None:
    try:
        contacts = message.contacts
    except SipError:
        return Fault(400, "Bad Contact Header")
    if any(uri_of(contact) is None for contact in contacts):
        return Fault(400, "Bad Contact URI")
    return None


def _digest(subject: Subject) -> Fault | None:
    """Credentials of another scheme are no credentials here; check 8192 lets them pass."""
    return _credentials(subject.message, True)


def _authorization(subject: Subject) -> Fault | None:
    return _credentials(subject.message, False)


def _credentials(message: Message, digest_only: bool) -> Fault | None:
    if message.first("authorization") is None and message.first("proxy-authorization") is None:
        return None
    for line in [*message.all("authorization"), *message.all("proxy-authorization")]:
        if line.value.partition(" ")[0].lower() != "digest":
            if digest_only:
                return SILENT
            continue
        try:
            params = parse_credentials(line.value, line.name).params
        except HeaderError:
            return Fault(400, "Bad Auth Credentials")
        for name, what in (("username", "User"), ("nonce", "Nonce"), ("response", "Response")):
            if not params.get(name):
                return Fault(400, f"Auth Empty {what}")
    return None


def _duplicate_tags(subject: Subject) -> Fault | None:
    for key, name in (("from", "From"), ("to", "To")):
        line = subject.message.first(key)
        if line is None:
            return SILENT
        try:
            tags = _count_tags(line.value)
        except SipError:
            return SILENT
        if tags > 1:
            return Fault(400, f"Many {name} Tag Params")
    return None


def _count_tags(value: str) -> int:
    items = split_items(value, ";", 0, len(value), "From")[1:]
    return sum(value[start:end].partition("=")[0].strip().lower() == "tag" for start, end in items)


def _top_via(subject: Subject) -> Fault | None:
    try:
        return None if subject.message.top_via.host else SILENT
    except SipError:
        return SILENT


def _strict(subject: Subject) -> Fault | None:
    try:
        check_headers(subject.message)
    except SipError as error:
        return Fault(error.status, error.reason)
    return None


def _sizes(subject: Subject) -> Fault | None:
    if len(subject.request_uri) > LONGEST_URI:
        return Fault(414, "Request-URI Too Long")
    message = subject.message
    call_id = message.first("call-id")
    if call_id is not None and len(call_id.value) > LONGEST_VALUE:
        return Fault(400, "Call-ID Too Long")
    for address, name in ((from_header(message), "From"), (to_header(message), "To")):
        if address is not None and (len(address.uri_text) > LONGEST_URI or len(address.tag) > LONGEST_VALUE):
            return Fault(400, f"{name} Too Long")
    return None


def _is_uint32(text: str) -> bool:
    return is_number(text) and int(text[:20]) <= MAX_UINT32
