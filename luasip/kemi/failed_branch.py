"""What a failure callback is about: the branch, and the status that counts."""

from luasip.kemi.context import RouteContext
from luasip.kemi.transactions import ClientBranchView


def chosen_branch(ctx: RouteContext) -> ClientBranchView | None:
    """The branch a failure callback is about."""
    transaction = ctx.transaction
    if transaction is None or not 0 <= ctx.branch_index < len(transaction.branches):
        return None
    return transaction.branches[ctx.branch_index]


def failure_status(ctx: RouteContext) -> int:
    """Status of the reply that won, 408 when it was made here."""
    if ctx.winner is not None:
        return ctx.winner.status
    branch = chosen_branch(ctx)
    return branch.status if branch is not None else -1
