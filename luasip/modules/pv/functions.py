"""pv: the functions of KSR.pv: reading, setting and testing a pseudo-variable by its text."""

from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.kemi.pseudo_variables import NULL
from luasip.kemi.transformations.strings import to_integer
from luasip.modules.pv import reading


class Functions(Module):
    """KSR.pv.get and its kin. An unknown or malformed name is logged and counts as null."""

    services: Services

    @function(body=reading.get)
    def get(self, ctx: RouteContext, pvn: str) -> PvValue:
        """Value of a pseudo-variable.

        Args:
            pvn: the whole notation, "$ru" or "$(hdr(Via)[0])".
        Returns: text or a number, nil when null.
        """
        value: PvValue = reading.get(self, ctx, pvn)
        return value

    @function(body=reading.gete)
    def gete(self, ctx: RouteContext, pvn: str) -> PvValue:
        """Value of a pseudo-variable, never nil.

        Args:
            pvn: the whole notation.
        Returns: text or a number, "" when null.
        """
        value: PvValue = reading.gete(self, ctx, pvn)
        return value

    @function()
    def getw(self, ctx: RouteContext, pvn: str) -> PvValue:
        """Value of a pseudo-variable for a log.

        Args:
            pvn: the whole notation.
        Returns: text or a number, "<null>" when null.
        """
        value = self.services.variables.get(ctx, pvn)
        return NULL if value is None else value

    @function()
    def getvs(self, ctx: RouteContext, pvn: str, xsval: str) -> PvValue:
        """Value of a pseudo-variable, or a text.

        Args:
            pvn: the whole notation.
            xsval: what to give when it is null.
        Returns: text or a number.
        """
        value = self.services.variables.get(ctx, pvn)
        return xsval if value is None else value

    @function()
    def getvn(self, ctx: RouteContext, pvn: str, xival: int) -> PvValue:
        """Value of a pseudo-variable, or a number.

        Args:
            pvn: the whole notation.
            xival: what to give when it is null.
        Returns: text or a number.
        """
        value = self.services.variables.get(ctx, pvn)
        return xival if value is None else value

    @function()
    def geti(self, ctx: RouteContext, pvn: str) -> int:
        """Value of a pseudo-variable as a number.

        Args:
            pvn: the whole notation.
        Returns: the number, 0 when null or not numeric.
        """
        return to_integer(self.services.variables.get(ctx, pvn)) or 0

    @function()
    def getl(self, ctx: RouteContext, pvn: str) -> PvValue:
        """Value of a pseudo-variable as a long number.

        Args:
            pvn: the whole notation.
        Returns: the number, 0 when null or not numeric.
        """
        return to_integer(self.services.variables.get(ctx, pvn)) or 0

    @function()
    def sets(self, ctx: RouteContext, pvn: str, sval: str) -> bool:
        """Set a pseudo-variable to a text.

        Args:
            pvn: the whole notation.
            sval: the text.
        Returns: true; false when it is unknown, read-only or refuses the value.
        """
        return self.services.variables.set(ctx, pvn, sval)

    @function()
    def seti(self, ctx: RouteContext, pvn: str, ival: int) -> bool:
        """Set a pseudo-variable to a number.

        Args:
            pvn: the whole notation.
            ival: the number.
        Returns: true; false when it is unknown, read-only or refuses the value.
        """
        return self.services.variables.set(ctx, pvn, ival)

    @function()
    def setl(self, ctx: RouteContext, pvn: str, xval: int) -> bool:
        """Set a pseudo-variable to a long number.

        Args:
            pvn: the whole notation.
            xval: the number.
        Returns: true; false when it is unknown, read-only or refuses the value.
        """
        return self.services.variables.set(ctx, pvn, xval)

    @function()
    def unset(self, ctx: RouteContext, pvn: str) -> bool:
        """Set a pseudo-variable to null.

        Args:
            pvn: the whole notation.
        Returns: true; false when it is unknown, read-only or refuses.
        """
        return self.services.variables.set(ctx, pvn, None)

    @function()
    def is_null(self, ctx: RouteContext, pvn: str) -> bool:
        """Whether a pseudo-variable is null.

        Args:
            pvn: the whole notation.
        Returns: true or false.
        """
        return self.services.variables.get(ctx, pvn) is None
