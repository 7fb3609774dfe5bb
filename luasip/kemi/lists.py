"""AVPs, XAVPs, XAVUs and XAVIs: the value lists that travel with a message and its transaction.

An AVP name holds a stack of values, newest first. An XAVP name holds a stack of records, newest first; a record's
fields hold stacks of values again. An XAVU holds one value a name; an XAVI is an XAVP whose names ignore case.
"""

from typing import Any, Union

Value = Union[str, int, "XavpRecord"]


class XavpRecord:
    """One XAVP record: field name → values, newest first."""

    __slots__ = ("fields",)

    def __init__(self) -> None:
        self.fields: dict[str, list[Value]] = {}

    def get(self, name: str, index: int = 0) -> Value | None:
        """The index-th newest value of a field; negative indexes count from the oldest. None when absent."""
        return pick(self.fields.get(name), index)

    def push(self, name: str, value: Value) -> None:
        """Add a value in front of the others of this field."""
        self.fields.setdefault(name, []).insert(0, value)

    def set(self, name: str, value: Value) -> None:
        """Replace the newest value of a field, or add it."""
        values = self.fields.setdefault(name, [])
        if values:
            values[0] = value
        else:
            values.append(value)


class ValueLists:
    """All lists of one message or transaction; each is made when it is first looked at. One callback at a time uses
    them."""

    __slots__ = ("_avps", "_xavis", "_xavps", "_xavus", "kept")

    def __init__(self) -> None:
        self._avps: dict[str, list[str | int]] | None = None
        self._xavps: dict[str, list[Value]] | None = None
        self._xavus: dict[str, str | int | dict[str, str | int]] | None = None
        self._xavis: dict[str, list[Value]] | None = None
        self.kept: dict[str, Any] | None = None
        """What modules keep with the message and its transaction, keyed "module.what"; None while nothing."""

    @property
    def avps(self) -> dict[str, list[str | int]]:
        """AVPs by name."""
        found = self._avps
        if found is None:
            found = self._avps = {}
        return found

    @property
    def xavps(self) -> dict[str, list[Value]]:
        """XAVPs by name."""
        found = self._xavps
        if found is None:
            found = self._xavps = {}
        return found

    @property
    def xavus(self) -> dict[str, str | int | dict[str, str | int]]:
        """XAVUs by name."""
        found = self._xavus
        if found is None:
            found = self._xavus = {}
        return found

    @property
    def xavis(self) -> dict[str, list[Value]]:
        """XAVIs by their names in lower case."""
        found = self._xavis
        if found is None:
            found = self._xavis = {}
        return found

    @property
    def are_empty(self) -> bool:
        """Whether new ones would be the same."""
        return not (self._avps or self._xavps or self._xavus or self._xavis or self.kept)

    def clear(self) -> None:
        """Forget everything."""
        self._avps = self._xavps = self._xavus = self._xavis = None
        self.kept = None


def pick(values: "list[Value] | list[str | int] | None", index: int) -> "Value | None":
    """The value at `index` (negative from the end), None when there is none."""
    if values is None or not -len(values) <= index < len(values):
        return None
    return values[index]
