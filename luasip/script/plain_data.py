"""Plain data as one string, the way tables cross between Lua and Python (see plain_data.lua).

Text is wire text. A value is a tag and its content: `n` nil, `t` true, `f` false, `i5;` integer, `d0.5;`
float, `s3;abc` string, `l2;` list and its items, `m1;` map and its keys and values, `v2;` several results,
`h7;` a Lua function kept under a number. Knows nothing of lupa.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

INTEGER_LIMIT: Final = 1 << 63


class FunctionName(str):
    """A Lua function that was given as an argument: a name Runtime.start and has accept, once.

    The function is kept until it was started, or forgotten by Runtime.forget.
    """

    __slots__ = ("number",)

    number: int

    def __new__(cls, number: int) -> "FunctionName":
        name = super().__new__(cls, "(function)")  # one name for all: histograms and log floods go by it
        name.number = number
        return name


def wire_text(text: str) -> str:
    """`text` itself when every character is one byte, else its UTF-8 as wire text."""
    if text.isascii():
        return text
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass").decode("latin-1")
    return text


def encode(value: Any) -> str:
    """The text of None, bool, int, float, str, bytes, a mapping or a sequence; else TypeError."""
    out: list[str] = []
    _write(out, value)
    return "".join(out)


def encode_values(values: Sequence[Any]) -> str:
    """The text of several results."""
    out = [f"v{len(values)};"]
    for value in values:
        _write(out, value)
    return "".join(out)


def _write(out: list[str], value: Any) -> None:
    if value is None:
        out.append("n")
    elif value is True or value is False:
        out.append("t" if value else "f")
    elif isinstance(value, int):
        out.append(f"i{int(value)};" if -INTEGER_LIMIT <= value < INTEGER_LIMIT else f"d{float(value)!r};")
    elif isinstance(value, float):
        out.append(f"d{value!r};")
    elif isinstance(value, str):
        text = wire_text(value)
        out.append(f"s{len(text)};{text}")
    elif isinstance(value, bytes):
        out.append(f"s{len(value)};{value.decode('latin-1')}")
    elif isinstance(value, Mapping):
        _write_map(out, value)
    elif isinstance(value, Sequence):
        out.append(f"l{len(value)};")
        for item in value:
            _write(out, item)
    else:
        raise TypeError(f"Lua cannot be given a {type(value).__name__}: {value!r:.80}")


def _write_map(out: list[str], value: Mapping[Any, Any]) -> None:
    out.append(f"m{len(value)};")
    for key, item in value.items():
        if not isinstance(key, str | int | float):
            raise TypeError(f"a Lua table cannot have the key {key!r:.80}")
        _write(out, key)
        _write(out, item)


def decode(text: str) -> Any:
    """The value that plain_data.lua wrote: maps become dict, lists list, functions FunctionName."""
    return _read(text, 0)[0]


def _number_text(text: str, at: int) -> tuple[str, int]:
    stop = text.index(";", at)
    return text[at:stop], stop + 1


def _read(text: str, at: int) -> tuple[Any, int]:
    tag = text[at]
    at += 1
    if tag in "ntf":
        return {"n": None, "t": True, "f": False}[tag], at
    digits, at = _number_text(text, at)
    if tag == "s":
        stop = at + int(digits)
        return text[at:stop], stop
    if tag == "i":
        return int(digits), at
    if tag == "d":
        return float(digits), at
    if tag == "h":
        return FunctionName(int(digits)), at
    if tag == "l":
        return _read_list(text, at, int(digits))
    return _read_map(text, at, int(digits))


def _read_list(text: str, at: int, count: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    for _ in range(count):
        item, at = _read(text, at)
        items.append(item)
    return items, at


def _read_map(text: str, at: int, count: int) -> tuple[dict[Any, Any], int]:
    items: dict[Any, Any] = {}
    for _ in range(count):
        key, at = _read(text, at)
        items[key], at = _read(text, at)
    return items, at
