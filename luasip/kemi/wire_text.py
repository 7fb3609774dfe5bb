"""Wire text and Unicode.

Inside LuaSIP text has one character a byte (latin-1). What comes in as Unicode (JSON, a database, HTTP)
becomes wire text here by UTF-8, and what must go out as Unicode leaves here the same way.
"""

from typing import Any


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


def data_to_wire(value: Any, deepest: int = 100) -> Any:
    """Plain data as JSON has it, its text as wire text. Raises ValueError where it is nested more than `deepest`."""
    if isinstance(value, str):
        return to_wire(value)
    if not isinstance(value, dict | list):
        return value
    if deepest == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, list):
        return [data_to_wire(item, deepest - 1) for item in value]
    return {to_wire(str(key)): data_to_wire(item, deepest - 1) for key, item in value.items()}


def data_from_wire(value: Any) -> Any:
    """Plain data with its text as Unicode."""
    if isinstance(value, str):
        return from_wire(value)
    if isinstance(value, list):
        return [data_from_wire(item) for item in value]
    if isinstance(value, dict):
        return {data_from_wire(key): data_from_wire(item) for key, item in value.items()}
    return value
