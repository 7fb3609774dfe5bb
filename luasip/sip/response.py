"""Builds the text of a response to a request (RFC 3261 §8.2.6), header text copied byte for byte.

It must not know transactions or who sends it: the tag is an argument.
"""

from typing import Final

from luasip.errors import SipError
from luasip.sip.header_lines import end_of, next_row, start_of, value_end_of
from luasip.sip.header_names import CALL_ID, CODES, CSEQ, FROM, TO, VIA
from luasip.sip.message import Request

RECORD_ROUTE: Final = CODES["record-route"]
TIMESTAMP: Final = CODES["timestamp"]


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
    lines = _Lines(request.text)
    _add_vias(request, lines)
    if 180 <= status <= 299:
        _add_lines(request, RECORD_ROUTE, lines)
    _add_line(request, FROM, status, lines)
    _add_to(request, status, to_tag, lines)
    _add_line(request, CALL_ID, status, lines)
    _add_line(request, CSEQ, status, lines)
    if status == 100:
        _add_lines(request, TIMESTAMP, lines)
    lines.finish()
    pieces = [f"SIP/2.0 {status} {_one_line(reason)}\r\n", *lines.pieces, headers]
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


class _Lines:
    """Lines of a request that are copied; those that stand together there are one piece."""

    __slots__ = ("_end", "_start", "_text", "pieces")

    def __init__(self, text: str) -> None:
        self._text = text
        self._start = self._end = 0
        self.pieces: list[str] = []

    def copy(self, start: int, end: int) -> None:
        """Take over `text[start:end]`."""
        if start != self._end:
            self.finish()
            self._start = start
        self._end = end

    def add(self, text: str) -> None:
        """Put in something else."""
        self.finish()
        self._start = self._end
        self.pieces.append(text)

    def finish(self) -> None:
        """Have what was taken over among the pieces."""
        if self._start < self._end:
            self.pieces.append(self._text[self._start : self._end])


def _row(request: Request, code: int, status: int) -> int:
    return next_row(request.table, code) if status >= 400 else request.required_row(code)


def _add_line(request: Request, code: int, status: int, lines: _Lines) -> None:
    row = _row(request, code, status)
    if row != 0:
        lines.copy(start_of(request.table, row), end_of(request.table, row))


def _add_lines(request: Request, code: int, lines: _Lines) -> None:
    row = next_row(request.table, code)
    while row != 0:
        lines.copy(start_of(request.table, row), end_of(request.table, row))
        row = next_row(request.table, code, row)


def _add_vias(request: Request, lines: _Lines) -> None:
    """All Via lines, the topmost value as `top_via_text` has it."""
    row = request.required_row(VIA)
    if request.is_top_via_changed:
        top = request.top_via
        lines.copy(start_of(request.table, row), top.start)
        lines.add(request.top_via_text)
        lines.copy(top.end, end_of(request.table, row))
    else:
        lines.copy(start_of(request.table, row), end_of(request.table, row))
    while (row := next_row(request.table, VIA, row)) != 0:
        lines.copy(start_of(request.table, row), end_of(request.table, row))


def _add_to(request: Request, status: int, to_tag: str, lines: _Lines) -> None:
    row = _row(request, TO, status)
    if row == 0:
        return
    table = request.table
    start, end = start_of(table, row), end_of(table, row)
    if status != 100 and to_tag and not _has_tag(request, row):
        value_end = value_end_of(table, row)
        lines.copy(start, value_end)
        lines.add(f";tag={to_tag}")
        start = value_end
    lines.copy(start, end)


def _has_tag(request: Request, row: int) -> bool:
    try:
        to = request.to
        return to.tag != "" or "tag" in to.params
    except SipError:
        return ";tag=" in request.value_in(row).lower()
