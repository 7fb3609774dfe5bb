"""`{json.…}`: values out of JSON text. Wire text goes in and comes out; Unicode stays inside."""

import json
from typing import Any, Final

from luasip.kemi.wire_text import from_wire, to_wire

_KEY_SAFE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-~_")
_ESCAPES: Final = {
    **{code: f"\\u{code:04x}" for code in (*range(32), 127)},
    ord('"'): '\\"',
    ord("\\"): "\\\\",
    ord("\b"): "\\b",
    ord("\f"): "\\f",
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
}
_MISSING: Final = object()


def escape(text: str) -> str:
    """Wire text as it may stand between the quotes of a JSON string; bytes above 0x7F stay as they are
    (UTF-8).
    """
    return text.translate(_ESCAPES)


def parse(text: str, path: str) -> str | None:
    """{json.parse,path}: the value at "key.inner[2].last" as text; None when it is missing or the text is no
    JSON.

    A string is given without quotes, anything else as JSON; a whole key with dots in it is tried first.
    """
    try:
        document = json.loads(from_wire(text))
    except (ValueError, RecursionError):
        return None
    found = _look_up(document, from_wire(path.strip()))
    if found is _MISSING or found is None:
        return None
    if isinstance(found, str):
        return to_wire(found)
    return to_wire(json.dumps(found, ensure_ascii=False, separators=(",", ":")))


def _look_up(document: Any, path: str) -> Any:
    if isinstance(document, dict) and path in document:
        return document[path]
    for step in path.replace("[", ".[").split("."):
        if step.startswith("[") and step.endswith("]"):
            index = step[1:-1]
            if not (isinstance(document, list) and index.isascii() and index.isdigit() and len(index) < 10):
                return _MISSING
            document = document[int(index)] if int(index) < len(document) else _MISSING
        elif step:
            document = document.get(step, _MISSING) if isinstance(document, dict) else _MISSING
        if document is _MISSING:
            break
    return document


def encode(text: str) -> str:
    """{json.encode}: a routing-key form: a blank is "+", anything but letters, digits and -~_ is %XX."""
    if text in ("#", "*"):
        return text
    return "".join(
        char if char in _KEY_SAFE else "+" if char == " " else f"%{ord(char):02X}" for char in text
    )
