"""`{s.encode.…}`, `{s.escape.…}`, `{s.urlencode.param}` and their opposites, over the bytes of wire text."""

import base64
import binascii
from typing import Final

from luasip.sip.uri import escape_user as escape_uri_user
from luasip.sip.uri import unescape

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_VALUES: Final = {char: value for value, char in enumerate(_BASE58)}
_LONGEST_BASE58: Final = 4096
"""Base 58 costs the square of its length."""
_UNRESERVED: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~")
_PARAM_PLAIN: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()[]/:&+$"
)
_COMMON: Final = {ord("'"): "\\'", ord('"'): '\\"', ord("\\"): "\\\\", 0: "\\0"}


def encode_hexadecimal(text: str) -> str:
    """{s.encode.hexa}"""
    return text.encode("latin-1").hex()


def decode_hexadecimal(text: str) -> str | None:
    """{s.decode.hexa}: an odd digit at the end is left out; None when there is anything but digits."""
    try:
        return binascii.unhexlify(text[: len(text) // 2 * 2].encode("latin-1")).decode("latin-1")
    except binascii.Error:
        return None


def encode_7bit(text: str) -> str:
    """{s.encode.7bit}: the septets of 3GPP TS 23.038 packed into octets, in hexadecimal."""
    bits = shift = 0
    packed = bytearray()
    for char in text:
        bits |= (ord(char) & 0x7F) << shift
        shift += 7
        while shift >= 8:
            packed.append(bits & 0xFF)
            bits >>= 8
            shift -= 8
    if shift:
        packed.append(bits)
    return packed.hex().upper()


def decode_7bit(text: str) -> str | None:
    """{s.decode.7bit}; None when it is not hexadecimal."""
    try:
        packed = binascii.unhexlify(text.encode("latin-1"))
    except binascii.Error:
        return None
    bits = shift = 0
    parts: list[str] = []
    for octet in packed:
        bits |= octet << shift
        shift += 8
        while shift >= 7:
            parts.append(chr(bits & 0x7F))
            bits >>= 7
            shift -= 7
    return "".join(parts)


def encode_base58(text: str) -> str | None:
    """{s.encode.base58} (the Bitcoin alphabet); None past 4096 characters."""
    if len(text) > _LONGEST_BASE58:
        return None
    number = int.from_bytes(text.encode("latin-1"), "big")
    digits: list[str] = []
    while number:
        number, digit = divmod(number, 58)
        digits.append(_BASE58[digit])
    zeros = len(text) - len(text.lstrip("\0"))
    return "1" * zeros + "".join(reversed(digits))


def decode_base58(text: str) -> str | None:
    """{s.decode.base58}"""
    if len(text) > _LONGEST_BASE58:
        return None
    number = 0
    for char in text:
        digit = _BASE58_VALUES.get(char)
        if digit is None:
            return None
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    return "\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big").decode("latin-1")


def encode_base64(text: str) -> str:
    """{s.encode.base64}"""
    return base64.b64encode(text.encode("latin-1")).decode("ascii")


def encode_base64_unpadded(text: str) -> str:
    """{s.encode.base64t}: without the "=" at the end."""
    return encode_base64(text).rstrip("=")


def encode_base64_url(text: str) -> str:
    """{s.encode.base64url} (RFC 4648 §5)"""
    return base64.urlsafe_b64encode(text.encode("latin-1")).decode("ascii")


def encode_base64_url_unpadded(text: str) -> str:
    """{s.encode.base64urlt}"""
    return encode_base64_url(text).rstrip("=")


def decode_base64(text: str) -> str | None:
    """{s.decode.base64} and {s.decode.base64t}: padding may be missing."""
    return _decode_base64(text)


def decode_base64_url(text: str) -> str | None:
    """{s.decode.base64url} and {s.decode.base64urlt}: padding may be missing."""
    return _decode_base64(text.replace("-", "+").replace("_", "/"))


def _decode_base64(text: str) -> str | None:
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    try:
        return base64.b64decode(padded.encode("latin-1"), validate=True).decode("latin-1")
    except binascii.Error:
        return None


def escape_common(text: str) -> str:
    """{s.escape.common}: a backslash before quotes, backslash and NUL."""
    return text.translate(_COMMON)


def unescape_common(text: str) -> str:
    """{s.unescape.common}"""
    parts: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\" and text[at + 1 : at + 2] in ("'", '"', "\\", "0"):
            at += 1
            char = "\0" if text[at] == "0" else text[at]
        parts.append(char)
        at += 1
    return "".join(parts)


def escape_line_ends(text: str) -> str:
    """{s.escape.crlf}: CR and LF written as backslash r and n."""
    return text.replace("\r", "\\r").replace("\n", "\\n")


def unescape_line_ends(text: str) -> str:
    """{s.unescape.crlf}"""
    return text.replace("\\r", "\r").replace("\\n", "\n")


def escape_user(text: str) -> str:
    """{s.escape.user}: what a URI's user part cannot hold as %XX (RFC 3261 §25.1)."""
    return escape_uri_user(text)


def unescape_user(text: str) -> str | None:
    """{s.unescape.user}; None when a "%" starts no escape."""
    return _unescape_percent(text)


def escape_param(text: str) -> str | None:
    """{s.escape.param}: what a URI's parameter cannot hold as %XX; None when there is a control character."""
    if any(char < " " or char == "\x7f" for char in text):
        return None
    return "".join(char if char in _PARAM_PLAIN else f"%{ord(char):02x}" for char in text)


def unescape_param(text: str) -> str | None:
    """{s.unescape.param}"""
    return _unescape_percent(text)


def escape_csv(text: str) -> str:
    """{s.escape.csv}: every double quote doubled."""
    return text.replace('"', '""')


def url_encode(text: str) -> str:
    """{s.urlencode.param}: as a query parameter; a blank becomes "+"."""
    return "".join(
        char if char in _UNRESERVED else "+" if char == " " else f"%{ord(char):02X}" for char in text
    )


def url_decode(text: str) -> str | None:
    """{s.urldecode.param}; None when a "%" starts no escape."""
    return _unescape_percent(text.replace("+", " "))


def _unescape_percent(text: str) -> str | None:
    parts = text.split("%")
    for part in parts[1:]:
        if len(part) < 2 or any(char not in "0123456789abcdefABCDEF" for char in part[:2]):
            return None
    return unescape(text)
