"""What a statement gave, and how what the driver gives becomes it. Knows no connection."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from luasip.storage.text import to_wire


class Rows:
    """What a statement gave: `columns` and `rows`, or only `affected` when it is no query.

    Attributes:
        columns: names in order, () when the statement returns no rows.
        rows: one tuple a row; text is wire text, BLOBs too.
        affected: rows changed, -1 when the database does not say.
        big_integers: indexes of the columns that hold 64-bit integers, as far as the database says so.
    """

    __slots__ = ("affected", "big_integers", "columns", "rows")

    def __init__(
        self,
        columns: tuple[str, ...],
        rows: list[tuple[Any, ...]],
        affected: int,
        big_integers: tuple[int, ...] = (),
    ) -> None:
        self.columns = columns
        self.rows = rows
        self.affected = affected
        self.big_integers = big_integers


def driver_rows(cursor: Any, dialect: str) -> Rows:
    """What a driver's cursor has after a statement."""
    description = cursor.description
    if description is None:
        return Rows((), [], cursor.rowcount)
    columns = tuple([to_wire(column[0]) for column in description])
    rows = [wire_row(row) for row in cursor.fetchall()]
    return Rows(columns, rows, -1, big_columns(description, dialect))


def big_columns(description: Sequence[Sequence[Any]], dialect: str) -> tuple[int, ...]:
    """Indexes of the columns with 64-bit integers in a cursor's description."""
    code = _BIG_INTEGER_CODES.get(dialect)
    if code is None:
        return ()
    return tuple([index for index, column in enumerate(description) if column[1] == code])


def wire_row(row: Iterable[Any]) -> tuple[Any, ...]:
    """A driver's row in wire text."""
    # Most values need nothing done, and a location table has millions of them.
    return tuple(
        [
            value if type(value) in _PLAIN or (type(value) is str and value.isascii()) else _wire_value(value)
            for value in row
        ]
    )


def _wire_value(value: Any) -> Any:
    if isinstance(value, str):
        return to_wire(value)
    return bytes(value).decode("latin-1") if isinstance(value, bytes | bytearray | memoryview) else value


_BIG_INTEGER_CODES: Final = {"mysql": 8, "mariadb": 8, "postgresql": 20}
"""The drivers' type codes of BIGINT: MySQL's LONGLONG, PostgreSQL's int8."""

_PLAIN: Final = frozenset((int, float, type(None)))
