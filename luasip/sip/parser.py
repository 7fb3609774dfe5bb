"""From wire text to a message: start line, header lines and body are split, no header value is read.

It must not know what is valid (`validation`) or where the text came from. The one value it has to read is
Content-Length, because that is where a datagram's message ends (RFC 3261 §18.3).

Line ends: CRLF. A header section whose lines all end in a bare LF is accepted too, and its line ends are
turned into CRLF, so that what is later inserted matches; a section that mixes both is malformed, because
two readers could split it differently. Streams (`framing`) accept CRLF only.

The loop over header lines is the hot path: `str.split`, `partition` and one dictionary read a line.
"""

from dataclasses import dataclass
from typing import Final

from luasip.errors import NotSip, ParseError
from luasip.sip.grammar import DIGIT, SPACE, has_control, is_number, is_token, unfold
from luasip.sip.header_names import SPELLINGS, canonical, display
from luasip.sip.message import HeaderLine, Request, Response

_CONTROLS: Final = bytes(range(9)) + bytes(range(10, 32)) + b"\x7f"


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
ANY_SIZE: Final = Limits(1 << 31, 1 << 31, 1 << 31, 1 << 31)
"""For text that has been read before, by whatever limits."""


def parse_message(text: str, limits: Limits = DEFAULT) -> Request | Response:
    """The message in one datagram, or in one frame of a stream.

    What follows the body is cut off (§18.3); without Content-Length the body reaches to the end.

    Raises:
        NotSip: the first line is no SIP start line: drop and count.
        ParseError: status 400, 414 or 513; `salvaged` holds a Request with the header lines that could be
            read.
    """
    if text[:1] in "\r\n":
        text = text.lstrip("\r\n")  # §7.5: CRLF before a start line is ignored
    start_end = text.find("\n")
    if start_end < 0:
        raise NotSip("No start line")
    if text[start_end - 1] != "\r":
        text = _use_crlf(text)
        start_end = text.find("\n")
    start_line = text[: start_end - 1]
    is_response = start_line[:4].upper() == "SIP/"
    if not is_response and " SIP/" not in start_line.upper():
        raise NotSip("Not SIP")
    lines = _HeaderReader(text, start_end + 1, limits)
    if is_response:
        return _make_response(lines, start_line)
    request = _make_request(lines, start_line, limits)
    if lines.fault:
        raise ParseError(lines.fault, lines.status, request)
    return request


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

    __slots__ = ("body_start", "fault", "first", "headers", "headers_start", "repeated", "status", "text")

    def __init__(self, text: str, headers_start: int, limits: Limits) -> None:
        self.text = text
        self.headers_start = headers_start
        self.headers: list[HeaderLine] = []
        self.first: dict[str, HeaderLine] = {}
        self.repeated: dict[str, list[HeaderLine]] = {}
        self.fault = ""
        self.status = 400
        end = text.find("\r\n\r\n", headers_start - 2)
        if end < 0:
            self.object_to("No empty line after headers")
            end = len(text) - 2 if text.endswith("\r\n") else len(text)
        self.body_start = min(end + 4, len(text))
        if len(text) > limits.message:
            self.object_to("Message Too Large", 513)
        if end > headers_start:
            self._read_lines(text[headers_start:end], limits)
        self._cut_body()

    def object_to(self, fault: str, status: int = 400) -> None:
        if not self.fault:
            self.fault = fault
            self.status = status

    def _read_lines(self, head: str, limits: Limits) -> None:
        lines = head.split("\r\n")
        folded = "\r\n " in head or "\r\n\t" in head
        if head[0] in SPACE:
            self.object_to("Header begins with white space")
        if _has_stray_control(head, len(lines) - 1):
            self._blank_lines_with_control(lines)
        if folded:
            lines = _join_folded(lines)
        if len(lines) > limits.headers:
            self.object_to("Too many header lines")
            del lines[limits.headers :]
        longest = limits.line if len(head) > limits.line else 0
        headers = self.headers
        first = self.first
        end = self.headers_start
        for line in lines:
            start = end
            end += len(line) + 2
            name, colon, raw = line.partition(":")
            key = SPELLINGS.get(name)
            if key is None:
                name = name.rstrip(SPACE)
                key = canonical(name) if is_token(name) else ""
            if not colon or not key or (longest and len(line) > longest):
                self._object_to_line(name, colon, key)
                continue
            value = raw.strip(SPACE)
            if folded and "\n" in value:
                value = unfold(value)
            header = HeaderLine(key, name, value, raw, start, end)
            headers.append(header)
            before = first.setdefault(key, header)
            if before is not header:
                self.repeated.setdefault(key, [before]).append(header)

    def _object_to_line(self, name: str, colon: str, key: str) -> None:
        if not colon:
            self.object_to("Header line without colon")
        elif not key:
            self.object_to("Bad header name")
        else:
            self.object_to(f"{display(key)[:32]} header too long")

    def _blank_lines_with_control(self, lines: list[str]) -> None:
        """A line with a control character is blanked, so that it is skipped but keeps its length."""
        for index, line in enumerate(lines):
            if has_control(line):
                self.object_to("Control character in header")
                lines[index] = "\x00" * len(line)

    def _cut_body(self) -> None:
        """Ends the text where Content-Length says (§18.3)."""
        header = self.first.get("content-length")
        if header is None:
            return
        value = header.value
        if not is_number(value):
            self.object_to("Bad Content-Length header")
            return
        for other in self.repeated.get("content-length", ()):
            if other.value != value:
                self.object_to("Conflicting Content-Length headers")
                return
        digits = value.lstrip("0")
        if len(digits) > 9 or self.body_start + int(digits or "0") > len(self.text):
            self.object_to("Content-Length larger than message")
            return
        end = self.body_start + int(digits or "0")
        if end < len(self.text):
            self.text = self.text[:end]


def _has_stray_control(head: str, line_ends: int) -> bool:
    """True when `head` holds more control characters (TAB is none) than the CR and LF of its line ends."""
    data = head.encode("latin-1", "replace")
    return len(data) - len(data.translate(None, _CONTROLS)) != 2 * line_ends


def _join_folded(lines: list[str]) -> list[str]:
    """Logical lines: a line that begins with white space continues the one before (§7.3.1).

    The folds are marked by LF LF while the rest is split, so that many folds cost no more than few.
    """
    head = "\r\n".join(lines).replace("\r\n ", "\n\n ").replace("\r\n\t", "\n\n\t")
    return [line.replace("\n\n", "\r\n") for line in head.split("\r\n")]


def _make_request(lines: _HeaderReader, start_line: str, limits: Limits) -> Request:
    method, _, rest = start_line.partition(" ")
    request_uri, _, version = rest.rpartition(" ")
    if version != "SIP/2.0" or not request_uri or " " in request_uri or not is_token(method):
        version = version.upper()
        if not _is_version(version) or not request_uri or not is_token(method):
            lines.object_to("Bad request line")
        elif " " in request_uri:
            lines.object_to("White space in request line")
    if (
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
        lines.headers,
        lines.first,
        lines.headers_start,
        lines.body_start,
        method,
        request_uri,
        version,
        lines.repeated,
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
        lines.headers,
        lines.first,
        lines.headers_start,
        lines.body_start,
        method,
        target,
        version,
        lines.repeated,
    )


def _is_version(version: str) -> bool:
    major, dot, minor = version[4:].partition(".")
    return version[:4] == "SIP/" and dot != "" and is_number(major) and is_number(minor)


def _make_response(lines: _HeaderReader, start_line: str) -> Response:
    version, _, rest = start_line.partition(" ")
    code, _, reason = rest.partition(" ")
    status = int(code) if len(code) == 3 and not code.strip(DIGIT) else 0
    if not _is_version(version.upper()) or not 100 <= status <= 699 or has_control(reason):
        raise ParseError("Bad status line")
    if lines.fault:
        raise ParseError(lines.fault, lines.status)
    return Response(
        lines.text,
        lines.headers,
        lines.first,
        lines.headers_start,
        lines.body_start,
        status,
        reason,
        version.upper(),
        lines.repeated,
    )
