"""A SIP message: its text, its header lines, and typed values read from them when first asked for.

It must not know how a message is split (`parser`) or changed (`edits`). The text never changes; a header line
knows its offsets, so that an untouched header leaves byte for byte as it came. A structural message is not
a valid
one: a missing or malformed header raises HeaderError each time its accessor is read, nothing before.
"""

from typing import Final

from luasip.errors import HeaderError
from luasip.sip.grammar import SPACE, WORD, is_made_of, is_number, is_white, table, unfold
from luasip.sip.header_names import LIST_HEADERS, display
from luasip.sip.params import split_items
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

MAX_MAX_FORWARDS: Final = 255

_CALL_ID_TABLE: Final = table(WORD + "@")


class HeaderLine:
    """One header field as it stands in the message.

    It holds the text and where it stands in it; half of the values of a message nobody reads.

    Attributes:
        key: canonical name ("via").
        start, end: the whole field in `Message.text`; `end` is behind the CRLF of its last folded line.
        value_start: offset of the raw value in `Message.text`; white space around the value is left out.
        folded: it stands on more than one line.
    """

    __slots__ = ("_text", "_value", "end", "folded", "key", "start", "value_start")

    def __init__(self, text: str, key: str, start: int, value_start: int, end: int, folded: bool) -> None:
        self._text = text
        self._value: str | None = None
        self.key = key
        self.start = start
        self.value_start = value_start
        self.end = end
        self.folded = folded

    @property
    def name(self) -> str:
        """The name as on the wire ("v")."""
        return self._text[self.start : self._text.find(":", self.start)].rstrip(SPACE)

    @property
    def value(self) -> str:
        """The value, unfolded and stripped."""
        value = self._value
        if value is None:
            value = self._text[self.value_start : self.value_end]
            if self.folded:
                value = unfold(value)
            self._value = value
        return value

    @property
    def value_end(self) -> int:
        """Offset behind the raw value, line folds inside it included."""
        if self._value is not None and not self.folded:
            return self.value_start + len(self._value)
        text = self._text
        end = self.end - 2
        start = self.value_start
        while end > start and is_white(ord(text[end - 1])):
            end -= 1
        return end

    def __repr__(self) -> str:
        return f"HeaderLine({self.name!r}, {self.value!r})"


class Message:
    """What requests and responses share.

    Attributes:
        text: the whole message, start line to end of body.
        headers: the header lines in order.
        headers_start: offset of the first header line.
        body_start: offset of the body, behind the empty line.
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
        "_record_routes",
        "_routes",
        "_to",
        "_top_via",
        "_vias",
        "body_start",
        "headers",
        "headers_checked",
        "headers_start",
        "is_request",
        "repeated",
        "text",
    )

    def __init__(
        self,
        text: str,
        headers: list[HeaderLine],
        headers_start: int,
        body_start: int,
        is_request: bool,
        repeated: tuple[str, ...],
        content_length: int,
    ) -> None:
        """`content_length` is that of the header when it has been read and fits the text, else -1."""
        self.text = text
        self.headers = headers
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
    def body(self) -> str:
        """The body, "" when there is none."""
        return self.text[self.body_start :]

    @property
    def headers_end(self) -> int:
        """Offset of the empty line: where a header is appended."""
        return self.headers[-1].end if self.headers else self.headers_start

    def first(self, key: str) -> HeaderLine | None:
        """The first header line with this key, or None."""
        for line in self.headers:
            if line.key == key:
                return line
        return None

    def all(self, key: str) -> list[HeaderLine]:
        """Every header line with this key, in order."""
        return [line for line in self.headers if line.key == key]

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
            for start, end in self._split(line, key):
                if start < end:
                    values.append(unfold(self.text[start:end]))
        return values

    def required(self, key: str) -> HeaderLine:
        """The first header line with this key; HeaderError when there is none."""
        line = self.first(key)
        if line is None:
            raise HeaderError(display(key), "", "missing")
        return line

    def _split(self, line: HeaderLine, key: str) -> list[tuple[int, int]]:
        if "," not in line.value:
            return [(line.value_start, line.value_end)]
        return split_items(self.text, ",", line.value_start, line.value_end, display(key))

    @property
    def top_via(self) -> Via:
        """The topmost Via value. HeaderError when missing or malformed."""
        via = self._top_via
        if via is None:
            line = self.required("via")
            value = line.value
            if "," in value:
                start, end = self._split(line, "via")[0]
                via = parse_via(unfold(self.text[start:end]), start, end)
            else:
                via = parse_via(value, line.value_start, line.value_end)
            self._top_via = via
        return via

    @property
    def vias(self) -> list[Via]:
        """All Via values, topmost first. HeaderError when one is malformed; empty when there is none."""
        vias = self._vias
        if vias is None:
            lines = self.all("via")
            if not lines:
                return []
            top = self.top_via
            vias = [top]
            for line in lines:
                if line.value_start == top.start and "," not in line.value:
                    continue
                for start, end in self._split(line, "via"):
                    if start <= top.start:
                        continue
                    vias.append(parse_via(unfold(self.text[start:end]), start, end))
            self._vias = vias
        return vias

    @property
    def from_(self) -> NameAddr:
        """From. HeaderError when missing or malformed."""
        value = self._from
        if value is None:
            value = self._from = self._single("from", "From")
        return value

    @property
    def to(self) -> NameAddr:
        """To. HeaderError when missing or malformed."""
        value = self._to
        if value is None:
            value = self._to = self._single("to", "To")
        return value

    def _single(self, key: str, name: str) -> NameAddr:
        line = self.required(key)
        return parse_name_addr(line.value, name, line.value_start, line.value_end)

    def addresses(self, key: str) -> list[NameAddr]:
        """All name-addr values of the headers with this key. HeaderError when one is malformed."""
        values: list[NameAddr] = []
        for line in self.headers:
            if line.key == key:
                for start, end in self._split(line, key):
                    values.append(parse_name_addr(unfold(self.text[start:end]), display(key), start, end))
        return values

    @property
    def call_id(self) -> str:
        """Call-ID. HeaderError when missing or not word[@word] (RFC 3261 §25.1)."""
        value = self._call_id
        if not value:
            value = self.required("call-id").value
            if not value or not is_made_of(value, _CALL_ID_TABLE) or value.count("@") > 1:
                raise HeaderError("Call-ID", value)
            self._call_id = value
        return value

    @property
    def cseq(self) -> CSeq:
        """CSeq. HeaderError when missing or malformed."""
        value = self._cseq
        if value is None:
            value = self._cseq = parse_cseq(self.required("cseq").value)
        return value

    @property
    def contacts(self) -> list[NameAddr]:
        """All Contact values but "*". HeaderError when one is malformed."""
        values = self._contacts
        if values is None:
            values = []
            for line in self.all("contact"):
                for start, end in self._split(line, "contact"):
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
        return self.first("contact") is not None and self._reads_star()

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
        line = self.first("max-forwards")
        if line is None:
            return None
        number = parse_uint32(line.value, "Max-Forwards")
        if number > MAX_MAX_FORWARDS:
            raise HeaderError("Max-Forwards", line.value, "number out of range")
        return number

    @property
    def expires(self) -> int | None:
        """Expires in seconds, capped at 2**32-1, None when absent. HeaderError when not a number."""
        line = self.first("expires")
        if line is None:
            return None
        if not is_number(line.value):
            raise HeaderError("Expires", line.value, "not a number")
        return bounded_int(line.value)

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
        line = self.first("user-agent")
        return "" if line is None else line.value


class Request(Message):
    """A request. `method`, `request_uri` and `version` are as on the start line."""

    __slots__ = ("_top_via_text", "method", "request_uri", "server_key", "version")

    def __init__(
        self,
        text: str,
        headers: list[HeaderLine],
        headers_start: int,
        body_start: int,
        method: str,
        request_uri: str,
        version: str,
        repeated: tuple[str, ...],
        content_length: int,
    ) -> None:
        super().__init__(text, headers, headers_start, body_start, True, repeated, content_length)
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


class Response(Message):
    """A response. `status`, `reason` and `version` are as on the start line."""

    __slots__ = ("reason", "status", "version")

    def __init__(
        self,
        text: str,
        headers: list[HeaderLine],
        headers_start: int,
        body_start: int,
        status: int,
        reason: str,
        version: str,
        repeated: tuple[str, ...],
        content_length: int,
    ) -> None:
        super().__init__(text, headers, headers_start, body_start, False, repeated, content_length)
        self.status = status
        self.reason = reason
        self.version = version

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason}>"
