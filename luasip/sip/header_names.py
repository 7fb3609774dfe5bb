"""Names of header fields: compact forms, the key a header is found by, and the spelling it is written with.

It must not know header values. The *key* of a header is its long form in lower case: "via" for "v",
"VIA" and "Via".
"""

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mypy_extensions import i64  # see luasip.sip.grammar

COMPACT: Final[dict[str, str]] = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
"""Compact form → key (IANA registry of SIP header fields)."""

_NAMES: Final = (
    "Accept Accept-Contact Accept-Encoding Accept-Language Accept-Resource-Priority Alert-Info Allow Allow-Events "
    "Answer-Mode Authentication-Info Authorization Call-ID Call-Info Contact Content-Disposition Content-Encoding "
    "Content-Language Content-Length Content-Type CSeq Date Diversion Error-Info Event Expires Feature-Caps "
    "Flow-Timer From Geolocation History-Info Identity Identity-Info In-Reply-To Info-Package Join Max-Breadth "
    "Max-Forwards MIME-Version Min-Expires Min-SE Organization P-Access-Network-Info P-Answer-State "
    "P-Asserted-Identity P-Asserted-Service P-Associated-URI P-Called-Party-ID P-Charging-Function-Addresses "
    "P-Charging-Vector P-Early-Media P-Preferred-Identity P-Preferred-Service P-RTP-Stat P-Served-User "
    "P-Visited-Network-ID Path Permission-Missing Policy-Contact Policy-ID Priority Privacy Proxy-Authenticate "
    "Proxy-Authentication-Info Proxy-Authorization Proxy-Require RAck Reason Record-Route Recv-Info Refer-Events-At "
    "Refer-Sub Refer-To Referred-By Reject-Contact Remote-Party-ID Replaces Reply-To Request-Disposition Require "
    "Resource-Priority Response-Key Retry-After Route RSeq Security-Client Security-Server Security-Verify Server "
    "Service-Route Session-Expires Session-ID SIP-ETag SIP-If-Match Subject Subscription-State Supported "
    "Suppress-If-Match Target-Dialog Timestamp To Trigger-Consent Unsupported User-Agent User-to-User Via Warning "
    "WWW-Authenticate X-Forwarded-For"
)
_COMMON: Final = _NAMES.split()

_DISPLAY: Final[dict[str, str]] = {name.lower(): name for name in _COMMON}

_KEYS: Final = [sys.intern(name.lower()) for name in _COMMON]
"""One and the same object as the literals they are looked up with, so that dictionaries compare no characters."""

_FREQUENT_NAMES: Final = (
    "accept allow authorization call-id contact content-disposition content-length content-type cseq date event "
    "expires from max-forwards min-se organization p-asserted-identity path privacy proxy-authenticate "
    "proxy-authorization proxy-require reason record-route refer-to require route server session-expires subject "
    "subscription-state supported timestamp to user-agent via www-authenticate"
)
_FREQUENT: Final = _FREQUENT_NAMES.split()


def display(key: str) -> str:
    """The spelling to write for a key: "call-id" → "Call-ID", an unknown "x-my-id" → "X-My-Id"."""
    name = _DISPLAY.get(key)
    if name is not None:
        return name
    return "-".join([word[:1].upper() + word[1:] for word in key.split("-")])


class HeaderName:
    """A name of a header, however it is spelled.

    Attributes:
        key: the key, one and the same object for a known name.
        bit: the bit it is counted by while a message is read, 0 for a name that few messages have.
        spelling: the usual spelling of a known name, "Via".
        following: the next name that begins like this one (see `usual_name`).
    """

    __slots__ = ("bit", "following", "key", "spelling")

    def __init__(self, key: str, bit: int = 0, spelling: str = "") -> None:
        self.key = key
        self.bit = bit
        self.spelling = spelling
        self.following: HeaderName | None = None


def _bit(key: str) -> int:
    return 1 << _FREQUENT.index(key) if key in _FREQUENT else 0


_KNOWN: Final = {key: HeaderName(key, _bit(key), name) for name, key in zip(_COMMON, _KEYS, strict=True)}

CONTENT_LENGTH_BIT: Final = _bit("content-length")

SPELLINGS: Final[dict[str, HeaderName]] = {
    **{name: _KNOWN[name.lower()] for name in _COMMON},
    **_KNOWN,
    **{key.upper(): name for key, name in _KNOWN.items()},
    **{short: _KNOWN[long] for short, long in COMPACT.items()},
    **{short.upper(): _KNOWN[long] for short, long in COMPACT.items()},
}
"""The spellings that nearly all messages use → name: one dictionary read for the parser's hot path."""

_PLACES: Final = 1024


def _place(text: str, start: int) -> int:
    """Where in `_USUAL` a name is looked for whose first two letters are these."""
    first: i64 = ord(text[start])
    second: i64 = ord(text[start + 1])
    return (first & 31) * 32 + (second & 31)


def _usual_names() -> tuple[HeaderName | None, ...]:
    places: list[HeaderName | None] = [None] * _PLACES
    for key in _FREQUENT:
        name = _KNOWN[key]
        place = _place(name.spelling, 0)
        name.following = places[place]
        places[place] = name
    return tuple(places)


_USUAL: Final = _usual_names()
"""Frequent names by their first two letters, those with the same ones linked by `following`."""


def usual_name(text: str, start: int, end: int) -> HeaderName | None:
    """The name of the line `text[start:end]` when it is a frequent one in its usual spelling, right before a colon.

    Nearly all are, and this costs half of finding the colon and looking the name up.
    """
    name = _USUAL[_place(text, start)]
    while name is not None:
        colon = start + len(name.spelling)
        if colon < end and ord(text[colon]) == 0x3A and text[start:colon] == name.spelling:
            return name
        name = name.following
    return None


_LIST_NAMES: Final = (
    "accept accept-contact accept-encoding accept-language accept-resource-priority alert-info allow allow-events "
    "call-info contact content-encoding content-language diversion error-info feature-caps history-info in-reply-to "
    "p-asserted-identity p-associated-uri p-preferred-identity p-visited-network-id path proxy-require reason "
    "record-route recv-info reject-contact request-disposition require resource-priority route security-client "
    "security-server security-verify service-route supported unsupported via warning"
)
LIST_HEADERS: Final = frozenset(_LIST_NAMES.split())
"""Keys of the headers whose grammar is a comma-separated list. Authorization and challenges are not among
them: their commas separate parameters."""


def canonical(name: str) -> str:
    """The key of a header name in any spelling: "v" and "VIA" give "via"."""
    known = SPELLINGS.get(name)
    if known is not None:
        return known.key
    lower = name.lower()
    return COMPACT.get(lower, lower)
