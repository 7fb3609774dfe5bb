"""Saying what is wrong with a setting: `FILE: key.path: what is wrong (value); allowed: …`.

Turns pydantic's error list into such lines with the help of the JSON schema of what was checked. Knows no
section.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

SHOWN = 60
"""Characters of a wrong value that are shown."""

_WRONG = {"missing": "missing", "literal_error": "unknown value", "enum": "unknown value"}
_WRONG_PREFIXES = (
    ("greater_than", "too small"),
    ("less_than", "too large"),
    ("finite", "not a finite number"),
)
_TYPES = {"string": "a string", "boolean": "true or false", "object": "a table", "null": "nothing"}


def describe(error: ValidationError, schema: Mapping[str, Any], path: Sequence[str | int] = ()) -> list[str]:
    """One line a problem, without the file's name; `schema` belongs to what is found at `path`."""
    return [_describe_one(dict(detail), schema, path) for detail in error.errors(include_url=False)]


def _describe_one(detail: dict[str, Any], schema: Mapping[str, Any], path: Sequence[str | int]) -> str:
    place = tuple(detail["loc"])
    if detail["type"] == "extra_forbidden":
        known = _step_into(schema, schema, place[:-1]).get("properties", {})
        return unknown_key((*path, *place), known)
    where = dotted((*path, *place))
    if detail["type"] == "value_error":
        wrong, _, rest = str(detail["ctx"]["error"]).partition("; allowed: ")
        return f"{where}: {wrong} ({shown(detail['input'])})" + (f"; allowed: {rest}" if rest else "")
    value = "" if detail["type"] == "missing" else f" ({shown(detail['input'])})"
    return f"{where}: {_wrong(detail)}{value}; allowed: {allowed(schema, _step_into(schema, schema, place))}"


def _wrong(detail: dict[str, Any]) -> str:
    kind = str(detail["type"])
    if kind in _WRONG:
        return _WRONG[kind]
    for prefix, text in _WRONG_PREFIXES:
        if kind.startswith(prefix):
            return text
    return "wrong type" if kind.endswith(("_type", "_parsing", "_from_float")) else str(detail["msg"])


def unknown_key(path: Sequence[str | int], known: Iterable[str]) -> str:
    """The line about a name that does not exist, with the nearest one that does."""
    names = sorted(known)
    hint = nearest(str(path[-1]), names)
    return f"{dotted(path)}: unknown setting{hint}; allowed: {', '.join(names) or 'nothing'}"


def nearest(name: str, known: Iterable[str]) -> str:
    """", did you mean …?" when a name looks like `name`, else ""."""
    close = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    return f", did you mean {close[0]!r}?" if close else ""


def dotted(path: Sequence[str | int]) -> str:
    """("server", "listen", 0) as "server.listen[0]"."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def shown(value: object) -> str:
    """A value for people, cut when it is long."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def allowed(root: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What a JSON schema admits, in words."""
    schema = _resolve(root, schema)
    if "enum" in schema:
        return ", ".join(repr(value) for value in schema["enum"])
    if "const" in schema:
        return repr(schema["const"])
    if "anyOf" in schema:
        return " or ".join(allowed(root, choice) for choice in schema["anyOf"])
    kind = schema.get("type", "")
    if kind in ("integer", "number"):
        return ("an integer" if kind == "integer" else "a number") + _bounds(schema)
    if kind == "array":
        items = schema.get("items", {})
        return f"a list, each entry {allowed(root, items)}" if items else "a list"
    return _TYPES.get(kind, "any value")


def _bounds(schema: Mapping[str, Any]) -> str:
    # A bound behind a validator keeps its annotated name.
    least, most = schema.get("minimum", schema.get("ge")), schema.get("maximum", schema.get("le"))
    if least is not None and most is not None:
        return f" from {least} to {most}"
    if least is not None:
        return f" not below {least}"
    if most is not None:
        return f" not above {most}"
    if "exclusiveMinimum" in schema:
        return f" above {schema['exclusiveMinimum']}"
    return f" below {schema['exclusiveMaximum']}" if "exclusiveMaximum" in schema else ""


def _step_into(root: Mapping[str, Any], schema: Mapping[str, Any], path: Sequence[Any]) -> Mapping[str, Any]:
    """The part of a schema that speaks about `path`; {} where it says nothing."""
    for step in path:
        schema = _resolve(root, schema)
        if isinstance(step, int):
            schema = schema.get("items", {})
        else:
            found = schema.get("properties", {}).get(step)
            extra = schema.get("additionalProperties")
            schema = found if found is not None else extra if isinstance(extra, Mapping) else {}
    return _resolve(root, schema)


def _resolve(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow "$ref" within `root`."""
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema
