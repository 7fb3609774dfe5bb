"""`{val.…}`, `{num.…}` and `{sql.val…}`: values made fit for a place, null included."""

from luasip.kemi.transformations.encodings import escape_common
from luasip.kemi.transformations.json_text import escape

Value = str | int | None


def null_as_zero(value: Value) -> str | int:
    """{val.n0}"""
    return 0 if value is None else value


def null_as_empty(value: Value) -> str | int:
    """{val.ne}"""
    return "" if value is None else value


def json_escaped(value: Value) -> str | int:
    """{val.json}: text as it may stand between the quotes of a JSON string; "" for null."""
    return escape(value) if isinstance(value, str) else null_as_empty(value)


def json_quoted(value: Value) -> str | int:
    """{val.jsonqe}: text as a JSON string with its quotes, a number as it is, "" in quotes for null."""
    if isinstance(value, int):
        return value
    return f'"{escape(value or "")}"'


def first_digit(value: Value) -> int:
    """{num.fdigit}: 0 for what is no number."""
    return int(str(abs(value))[0]) if isinstance(value, int) else 0


def last_digit(value: Value) -> int:
    """{num.ldigit}: 0 for what is no number."""
    return int(str(value)[-1]) if isinstance(value, int) else 0


def sql(value: Value) -> str:
    """{sql.val}: an SQL literal; NULL for null."""
    return _sql(value, "NULL")


def sql_integer(value: Value) -> str:
    """{sql.val.int}: an SQL literal; 0 for null."""
    return _sql(value, "0")


def sql_text(value: Value) -> str:
    """{sql.val.str}: an SQL literal; '' for null."""
    return _sql(value, "''")


def _sql(value: Value, null: str) -> str:
    if value is None:
        return null
    return str(value) if isinstance(value, int) else f"'{escape_common(value)}'"
