"""Values of databases in other forms: as Lua has them, as text."""

import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from luasip.kemi.wire_text import to_wire
from luasip.storage import Rows

PLAIN: Final = frozenset((str, int, float, bool, type(None)))
"""What Lua and databases have alike."""


def tables(rows: Rows) -> list[dict[str, Any]]:
    """Rows as Lua gets them; of several columns of one name the last one counts."""
    return [
        {column: _lua_value(value) for column, value in zip(rows.columns, row, strict=True)} for row in rows.rows
    ]


def _lua_value(value: Any) -> Any:
    if value.__class__ in PLAIN:
        return value
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping | list | tuple):
        return _nested(value)
    return as_text(value)


def _nested(value: Any) -> Any:
    """JSON and arrays, whose text is still Unicode."""
    if isinstance(value, Mapping):
        return {to_wire(str(key)): _nested(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_nested(item) for item in value]
    return to_wire(value) if isinstance(value, str) else _lua_value(value)


def as_text(value: Any) -> str:
    """A value that is neither text, integer nor time, as text."""
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
        return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if isinstance(value, time):
        return value.isoformat("seconds")
    if isinstance(value, Mapping | list | tuple):
        return to_wire(json.dumps(value, ensure_ascii=False, default=str))
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
