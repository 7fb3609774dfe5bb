"""Two URIs in one Record-Route parameter, as Kamailio writes it: each is had from the parameter and the other.

The parameter is the exclusive or of both, of the longer one's length, in base64 with "-" for padding. A password, if
any, is laid over it again and again. Wire text throughout.
"""

import base64
import binascii
import itertools


def store(original: str, replacement: str, password: str = "") -> str:
    """The parameter's value for two URIs."""
    pairs = itertools.zip_longest(original.encode("latin-1"), replacement.encode("latin-1"), fillvalue=0)
    mixed = _veil(bytes(first ^ second for first, second in pairs), password)
    return base64.b64encode(mixed).decode("ascii").replace("=", "-")


def recover(stored: str, known: str, password: str = "") -> str:
    """The other URI, when `known` is one of the two; "" when it is not, or the value is none of `store`."""
    try:
        mixed = base64.b64decode(stored.replace("-", "="), validate=True)
    except (binascii.Error, ValueError):
        return ""
    mixed = _veil(mixed, password)
    if len(mixed) < len(known):
        return ""
    pairs = itertools.zip_longest(mixed, known.encode("latin-1"), fillvalue=0)
    other, _, _ = bytes(first ^ second for first, second in pairs).partition(b"\0")
    text = other.decode("latin-1")
    return text if text.isascii() and text.isprintable() and not set(text) & set(' <>"') else ""


def _veil(data: bytes, password: str) -> bytes:
    if not password:
        return data
    return bytes(
        byte ^ key for byte, key in zip(data, itertools.cycle(password.encode("latin-1")), strict=False)
    )
