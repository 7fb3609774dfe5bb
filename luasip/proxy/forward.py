"""The text of a message on its way out: RFC 3261 §16.6 (request) and §16.7 step 3 and 9 (response).

Everything is one splice over the text as it was received, so what nobody touched leaves byte for byte as it
came. This module must not know where a message goes nor who decided what is in it.
"""

from collections.abc import Sequence
from typing import Final

from luasip.sip.edits import Edits
from luasip.sip.message import HeaderLine, Request, Response

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
        work.replace(0, request.headers_start, f"{request.method} {request_uri} {request.version}\r\n")
    top_via = request.top_via
    line = request.required("via")
    work.insert(line.start, f"Via: {via}\r\n")
    top_via_text = request.top_via_text
    if top_via_text != top_via.text:
        work.replace(top_via.start, top_via.end, top_via_text)
    if record_routes:
        work.insert(request.headers_start, _lines("Record-Route", record_routes))
    if routes:
        work.insert(request.headers_start, _lines("Route", routes))
    _set_max_forwards(request, work, max_forwards)
    return work.apply(request)


def _lines(name: str, values: Sequence[str]) -> str:
    if len(values) == 1:
        return f"{name}: {values[0]}\r\n"
    return "".join([f"{name}: {value}\r\n" for value in values])


def _set_max_forwards(request: Request, edits: Edits, max_forwards: int | None) -> None:
    line = request.first("max-forwards")
    if line is None:
        if max_forwards is None and edits.adds_header("max-forwards"):
            return
        number = DEFAULT_MAX_FORWARDS if max_forwards is None else max_forwards
        edits.insert(request.required("via").start, f"Max-Forwards: {number}\r\n")
    elif max_forwards is not None:
        value = str(max_forwards)
        if value != line.value:
            edits.replace_value(line, value)


def forward_response(response: Response, edits: Edits, *, status: int = 0, reason: str = "") -> str:
    """The wire text of `response` for the hop before us: without its topmost Via value, which is ours.

    edits: the script's changes; not modified.  status, reason: written instead of the response's own
    when `status` is not 0 (503 becomes 500, RFC 3261 §16.7 step 6).

    Errors: HeaderError when the response has no readable top Via.
    """
    line = response.required("via")
    next_value = _next_value(response.text, response.top_via.end, line)
    start, end = (line.start, line.end) if next_value < 0 else (line.value_start, next_value)
    if not status and not edits:  # nearly every response
        return response.text[:start] + response.text[end:]
    work = edits.copy()
    if status:
        work.set_start_line(f"{response.version} {status} {reason}")
    work.delete(start, end)
    return work.apply(response)


def _next_value(text: str, end: int, line: HeaderLine) -> int:
    """Where the value after the one that ends at `end` begins, -1 when it was the line's last."""
    value_end = line.value_end
    if end >= value_end:
        return -1
    stripped = text[end:value_end].lstrip(", \t\r\n")
    return value_end - len(stripped) if stripped else -1
