"""Kamailio's hash of texts: scripts divide users among servers by it, so the numbers must be the same."""

_WORD = 0xFFFFFFFF


def core_hash(first: str, second: str, size: int) -> int:
    """A number below `size`, a power of 2, for one wire text or two; `second` "" is none."""
    total = _add(0, first)
    if second:
        total = _add(total, second)
    total = (total + (total >> 11) + (total >> 13) + (total >> 23)) & _WORD
    return total & (size - 1)


def _add(total: int, text: str) -> int:
    """Add the text in words of four bytes, the last one of what is left (none left counts as 0)."""
    data = text.encode("latin-1")
    whole = len(data) & ~3
    for start in range(0, whole, 4):
        total += _mixed(data[start : start + 4])
    return (total + _mixed(data[whole:])) & _WORD


def _mixed(part: bytes) -> int:
    word = 0
    for byte in part:
        # Kamailio reads bytes as signed numbers, which shows in those above 127.
        word = (word << 8) + (byte if byte < 128 else byte - 256)
    word &= _WORD
    return word ^ (word >> 3)
