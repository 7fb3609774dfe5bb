"""Query results as scripts read them: numbers of rows and columns, values of Kamailio's types, `$dbr(…)`.

A result belongs to the message whose route made the query, and travels with it as AVPs do: further callbacks of its
transaction can read it, another message never does, however their routes interleave. Within one message a callback
sees its own results before those of the others.
"""

import re
from datetime import date, datetime
from typing import Any, Final

from luasip.kemi.context import PvValue, RouteContext
from luasip.modules.luasip_sql.values import as_text
from luasip.storage import Rows

_KEY: Final = "sqlops.results"
_INTEGERS: Final = range(-(1 << 31), 1 << 31)
_SPECIFICATION: Final = re.compile(
    r"\s*(?P<name>[^=\s]+)\s*=>\s*(?:(?P<count>rows|cols)|"
    r"\[\s*(?P<row>-?\d+)\s*,\s*(?P<column>-?\d+)\s*\]|colname\s*\[\s*(?P<named>-?\d+)\s*\])\s*"
)


class SqlResult:
    """The rows of one query: `columns` by name, `rows` of converted values."""

    __slots__ = ("columns", "rows")

    def __init__(self, columns: tuple[str, ...], rows: list[tuple[PvValue, ...]]) -> None:
        self.columns = columns
        self.rows = rows

    def value(self, row: int, column: int) -> PvValue:
        """A value; None where it is null or there is none."""
        return self.rows[row][column] if self.has(row, column) else None

    def has(self, row: int, column: int) -> bool:
        """Whether there is such a place."""
        return 0 <= row < len(self.rows) and 0 <= column < len(self.columns)


EMPTY: Final = SqlResult((), [])


def converted(rows: Rows) -> SqlResult:
    """Rows in Kamailio's types; EMPTY when there is none, as Kamailio then knows no columns either."""
    if not rows.rows:
        return EMPTY
    big = frozenset(rows.big_integers)
    columns = range(len(rows.columns))
    return SqlResult(
        rows.columns, [tuple([to_pv(row[index], index in big) for index in columns]) for row in rows.rows]
    )


def to_pv(value: Any, is_big: bool = False) -> PvValue:
    """A database's value as a pseudo-variable's: times as seconds since the epoch, 64-bit integers as text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return int(value) if value in _INTEGERS and not is_big else str(int(value))
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, date):
        return int(datetime(value.year, value.month, value.day).timestamp())
    return as_text(value)


def keep(ctx: RouteContext, name: str, result: SqlResult) -> None:
    """Give a result its name, in this run of the callback and in the message's."""
    # The dicts are replaced, not changed: contexts made from this one hold them too.
    ctx.attributes[_KEY] = {**ctx.attributes.get(_KEY, {}), name: result}
    kept = ctx.lists.kept or {}
    ctx.lists.kept = {**kept, _KEY: {**kept.get(_KEY, {}), name: result}}


def find(ctx: RouteContext, name: str) -> SqlResult:
    """The result of this name, EMPTY when there is none."""
    own = ctx.attributes.get(_KEY, {})
    if name in own:
        return own[name]  # type: ignore[no-any-return]
    shared: SqlResult = (ctx.lists.kept or {}).get(_KEY, {}).get(name, EMPTY)
    return shared


def forget(ctx: RouteContext, name: str) -> None:
    """Drop a result."""
    keep(ctx, name, EMPTY)


def read(ctx: RouteContext, specification: str) -> PvValue:
    """The value of $dbr(specification). Raises ValueError when it is malformed."""
    match = _SPECIFICATION.fullmatch(specification)
    if match is None:
        raise ValueError(
            f"$dbr({specification}) is none of name=>rows, name=>cols, name=>[row,col], name=>colname[col]"
        )
    result = find(ctx, match["name"])
    if match["count"]:
        return len(result.rows if match["count"] == "rows" else result.columns)
    if match["named"] is not None:
        index = int(match["named"])
        return result.columns[index] if 0 <= index < len(result.columns) else None
    return result.value(int(match["row"]), int(match["column"]))
