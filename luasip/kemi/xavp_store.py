"""XAVPs by name: what $xavp(…), $xavi(…) and the xavp functions of pvx do to a value list.

A store is `ValueLists.xavps`, or `ValueLists.xavis` with names in lower case. Positions count from the
newest value, 0; negative ones from the oldest.
"""

from dataclasses import dataclass
from typing import Final

from luasip.kemi.lists import Value, XavpRecord, pick
from luasip.kemi.transformations.strings import to_integer

Store = dict[str, list[Value]]
ALL: Final = "*"
RECORD: Final = "<<xavp>>"
"""What a record is when it is read as a value."""


@dataclass(frozen=True, slots=True)
class XavpName:
    """`root[position]=>field[field_position]`; positions are None when not written, "*" for all."""

    root: str
    position: int | str | None
    field: str
    field_position: int | str | None


def parse_name(text: str) -> XavpName | None:
    """The parts of the inner text of $xavp(…), None when it is malformed."""
    left, arrow, right = text.partition("=>")
    root = _parse_item(left)
    field = _parse_item(right) if arrow else ("", None)
    if root is None or field is None or not root[0] or (arrow and not field[0]):
        return None
    return XavpName(root[0], root[1], field[0], field[1])


def _parse_item(text: str) -> tuple[str, int | str | None] | None:
    name, bracket, rest = text.strip().partition("[")
    if not bracket:
        return name.strip(), None
    index = rest.rstrip().removesuffix("]").strip()
    if not rest.rstrip().endswith("]"):
        return None
    if index == ALL:
        return name.strip(), ALL
    number = to_integer(index)
    return None if number is None else (name.strip(), number)


def written(value: Value | None) -> str | int | None:
    """A value as scripts see it."""
    return RECORD if isinstance(value, XavpRecord) else value


def read(store: Store, name: XavpName) -> str | int | None:
    """The value a name stands for, None when there is none; "*" as field position joins all with ", "."""
    value = pick(store.get(name.root), _number(name.position))
    if not name.field:
        return written(value)
    if not isinstance(value, XavpRecord):
        return None
    if name.field_position == ALL:
        found = value.fields.get(name.field)
        return ", ".join(str(written(item)) for item in found) if found else None
    return written(value.get(name.field, _number(name.field_position)))


def _number(position: int | str | None) -> int:
    return position if isinstance(position, int) else 0


def record(store: Store, root: str, position: int = 0) -> XavpRecord | None:
    """The record at a position, None when there is none or it is a plain value."""
    value = pick(store.get(root), position)
    return value if isinstance(value, XavpRecord) else None


def push(store: Store, root: str, value: Value) -> None:
    """A new newest value."""
    store.setdefault(root, []).insert(0, value)


def write(store: Store, name: XavpName, value: str | int) -> bool:
    """Assign. Without a root position a new value (or record) is added; False when the written one does not
    exist.
    """
    if name.position == ALL or name.field_position == ALL:
        return False
    if not name.field:
        if name.position is None:
            push(store, name.root, value)
            return True
        return _replace(store.setdefault(name.root, []), _number(name.position), value)
    if name.position is None:
        added = XavpRecord()
        added.push(name.field, value)
        push(store, name.root, added)
        return True
    target = record(store, name.root, _number(name.position))
    if target is None:
        return False
    if name.field_position is None:
        target.push(name.field, value)
        return True
    return _replace(target.fields.setdefault(name.field, []), _number(name.field_position), value)


def _replace(values: list[Value], position: int, value: Value) -> bool:
    if position == 0 and not values:
        values.append(value)
        return True
    if not -len(values) <= position < len(values):
        return False
    values[position] = value
    return True


def remove(store: Store, name: XavpName) -> bool:
    """Take away what a name stands for; True also when there is nothing."""
    if not name.field:
        _take(store, name.root, name.position)
        return True
    values = store.get(name.root, [])
    records = values if name.position == ALL else [pick(values, _number(name.position))]
    for value in records:
        if isinstance(value, XavpRecord):
            _take(value.fields, name.field, name.field_position)
    return True


def _take(store: Store, name: str, position: int | str | None) -> None:
    values = store.get(name)
    if values is None:
        return
    if position == ALL:
        values.clear()
    elif -len(values) <= _number(position) < len(values):
        values.pop(_number(position))
    if not values:
        del store[name]


def set_child(store: Store, root: str, field: str, value: str | int) -> None:
    """Replace a field of the newest record, which is made when there is none."""
    target = record(store, root)
    if target is None:
        target = XavpRecord()
        push(store, root, target)
    target.set(field, value)


def copy_record(source: XavpRecord) -> XavpRecord:
    """An independent copy, inner records included."""
    made = XavpRecord()
    for name, values in source.fields.items():
        made.fields[name] = [copy_record(v) if isinstance(v, XavpRecord) else v for v in values]
    return made


def as_table(source: XavpRecord) -> dict[str, list[object]]:
    """A record as Lua gets it: field → array of values, newest first."""
    return {
        name: [as_table(value) if isinstance(value, XavpRecord) else value for value in values]
        for name, values in source.fields.items()
    }
