"""Wire text and Unicode.

Inside LuaSIP text has one character a byte (latin-1). What comes in as Unicode (JSON, a database, HTTP)
becomes wire text here by UTF-8, and what must go out as Unicode leaves here the same way.
"""


def to_wire(text: str) -> str:
    """Unicode text as the wire text of its UTF-8 bytes. Lone surrogates are encoded too; nothing raises."""
    return text if text.isascii() else text.encode("utf-8", "surrogatepass").decode("latin-1")


def from_wire(text: str) -> str:
    """Wire text as Unicode: its bytes read as UTF-8, or one character a byte where they are no UTF-8."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
