"""A SIP message: its text, its header lines, and typed values read from them when first asked for.

It must not know how a message is split (`parser`) or changed (`edits`). The text never changes; a header line
knows its offsets, so that an untouched header leaves byte for byte as it came. A structural message is not a valid
one: a missing or malformed header raises HeaderError each time its accessor is read, nothing before.

The file is long because a class can be in one file only, and every typed value is a property of Message.
"""

from typing import Final

from librt.strings import read_i32_le

from luasip.errors import HeaderError, SipError
from luasip.sip.grammar import SPACE, WORD, is_made_of, is_number, short_number, table, unfold
from luasip.sip.header_lines import (
    FOUND,
    FROM_PARTS,
    HAS_CALL_ID,
    HAS_CSEQ,
    HAS_FROM,
    HAS_FROM_URI,
    HAS_HOPS,
    HAS_TO,
    HAS_TO_URI,
    HAS_VIA,
    HOPS,
    LINES,
    ROW,
    TO_PARTS,
    HeaderLine,
    count_lines,
    end_of,
    key_at,
    next_row,
    start_of,
    value_end_of,
    value_start_of,
)
from luasip.sip.header_names import (
    CALL_ID,
    CODES,
    CONTACT,
    CSEQ,
    EXPIRES,
    FROM,
    LIST_HEADERS,
    MAX_FORWARDS,
    NAMED,
    TO,
    USER_AGENT,
    VIA,
    display,
)
from luasip.sip.params import split_items
from luasip.sip.usual_values import usual_cseq, usual_name_addr, usual_via
from luasip.sip.values import (
    CSeq,
    NameAddr,
    Via,
    bounded_int,
    parse_cseq,
    parse_name_addr,
    parse_uint32,
    parse_via,
)

__all__ = ["MAX_MAX_FORWARDS", "HeaderLine", "Message", "Request", "Response"]

MAX_MAX_FORWARDS: Final = 255

_CALL_ID_TABLE: Final = table(WORD + "@")

_MANDATORY: Final = HAS_VIA | HAS_FROM | HAS_TO | HAS_CALL_ID | HAS_CSEQ


class Message:
    """What requests and responses share.

    Attributes:
        text: the whole message, start line to end of body.
        headers_start: offset of the first header line.
        body_start: offset of the body, behind the empty line.
        table: where the header lines stand (luasip.sip.header_lines).
        repeated: the keys that stand in more than one line.
        headers_checked: `validation.check_headers` found nothing wrong.
    """

    __slots__ = (
        "_call_id",
        "_contact_star",
        "_contacts",
        "_content_length",
        "_cseq",
        "_from",
        "_made",
        "_record_routes",
        "_routes",
        "_to",
        "_top_via",
        "_vias",
        "body_start",
        "headers_checked",
        "headers_start",
        "is_request",
        "repeated",
        "table",
        "text",
    )

    def __init__(
        self,
        text: str,
        table: bytes,
        headers_start: int,
        body_start: int,
        is_request: bool,
        repeated: tuple[str, ...],
        content_length: int,
    ) -> None:
        """`content_length` is that of the header when it has been read and fits the text, else -1."""
        self.text = text
        self.table = table
        self._made: list[HeaderLine | None] | None = None
        """By row, those header lines that somebody asked for."""
        self.repeated = repeated
        self._content_length = content_length
        self.headers_start = headers_start
        self.body_start = body_start
        self.is_request = is_request
        self.headers_checked = False
        self._call_id = ""
        self._top_via: Via | None = None
        self._vias: list[Via] | None = None
        self._from: NameAddr | None = None
        self._to: NameAddr | None = None
        self._cseq: CSeq | None = None
        self._contacts: list[NameAddr] | None = None
        self._contact_star = False
        self._routes: list[NameAddr] | None = None
        self._record_routes: list[NameAddr] | None = None

    @property
    def is_rewritten(self) -> bool:
        """Whether a value that was read from it says more than its text does (NameAddr.rewrite_uri)."""
        contacts = self._contacts
        if contacts is not None:
            for contact in contacts:
                if contact.is_rewritten:
                    return True
        return False

    @property
    def is_usual(self) -> bool:
        """Whether `scan` found Via, From, To, Call-ID and CSeq well formed, and Max-Forwards if it is there."""
        found = read_i32_le(self.table, FOUND)
        return found & _MANDATORY == _MANDATORY and (found & HAS_HOPS != 0 or next_row(self.table, MAX_FORWARDS) == 0)

    @property
    def has_usual_from_uri(self) -> bool:
        """Whether `scan` found a URI in From that can be read."""
        return read_i32_le(self.table, FOUND) & HAS_FROM_URI != 0

    @property
    def has_usual_to_uri(self) -> bool:
        """Whether `scan` found a URI in To that can be read."""
        return read_i32_le(self.table, FOUND) & HAS_TO_URI != 0

    @property
    def body(self) -> str:
        """The body, "" when there is none."""
        return self.text[self.body_start :]

    @property
    def headers(self) -> list[HeaderLine]:
        """The header lines in order."""
        return [self._line(row) for row in range(LINES, len(self.table), ROW)]

    @property
    def headers_end(self) -> int:
        """Offset of the empty line: where a header is appended."""
        last = len(self.table) - ROW
        return end_of(self.table, last) if last >= LINES else self.headers_start

    def first(self, key: str) -> HeaderLine | None:
        """The first header line with this key, or None."""
        row = self._next(key, CODES.get(key, 0), 0)
        return self._line(row) if row else None

    def has_value(self, key: str) -> bool:
        """Whether there is a header line with this key, and the first is not empty."""
        row = self._next(key, CODES.get(key, 0), 0)
        return row != 0 and value_start_of(self.table, row) < value_end_of(self.table, row)

    def all(self, key: str) -> list[HeaderLine]:
        """Every header line with this key, in order."""
        code = CODES.get(key, 0)
        lines: list[HeaderLine] = []
        row = 0
        while (row := self._next(key, code, row)) != 0:
            lines.append(self._line(row))
        return lines

    def _next(self, key: str, code: int, row: int) -> int:
        """The row of the next line behind `row` with this key, of which `code` is the code; 0 when there is none."""
        row = next_row(self.table, code, row)
        while code == 0 and row != 0 and key_at(self.text, self.table, row) != key:
            row = next_row(self.table, 0, row)
        return row

    def _line(self, row: int) -> HeaderLine:
        """The header line in this row: one object, whoever asks."""
        table = self.table
        made = self._made
        if made is None:
            made = self._made = [None] * count_lines(table)
        index = (row - LINES) // ROW
        line = made[index]
        if line is None:
            text = self.text
            key = key_at(text, table, row)
            start = start_of(table, row)
            line = HeaderLine(
                text, key, start, value_start_of(table, row), value_end_of(table, row), end_of(table, row)
            )
            made[index] = line
        return line

    def value_in(self, row: int) -> str:
        """The value of the line in this row, unfolded and stripped."""
        return unfold(self.text[value_start_of(self.table, row) : value_end_of(self.table, row)])

    def values(self, key: str) -> list[str]:
        """The values of every line with this key; a list header's lines are split at their commas, empty
        items left out.

        Raises HeaderError when a line cannot be split.
        """
        lines = self.all(key)
        if key not in LIST_HEADERS:
            return [line.value for line in lines]
        values: list[str] = []
        for line in lines:
            for start, end in self._split(line.value_start, line.value_end, key):
                if start < end:
                    values.append(unfold(self.text[start:end]))
        return values

    def required(self, key: str) -> HeaderLine:
        """The first header line with this key; HeaderError when there is none."""
        line = self.first(key)
        if line is None:
            raise HeaderError(display(key), "", "missing")
        return line

    def required_row(self, code: int) -> int:
        """The row of the first line with this code (luasip.sip.header_names); HeaderError when there is none."""
        row = next_row(self.table, code)
        if row == 0:
            raise HeaderError(display(NAMED[code]), "", "missing")
        return row

    def _split(self, start: int, end: int, key: str) -> list[tuple[int, int]]:
        """What commas separate in `text[start:end]`, a value of a header with this key."""
        if self.text.find(",", start, end) < 0:
            return [(start, end)]
        return split_items(self.text, ",", start, end, display(key))

    @property
    def top_via(self) -> Via:
        """The topmost Via value. HeaderError when missing or malformed."""
        via = self._top_via
        if via is None:
            via = self._top_via = self._read_top_via(self.required_row(VIA))
        return via

    def _read_top_via(self, row: int) -> Via:
        table, text = self.table, self.text
        start = value_start_of(table, row)
        end = value_end_of(table, row)
        if read_i32_le(table, FOUND) & HAS_VIA:
            return usual_via(text, table, start, end)
        if text.find(",", start, end) >= 0:
            start, end = self._split(start, end, "via")[0]
        return parse_via(unfold(text[start:end]), start, end)

    @property
    def vias(self) -> list[Via]:
        """All Via values, topmost first. HeaderError when one is malformed; empty when there is none."""
        vias = self._vias
        if vias is None:
            table = self.table
            row = next_row(table, VIA)
            if row == 0:
                return []
            top = self.top_via
            vias = [top]
            while row != 0:
                first, last = value_start_of(table, row), value_end_of(table, row)
                if first != top.start or last != top.end:
                    for start, end in self._split(first, last, "via"):
                        if start > top.start:
                            vias.append(parse_via(unfold(self.text[start:end]), start, end))
                row = next_row(table, VIA, row)
            self._vias = vias
        return vias

    @property
    def from_(self) -> NameAddr:
        """From. HeaderError when missing or malformed."""
        value = self._from
        if value is None:
            value = self._from = self._single(FROM, "From", HAS_FROM, FROM_PARTS)
        return value

    @property
    def to(self) -> NameAddr:
        """To. HeaderError when missing or malformed."""
        value = self._to
        if value is None:
            value = self._to = self._single(TO, "To", HAS_TO, TO_PARTS)
        return value

    def _single(self, code: int, name: str, found: int, parts: int) -> NameAddr:
        table, text = self.table, self.text
        row = self.required_row(code)
        start = value_start_of(table, row)
        end = value_end_of(table, row)
        if read_i32_le(table, FOUND) & found:
            return usual_name_addr(text, table, parts, start, end, name)
        return parse_name_addr(unfold(text[start:end]), name, start, end)

    def addresses(self, key: str) -> list[NameAddr]:
        """All name-addr values of the headers with this key. HeaderError when one is malformed."""
        values: list[NameAddr] = []
        table = self.table
        code = CODES.get(key, 0)
        row = 0
        while (row := self._next(key, code, row)) != 0:
            for start, end in self._split(value_start_of(table, row), value_end_of(table, row), key):
                values.append(parse_name_addr(unfold(self.text[start:end]), display(key), start, end))
        return values

    @property
    def call_id(self) -> str:
        """Call-ID. HeaderError when missing or not word[@word] (RFC 3261 §25.1)."""
        value = self._call_id
        if not value:
            value = self.value_in(self.required_row(CALL_ID))
            if not read_i32_le(self.table, FOUND) & HAS_CALL_ID and (
                not value or not is_made_of(value, _CALL_ID_TABLE) or value.count("@") > 1
            ):
                raise HeaderError("Call-ID", value)
            self._call_id = value
        return value

    @property
    def cseq(self) -> CSeq:
        """CSeq. HeaderError when missing or malformed."""
        value = self._cseq
        if value is None:
            table = self.table
            row = self.required_row(CSEQ)
            if read_i32_le(table, FOUND) & HAS_CSEQ:
                value = usual_cseq(self.text, table, value_end_of(table, row))
            else:
                value = parse_cseq(self.value_in(row))
            self._cseq = value
        return value

    @property
    def contacts(self) -> list[NameAddr]:
        """All Contact values but "*". HeaderError when one is malformed."""
        values = self._contacts
        if values is None:
            values = []
            table = self.table
            row = 0
            while (row := next_row(table, CONTACT, row)) != 0:
                for start, end in self._split(
                    value_start_of(table, row), value_end_of(table, row), "contact"
                ):
                    text = unfold(self.text[start:end])
                    if text == "*":
                        self._contact_star = True
                    else:
                        values.append(parse_name_addr(text, "Contact", start, end))
            self._contacts = values
        return values

    @property
    def contact_star(self) -> bool:
        """True when a Contact is "*" (RFC 3261 §10.2.2). HeaderError as for `contacts`."""
        return next_row(self.table, CONTACT) != 0 and self._reads_star()

    def _reads_star(self) -> bool:
        _ = self.contacts
        return self._contact_star

    @property
    def routes(self) -> list[NameAddr]:
        """All Route values, first hop first. HeaderError when one is malformed."""
        values = self._routes
        if values is None:
            values = self._routes = self.addresses("route")
        return values

    @property
    def record_routes(self) -> list[NameAddr]:
        """All Record-Route values, topmost first. HeaderError when one is malformed."""
        values = self._record_routes
        if values is None:
            values = self._record_routes = self.addresses("record-route")
        return values

    @property
    def paths(self) -> list[NameAddr]:
        """All Path values, topmost first (RFC 3327). HeaderError when one is malformed."""
        return self.addresses("path")

    @property
    def max_forwards(self) -> int | None:
        """Max-Forwards, 0 to 255, None when absent. HeaderError when malformed or out of range."""
        if read_i32_le(self.table, FOUND) & HAS_HOPS:
            return read_i32_le(self.table, HOPS)
        row = next_row(self.table, MAX_FORWARDS)
        if row == 0:
            return None
        value = self.value_in(row)
        number = parse_uint32(value, "Max-Forwards")
        if number > MAX_MAX_FORWARDS:
            raise HeaderError("Max-Forwards", value, "number out of range")
        return number

    @property
    def expires(self) -> int | None:
        """Expires in seconds, capped at 2**32-1, None when absent. HeaderError when not a number."""
        row = next_row(self.table, EXPIRES)
        if row == 0:
            return None
        value = self.value_in(row)
        number = short_number(value)
        if number >= 0:
            return number
        if not is_number(value):
            raise HeaderError("Expires", value, "not a number")
        return bounded_int(value)

    @property
    def content_length(self) -> int | None:
        """Content-Length, None when absent. HeaderError when not a number."""
        if self._content_length >= 0:
            return self._content_length
        line = self.first("content-length")
        if line is None:
            return None
        return parse_uint32(line.value, "Content-Length")

    @property
    def content_type(self) -> str:
        """Content-Type as written, parameters included; "" when absent."""
        line = self.first("content-type")
        return "" if line is None else line.value

    @property
    def media_type(self) -> str:
        """ "type/subtype" of Content-Type in lower case, without parameters; "" when absent."""
        kind, slash, subtype = self.content_type.partition(";")[0].partition("/")
        return f"{kind.strip(SPACE)}{slash}{subtype.strip(SPACE)}".lower()

    @property
    def user_agent(self) -> str:
        """User-Agent as written, "" when absent."""
        row = next_row(self.table, USER_AGENT)
        return self.value_in(row) if row else ""


class Request(Message):
    """A request. `method`, `request_uri` and `version` are as on the start line."""

    __slots__ = ("_top_via_text", "method", "request_uri", "server_key", "version")

    def __init__(
        self,
        text: str,
        table: bytes,
        headers_start: int,
        body_start: int,
        method: str,
        request_uri: str,
        version: str,
        repeated: tuple[str, ...],
        content_length: int,
    ) -> None:
        super().__init__(text, table, headers_start, body_start, True, repeated, content_length)
        self.method = method
        self.request_uri = request_uri
        self.version = version
        self._top_via_text = ""
        self.server_key = ""
        """luasip.transaction.key.server_key, once it was asked for."""

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.request_uri}>"

    @property
    def top_via_text(self) -> str:
        """The topmost Via value as it is to be sent on: as received until received and rport have been
        added.
        """
        return self._top_via_text or self.top_via.text

    @top_via_text.setter
    def top_via_text(self, text: str) -> None:
        self._top_via_text = text

    @property
    def is_top_via_changed(self) -> bool:
        """Whether `top_via_text` is not the topmost value as received. False when that cannot be read."""
        changed = self._top_via_text
        if not changed:
            return False
        try:
            return changed != self.top_via.text
        except SipError:
            return False


class Response(Message):
    """A response. `status`, `reason` and `version` are as on the start line."""

    __slots__ = ("reason", "status", "version")

    def __init__(
        self,
        text: str,
        table: bytes,
        headers_start: int,
        body_start: int,
        status: int,
        reason: str,
        version: str,
        repeated: tuple[str, ...],
        content_length: int,
    ) -> None:
        super().__init__(text, table, headers_start, body_start, False, repeated, content_length)
        self.status = status
        self.reason = reason
        self.version = version

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason}>"
