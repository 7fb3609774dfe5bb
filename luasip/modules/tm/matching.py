"""Finding the transaction of a message, and handing the request to it: bodies of tm's functions, for mypyc to compile.

`module` is the Tm.
"""

from typing import Any, Final

from luasip.errors import SipError
from luasip.kemi.declare import Route
from luasip.kemi.route_context import RouteContext
from luasip.sip.message import Request

CALLBACK_ROUTES: Final = int(Route.BRANCH | Route.FAILURE | Route.ONREPLY | Route.BRANCH_FAILURE)


def transaction_of(module: Any, ctx: RouteContext) -> Any:
    """The transaction of the message, None when there is none or the message cannot be matched."""
    if ctx.transaction is not None:
        return ctx.transaction
    transactions, message = module._services.transactions, ctx.message
    try:
        return transactions.find(message) if isinstance(message, Request) else transactions.find_reply(message)
    except SipError:
        return None


def t_check_trans(module: Any, ctx: RouteContext) -> int:
    """Whether the message belongs to a transaction; retransmissions are answered from it."""
    if int(ctx.route) & CALLBACK_ROUTES:
        return 1
    request = ctx.message
    if not isinstance(request, Request):
        return 1 if transaction_of(module, ctx) is not None else -1
    transactions = module._services.transactions
    method = request.method
    if method == "CANCEL":
        invited: int = module.t_lookup_cancel(ctx)
        return invited
    if method == "ACK" and transactions.acknowledged(request) is not None:
        return 1
    if ctx.transaction is not None:
        return -1
    found = transactions.find(request)
    if found is None:
        return -1
    return 0 if transactions.absorb(found, request) else 1


def t_relay(module: Any, ctx: RouteContext) -> Any:
    """Forward the request statefully: what the layer gives, a result or a generator."""
    return module._services.transactions.relay(ctx)
