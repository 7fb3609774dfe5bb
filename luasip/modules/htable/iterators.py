"""Walking over a table item by item: sht_iterator_*, $shtitkey and $shtitval.

An iterator belongs to the run of the callback that started it and walks over the keys there were then; it
holds no lock.
"""

from typing import Final

from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.declare import function, variable
from luasip.modules.htable.table import HashTable, Item, Scalar
from luasip.modules.htable.tables import Tables

MOST_ITERATORS: Final = 4
LONGEST_NAME: Final = 31
_ITERATORS: Final = "htable.iterators"


class Iterator:
    """A place in a table. `key` is None before the first item and after the last."""

    __slots__ = ("_keys", "_next", "key", "table")

    def __init__(self, table: HashTable) -> None:
        self.table = table
        self.key: str | None = None
        self._keys = [key for key, _ in table.items()]
        self._next = 0

    def advance(self) -> bool:
        """Go to the next item that is still there. False when there is none."""
        while self._next < len(self._keys):
            self.key = self._keys[self._next]
            self._next += 1
            if self.table.find(self.key) is not None:
                return True
        self.key = None
        return False

    @property
    def item(self) -> Item | None:
        """The present item."""
        return None if self.key is None else self.table.find(self.key)


class IteratorFunctions(Tables):
    """sht_iterator_* and their variables."""

    @function()
    def sht_iterator_start(self, ctx: RouteContext, iname: str, hname: str) -> int:
        """Begin to walk over a table; sht_iterator_next goes to the first item.

        Args:
            iname: the iterator's name, at most 31 characters; four may be in use.
            hname: the table.
        Returns: 1, -1 when there is no such table or too many iterators.
        """
        found = _iterators(ctx)
        if not iname or len(iname) > LONGEST_NAME or (iname not in found and len(found) >= MOST_ITERATORS):
            return -1
        table = self.table(hname)
        if table is None:
            return -1
        found[iname] = Iterator(table)
        return 1

    @function()
    def sht_iterator_next(self, ctx: RouteContext, iname: str) -> int:
        """Go to the next item.

        Args:
            iname: the iterator.
        Returns: 1, -1 when there is none.
        """
        iterator = _iterators(ctx).get(iname)
        return 1 if iterator is not None and iterator.advance() else -1

    @function()
    def sht_iterator_end(self, ctx: RouteContext, iname: str) -> int:
        """Give up an iterator.

        Args:
            iname: the iterator.
        Returns: 1, -1 when there is no such iterator.
        """
        return 1 if _iterators(ctx).pop(iname, None) is not None else -1

    @function()
    def sht_iterator_rm(self, ctx: RouteContext, iname: str) -> int:
        """Remove the present item and go to the next one.

        Args:
            iname: the iterator.
        Returns: 1, -1 when there is no present item, -2 when the removed item was the last.
        """
        iterator = _iterators(ctx).get(iname)
        if iterator is None or iterator.key is None:
            return -1
        iterator.table.remove(iterator.key)
        return 1 if iterator.advance() else -2

    @function()
    def sht_iterator_sets(self, ctx: RouteContext, iname: str, sval: str) -> int:
        """Set the present item to text.

        Args:
            iname: the iterator.
            sval: the value.
        Returns: 1, -1 when there is no present item.
        """
        return _set(ctx, iname, sval)

    @function()
    def sht_iterator_seti(self, ctx: RouteContext, iname: str, ival: int) -> int:
        """Set the present item to an integer.

        Args:
            iname: the iterator.
            ival: the value.
        Returns: 1, -1 when there is no present item.
        """
        return _set(ctx, iname, ival)

    @function()
    def sht_iterator_setex(self, ctx: RouteContext, iname: str, exval: int) -> int:
        """Set how long the present item lives.

        Args:
            iname: the iterator.
            exval: seconds from now.
        Returns: 1, -1 when there is no present item.
        """
        iterator = _iterators(ctx).get(iname)
        if iterator is None or iterator.key is None:
            return -1
        iterator.table.set_life(iterator.key, exval)
        return 1

    @variable("shtitkey")
    def iterator_key(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$shtitkey(iterator): key of the present item."""
        iterator = _iterators(ctx).get(inner)
        return None if iterator is None or iterator.item is None else iterator.key

    @variable("shtitval")
    def iterator_value(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$shtitval(iterator): value of the present item."""
        iterator = _iterators(ctx).get(inner)
        item = None if iterator is None else iterator.item
        return None if item is None else item.value


def _iterators(ctx: RouteContext) -> dict[str, Iterator]:
    found: dict[str, Iterator] = ctx.attributes.setdefault(_ITERATORS, {})
    return found


def _set(ctx: RouteContext, name: str, value: Scalar) -> int:
    iterator = _iterators(ctx).get(name)
    if iterator is None or iterator.key is None:
        return -1
    iterator.table.set(iterator.key, value)
    return 1
