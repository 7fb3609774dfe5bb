"""Functions about being stateful: making transactions and finding them."""

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import function
from luasip.modules.tm import arming, matching
from luasip.modules.tm.parts import Parts

SCRIPT_ERROR = -10
"""What a second t_newtran returns in Kamailio."""


class StateFunctions(Parts):
    """t_newtran, t_check_trans and their kin."""

    @function()
    def t_newtran(self, ctx: RouteContext) -> int:
        """Create the transaction of the request.

        Returns: 1 created; 0 it is a retransmission, already answered: stop; -10 there is one already; -1 not possible.
        """
        if ctx.transaction is not None:
            return SCRIPT_ERROR
        return self._services.transactions.create(ctx)

    @function()
    def t_release(self, ctx: RouteContext) -> int:
        """End the work on the transaction in this route; kept for Kamailio's sake, nothing has to be released.

        Returns: 1, or -1 without a transaction.
        """
        return 1 if ctx.transaction is not None else -1

    @function()
    def t_clean(self, ctx: RouteContext) -> int:
        """Remove finished transactions; kept for Kamailio's sake, they remove themselves.

        Returns: 1.
        """
        return 1

    @function()
    def t_exists(self, ctx: RouteContext) -> int:
        """Whether the message belongs to a transaction.

        Returns: 1 or -1.
        """
        return 1 if self._lookup(ctx) is not None else -1

    @function()
    def t_lookup_request(self, ctx: RouteContext) -> int:
        """Find the transaction of the request and make it the current one.

        Returns: 1 found, -1 not.
        """
        if not ctx.is_request:
            return -1
        ctx.transaction = ctx.transaction or self._services.transactions.find(ctx.request)
        return 1 if ctx.transaction is not None else -1

    @function()
    def t_lookup_cancel(self, ctx: RouteContext) -> int:
        """Whether there is an INVITE that this CANCEL is about.

        Returns: 1 or -1.
        """
        return self.t_lookup_cancel_flags(ctx, 0)

    @function()
    def t_lookup_cancel_flags(self, ctx: RouteContext, flags: int) -> int:
        """Whether there is an INVITE that this CANCEL is about, with flags.

        Args:
            flags: 1: take over the INVITE's message flags.
        Returns: 1 or -1.
        """
        if not ctx.is_request or ctx.request.method != "CANCEL":
            return -1
        invite = self._services.transactions.find_canceled(ctx.request)
        if invite is None:
            return -1
        if flags & 1:
            ctx.flags = invite.flags
        return 1

    @function(body=matching.t_check_trans)
    def t_check_trans(self, ctx: RouteContext) -> int:
        """Whether the message belongs to a transaction; retransmissions are answered from it.

        Returns: -1 no; 0 it does and is taken care of: stop; 1 an ACK for a 2xx, a CANCEL with its INVITE, a reply with
            its request; in branch, failure and onreply routes always 1.
        """
        return matching.t_check_trans(self, ctx)

    @function(body=arming.t_is_set)
    def t_is_set(self, ctx: RouteContext, target: str) -> int:
        """Whether a callback is armed.

        Args:
            target: "branch_route", "failure_route" or "onreply_route"; the first letter decides.
        Returns: 1 or -1.
        """
        return arming.t_is_set(self, ctx, target)
