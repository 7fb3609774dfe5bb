"""pvx: functions on AVPs, script variables and shared variables, and evalx."""

from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.kemi.pseudo_variables import NULL
from luasip.modules.pv import Pv


class VariableFunctions(Module):
    """avp_…, var_…, shv_…"""

    pv: Pv
    services: Services

    @function()
    def avp_get(self, ctx: RouteContext, xname: str) -> PvValue:
        """Newest value of an AVP.

        Args:
            xname: its name.
        Returns: text or a number, nil when there is none.
        """
        return _newest(ctx, xname)

    @function()
    def avp_gete(self, ctx: RouteContext, xname: str) -> PvValue:
        """Newest value of an AVP.

        Args:
            xname: its name.
        Returns: text or a number, "" when there is none.
        """
        value = _newest(ctx, xname)
        return "" if value is None else value

    @function()
    def avp_getw(self, ctx: RouteContext, xname: str) -> PvValue:
        """Newest value of an AVP.

        Args:
            xname: its name.
        Returns: text or a number, "<null>" when there is none.
        """
        value = _newest(ctx, xname)
        return NULL if value is None else value

    @function()
    def avp_is_null(self, ctx: RouteContext, xname: str) -> int:
        """Whether an AVP has no value.

        Args:
            xname: its name.
        Returns: 1 when it has none, else -1.
        """
        return 1 if _newest(ctx, xname) is None else -1

    @function()
    def avp_seti(self, ctx: RouteContext, xname: str, vn: int) -> int:
        """Add a number in front of an AVP's values.

        Args:
            xname: its name.
            vn: the number.
        Returns: 1, -1 without a name.
        """
        return _add(ctx, xname, vn)

    @function()
    def avp_sets(self, ctx: RouteContext, xname: str, vs: str) -> int:
        """Add a text in front of an AVP's values.

        Args:
            xname: its name.
            vs: the text.
        Returns: 1, -1 without a name.
        """
        return _add(ctx, xname, vs)

    @function()
    def avp_rm(self, ctx: RouteContext, xname: str) -> int:
        """Take the newest value of an AVP away.

        Args:
            xname: its name.
        Returns: 1.
        """
        values = ctx.lists.avps.get(xname)
        if values:
            values.pop(0)
        if not values:
            ctx.lists.avps.pop(xname, None)
        return 1

    @function()
    def var_get(self, ctx: RouteContext, vname: str) -> PvValue:
        """Value of $var(…).

        Args:
            vname: its name.
        Returns: text or a number, 0 until it is set.
        """
        return self.pv.script_variable(ctx, vname, None)

    @function()
    def var_seti(self, ctx: RouteContext, vname: str, ival: int) -> int:
        """Set $var(…) to a number.

        Args:
            vname: its name.
            ival: the number.
        Returns: 1, -1 without a name.
        """
        return 1 if vname and self.pv.set_script_variable(ctx, vname, None, ival) else -1

    @function()
    def var_sets(self, ctx: RouteContext, vname: str, sval: str) -> int:
        """Set $var(…) to a text.

        Args:
            vname: its name.
            sval: the text.
        Returns: 1, -1 without a name.
        """
        return 1 if vname and self.pv.set_script_variable(ctx, vname, None, sval) else -1

    @function()
    def shv_get(self, ctx: RouteContext, vname: str) -> PvValue:
        """Value of $shv(…).

        Args:
            vname: its name.
        Returns: text or a number, 0 until it is set.
        """
        return self.pv.shared_variable(ctx, vname, None)

    @function()
    def shv_seti(self, ctx: RouteContext, vname: str, ival: int) -> int:
        """Set $shv(…) to a number.

        Args:
            vname: its name.
            ival: the number.
        Returns: 1, -1 without a name.
        """
        return 1 if vname and self.pv.set_shared_variable(ctx, vname, None, ival) else -1

    @function()
    def shv_sets(self, ctx: RouteContext, vname: str, sval: str) -> int:
        """Set $shv(…) to a text.

        Args:
            vname: its name.
            sval: the text.
        Returns: 1, -1 without a name.
        """
        return 1 if vname and self.pv.set_shared_variable(ctx, vname, None, sval) else -1

    @function()
    def shvinc_get(self, ctx: RouteContext, vname: str) -> PvValue:
        """Add 1 to $shv(…).

        Args:
            vname: its name.
        Returns: the sum; nil without a name.
        """
        return self.pv.increment_shared(vname) if vname else None

    @function()
    def evalx(self, ctx: RouteContext, dst: str, fmt: str) -> int:
        """Set a pseudo-variable to a text with its pseudo-variables replaced.

        Args:
            dst: the pseudo-variable to set.
            fmt: the text.
        Returns: 1, -1 when it cannot be set.
        """
        return 1 if self.services.variables.set(ctx, dst, self.services.variables.expand(ctx, fmt)) else -1


def _newest(ctx: RouteContext, name: str) -> PvValue:
    values = ctx.lists.avps.get(name)
    return values[0] if values else None


def _add(ctx: RouteContext, name: str, value: str | int) -> int:
    if not name:
        return -1
    ctx.lists.avps.setdefault(name, []).insert(0, value)
    return 1
