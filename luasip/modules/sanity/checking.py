"""Checking a message: the body of the method, for mypyc to compile. `module` is the Sanity."""

from typing import Any, Final

from luasip.kemi.route_context import RouteContext
from luasip.modules.sanity.checks import Subject, first_fault

FAULT: Final = "sanity.fault"
"""The attribute of a context with the fault that was found."""


def sanity_check(module: Any, ctx: RouteContext, mflags: int, uflags: int) -> int:
    """1 when the message passes the checks, -1 when not; then a request is answered."""
    fault = first_fault(Subject(ctx.message, ctx.target.uri, uflags, module.extensions), mflags)
    if fault is None:
        return 1
    if fault.headers:
        ctx.reply_headers.append(fault.headers)
    ctx.attributes[FAULT] = fault
    if not module.settings.noreply:
        module.answer(ctx, fault)
    return -1
