"""Builds the text of a response to a request (RFC 3261 §8.2.6), header text copied byte for byte.

It must not know transactions or who sends it: the tag is an argument.
"""

from luasip.errors import HeaderError, SipError
from luasip.sip.message import HeaderLine, Request


def build_response(
    request: Request,
    status: int,
    reason: str,
    *,
    to_tag: str = "",
    headers: str = "",
    body: str = "",
    server: str = "",
) -> str:
    """The response as wire text.

    Via (the first from `request.top_via_text`), Record-Route (18x and 2xx), From, To, Call-ID, CSeq,
    Timestamp (100 only) are copied; `to_tag` is added to To unless it has one, is "" or the status is 100.
    `headers` are whole lines, each with its CRLF, Content-Type included when there is a `body`; `server`
    adds a Server header.

    Raises HeaderError when the request lacks Via, and below status 400 when it lacks From, To, Call-ID or CSeq:
    a refusal says what is missing and leaves it out. What is there but malformed is copied.
    """
    text = request.text
    pieces = [f"SIP/2.0 {status} {_one_line(reason)}\r\n"]
    _add_vias(request, pieces)
    if 180 <= status <= 299:
        _add_lines(request, "record-route", pieces)
    _add_line(request, "from", status, pieces)
    line = _line(request, "to", status)
    if line is not None:
        pieces.append(text[line.start : line.end] if status == 100 else _to_line(request, line, to_tag))
    _add_line(request, "call-id", status, pieces)
    _add_line(request, "cseq", status, pieces)
    if status == 100:
        _add_lines(request, "timestamp", pieces)
    pieces.append(headers)
    if server:
        pieces.append(f"Server: {server}\r\n")
    if body:
        pieces.append(f"Content-Length: {len(body)}\r\n\r\n")
        pieces.append(body)
    else:
        pieces.append("Content-Length: 0\r\n\r\n")
    return "".join(pieces)


def _one_line(reason: str) -> str:
    """A reason phrase cannot hold a line end: it would start a header of the caller's making."""
    return reason.replace("\r", " ").replace("\n", " ")


def _line(request: Request, key: str, status: int) -> HeaderLine | None:
    return request.first(key) if status >= 400 else request.required(key)


def _add_line(request: Request, key: str, status: int, pieces: list[str]) -> None:
    line = _line(request, key, status)
    if line is not None:
        pieces.append(request.text[line.start : line.end])


def _add_lines(request: Request, key: str, pieces: list[str]) -> None:
    for line in request.all(key):
        pieces.append(request.text[line.start : line.end])


def _add_vias(request: Request, pieces: list[str]) -> None:
    """All Via lines, the topmost value as `top_via_text` has it."""
    start = len(pieces)
    _add_lines(request, "via", pieces)
    if len(pieces) == start:
        raise HeaderError("Via", "", "missing")
    try:
        top = request.top_via
    except SipError:
        return
    changed = request.top_via_text
    if changed is not top.text:
        line = request.required("via")
        first = pieces[start]
        pieces[start] = first[: top.start - line.start] + changed + first[top.end - line.start :]


def _to_line(request: Request, line: HeaderLine, to_tag: str) -> str:
    text = request.text
    if not to_tag or _has_tag(request, line):
        return text[line.start : line.end]
    return f"{text[line.start : line.value_end]};tag={to_tag}{text[line.value_end : line.end]}"


def _has_tag(request: Request, line: HeaderLine) -> bool:
    try:
        return "tag" in request.to.params
    except SipError:
        return ";tag=" in line.value.lower()
