"""Pending edits of whole headers, by name: what several modules offer under several names.

It must not know the modules. Positions are those of the message as parsed; edits already pending stay.
"""

from luasip.kemi.context import RouteContext
from luasip.kemi.current import header_lines
from luasip.sip.message import HeaderLine, Message


def append_after(ctx: RouteContext, text: str, name: str) -> None:
    """Insert header lines after the last header called `name`, else at the end of the headers."""
    lines = header_lines(ctx.message, name)
    if lines:
        ctx.edits.insert_after(lines[-1], text)
    else:
        ctx.edits.append_header(ctx.message, text)


def insert_before(ctx: RouteContext, text: str, name: str) -> None:
    """Insert header lines before the first header called `name`, before all headers when there is none."""
    lines = header_lines(ctx.message, name)
    if lines:
        ctx.edits.insert_before(lines[0], text)
    else:
        ctx.edits.insert_header(ctx.message, text)


def remove_all(ctx: RouteContext, name: str) -> int:
    """Remove every header called `name`; returns how many there were."""
    lines = header_lines(ctx.message, name)
    for line in lines:
        ctx.edits.remove_header(line)
    return len(lines)


def nth_header(message: Message, name: str, index: int) -> HeaderLine | None:
    """The index-th header called `name`, negative indexes from the last (-1); None when there is none."""
    lines = header_lines(message, name)
    return lines[index] if -len(lines) <= index < len(lines) else None
