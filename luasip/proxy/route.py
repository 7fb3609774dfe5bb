"""Changing the Route headers of a request: RFC 3261 §16.4, §16.6 step 6 and §16.12.

This module must not know which addresses are ours nor what a Route is changed for.
"""

from collections.abc import Sequence
from itertools import pairwise

from luasip.sip.edits import Edits
from luasip.sip.message import HeaderLine, Request
from luasip.sip.values import NameAddr


def append_route(request: Request, edits: Edits, value: str) -> None:
    """Add one Route value behind all others."""
    lines = request.all("route")
    if lines:
        edits.insert_after(lines[-1], f"Route: {value}\r\n")
    else:
        edits.append_header(request, f"Route: {value}\r\n")


def remove_routes(request: Request, edits: Edits, values: Sequence[NameAddr]) -> None:
    """Take some of `request.routes` away, and a Route line of which nothing is left as a whole."""
    if not values:
        return
    lines = request.all("route")
    if len(values) == len(request.routes):  # all of them, mostly one
        for line in lines:
            edits.remove_header(line)
        return
    starts = {value.start for value in values}
    for line in lines:
        on_line = [route for route in request.routes if line.start <= route.start < line.end]
        kept = [route for route in on_line if route.start not in starts]
        if not kept:
            edits.remove_header(line)
        elif len(kept) < len(on_line):
            _keep(edits, line, kept)


def _keep(edits: Edits, line: HeaderLine, kept: Sequence[NameAddr]) -> None:
    """Delete everything on the line but `kept` and the commas between them."""
    edits.delete(line.value_start, kept[0].start)
    for one, following in pairwise(kept):
        edits.replace(one.end, following.start, ", ")
    edits.delete(kept[-1].end, line.value_end)
