"""Functions that ask what has happened to a transaction."""

from luasip.errors import PatternError
from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Route, function
from luasip.kemi.failed_branch import chosen_branch, failure_status
from luasip.kemi.posix_regex import compile_posix
from luasip.modules.tm.parts import Parts
from luasip.sip.message import Response


class StatusFunctions(Parts):
    """t_check_status, t_is_canceled and their kin."""

    @function()
    def t_check_status(self, ctx: RouteContext, sexp: str) -> int:
        """Match the status of the transaction: of this reply, of the reply that won, or of the last one sent.

        Args:
            sexp: POSIX extended regular expression, e.g. "486|408"; found anywhere in the three digits.
        Returns: 1 it matches, -1 not, or there is no status.
        """
        status = self.t_get_status_code(ctx)
        if status < 0:
            return -1
        try:
            pattern = compile_posix(sexp, "i")
        except PatternError:
            return -1
        return 1 if pattern.search(str(status)) else -1

    @function()
    def t_get_status_code(self, ctx: RouteContext) -> int:
        """The status that t_check_status looks at.

        Returns: the status, -1 when there is none.
        """
        if isinstance(ctx.message, Response):
            return ctx.message.status
        if ctx.route & (Route.FAILURE | Route.BRANCH_FAILURE):
            return failure_status(ctx)
        transaction = ctx.transaction or self._lookup(ctx)
        return transaction.last_status if transaction is not None and transaction.last_status else -1

    @function()
    def t_grep_status(self, ctx: RouteContext, code: int) -> int:
        """Whether any branch has this status.

        Args:
            code: a status.
        Returns: 1 or -1.
        """
        transaction = ctx.transaction
        if transaction is None:
            return -1
        return 1 if any(branch.status == code for branch in transaction.branches) else -1

    @function()
    def t_is_canceled(self, ctx: RouteContext) -> int:
        """Whether the caller has cancelled the INVITE.

        Returns: 1 or -1.
        """
        transaction = ctx.transaction or self._lookup(ctx)
        return 1 if transaction is not None and transaction.canceled else -1

    @function()
    def t_is_expired(self, ctx: RouteContext) -> int:
        """Whether the transaction has lived longer than it may.

        Returns: 1 or -1.
        """
        transaction = ctx.transaction or self._lookup(ctx)
        return 1 if transaction is not None and transaction.expired else -1

    @function()
    def t_is_retr_async_reply(self, ctx: RouteContext) -> int:
        """Whether the reply is a retransmission of one that is suspended; such replies wait and never get here.

        Returns: -1.
        """
        return -1

    @function()
    def t_any_timeout(self, ctx: RouteContext) -> int:
        """Whether any branch has timed out.

        Returns: 1 or -1.
        """
        transaction = ctx.transaction
        return 1 if transaction is not None and any(b.timed_out for b in transaction.branches) else -1

    @function()
    def t_any_replied(self, ctx: RouteContext) -> int:
        """Whether any branch has sent a reply.

        Returns: 1 or -1.
        """
        transaction = ctx.transaction
        return 1 if transaction is not None and any(b.replied for b in transaction.branches) else -1

    @function(Route.FAILURE | Route.BRANCH_FAILURE)
    def t_branch_timeout(self, ctx: RouteContext) -> int:
        """Whether the branch that won has timed out.

        Returns: 1 or -1.
        """
        branch = chosen_branch(ctx)
        return 1 if branch is not None and branch.timed_out else -1

    @function(Route.FAILURE | Route.BRANCH_FAILURE)
    def t_branch_replied(self, ctx: RouteContext) -> int:
        """Whether the branch that won has sent any reply.

        Returns: 1 or -1.
        """
        branch = chosen_branch(ctx)
        return 1 if branch is not None and branch.replied else -1

    @function()
    def t_get_branch_index(self, ctx: RouteContext) -> int:
        """Index of the branch the callback is about.

        Returns: the index from 0, -1 when it is about none.
        """
        return ctx.branch_index
