"""`{s.md5}`, `{s.sha256}`, `{s.crc32}`, `{s.corehash}` and the like, over the bytes of wire text."""

import hashlib
import zlib
from collections.abc import Callable
from typing import Final

_MASK: Final = 0xFFFFFFFF


def hexadecimal(algorithm: str) -> Callable[[str], str]:
    """A transformation to the hexadecimal digest of a hashlib algorithm."""

    def digest(text: str) -> str:
        return hashlib.new(algorithm, text.encode("latin-1"), usedforsecurity=False).hexdigest()

    return digest


def sha3(text: str, bits: str = "256") -> str | None:
    """{s.sha3[,256|384|512]}"""
    if bits.strip() not in ("256", "384", "512"):
        return None
    return hashlib.new(f"sha3_{bits.strip()}", text.encode("latin-1")).hexdigest()


def crc32(text: str) -> int:
    """{s.crc32}"""
    return zlib.crc32(text.encode("latin-1"))


def core_hash(text: str, size: int = 0) -> str:
    """{s.corehash[,size]}: the hash Kamailio's core spreads keys over its tables with, modulo the power of
    two `size`.
    """
    return str(core_hash_number(text, size))


def core_hash_number(text: str, size: int = 0) -> int:
    """The number behind `core_hash`: words of four bytes, each mixed with its own shift, summed.

    Bytes above 0x7F count as negative, as a C char does on the machines Kamailio runs on.
    """
    data = [code - 256 if code > 127 else code for code in text.encode("latin-1")]
    whole = len(data) // 4 * 4
    words = [
        (data[at] << 24) + (data[at + 1] << 16) + (data[at + 2] << 8) + data[at + 3]
        for at in range(0, whole, 4)
    ]
    last = 0
    for code in data[whole:]:
        last = last * 256 + code
    value = 0
    for word in (*words, last):
        bits = word & _MASK
        value = (value + (bits ^ (bits >> 3))) & _MASK
    value = (value + (value >> 11) + (value >> 13) + (value >> 23)) & _MASK
    return value & (size - 1) if size > 0 else value
