"""pvx: functions on XAVUs, which hold one value a name, or one value a field."""

from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.declare import Module, function
from luasip.kemi.pseudo_variables import NULL
from luasip.kemi.xavp_store import RECORD


class XavuFunctions(Module):
    """xavu_…"""

    @function()
    def xavu_get(self, ctx: RouteContext, rname: str) -> PvValue:
        """Value of an XAVU.

        Args:
            rname: its name.
        Returns: text or a number, nil when there is none.
        """
        value = _read(ctx, rname)
        return value

    @function()
    def xavu_child_get(self, ctx: RouteContext, rname: str, cname: str) -> PvValue:
        """Value of a field of an XAVU.

        Args:
            rname: name of the XAVU.
            cname: name of the field.
        Returns: text or a number, nil when there is none.
        """
        value = _read_child(ctx, rname, cname)
        return value

    @function()
    def xavu_gete(self, ctx: RouteContext, rname: str) -> PvValue:
        """Value of an XAVU.

        Args:
            rname: its name.
        Returns: text or a number, "" when there is none.
        """
        value = _read(ctx, rname)
        return "" if value is None else value

    @function()
    def xavu_child_gete(self, ctx: RouteContext, rname: str, cname: str) -> PvValue:
        """Value of a field of an XAVU.

        Args:
            rname: name of the XAVU.
            cname: name of the field.
        Returns: text or a number, "" when there is none.
        """
        value = _read_child(ctx, rname, cname)
        return "" if value is None else value

    @function()
    def xavu_getw(self, ctx: RouteContext, rname: str) -> PvValue:
        """Value of an XAVU.

        Args:
            rname: its name.
        Returns: text or a number, "<null>" when there is none.
        """
        value = _read(ctx, rname)
        return NULL if value is None else value

    @function()
    def xavu_child_getw(self, ctx: RouteContext, rname: str, cname: str) -> PvValue:
        """Value of a field of an XAVU.

        Args:
            rname: name of the XAVU.
            cname: name of the field.
        Returns: text or a number, "<null>" when there is none.
        """
        value = _read_child(ctx, rname, cname)
        return NULL if value is None else value

    @function()
    def xavu_is_null(self, ctx: RouteContext, rname: str) -> int:
        """Whether there is no value of this name.

        Args:
            rname: the name.
        Returns: 1 when there is none, else -1.
        """
        return 1 if _read(ctx, rname) is None else -1

    @function()
    def xavu_child_is_null(self, ctx: RouteContext, rname: str, cname: str) -> int:
        """Whether there is no such field.

        Args:
            rname: name of the XAVU.
            cname: name of the field.
        Returns: 1 when there is none, else -1.
        """
        return 1 if _read_child(ctx, rname, cname) is None else -1

    @function()
    def xavu_seti(self, ctx: RouteContext, rname: str, ival: int) -> int:
        """Set an XAVU to a number.

        Args:
            rname: the name.
            ival: the number.
        Returns: 1, -1 without a name.
        """
        return _set(ctx, rname, ival)

    @function()
    def xavu_sets(self, ctx: RouteContext, rname: str, sval: str) -> int:
        """Set an XAVU to a text.

        Args:
            rname: the name.
            sval: the text.
        Returns: 1, -1 without a name.
        """
        return _set(ctx, rname, sval)

    @function()
    def xavu_child_seti(self, ctx: RouteContext, rname: str, cname: str, ival: int) -> int:
        """Set a field to a number.

        Args:
            rname: name of the XAVU.
            cname: name of the field.
            ival: the number.
        Returns: 1, -1 without a name.
        """
        return _set_child(ctx, rname, cname, ival)

    @function()
    def xavu_child_sets(self, ctx: RouteContext, rname: str, cname: str, sval: str) -> int:
        """Set a field to a text.

        Args:
            rname: name of the XAVU.
            cname: name of the field.
            sval: the text.
        Returns: 1, -1 without a name.
        """
        return _set_child(ctx, rname, cname, sval)

    @function()
    def xavu_rm(self, ctx: RouteContext, rname: str) -> int:
        """Take an XAVU away.

        Args:
            rname: the name.
        Returns: 1.
        """
        ctx.lists.xavus.pop(rname, None)
        return 1

    @function()
    def xavu_child_rm(self, ctx: RouteContext, rname: str, cname: str) -> int:
        """Take a field away.

        Args:
            rname: name of the XAVU.
            cname: name of the field.
        Returns: 1.
        """
        fields = ctx.lists.xavus.get(rname)
        if isinstance(fields, dict):
            fields.pop(cname, None)
        return 1


def _read(ctx: RouteContext, name: str) -> PvValue:
    value = ctx.lists.xavus.get(name)
    return RECORD if isinstance(value, dict) else value


def _read_child(ctx: RouteContext, name: str, field: str) -> PvValue:
    fields = ctx.lists.xavus.get(name)
    return fields.get(field) if isinstance(fields, dict) else None


def _set(ctx: RouteContext, name: str, value: str | int) -> int:
    if not name:
        return -1
    ctx.lists.xavus[name] = value
    return 1


def _set_child(ctx: RouteContext, name: str, field: str, value: str | int) -> int:
    if not name or not field:
        return -1
    fields = ctx.lists.xavus.get(name)
    if not isinstance(fields, dict):
        fields = ctx.lists.xavus[name] = {}
    fields[field] = value
    return 1
