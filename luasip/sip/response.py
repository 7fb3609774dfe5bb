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
    pieces = [f"SIP/2.0 {status} {_one_line(reason)}\r\n", _via_lines(request)]
    if 180 <= status <= 299 and request.first("record-route") is not None:
        pieces += [text[line.start : line.end] for line in request.all("record-route")]
    for key in ("from", "to", "call-id", "cseq"):
        line = request.first(key) if status >= 400 else request.required(key)
        if line is not None:
            pieces.append(
                _to_line(request, line, to_tag)
                if key == "to" and status != 100
                else text[line.start : line.end]
            )
    if status == 100:
        pieces += [text[line.start : line.end] for line in request.all("timestamp")]
    pieces.append(headers)
    if server:
        pieces.append(f"Server: {server}\r\n")
    pieces.append(f"Content-Length: {len(body)}\r\n\r\n")
    pieces.append(body)
    return "".join(pieces)


def _one_line(reason: str) -> str:
    """A reason phrase cannot hold a line end: it would start a header of the caller's making."""
    return reason.replace("\r", " ").replace("\n", " ")


def _via_lines(request: Request) -> str:
    lines = request.all("via")
    if not lines:
        raise HeaderError("Via", "", "missing")
    text = request.text
    pieces = [_top_via_line(request, lines[0])]
    pieces += [text[line.start : line.end] for line in lines[1:]]
    return "".join(pieces)


def _top_via_line(request: Request, line: HeaderLine) -> str:
    text = request.text
    try:
        top = request.top_via
    except SipError:
        return text[line.start : line.end]
    return text[line.start : top.start] + request.top_via_text + text[top.end : line.end]


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
