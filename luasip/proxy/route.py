"""Route headers, loose and strict: RFC 3261 §16.4, §16.6 step 6 and §16.12.

A loose router (RFC 3261, ";lr") finds itself in the first Route and the destination in the Request-URI. A
strict router (RFC 2543) finds itself in the Request-URI and the rest of the way, destination last, in the
Routes.

This module must not know which addresses are ours: `is_own` says so.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

from luasip.errors import UriError
from luasip.sip.edits import Edits
from luasip.sip.message import HeaderLine, Request
from luasip.sip.uri import Uri, parse_uri
from luasip.sip.values import NameAddr


class RouteResult:
    """What `process_routes` found.

    request_uri: the Request-URI to forward with.  next_hop: URI of the next Route ("" when there is none and
    the request goes to its Request-URI).  consumed: our own Route values that were removed.  remaining: how
    many Route values are left.  from_strict_router: the hop before us was one.
    """

    __slots__ = ("consumed", "from_strict_router", "next_hop", "remaining", "request_uri")

    def __init__(self, request_uri: str) -> None:
        self.request_uri = request_uri
        self.next_hop = ""
        self.consumed: list[NameAddr] = []
        self.remaining = 0
        self.from_strict_router = False


def process_routes(
    request: Request,
    edits: Edits,
    request_uri: str,
    is_own: Callable[[Uri], bool],
    record_routed: bool = True,
) -> RouteResult:
    """Undo what a strict router did (§16.4), remove our own Routes, and prepare for a strict next hop
    (§16.6).

    edits: the removals and insertions are added to them.  request_uri: the Request-URI now.  is_own: whether
    a URI is one this server answers to.  record_routed: whether we put such a URI into Record-Route, so that
    a strict router may have sent it as Request-URI; False skips §16.4.

    Errors: HeaderError when a Route is malformed.
    """
    result = RouteResult(request_uri)
    routes = list(request.routes)
    if not routes:
        return result
    removed: list[NameAddr] = []
    if record_routed and _is_own_text(request_uri, is_own):
        last = routes.pop()
        removed.append(last)
        result.request_uri = last.uri_text
        result.from_strict_router = True
    while routes and _is_own_value(routes[0], is_own):
        result.consumed.append(routes.pop(0))
    removed.extend(result.consumed)
    _prepare_next_hop(request, edits, result, routes, removed)
    result.remaining = len(routes)
    remove_routes(request, edits, removed)
    return result


def _prepare_next_hop(
    request: Request, edits: Edits, result: RouteResult, routes: list[NameAddr], removed: list[NameAddr]
) -> None:
    """Point at the first Route left; when that is a strict router, swap it with the Request-URI (§16.6 step
    6)."""
    if not routes:
        return
    result.next_hop = routes[0].uri_text
    if is_loose(routes[0]):
        return
    removed.append(routes.pop(0))
    append_route(request, edits, f"<{result.request_uri}>")
    result.request_uri = result.next_hop
    result.next_hop = ""


def is_loose(route: NameAddr) -> bool:
    """Whether a Route names a loose router; a URI that cannot be read is taken for one."""
    try:
        return "lr" in route.uri.params
    except UriError:
        return True


def _is_own_text(text: str, is_own: Callable[[Uri], bool]) -> bool:
    try:
        return is_own(parse_uri(text))
    except UriError:
        return False


def _is_own_value(route: NameAddr, is_own: Callable[[Uri], bool]) -> bool:
    try:
        return is_own(route.uri)
    except UriError:
        return False


def append_route(request: Request, edits: Edits, value: str) -> None:
    """Add one Route value behind all others."""
    lines = request.all("route")
    if lines:
        edits.insert_after(lines[-1], f"Route: {value}\r\n")
    else:
        edits.append_header(request, f"Route: {value}\r\n")


def remove_routes(request: Request, edits: Edits, values: Sequence[NameAddr]) -> None:
    """Take some of `request.routes` away, and a Route line of which nothing is left as a whole."""
    starts = {value.start for value in values}
    if not starts:
        return
    for line in request.all("route"):
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
