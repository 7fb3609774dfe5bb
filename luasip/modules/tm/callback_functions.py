"""Functions that name the callbacks of a transaction."""

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import function
from luasip.modules.tm import arming
from luasip.modules.tm.parts import Parts


class CallbackFunctions(Parts):
    """t_on_failure and its kin."""

    @function(body=arming.t_on_branch)
    def t_on_branch(self, ctx: RouteContext, rname: str) -> int:
        """Name the Lua function that is called for every branch before it is sent.

        Args:
            rname: a global function, "" for none.
        Returns: 1.
        """
        return arming.t_on_branch(self, ctx, rname)

    @function(body=arming.t_on_reply)
    def t_on_reply(self, ctx: RouteContext, rname: str) -> int:
        """Name the Lua function that is called for every reply of the branches.

        Args:
            rname: a global function, "" for none.
        Returns: 1.
        """
        return arming.t_on_reply(self, ctx, rname)

    @function(body=arming.t_on_failure)
    def t_on_failure(self, ctx: RouteContext, rname: str) -> int:
        """Name the Lua function that is called when all branches have failed. It must be armed anew in that function.

        Args:
            rname: a global function, "" for none.
        Returns: 1.
        """
        return arming.t_on_failure(self, ctx, rname)

    @function()
    def t_on_branch_failure(self, ctx: RouteContext, rname: str) -> int:
        """Name the Lua function that is called for each branch that fails.

        Args:
            rname: a global function, "" for none.
        Returns: 1.
        """
        ctx.arming.on_branch_failure = rname
        return 1
