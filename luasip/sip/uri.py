"""SIP, SIPS and tel URIs, and any other URI as opaque text (RFC 3261 §19.1, RFC 3966).

It must not know headers, messages or which schemes this server routes: an unknown scheme parses, and the
caller that cannot route it answers 416.

Where reading is more liberal than the grammar: a user part may hold "#" and bytes above 0x7F (dial strings
and UTF-8 as phones send them), a host name may hold "_" and need not end in a letter (`sip:1000`). A
parameter that appears twice with the same value is read once; with another value it is malformed (§19.1.1).
"""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from luasip.errors import UriError
from luasip.native import mypyc_attr
from luasip.sip.grammar import (
    ALPHANUM,
    HEX,
    RESERVED,
    UNRESERVED,
    has_control,
    is_made_of,
    short_number_in,
    table,
)

_HIGH: Final = "".join(map(chr, range(0x80, 0x100)))
_USER_TABLE: Final = table(UNRESERVED + "&=+$,;?/%#" + _HIGH)
_PASSWORD: Final = UNRESERVED + "&=+$,%#" + _HIGH
_HOST_TABLE: Final = table(ALPHANUM + "-._")
_PARAM_TABLE: Final = table(UNRESERVED + "[]/:&+$%=")
_HEADERS: Final = UNRESERVED + "[]/?:+$%=&"
_SCHEME: Final = ALPHANUM + "+-."
_TEL_NUMBER: Final = HEX + "*#-.()+"
_TEL_SEPARATORS: Final = str.maketrans("", "", "-.()")
_USER_SAFE: Final = UNRESERVED + "&=+$,;?/"

MAX_PORT: Final = 65535
MAX_HOST: Final = 255
"""Bytes of a host name (RFC 1035 §2.3.4). Names are kept in caches, and what is kept must not be of any length."""
LONGEST_KEPT: Final = 160
"""Characters of a URI that `parse_uri` keeps. A kept one takes up to some 8 KiB, when it is nothing but parameters."""
KEPT: Final = 2048
"""URIs kept: those of the calls that are being set up, since a call names the same ones again and again."""


@mypyc_attr(acyclic=True)
class Uri:
    """One URI, taken apart. Immutable by convention: instances are shared through the cache of `parse_uri`.

    Attributes:
        text: the URI as written.
        scheme: lower case, "sip", "sips", "tel" or any other.
        user: the user part as written (still escaped), "" = absent; of a tel URI the number with its visual
            separators.
        password: as written, "" = absent.
        host: as written, an IPv6 reference with its brackets; "" for a tel or opaque URI.
        port: None = absent.
        params: names in lower case, values as written (still escaped), a flag parameter has the value "".
        headers: what stands behind "?", as written.
    """

    __slots__ = ("_params_text", "headers", "host", "params", "password", "port", "scheme", "text", "user")

    def __init__(
        self,
        text: str,
        scheme: str,
        user: str,
        password: str,
        host: str,
        port: int | None,
        params: dict[str, str],
        headers: str,
        params_text: str,
    ) -> None:
        self.text = text
        self.scheme = scheme
        self.user = user
        self.password = password
        self.host = host
        self.port = port
        self.params = params
        self.headers = headers
        self._params_text = params_text

    def __repr__(self) -> str:
        return f"Uri({self.text!r})"

    def __str__(self) -> str:
        return self.text

    @property
    def host_port(self) -> str:
        """ "host" or "host:port", as written."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def transport(self) -> str:
        """The transport parameter in lower case, "" when absent."""
        return self.params.get("transport", "").lower()

    @property
    def is_loose_router(self) -> bool:
        """True when the URI carries the lr parameter (RFC 3261 §16.12), with or without a value."""
        return "lr" in self.params

    @property
    def is_sip(self) -> bool:
        """True for sip and sips."""
        return self.scheme == "sip" or self.scheme == "sips"

    def replace(
        self,
        *,
        scheme: str | None = None,
        user: str | None = None,
        password: str | None = None,
        host: str | None = None,
        port: int | None = -1,
        params: Mapping[str, str] | None = None,
        headers: str | None = None,
    ) -> "Uri":
        """A URI with the given parts exchanged; parts not given stay byte for byte.

        `user` and `password` are wire text (see `escape_user`), "" removes the part; `port=None` removes
        the port. Raises UriError when the result is not a URI.
        """
        new_scheme = self.scheme if scheme is None else scheme
        params_text = self._params_text if params is None else render_params(params)
        new_headers = self.headers if headers is None else headers
        new_user = self.user if user is None else user
        if new_scheme == "tel":
            return parse_uri(f"tel:{new_user}{params_text}")
        if not self.host and host is None:
            raise UriError(self.text, f"no host to write a {new_scheme} URI with")
        new_password = self.password if password is None else password
        new_host = self.host if host is None else host
        new_port = self.port if port == -1 else port
        pieces = [new_scheme, ":", new_user]
        if new_password:
            pieces += (":", new_password)
        if new_user or new_password:
            pieces.append("@")
        pieces.append(new_host)
        if new_port is not None:
            pieces.append(f":{new_port}")
        pieces.append(params_text)
        if new_headers:
            pieces += ("?", new_headers)
        return parse_uri("".join(pieces))


def render_params(params: Mapping[str, str]) -> str:
    """`;name=value;flag` for a mapping whose values are wire text; a value of "" writes a flag."""
    return "".join([f";{name}={value}" if value else f";{name}" for name, value in params.items()])


def parse_uri(text: str) -> Uri:
    """The URI `text`, without angle brackets. Raises UriError when it is malformed.

    An unknown scheme gives a Uri with only `text`, `scheme` and, in `user`, what stands behind the colon.
    """
    return _KEPT.uri(text) if len(text) <= LONGEST_KEPT else _read(text)


def _read(text: str) -> Uri:
    scheme, colon, rest = text.partition(":")
    if not colon:
        raise UriError(text, "no scheme")
    scheme = scheme.lower()
    if scheme == "sip" or scheme == "sips":
        return _parse_sip(text, scheme, rest)
    if scheme == "tel":
        return _parse_tel(text, rest)
    if not scheme[:1].isalpha() or scheme.strip(_SCHEME):
        raise UriError(text, "bad scheme")
    if not rest or has_control(rest) or _has_delimiter(rest):
        raise UriError(text)
    return Uri(text, scheme, rest, "", "", None, {}, "", "")


class _Kept:
    """URIs that were read, up to KEPT of them: those met since half as many new ones were met, at least.

    It costs compiled code a fifth of what `lru_cache` does. When the new ones are many enough they become the old ones,
    and what is met again among those is a new one once more. Threads may meet in it: each step is one of a dictionary's
    own, and at worst a URI is read twice.
    """

    __slots__ = ("_new", "_old")

    def __init__(self) -> None:
        self._new: dict[str, Uri] = {}
        self._old: dict[str, Uri] = {}

    def uri(self, text: str) -> Uri:
        """The URI `text`. Raises UriError, which is not kept."""
        uri = self._new.get(text)
        return self._renewed(text) if uri is None else uri

    def _renewed(self, text: str) -> Uri:
        new, old = self._new, self._old
        uri = old.get(text) or _read(text)
        if len(new) >= KEPT // 2:
            old.clear()
            old.update(new)
            new.clear()
        new[text] = uri
        return uri


_KEPT: Final = _Kept()


def _has_delimiter(text: str) -> bool:
    return " " in text or "\t" in text or "<" in text or ">" in text or '"' in text


def _parse_sip(text: str, scheme: str, rest: str) -> Uri:
    user, password = "", ""
    userinfo, at, tail = rest.partition("@")
    if at:
        user, _, password = userinfo.partition(":")
        if not user or not is_made_of(user, _USER_TABLE):
            raise UriError(text, "bad user part")
        if password and password.strip(_PASSWORD):
            raise UriError(text, "bad password")
    else:
        tail = rest
    headers = ""
    if "?" in tail:
        tail, _, headers = tail.partition("?")
        if not headers or headers.strip(_HEADERS):
            raise UriError(text, "bad headers part")
    host_port, semicolon, params_text = tail.partition(";")
    host, port = split_host_port(host_port, text)
    params: dict[str, str] = {}
    if semicolon:
        params = _read_params(text, params_text)
        params_text = ";" + params_text
    if "%" in text:
        _check_escapes(text)
    return Uri(text, scheme, user, password, host, port, params, headers, params_text)


def split_host_port(text: str, whole: str) -> tuple[str, int | None]:
    """Host (an IPv6 reference keeps its brackets) and port of `host[:port]`; UriError about `whole`
    otherwise.
    """
    if text.startswith("["):
        colon = text.find("]") + 1
        host = text[:colon]
        if not is_ipv6_reference(host):
            raise UriError(whole, "bad IPv6 reference")
        if colon < len(text) and text[colon] != ":":
            raise UriError(whole, "bad port")
    else:
        colon = text.find(":")
        if colon < 0:
            colon = len(text)
        host = text[:colon]
        if not host or len(host) > MAX_HOST or not is_made_of(host, _HOST_TABLE) or host[0] == "." or ".." in host:
            raise UriError(whole, "bad host")
    if colon >= len(text):
        return host, None
    port = short_number_in(text, colon + 1, len(text))
    if port < 0 or port > MAX_PORT:
        raise UriError(whole, "bad port")
    return host, port


def is_ipv6_reference(text: str) -> bool:
    """True for an IPv6 address in brackets, without a zone.

    Three colons before an embedded IPv4 address (RFC 3261's grammar) are accepted (RFC 5118 §4.10).
    """
    if text[:1] != "[" or text[-1:] != "]" or "%" in text or len(text) > 64:
        return False
    return _is_ipv6_reference(text)


@lru_cache(maxsize=1024)
def _is_ipv6_reference(text: str) -> bool:
    try:
        ipaddress.IPv6Address(_without_third_colon(text[1:-1]))
    except ValueError:
        return False
    return True


def _without_third_colon(address: str) -> str:
    return address.replace(":::", "::", 1) if "." in address else address


def _read_params(text: str, params_text: str) -> dict[str, str]:
    params: dict[str, str] = {}
    for item in params_text.split(";"):
        equals = item.find("=")
        name = item if equals < 0 else item[:equals]
        value = "" if equals < 0 else item[equals + 1 :]
        if not name or (equals > 0 and not value) or not is_made_of(item, _PARAM_TABLE) or "=" in value:
            raise UriError(text, "bad parameter")
        if params.setdefault(name.lower(), value) != value:
            raise UriError(text, f"parameter {name} given twice")
    return params


def _check_escapes(text: str) -> None:
    for piece in text.split("%")[1:]:
        if len(piece) < 2 or piece[:2].strip(HEX):
            raise UriError(text, "bad escape")


def _parse_tel(text: str, rest: str) -> Uri:
    number, semicolon, params_text = rest.partition(";")
    digits = number.removeprefix("+")
    if not digits or digits.strip(_TEL_NUMBER) or "+" in digits:
        raise UriError(text, "bad telephone number")
    params: dict[str, str] = {}
    if semicolon:
        params = _read_params(text, params_text)
        params_text = ";" + params_text
    if "%" in text:
        _check_escapes(text)
    return Uri(text, "tel", number, "", "", None, params, "", params_text)


def unescape(text: str) -> str:
    """`text` with each %HH turned into its character; a "%" that starts no escape stays."""
    if "%" not in text:
        return text
    head, *pieces = text.split("%")
    for index, piece in enumerate(pieces):
        if len(piece) >= 2 and not piece[:2].strip(HEX):
            pieces[index] = chr(int(piece[:2], 16)) + piece[2:]
        else:
            pieces[index] = "%" + piece
    return head + "".join(pieces)


def escape_user(text: str) -> str:
    """`text` (plain, latin-1) escaped so that it can be a URI's user part."""
    if not text.strip(_USER_SAFE):
        return text
    return "".join([char if char in _USER_SAFE else f"%{ord(char) & 0xFF:02X}" for char in text])


def _comparable(text: str) -> str:
    """`text` with escapes of unreserved characters resolved and those of reserved ones in one spelling
    (§19.1.4).
    """
    if "%" not in text:
        return text
    head, *pieces = text.split("%")
    for index, piece in enumerate(pieces):
        if len(piece) < 2 or piece[:2].strip(HEX):
            pieces[index] = "%" + piece
            continue
        character = chr(int(piece[:2], 16))
        shown = f"%{piece[:2].upper()}" if character in RESERVED or character == "%" else character
        pieces[index] = shown + piece[2:]
    return head + "".join(pieces)


def uris_equal(a: Uri, b: Uri) -> bool:
    """RFC 3261 §19.1.4 for sip and sips (IPv6 addresses by value, RFC 5954), RFC 3966 §4 for tel.

    Any other scheme is compared by its text, the scheme without regard to case.
    """
    if a.text == b.text:
        return True
    if a.scheme != b.scheme:
        return False
    if a.scheme == "tel":
        return _tels_equal(a, b)
    if not a.is_sip:
        return a.user == b.user
    if a.port != b.port or _comparable(a.user) != _comparable(b.user):
        return False
    if _comparable(a.password) != _comparable(b.password) or not hosts_equal(a.host, b.host):
        return False
    return _params_equal(a.params, b.params) and _headers_equal(a.headers, b.headers)


def hosts_equal(a: str, b: str) -> bool:
    """True when two hosts are the same; IPv6 addresses, with or without brackets, by value."""
    first, second = a.lower().strip("[]"), b.lower().strip("[]")
    if first == second:
        return True
    if ":" not in first or ":" not in second:
        return False
    try:
        return ipaddress.IPv6Address(_without_third_colon(first)) == ipaddress.IPv6Address(
            _without_third_colon(second)
        )
    except ValueError:
        return False


_NEVER_IGNORED: Final = ("user", "ttl", "method", "maddr", "transport")


def _params_equal(a: dict[str, str], b: dict[str, str]) -> bool:
    for name in _NEVER_IGNORED:
        if (name in a) != (name in b):
            return False
    for name, value in a.items():
        other = b.get(name)
        if other is not None and _comparable(value).lower() != _comparable(other).lower():
            return False
    return True


def _headers_equal(a: str, b: str) -> bool:
    return a == b or sorted(_comparable(a).lower().split("&")) == sorted(_comparable(b).lower().split("&"))


def _tels_equal(a: Uri, b: Uri) -> bool:
    if _tel_digits(a.user) != _tel_digits(b.user) or len(a.params) != len(b.params):
        return False
    for name, value in a.params.items():
        other = b.params.get(name)
        if other is None:
            return False
        if name in ("ext", "phone-context"):
            value, other = _tel_digits(value), _tel_digits(other)
        if _comparable(value).lower() != _comparable(other).lower():
            return False
    return True


def _tel_digits(number: str) -> str:
    """A telephone number without visual separators; a domain (phone-context) keeps its dots."""
    if number.strip(_TEL_NUMBER):
        return number.lower()
    return number.translate(_TEL_SEPARATORS).lower()
