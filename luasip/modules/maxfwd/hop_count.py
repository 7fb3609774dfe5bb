"""Max-Forwards counted down: the body of maxfwd's function, for mypyc to compile (RFC 3261 §16.3 step 3)."""

from typing import Any, Final

from luasip.errors import SipError
from luasip.kemi.route_context import RouteContext
from luasip.sip.header_lines import next_row, value_end_of, value_start_of
from luasip.sip.header_names import MAX_FORWARDS
from luasip.sip.message import Message, Request

GREATEST_LIMIT: Final = 255


def process_maxfwd(module: Any, ctx: RouteContext, limit: int) -> int:
    """Lower Max-Forwards by one, or add it; `module` is the Maxfwd."""
    message = ctx.message
    if not 0 <= limit <= GREATEST_LIMIT or not isinstance(message, Request):
        return -2
    row = next_row(message.table, MAX_FORWARDS)
    done = ctx.hops_counted
    if row == 0:
        if not done:
            ctx.edits.append_header(message, f"Max-Forwards: {limit}\r\n")
            ctx.hops_counted = True
        return 2
    current = max_forwards_of(message)
    if current is None:
        return -2
    if current == 0:
        return -1
    if not done:
        lowered, greatest = current - 1, module.settings.max_limit
        if greatest:
            lowered = min(lowered, greatest)
        ctx.edits.replace(value_start_of(message.table, row), value_end_of(message.table, row), str(lowered))
        ctx.hops_counted = True
    return 1


def max_forwards_of(message: Message) -> int | None:
    """Max-Forwards of a message, None when there is none or it cannot be read."""
    try:
        return message.max_forwards
    except SipError:
        return None
