"""pvx: what KSR.pv does by notation, by plain names; and work on whole XAVP records."""

from luasip.kemi.context import Branch, RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.kemi.static_branch import reset_static_branch, static_branch
from luasip.modules.pv import Pv
from luasip.modules.pvx.records import RecordFunctions
from luasip.modules.pvx.variables import VariableFunctions
from luasip.modules.pvx.xavis import XaviFunctions
from luasip.modules.pvx.xavps import XavpFunctions
from luasip.modules.pvx.xavus import XavuFunctions


class Pvx(VariableFunctions, XavpFunctions, XaviFunctions, XavuFunctions, RecordFunctions):
    """pvx: variables by name."""

    name = "pvx"
    uses = ("pv",)

    def __init__(self, settings: Module.Settings, services: Services, pv: Pv) -> None:
        self.settings = settings
        self.services = services
        self.pv = pv

    @function()
    def sbranch_set_ruri(self, ctx: RouteContext) -> int:
        """Make what $sbranch(…) holds the first destination.

        Returns: 1, -1 when it has no URI.
        """
        prepared = static_branch(ctx)
        if not prepared.uri or not ctx.is_request:
            return -1
        _copy(prepared, ctx.target)
        return 1

    @function()
    def sbranch_append(self, ctx: RouteContext) -> int:
        """Append what $sbranch(…) holds as a further destination.

        Returns: 1, -1 when it has no URI.
        """
        prepared = static_branch(ctx)
        if not prepared.uri or not ctx.is_request:
            return -1
        added = Branch("")
        _copy(prepared, added)
        ctx.branches.append(added)
        return 1

    @function()
    def sbranch_reset(self, ctx: RouteContext) -> int:
        """Empty $sbranch(…).

        Returns: 1.
        """
        reset_static_branch(ctx)
        return 1


def _copy(source: Branch, target: Branch) -> None:
    target.uri = source.uri
    target.destination_uri = source.destination_uri
    target.path = source.path
    target.q = source.q
    target.flags = source.flags
    target.send_socket = source.send_socket or target.send_socket


__all__ = ["Pvx"]
