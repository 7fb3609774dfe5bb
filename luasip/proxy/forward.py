"""The text of a message on its way out: RFC 3261 §16.6 (request) and §16.7 step 3 and 9 (response).

Everything is one splice over the text as it was received, so what nobody touched leaves byte for byte as it
came. This module must not know where a message goes nor who decided what is in it.
"""

from collections.abc import Sequence
from typing import Final

from luasip.sip.edits import Edits
from luasip.sip.header_lines import end_of, next_row, start_of, value_end_of, value_start_of
from luasip.sip.header_names import MAX_FORWARDS, VIA
from luasip.sip.message import Request, Response

DEFAULT_MAX_FORWARDS: Final = 70
"""What is written into a request that came without Max-Forwards (RFC 3261 §16.6 step 3)."""


def forward_request(
    request: Request,
    edits: Edits,
    *,
    request_uri: str,
    via: str,
    max_forwards: int | None = None,
    record_routes: Sequence[str] = (),
    routes: Sequence[str] = (),
) -> str:
    """The wire text of `request` for one branch.

    edits: the script's changes; not modified.  via: our Via value with its branch.  max_forwards: the number
    to write; None leaves the header as it is (or as `edits` have it) and adds 70 when the request came
    without one and `edits` add none. record_routes, routes: values ("<sip:...;lr>") to put before those
    already there, in this order.

    Errors: HeaderError when the request has no readable top Via.
    """
    work = edits.copy()
    if request_uri != request.request_uri:
        work.set_start_line(f"{request.method} {request_uri} {request.version}")
    top_via = request.top_via
    via_start = start_of(request.table, request.required_row(VIA))
    work.insert(via_start, f"Via: {via}\r\n")
    if request.is_top_via_changed:
        work.replace(top_via.start, top_via.end, request.top_via_text)
    if record_routes:
        work.insert(request.headers_start, _lines("Record-Route", record_routes))
    if routes:
        work.insert(request.headers_start, _lines("Route", routes))
    _set_max_forwards(request, work, via_start, max_forwards)
    return work.apply(request)


def _lines(name: str, values: Sequence[str]) -> str:
    if len(values) == 1:
        return f"{name}: {values[0]}\r\n"
    return "".join([f"{name}: {value}\r\n" for value in values])


def _set_max_forwards(request: Request, edits: Edits, via_start: int, max_forwards: int | None) -> None:
    table = request.table
    row = next_row(table, MAX_FORWARDS)
    if row == 0:
        if max_forwards is None and edits.adds_header("max-forwards"):
            return
        number = DEFAULT_MAX_FORWARDS if max_forwards is None else max_forwards
        edits.insert(via_start, f"Max-Forwards: {number}\r\n")
    elif max_forwards is not None:
        value = str(max_forwards)
        if value != request.value_in(row):
            edits.replace(value_start_of(table, row), value_end_of(table, row), value)


def forward_response(response: Response, edits: Edits | None, *, status: int = 0, reason: str = "") -> str:
    """The wire text of `response` for the hop before us: without its topmost Via value, which is ours.

    edits: the script's changes, if any; not modified.  status, reason: written instead of the response's own
    when `status` is not 0 (503 becomes 500, RFC 3261 §16.7 step 6).

    Errors: HeaderError when the response has no readable top Via.
    """
    table = response.table
    row = response.required_row(VIA)
    next_value = _next_value(response.text, response.top_via.end, value_end_of(table, row))
    if next_value < 0:
        start, end = start_of(table, row), end_of(table, row)
    else:
        start, end = value_start_of(table, row), next_value
    if not status and not edits:  # nearly every response
        return response.text[:start] + response.text[end:]
    work = Edits() if edits is None else edits.copy()
    if status:
        work.set_start_line(f"{response.version} {status} {reason}")
    work.delete(start, end)
    return work.apply(response)


def _next_value(text: str, end: int, value_end: int) -> int:
    """Where the value after the one that ends at `end` begins, -1 when it was the line's last."""
    if end >= value_end:
        return -1
    stripped = text[end:value_end].lstrip(", \t\r\n")
    return value_end - len(stripped) if stripped else -1
