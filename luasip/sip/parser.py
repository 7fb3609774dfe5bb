"""From wire text to a message: start line, header lines and body are split, no header value is read.

It must not know what is valid (`validation`) or where the text came from. The one value it has to read is
Content-Length, because that is where a datagram's message ends (RFC 3261 §18.3).

Line ends: CRLF. A header section whose lines all end in a bare LF is accepted too, and its line ends are
turned into CRLF, so that what is later inserted matches; a section that mixes both is malformed, because
two readers could split it differently. Streams (`framing`) accept CRLF only.

A usual message is read by scanning.c or `expressions` (see `scanners`). What is unusual they leave to the code here, so
that only this says how a message is split and what is wrong with it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from librt.strings import read_i32_le

from luasip.errors import NotSip, ParseError
from luasip.sip.grammar import (
    SPACE,
    VISIBLE_TABLE,
    count_controls,
    has_control,
    is_made_of,
    is_number,
    is_token,
    is_white,
    short_number,
    unfold,
)
from luasip.sip.header_lines import (
    HEADERS_START,
    LARGEST,
    LONGEST_LINE,
    METHOD_END,
    STATUS,
    URI_END,
    body_start,
    content_length,
    count_lines,
    next_row,
    pack,
    repeated_in,
    repeated_keys,
    value_end_of,
    value_start_of,
)
from luasip.sip.header_names import CODES, CONTENT_LENGTH, SPELLINGS, canonical, display
from luasip.sip.message import Request, Response
from luasip.sip.scanners import scan
from luasip.sip.values import bounded_int

if TYPE_CHECKING:
    from mypy_extensions import i64  # see luasip.sip.grammar


@dataclass(frozen=True, slots=True)
class Limits:
    """What a peer may make us hold: sizes in bytes, `headers` a count. A larger message is malformed.

    The defaults admit every message that fits a UDP datagram and refuse what only an attacker sends.
    """

    message: int = 65535
    headers: int = 256
    line: int = 8192
    uri: int = 2048


DEFAULT: Final = Limits()
ANY_SIZE: Final = Limits(LARGEST, LARGEST, LARGEST, LARGEST)
"""For text that has been read before, by whatever limits."""


def parse_message(text: str, limits: Limits = DEFAULT) -> Request | Response:
    """The message in one datagram, or in one frame of a stream.

    What follows the body is cut off (§18.3); without Content-Length the body reaches to the end.

    Raises:
        NotSip: the first line is no SIP start line: drop and count.
        ParseError: status 400, 414 or 513; `salvaged` holds a Request with the header lines that could be
            read.
    """
    table = scan(text)
    if table is not None and _fits(text, table, limits):
        return _make_usual(text, table)
    if not text or text[0] in "\r\n":
        text = text.lstrip("\r\n")  # §7.5: CRLF before a start line is ignored
    start_end = text.find("\n")
    if start_end < 0:
        raise NotSip("No start line")
    if text[start_end - 1] != "\r":
        text = _use_crlf(text)
        start_end = text.find("\n")
    start_line = text[: start_end - 1]
    is_response = start_line.startswith("SIP/") or start_line[:4].upper() == "SIP/"
    if not is_response and not start_line.endswith(" SIP/2.0") and " SIP/" not in start_line.upper():
        raise NotSip("Not SIP")
    lines = _HeaderReader(text, start_end + 1, limits)
    if is_response:
        return _make_response(lines, start_line)
    request = _make_request(lines, start_line, limits)
    if lines.fault:
        raise ParseError(lines.fault, lines.status, request)
    return request


def _fits(text: str, table: bytes, limits: Limits) -> bool:
    """Whether all sizes are within the limits, and the body is there."""
    return (
        read_i32_le(table, LONGEST_LINE) <= limits.line
        and count_lines(table) <= limits.headers
        and len(text) <= limits.message
        and body_start(table) + content_length(table) <= len(text)
        and read_i32_le(table, URI_END) - read_i32_le(table, METHOD_END) - 1 <= limits.uri
    )


def _make_usual(text: str, table: bytes) -> Request | Response:
    """The message that was found to be usual."""
    start = body_start(table)
    length = content_length(table)
    if length >= 0 and start + length < len(text):
        text = text[: start + length]
    headers_start = read_i32_le(table, HEADERS_START)
    repeated = repeated_in(table)
    uri_end = read_i32_le(table, URI_END)
    if uri_end == 0:
        status = read_i32_le(table, STATUS)
        reason = text[len("SIP/2.0 200 ") : headers_start - 2]
        return Response(text, table, headers_start, start, status, reason, "SIP/2.0", repeated, length)
    method_end = read_i32_le(table, METHOD_END)
    request_uri = text[method_end + 1 : uri_end]
    return Request(
        text, table, headers_start, start, text[:method_end], request_uri, "SIP/2.0", repeated, length
    )


def _use_crlf(text: str) -> str:
    """`text` with the bare LF line ends of its header section turned into CRLF; mixed line ends are left
    (and fail).
    """
    head, blank, body = text.partition("\n\n")
    if "\r" in head:
        raise NotSip("Mixed line ends")
    return head.replace("\n", "\r\n") + ("\r\n\r\n" if blank else "") + body


class _HeaderReader:
    """The header lines of a text, read as far as they go; `fault` is the first thing wrong with them."""

    __slots__ = (
        "body_start",
        "content_length",
        "fault",
        "headers_start",
        "line_ends",
        "line_fault",
        "repeated",
        "rows",
        "status",
        "table",
        "text",
    )

    def __init__(self, text: str, headers_start: int, limits: Limits) -> None:
        self.text = text
        self.headers_start = headers_start
        self.fault = ""
        self.status = 400
        self._read(limits)
        self._cut_body()

    def object_to(self, fault: str, status: int = 400) -> None:
        if not self.fault:
            self.fault = fault
            self.status = status

    def _read(self, limits: Limits) -> None:
        """All that can be wrong with header lines is found here."""
        self._clear()
        end = self._read_headers(limits)
        self.body_start = min(end + 4, len(self.text))
        self.table = pack(self.body_start, self.rows)
        self.repeated = repeated_keys(self.text, self.table)
        self.content_length = self._read_content_length()

    def _clear(self) -> None:
        self.rows: list[int] = []
        self.line_ends = 0
        self.line_fault = ""

    def _read_headers(self, limits: Limits) -> int:
        """Reads the header lines. Returns where the line end of the last one begins."""
        text = self.text
        start = self.headers_start
        end = self._read_lines(text, limits)
        is_clean = (
            end >= 0 and count_controls(text[start : end + 2]) == 2 * self.line_ends
        )  # CR and LF of each
        if end < 0:
            end = text.find("\r\n\r\n", start - 2)
        if end < 0:
            self.object_to("No empty line after headers")
            end = len(text) - 2 if text.endswith("\r\n") else len(text)
        if len(text) > limits.message:
            self.object_to("Message Too Large", 513)
        if end > start and text[start] in SPACE:
            self.object_to("Header begins with white space")
        if not is_clean:
            self._read_unclean(end, limits)
        if self.line_fault:
            self.object_to(self.line_fault)
        return end

    def _read_unclean(self, end: int, limits: Limits) -> None:
        """Reads lines that hold control characters or that no empty line ends."""
        self._clear()
        if end > self.headers_start:
            blanked = _blank_lines_with_control(self.text, self.headers_start, end)
            if blanked != self.text[:end]:
                self.object_to("Control character in header")
            self._read_lines(f"{blanked}\r\n\r\n", limits)

    def _read_lines(self, text: str, limits: Limits) -> int:
        """Reads the header lines up to the empty line.

        Returns where the line end of the last one begins; -1 when no empty line comes or an LF stands alone.
        """
        rows = self.rows
        length: i64 = len(text)
        longest: i64 = limits.line
        most: i64 = limits.headers
        count: i64 = 0
        line_ends: i64 = 0
        start: i64 = 0
        stop: i64 = 0
        following: i64 = self.headers_start
        while True:
            start = following
            stop = text.find("\n", start)
            if stop == start + 1 and ord(text[start]) == 0x0D:
                self.line_ends = line_ends
                if count > most:
                    self.line_fault = "Too many header lines"
                return start - 2
            while True:
                if stop <= start or ord(text[stop - 1]) != 0x0D:
                    return -1
                line_ends += 1
                following = stop + 1
                if following == length:
                    return -1
                code: i64 = ord(text[following])
                if code != 0x20 and code != 0x09:
                    break
                stop = text.find("\n", following)  # the line is continued (§7.3.1)
            count += 1
            if count > most:
                continue
            stop -= 1
            value_start: i64 = text.find(":", start, stop) + 1
            key = _key_of(text[start : value_start - 1 if value_start else stop])
            if value_start == 0 or not key or stop - start > longest:
                if not self.line_fault:
                    self.line_fault = _fault_of_line(value_start, key)
                continue
            while value_start < stop and is_white(ord(text[value_start])):
                value_start += 1
            while value_start < stop and is_white(ord(text[stop - 1])):
                stop -= 1
            rows += (CODES.get(key, 0), start, value_start, stop, following)

    def _read_content_length(self) -> int:
        """Content-Length; -1 when there is none or it is no number."""
        table = self.table
        row = next_row(table, CONTENT_LENGTH)
        if row == 0:
            return -1
        value = self._value(row)
        length = short_number(value)
        if length < 0 and not is_number(value):
            self.object_to("Bad Content-Length header")
            return -1
        while (row := next_row(table, CONTENT_LENGTH, row)) != 0:
            if self._value(row) != value:
                self.object_to("Conflicting Content-Length headers")
                return -1
        return bounded_int(value) if length < 0 else length

    def _value(self, row: int) -> str:
        return unfold(self.text[value_start_of(self.table, row) : value_end_of(self.table, row)])

    def _cut_body(self) -> None:
        """Ends the text where Content-Length says (§18.3)."""
        if self.content_length < 0:
            return
        end = self.body_start + self.content_length
        if end > len(self.text):
            self.object_to("Content-Length larger than message")
            self.content_length = -1
        elif end < len(self.text):
            self.text = self.text[:end]


def _key_of(spelling: str) -> str:
    """The key of a header name as it stands before the colon, "" when it is none."""
    key = SPELLINGS.get(spelling)
    if key is not None:
        return key
    spelling = spelling.rstrip(SPACE)
    return canonical(spelling) if is_token(spelling) else ""


def _fault_of_line(value_start: int, key: str) -> str:
    if value_start == 0:
        return "Header line without colon"
    return f"{display(key)[:32]} header too long" if key else "Bad header name"


def _blank_lines_with_control(text: str, start: int, end: int) -> str:
    """`text` up to `end`; from `start` on lines with a control character are blanked: skipped, but of their length."""
    lines = text[start:end].split("\r\n")
    for index, line in enumerate(lines):
        if has_control(line):
            lines[index] = "\x00" * len(line)
    return text[:start] + "\r\n".join(lines)


def _make_request(lines: _HeaderReader, start_line: str, limits: Limits) -> Request:
    method_end = start_line.find(" ")
    uri_end = start_line.rfind(" ")
    method = start_line[:method_end]
    request_uri = start_line[method_end + 1 : uri_end]
    version = start_line[uri_end + 1 :]
    if version != "SIP/2.0" or not request_uri or " " in request_uri or not is_token(method):
        version = version.upper()
        if not _is_version(version) or not request_uri or not is_token(method):
            lines.object_to("Bad request line")
        elif " " in request_uri:
            lines.object_to("White space in request line")
    if not is_made_of(request_uri, VISIBLE_TABLE) and (
        has_control(request_uri)
        or "\t" in request_uri
        or "<" in request_uri
        or ">" in request_uri
        or '"' in request_uri
    ):
        lines.object_to("Bad Request-URI")
    if len(request_uri) > limits.uri:
        lines.object_to("Request-URI Too Long", 414)
    return Request(
        lines.text,
        lines.table,
        lines.headers_start,
        lines.body_start,
        method,
        request_uri,
        version,
        lines.repeated,
        lines.content_length,
    )


def parse_http_request(text: str, via: str, limits: Limits = DEFAULT) -> Request:
    """An HTTP request as a Request: its target is the Request-URI, `via` the value of a Via put before its headers.

    Kamailio's xhttp gives scripts the same. Raises NotSip when it is no HTTP request, ParseError for bad headers.
    """
    start_line, _, rest = text.partition("\r\n")
    method, _, after = start_line.partition(" ")
    target, _, version = after.rpartition(" ")
    if version not in ("HTTP/1.1", "HTTP/1.0") or not is_token(method) or not target or " " in target:
        raise NotSip("Not HTTP")
    text = f"{start_line}\r\nVia: {via}\r\n{rest}"
    lines = _HeaderReader(text, len(start_line) + 2, limits)
    if has_control(target):
        lines.object_to("Bad request target")
    if lines.fault:
        raise ParseError(lines.fault, lines.status)
    return Request(
        lines.text,
        lines.table,
        lines.headers_start,
        lines.body_start,
        method,
        target,
        version,
        lines.repeated,
        lines.content_length,
    )


def _is_version(version: str) -> bool:
    major, dot, minor = version[4:].partition(".")
    return version[:4] == "SIP/" and dot != "" and is_number(major) and is_number(minor)


def _make_response(lines: _HeaderReader, start_line: str) -> Response:
    version, _, rest = start_line.partition(" ")
    if version != "SIP/2.0":
        version = version.upper()
        if not _is_version(version):
            raise ParseError("Bad status line")
    status = short_number(rest[:3])
    reason = rest[4:]
    if not 100 <= status <= 699 or (len(rest) > 3 and rest[3] != " ") or has_control(reason):
        raise ParseError("Bad status line")
    if lines.fault:
        raise ParseError(lines.fault, lines.status)
    return Response(
        lines.text,
        lines.table,
        lines.headers_start,
        lines.body_start,
        status,
        reason,
        version,
        lines.repeated,
        lines.content_length,
    )
