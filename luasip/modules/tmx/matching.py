"""Whether another thread has the request already: the body of the method, for mypyc to compile."""

from typing import Any

from luasip.kemi.route_context import RouteContext
from luasip.sip.message import Request


def t_precheck_trans(module: Any, ctx: RouteContext) -> int:
    """1 when the request has a transaction that is not this route's, -1 when not; -1 for ACK and CANCEL."""
    request = ctx.message
    if not isinstance(request, Request) or request.method == "ACK" or request.method == "CANCEL":
        return -1
    found = module._services.transactions.find(request)
    return 1 if found is not None and found is not ctx.transaction else -1
