"""Names of header fields: compact forms, the key a header is found by, and the spelling it is written with.

It must not know header values. The *key* of a header is its long form in lower case: "via" for "v",
"VIA" and "Via".
"""

import sys
from typing import Final

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


def display(key: str) -> str:
    """The spelling to write for a key: "call-id" → "Call-ID", an unknown "x-my-id" → "X-My-Id"."""
    name = _DISPLAY.get(key)
    if name is not None:
        return name
    return "-".join([word[:1].upper() + word[1:] for word in key.split("-")])


NAMED: Final = ("", *_KEYS)
"""Code of a known name → key. A code is what lines of a message are found by; 0 is that of every other name."""

CODES: Final[dict[str, int]] = {key: code for code, key in enumerate(NAMED) if code}
"""The opposite."""

VIA: Final = CODES["via"]
FROM: Final = CODES["from"]
TO: Final = CODES["to"]
CALL_ID: Final = CODES["call-id"]
CSEQ: Final = CODES["cseq"]
MAX_FORWARDS: Final = CODES["max-forwards"]
CONTACT: Final = CODES["contact"]
EXPIRES: Final = CODES["expires"]
CONTENT_LENGTH: Final = CODES["content-length"]
USER_AGENT: Final = CODES["user-agent"]

SPELLINGS: Final[dict[str, str]] = {
    **dict(zip(_COMMON, _KEYS, strict=True)),
    **dict(zip(_KEYS, _KEYS, strict=True)),
    **{key.upper(): key for key in _KEYS},
    **{short: sys.intern(key) for short, key in COMPACT.items()},
    **{short.upper(): sys.intern(key) for short, key in COMPACT.items()},
}
"""The spellings that nearly all messages use → key: one dictionary read."""

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
        return known
    lower = name.lower()
    return COMPACT.get(lower, lower)
