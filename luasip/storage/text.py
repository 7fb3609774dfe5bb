"""Wire text ↔ Unicode: the one place where text changes its form on the way into and out of a database.

Wire text has one character per byte. A database column holds Unicode. Bytes that are UTF-8 become the
characters they spell; any other byte becomes a private-use character, so that every wire text comes back as
it was. Knows no database.
"""

from typing import Final

_ESCAPE: Final = 0xF700
"""Byte 0x80…0xFF without a meaning in UTF-8 ↔ U+F780…U+F7FF."""


def to_unicode(wire: str) -> str:
    """The Unicode text for wire text (one character per byte)."""
    if wire.isascii():
        return wire
    text = wire.encode("latin-1").decode("utf-8", "surrogateescape")
    return text if _storable(text) else "".join(map(_escape, text))


def to_wire(text: str) -> str:
    """The wire text for Unicode text."""
    if text.isascii():
        return text
    if any("\uf780" <= character <= "\uf7ff" for character in text):
        return "".join(map(_unescape, text))
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def _storable(text: str) -> bool:
    return not any("\udc80" <= one <= "\udcff" or "\uf780" <= one <= "\uf7ff" for one in text)


def _escape(character: str) -> str:
    if "\udc80" <= character <= "\udcff":
        return chr(ord(character) - 0xDC00 + _ESCAPE)
    if "\uf780" <= character <= "\uf7ff":
        # A character that is itself an escape goes byte by byte, or it would come back as one byte.
        return "".join(chr(byte + _ESCAPE) for byte in character.encode("utf-8"))
    return character


def _unescape(character: str) -> str:
    if "\uf780" <= character <= "\uf7ff":
        return chr(ord(character) - _ESCAPE)
    return character.encode("utf-8", "surrogatepass").decode("latin-1")
