"""Results for people: tables where things have the same few fields, else an indented tree.

What peers have sent stands in them, so that no character may command the terminal.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

MOST_COLUMNS = 12


def as_json(value: Any) -> str:
    """A result for programs."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def rendered(value: Any, width: int = 0) -> RenderableType:
    """A result for a terminal of so many columns; 0: as many as it takes."""
    rows = _rows(value)
    if rows is not None:
        return _blocks(rows) if 0 < width < _width(rows) else table_of(rows)
    if isinstance(value, Mapping) and all(_is_plain(item) for item in value.values()):
        return _fields(value)
    if isinstance(value, list) and all(_is_plain(item) for item in value):
        return Text("\n").join(harmless(item) for item in value)
    if _is_plain(value):
        return harmless(value)
    tree = Tree("", hide_root=True)
    _grow(tree, value)
    return tree


def table_of(rows: Sequence[Mapping[str, Any]]) -> Table:
    """A table with a column for each field of the rows."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        numbers = all(isinstance(row.get(name, 0), int | float) for row in rows)
        table.add_column(harmless(name), justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(harmless(row.get(name, "")) for name in names))
    return table


def _width(rows: Sequence[Mapping[str, Any]]) -> int:
    """Columns a table of the rows takes."""
    names = dict.fromkeys(name for row in rows for name in row)
    cells = [[name, *(harmless(row.get(name, "")).plain for row in rows)] for name in names]
    return sum(max(map(len, column)) for column in cells) + 2 * (len(cells) - 1)


def _blocks(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """The rows one below the other, each with its fields on lines of their own, but for empty ones."""
    shown = [
        _fields({name: item for name, item in row.items() if item not in ("", [], None)}) for row in rows
    ]
    return Group(*(part for one in shown for part in (one, Text(""))))


def harmless(value: Any) -> Text:
    """A plain value as text in which no character commands the terminal."""
    if value is None:
        return Text("")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, list):
        return Text(", ").join(harmless(item) for item in value)
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return Text("".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text))


def _rows(value: Any) -> list[Mapping[str, Any]] | None:
    """A list of objects with few plain fields; one that wraps each in a single name, as Kamailio does, is unwrapped."""
    if not isinstance(value, list) or not value or not all(isinstance(item, Mapping) for item in value):
        return None
    names = {tuple(item) for item in value}
    if len(names) == 1 and len(value[0]) == 1:
        inner = [next(iter(item.values())) for item in value]
        if all(isinstance(item, Mapping) for item in inner):
            value = inner
    if len({name for row in value for name in row}) > MOST_COLUMNS:
        return None
    flat = all(_is_plain(item) or _is_line(item) for row in value for item in row.values())
    return value if flat else None


def _is_line(value: Any) -> bool:
    """Whether it is a list that fits into a cell."""
    return isinstance(value, list) and all(_is_plain(item) for item in value)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _fields(value: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, item in value.items():
        table.add_row(harmless(name), harmless(item))
    return table


def _grow(tree: Tree, value: Any) -> None:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if _is_plain(item):
                tree.add(Text(f"{harmless(name)}: ").append_text(harmless(item)))
            else:
                _grow_or_table(tree.add(harmless(name)), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if _is_plain(item):
                tree.add(harmless(item))
            else:
                _grow_or_table(tree.add(Text(f"{index}")), item)


def _grow_or_table(branch: Tree, value: Any) -> None:
    rows = _rows(value)
    if rows is not None:
        branch.add(table_of(rows))
    else:
        _grow(branch, value)
