"""pvx: functions on XAVPs. Each acts on the newest value of a name unless it says so."""

from luasip.kemi import xavp_store
from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.declare import Module, function
from luasip.kemi.lists import XavpRecord
from luasip.kemi.pseudo_variables import NULL
from luasip.kemi.xavp_store import XavpName


class XavpFunctions(Module):
    """xavp_…"""

    @function()
    def xavp_get(self, ctx: RouteContext, rname: str) -> PvValue:
        """Value of an XAVP.

        Args:
            rname: its name.
        Returns: text or a number, nil when there is none.
        """
        value = _read(ctx, rname)
        return value

    @function()
    def xavp_child_get(self, ctx: RouteContext, rname: str, cname: str) -> PvValue:
        """Value of a field of the newest record.

        Args:
            rname: name of the record.
            cname: name of the field.
        Returns: text or a number, nil when there is none.
        """
        value = _read(ctx, rname, cname)
        return value

    @function()
    def xavp_gete(self, ctx: RouteContext, rname: str) -> PvValue:
        """Value of an XAVP.

        Args:
            rname: its name.
        Returns: text or a number, "" when there is none.
        """
        value = _read(ctx, rname)
        return "" if value is None else value

    @function()
    def xavp_child_gete(self, ctx: RouteContext, rname: str, cname: str) -> PvValue:
        """Value of a field of the newest record.

        Args:
            rname: name of the record.
            cname: name of the field.
        Returns: text or a number, "" when there is none.
        """
        value = _read(ctx, rname, cname)
        return "" if value is None else value

    @function()
    def xavp_getw(self, ctx: RouteContext, rname: str) -> PvValue:
        """Value of an XAVP.

        Args:
            rname: its name.
        Returns: text or a number, "<null>" when there is none.
        """
        value = _read(ctx, rname)
        return NULL if value is None else value

    @function()
    def xavp_child_getw(self, ctx: RouteContext, rname: str, cname: str) -> PvValue:
        """Value of a field of the newest record.

        Args:
            rname: name of the record.
            cname: name of the field.
        Returns: text or a number, "<null>" when there is none.
        """
        value = _read(ctx, rname, cname)
        return NULL if value is None else value

    @function()
    def xavp_is_null(self, ctx: RouteContext, rname: str) -> int:
        """Whether there is no value of this name.

        Args:
            rname: the name.
        Returns: 1 when there is none, else -1.
        """
        return 1 if _read(ctx, rname) is None else -1

    @function()
    def xavp_child_is_null(self, ctx: RouteContext, rname: str, cname: str) -> int:
        """Whether the newest record has no such field.

        Args:
            rname: name of the record.
            cname: name of the field.
        Returns: 1 when it has none, else -1.
        """
        return 1 if _read(ctx, rname, cname) is None else -1

    @function()
    def xavp_seti(self, ctx: RouteContext, rname: str, ival: int) -> int:
        """Add a number as the newest value.

        Args:
            rname: the name.
            ival: the number.
        Returns: 1, -1 without a name.
        """
        return _push(ctx, rname, ival)

    @function()
    def xavp_sets(self, ctx: RouteContext, rname: str, sval: str) -> int:
        """Add a text as the newest value.

        Args:
            rname: the name.
            sval: the text.
        Returns: 1, -1 without a name.
        """
        return _push(ctx, rname, sval)

    @function()
    def xavp_child_seti(self, ctx: RouteContext, rname: str, cname: str, ival: int) -> int:
        """Set a field of the newest record, which is made when there is none.

        Args:
            rname: name of the record.
            cname: name of the field.
            ival: the number.
        Returns: 1, -1 without a name.
        """
        return _set_child(ctx, rname, cname, ival)

    @function()
    def xavp_child_sets(self, ctx: RouteContext, rname: str, cname: str, sval: str) -> int:
        """Set a field of the newest record, which is made when there is none.

        Args:
            rname: name of the record.
            cname: name of the field.
            sval: the text.
        Returns: 1, -1 without a name.
        """
        return _set_child(ctx, rname, cname, sval)

    @function()
    def xavp_rm(self, ctx: RouteContext, rname: str) -> int:
        """Take the newest value away.

        Args:
            rname: the name.
        Returns: 1.
        """
        xavp_store.remove(ctx.lists.xavps, XavpName(rname, 0, "", None))
        return 1

    @function()
    def xavp_rm_all(self, ctx: RouteContext, rname: str) -> int:
        """Take all values away.

        Args:
            rname: the name.
        Returns: 1.
        """
        ctx.lists.xavps.pop(rname, None)
        return 1

    @function()
    def xavp_child_rm(self, ctx: RouteContext, rname: str, cname: str) -> int:
        """Take a field's newest value away from the newest record.

        Args:
            rname: name of the record.
            cname: name of the field.
        Returns: 1.
        """
        xavp_store.remove(ctx.lists.xavps, XavpName(rname, 0, cname, 0))
        return 1

    @function()
    def xavp_getd(self, ctx: RouteContext, rname: str) -> object:
        """All records of a name.

        Args:
            rname: the name.
        Returns: array of tables, newest first, field → array of values; nil when there is none.
        """
        values = ctx.lists.xavps.get(rname, ())
        tables = [xavp_store.as_table(value) for value in values if isinstance(value, XavpRecord)]
        return tables or None

    @function()
    def xavp_getd_p1(self, ctx: RouteContext, rname: str, indx: int) -> object:
        """One record.

        Args:
            rname: the name.
            indx: its position, 0 the newest, -1 the oldest.
        Returns: table field → array of values; nil when there is no such record.
        """
        found = xavp_store.record(ctx.lists.xavps, rname, indx)
        return None if found is None else xavp_store.as_table(found)

    @function()
    def xavp_get_keys(self, ctx: RouteContext, rname: str, indx: int) -> object:
        """Names of the fields of a record.

        Args:
            rname: the name.
            indx: its position, 0 the newest.
        Returns: array of names; nil when there is no such record.
        """
        found = xavp_store.record(ctx.lists.xavps, rname, indx)
        return None if found is None else list(found.fields)


def _read(ctx: RouteContext, root: str, field: str = "") -> PvValue:
    return xavp_store.read(ctx.lists.xavps, XavpName(root, 0, field, 0))


def _push(ctx: RouteContext, root: str, value: str | int) -> int:
    if not root:
        return -1
    xavp_store.push(ctx.lists.xavps, root, value)
    return 1


def _set_child(ctx: RouteContext, root: str, field: str, value: str | int) -> int:
    if not root or not field:
        return -1
    xavp_store.set_child(ctx.lists.xavps, root, field, value)
    return 1
