"""kx (kemix): quick getters, and what the settings define."""

from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.kemi.transformations.strings import to_integer
from luasip.modules.kx.parts import Parts
from luasip.modules.kx.sockets import Sockets
from luasip.modules.kx.whole import Whole
from luasip.modules.pv import Pv


class Kx(Parts, Whole, Sockets):
    """kx: quick getters."""

    name = "kx"
    uses = ("pv",)

    def __init__(self, settings: Module.Settings, services: Services, pv: Pv) -> None:
        self.settings = settings
        self.services = services
        self.pv = pv

    @function()
    def get_def(self, ctx: RouteContext, dname: str) -> PvValue:
        """A value of [define].

        Args:
            dname: its name.
        Returns: text, "" when it is not defined.
        """
        return self.services.defines.get(dname, "")

    @function()
    def get_defn(self, ctx: RouteContext, dname: str) -> int:
        """A value of [define] as a number.

        Args:
            dname: its name.
        Returns: the number, 0 when it is not defined or none.
        """
        return to_integer(self.services.defines.get(dname)) or 0

    @function()
    def get_env(self, ctx: RouteContext, envname: str) -> PvValue:
        """A variable of the process environment.

        Args:
            envname: its name.
        Returns: text, nil when there is none.
        """
        return self.pv.environment(ctx, envname, None)

    @function()
    def get_envn(self, ctx: RouteContext, envname: str) -> int:
        """A variable of the process environment as a number.

        Args:
            envname: its name.
        Returns: the number, 0 when there is none or it is no number.
        """
        return to_integer(self.pv.environment(ctx, envname, None)) or 0

    @function()
    def ifdef(self, ctx: RouteContext, dname: str) -> bool:
        """Whether [define] has a name.

        Args:
            dname: the name.
        Returns: true or false.
        """
        return dname in self.services.defines

    @function()
    def ifndef(self, ctx: RouteContext, dname: str) -> bool:
        """Whether [define] has no such name.

        Args:
            dname: the name.
        Returns: true or false.
        """
        return dname not in self.services.defines


__all__ = ["Kx"]
