"""Functions and variables that read and write items."""

from collections.abc import Callable
from typing import Final

from luasip.kemi.context import PvValue, RouteContext, Services, Suspending
from luasip.kemi.declare import function, variable, variable_setter
from luasip.kemi.operation import TIMED_OUT, Event
from luasip.modules.htable.locks import WAIT, SlotLocks
from luasip.modules.htable.matching import count_test, selecting, text_test
from luasip.modules.htable.settings import HtableSettings
from luasip.modules.htable.table import HashTable, Scalar
from luasip.modules.htable.tables import RECORD, Tables

NOT_COUNTED: Final = -255
"""What sht_inc and sht_dec return when there is nothing to count."""


class ItemFunctions(Tables):
    """sht_* and $sht*."""

    def __init__(self, settings: HtableSettings, services: Services) -> None:
        super().__init__(settings, services)
        self._locks = SlotLocks(services)

    @function()
    def sht_get(self, ctx: RouteContext, htname: str, itname: str) -> PvValue:
        """Value of an item.

        Args:
            htname: the table.
            itname: the item's key.
        Returns: the value, the table's initval when it is absent, nil without an initval.
        """
        table = self.table(htname)
        return None if table is None else table.value(itname)

    @function()
    def sht_gete(self, ctx: RouteContext, htname: str, itname: str) -> PvValue:
        """Value of an item, or the empty string.

        Args:
            htname: the table.
            itname: the item's key.
        Returns: as sht_get, "" instead of nil.
        """
        value = self.sht_get(ctx, htname, itname)
        return "" if value is None else value

    @function()
    def sht_getw(self, ctx: RouteContext, htname: str, itname: str) -> PvValue:
        """Value of an item, or "<null>".

        Args:
            htname: the table.
            itname: the item's key.
        Returns: as sht_get, "<null>" instead of nil.
        """
        value = self.sht_get(ctx, htname, itname)
        return "<null>" if value is None else value

    @function()
    def sht_sets(self, ctx: RouteContext, htname: str, itname: str, itval: str) -> int:
        """Set an item to text.

        Args:
            htname: the table.
            itname: the item's key.
            itval: the value.
        Returns: 1, -1 when there is no such table.
        """
        return self._set(htname, itname, itval)

    @function()
    def sht_seti(self, ctx: RouteContext, htname: str, itname: str, itval: int) -> int:
        """Set an item to an integer.

        Args:
            htname: the table.
            itname: the item's key.
            itval: the value.
        Returns: 1, -1 when there is no such table.
        """
        return self._set(htname, itname, itval)

    @function()
    def sht_setxs(self, ctx: RouteContext, htname: str, itname: str, itval: str, exval: int) -> int:
        """Set an item to text and say how long it lives.

        Args:
            htname: the table.
            itname: the item's key.
            itval: the value.
            exval: seconds (in a table with autoexpire).
        Returns: 1, -1 when there is no such table.
        """
        return self._set(htname, itname, itval, exval)

    @function()
    def sht_setxi(self, ctx: RouteContext, htname: str, itname: str, itval: int, exval: int) -> int:
        """Set an item to an integer and say how long it lives.

        Args:
            htname: the table.
            itname: the item's key.
            itval: the value.
            exval: seconds (in a table with autoexpire).
        Returns: 1, -1 when there is no such table.
        """
        return self._set(htname, itname, itval, exval)

    @function()
    def sht_setex(self, ctx: RouteContext, htname: str, itname: str, itval: int) -> int:
        """Set how long an item lives, in a table with autoexpire.

        Args:
            htname: the table.
            itname: the item's key.
            itval: seconds from now, 0 for ever.
        Returns: 1, -1 when there is no such table.
        """
        table = self.table(htname)
        if table is None:
            return -1
        table.set_life(itname, itval)
        return 1

    @function()
    def sht_inc(self, ctx: RouteContext, htname: str, itname: str) -> int:
        """Add one to an item; an absent one is made in a table with an initval.

        Args:
            htname: the table.
            itname: the item's key.
        Returns: the new value, -255 when the item is text or absent, or there is no such table.
        """
        return self._add(htname, itname, 1)

    @function()
    def sht_dec(self, ctx: RouteContext, htname: str, itname: str) -> int:
        """Subtract one from an item; an absent one is made in a table with an initval.

        Args:
            htname: the table.
            itname: the item's key.
        Returns: the new value, -255 when the item is text or absent, or there is no such table.
        """
        return self._add(htname, itname, -1)

    @function()
    def sht_is_null(self, ctx: RouteContext, htname: str, itname: str) -> int:
        """Whether an item is absent.

        Args:
            htname: the table.
            itname: the item's key.
        Returns: 1 absent, -1 present, 2 there is no such table, -2 absent in a table with an initval.
        """
        table = self.table(htname)
        if table is None:
            return 2
        if table.find(itname) is not None:
            return -1
        return 1 if table.definition.initval is None else -2

    @function()
    def sht_rm(self, ctx: RouteContext, hname: str, iname: str) -> int:
        """Remove an item.

        Args:
            hname: the table.
            iname: the item's key.
        Returns: 1, -1 when there is no such table.
        """
        table = self.table(hname)
        if table is None:
            return -1
        table.remove(iname)
        return 1

    @function()
    def sht_reset(self, ctx: RouteContext, hname: str) -> int:
        """Remove all items of a table.

        Args:
            hname: the table.
        Returns: 1, -1 when there is no such table.
        """
        table = self.table(hname)
        if table is None:
            return -1
        table.clear()
        return 1

    # ── several items at once ──────────────────────────────────────────────────────────────────────────────

    @function()
    def sht_match_name(self, ctx: RouteContext, sname: str, sop: str, sval: str) -> int:
        """Whether a table has an item with such a key.

        Args:
            sname: the table.
            sop: eq, ne, re, sw (starts with), ew (ends with) or in (contains).
            sval: what the key is compared with.
        Returns: 1 it has, -1 not.
        """
        return self._matches(sname, sop, sval, False)

    @function()
    def sht_match_str_value(self, ctx: RouteContext, sname: str, sop: str, sval: str) -> int:
        """Whether a table has an item with such a text as its value.

        Args:
            sname: the table.
            sop: eq, ne, re, sw (starts with), ew (ends with) or in (contains).
            sval: what the value is compared with.
        Returns: 1 it has, -1 not.
        """
        return self._matches(sname, sop, sval, True)

    @function()
    def sht_rm_name(self, ctx: RouteContext, sname: str, sop: str, sval: str) -> int:
        """Remove the items with such keys.

        Args:
            sname: the table.
            sop: re, sw (starts with), ew (ends with), in (contains), eq or ne.
            sval: what keys are compared with.
        Returns: 1, -1 for a wrong table, operator or expression.
        """
        return self._remove_where(sname, sop, sval, False)

    @function()
    def sht_rm_value(self, ctx: RouteContext, sname: str, sop: str, sval: str) -> int:
        """Remove the items with such texts as values.

        Args:
            sname: the table.
            sop: re, sw (starts with), ew (ends with), in (contains), eq or ne.
            sval: what values are compared with.
        Returns: 1, -1 for a wrong table, operator or expression.
        """
        return self._remove_where(sname, sop, sval, True)

    @function()
    def sht_rm_name_re(self, ctx: RouteContext, htname: str, rexp: str) -> int:
        """Remove the items whose keys match a regular expression.

        Args:
            htname: the table.
            rexp: POSIX extended expression; upper and lower case are the same.
        Returns: 1, -1 for a wrong table or expression.
        """
        return self._remove_where(htname, "re", rexp, False)

    @function()
    def sht_rm_value_re(self, ctx: RouteContext, htname: str, rexp: str) -> int:
        """Remove the items whose values are texts that match a regular expression.

        Args:
            htname: the table.
            rexp: POSIX extended expression; upper and lower case are the same.
        Returns: 1, -1 for a wrong table or expression.
        """
        return self._remove_where(htname, "re", rexp, True)

    @function()
    def sht_cn(self, ctx: RouteContext, table: str, op: str, pattern: str) -> int:
        """Count the items with such keys.

        Args:
            table: the table.
            op: re, sw (starts with), ew (ends with), in (contains), eq, ne, or one of $shtcn's ~~, ~%,
                %~, ==, **.
            pattern: what keys are compared with.
        Returns: how many, -1 when there is no such table.
        """
        found = self.table(table)
        if found is None:
            return -1
        test = text_test(op, pattern)
        return _count(found, count_test(op + pattern, False) if test is None else selecting(test, False))

    # ── locks ──────────────────────────────────────────────────────────────────────────────────────────────

    @function(suspends=True)
    def sht_lock(self, ctx: RouteContext, htname: str, skey: str) -> Suspending:
        """Lock the slot of a key against other callbacks that lock it; waits until it is free.

        The same callback may lock it again. A lock not given back within 10 seconds is lost.

        Args:
            htname: the table.
            skey: the key.
        Returns: 1, -1 when there is no such table or too many routes wait already.
        """
        table = self.table(htname)
        if table is None:
            return -1
        slot = f"{htname}:{table.slot(skey)}"
        while not self._locks.take(slot, ctx):
            before = self._services.now()
            woken = yield Event(f"htable.lock:{slot}", WAIT)
            if woken is TIMED_OUT and self._services.now() - before < WAIT / 2:
                return -1  # the wait was refused: trying again at once would not let anybody else run
        return 1

    @function()
    def sht_unlock(self, ctx: RouteContext, htname: str, skey: str) -> int:
        """Give back the slot of a key.

        Args:
            htname: the table.
            skey: the key.
        Returns: 1, -1 when there is no such table or this callback does not hold the lock.
        """
        table = self.table(htname)
        if table is None:
            return -1
        return 1 if self._locks.give_back(f"{htname}:{table.slot(skey)}", ctx) else -1

    # ── variables ──────────────────────────────────────────────────────────────────────────────────────────

    @variable("sht")
    def item(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$sht(table=>key): value of an item. Setting makes it, unsetting removes it."""
        table, key = self._place(inner)
        return None if table is None else table.value(key)

    @variable_setter("sht")
    def set_item(self, ctx: RouteContext, inner: str, index: int | str | None, value: PvValue) -> bool:
        """Set or remove an item."""
        table, key = self._place(inner)
        if table is None:
            return False
        if value is None:
            table.remove(key)
        else:
            table.set(key, value)
        return True

    @variable("shtex")
    def life(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$shtex(table=>key): seconds until an item ends, 0 for never. May be set."""
        table, key = self._place(inner)
        return None if table is None else table.remaining(key)

    @variable_setter("shtex")
    def set_life(self, ctx: RouteContext, inner: str, index: int | str | None, value: PvValue) -> bool:
        """Set how long an item lives."""
        table, key = self._place(inner)
        if table is None:
            return False
        table.set_life(key, value if isinstance(value, int) else 0)
        return True

    @variable("shtinc")
    def increment(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$shtinc(table=>key): adds one to an item and reads it; null when it cannot be counted."""
        table, key = self._place(inner)
        return None if table is None else table.add(key, 1)

    @variable("shtdec")
    def decrement(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$shtdec(table=>key): subtracts one from an item and reads it; null when it cannot be counted."""
        table, key = self._place(inner)
        return None if table is None else table.add(key, -1)

    @variable("shtcn")
    def count_names(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$shtcn(table=>test): how many keys match: ~~regex, ~%end, %~start, ==text, ** (all) or a regex."""
        table, expression = self._place(inner)
        return None if table is None else _count(table, count_test(expression, False))

    @variable("shtcv")
    def count_values(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$shtcv(table=>test): how many values match: as $shtcn, and eqnumber for integers."""
        table, expression = self._place(inner)
        return None if table is None else _count(table, count_test(expression, True))

    @variable("shtrecord")
    def expired_record(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$shtrecord(key) and $shtrecord(value): the item an expired event is about."""
        record: tuple[str, Scalar] | None = ctx.attributes.get(RECORD)
        if record is None or inner not in ("key", "value"):
            return None
        return record[0] if inner == "key" else record[1]

    def _place(self, inner: str) -> tuple[HashTable | None, str]:
        name, arrow, key = inner.partition("=>")
        return (self.table(name.strip()), key) if arrow else (None, "")

    def _set(self, name: str, key: str, value: Scalar, life: int = 0) -> int:
        table = self.table(name)
        if table is None:
            return -1
        table.set(key, value, life)
        return 1

    def _add(self, name: str, key: str, amount: int) -> int:
        table = self.table(name)
        value = None if table is None else table.add(key, amount)
        return NOT_COUNTED if value is None else value

    def _matches(self, name: str, operator: str, wanted: str, by_value: bool) -> int:
        table, test = self.table(name), text_test(operator, wanted)
        if table is None or test is None:
            return -1
        matches = selecting(test, by_value)
        return 1 if any(matches(key, item.value) for key, item in table.items()) else -1

    def _remove_where(self, name: str, operator: str, wanted: str, by_value: bool) -> int:
        table, test = self.table(name), text_test(operator, wanted)
        if table is None or test is None:
            return -1
        table.remove_where(selecting(test, by_value))
        return 1


def _count(table: HashTable, matches: Callable[[str, Scalar], bool] | None) -> int:
    return 0 if matches is None else sum(matches(key, item.value) for key, item in table.items())
