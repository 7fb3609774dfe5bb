"""Typed header values: Via, name-addr (From, To, Contact, Route …) and CSeq.

They must not know the message: a reader gets text and, for what can be spliced, the offsets it stands at.
Each reader raises HeaderError (status 400) that names its header.
"""

from typing import TYPE_CHECKING, Final

from luasip.errors import HeaderError, UriError
from luasip.native import mypyc_attr
from luasip.sip.grammar import (
    MAX_UINT32,
    SPACE,
    has_control,
    is_number,
    is_token,
    short_number,
    short_number_in,
    skip_quoted,
    unquote,
)
from luasip.sip.params import parse_params, sole_token
from luasip.sip.scanners import name_addr, via
from luasip.sip.uri import Uri, parse_uri, split_host_port

if TYPE_CHECKING:
    from mypy_extensions import i64  # see luasip.sip.grammar

MAGIC_COOKIE: Final = "z9hG4bK"
"""How the branch of an RFC 3261 element begins (§8.1.1.7)."""


@mypyc_attr(acyclic=True)
class Via:
    """One Via value (RFC 3261 §20.42).

    Attributes:
        transport: upper case, "UDP".
        host: sent-by host, an IPv6 reference with its brackets.
        port: sent-by port or None.
        branch: the branch parameter, "" when absent.
        start, end: where the value stands in `Message.text` (0, 0 when it was not read from a message).
    """

    __slots__ = ("_params", "_text", "_whole", "branch", "end", "host", "port", "start", "transport")

    def __init__(
        self,
        text: str | None,
        transport: str,
        host: str,
        port: int | None,
        branch: str,
        params: dict[str, str] | None,
        start: int,
        end: int,
        whole: str = "",
    ) -> None:
        """`params` None: `branch` is the only parameter. `whole`: a message in whose `[start:end]` it stands, and is
        nothing but "SIP/2.0/UDP " or TCP, the sent-by as it would be written, and ";branch=".
        """
        self._text = text
        self._whole = whole
        self.transport = transport
        self.host = host
        self.port = port
        self.branch = branch
        self._params = params
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"Via({self.text!r})"

    @property
    def text(self) -> str:
        """The value, unfolded."""
        text = self._text
        if text is None:  # mostly nobody asks
            text = self._text = self._whole[self.start : self.end]
        return text

    @property
    def params(self) -> dict[str, str]:
        """The parameters, names in lower case, values as written."""
        params = self._params
        if params is None:
            params = self._params = {"branch": self.branch}
        return params

    def param(self, name: str) -> str | None:
        """The parameter `name`, not branch, as written: "" when it is a flag, None when absent."""
        params = self._params
        return None if params is None else params.get(name)

    @property
    def received(self) -> str:
        """The received parameter as written, "" when absent."""
        return self.param("received") or ""

    @property
    def rport(self) -> str | None:
        """The rport parameter: None when absent, "" when it asks for a value, else the digits (RFC 3581)."""
        return self.param("rport")

    @property
    def sent_by(self) -> str:
        """ "host" or "host:port"."""
        if self._whole:  # it stands there so
            return self._whole[self.start + len("SIP/2.0/UDP ") : self.end - len(self.branch) - len(";branch=")]
        return self.host if self.port is None else f"{self.host}:{self.port}"


def parse_via(text: str, start: int = 0, end: int = 0) -> Via:
    """One Via value, already unfolded; `start` and `end` are kept as its place in the message."""
    places: i64 = via(text)
    if places >= 0:
        port_above: i64 = places >> 32
        number = None if port_above == 0 else port_above - 1
        branch_start: i64 = ((places >> 16) & 0xFFFF) + len(";branch=")
        transport = "UDP" if text[8] == "U" else "TCP"
        return Via(text, transport, text[12 : places & 0xFFFF], number, text[branch_start:], None, start, end)
    head_end = text.find(";")
    if head_end < 0:
        head_end = len(text)
    if text.startswith("SIP/2.0/UDP "):
        transport = "UDP"
        sent_by = text[12:head_end]
    else:
        transport, sent_by = _read_head(text[:head_end], text)
    host, port = _read_sent_by(sent_by, text)
    branch = sole_token(text, head_end, ";branch=")
    if branch:
        return Via(text, transport, host, port, branch, None, start, end)
    params = parse_params(text, head_end, "Via")
    return Via(text, transport, host, port, params.get("branch", ""), params, start, end)


def _read_head(head: str, text: str) -> tuple[str, str]:
    """Transport, in upper case, and sent-by, also where white space stands around the slashes (SLASH, §25.1)."""
    if head.startswith("SIP/2.0/"):
        transport, space, sent_by = head[8:].partition(" ")
        if space and is_token(transport):
            return transport.upper(), sent_by
    parts = head.replace("\t", " ").split("/")
    if len(parts) != 3 or parts[0].strip(" ").upper() != "SIP" or not is_token(parts[1].strip(" ")):
        raise HeaderError("Via", text)
    transport, _, sent_by = parts[2].strip(" ").partition(" ")
    if not is_token(transport):
        raise HeaderError("Via", text)
    return transport.upper(), sent_by


def _read_sent_by(sent_by: str, text: str) -> tuple[str, int | None]:
    try:
        return split_host_port(sent_by, text)
    except UriError as error:
        stripped = _without_space(sent_by)
        if stripped != sent_by:
            return _read_sent_by(stripped, text)
        raise HeaderError("Via", text, "bad sent-by") from error


def _without_space(sent_by: str) -> str:
    """The same without the white space around it and around its last colon (COLON, §25.1)."""
    before, colon, after = sent_by.strip(SPACE).rpartition(":")
    return before.rstrip(SPACE) + colon + after.lstrip(SPACE)


@mypyc_attr(acyclic=True)
class NameAddr:
    """A name-addr or addr-spec with its header parameters (RFC 3261 §20.10).

    Attributes:
        tag: the tag parameter, "" when absent.
        start, end: where the value stands in `Message.text` (0, 0 when it was not read from a message).
        header: the header's name, for errors.
    """

    __slots__ = (
        "_name_end",
        "_params",
        "_text",
        "_uri",
        "_uri_text",
        "_whole",
        "end",
        "header",
        "is_rewritten",
        "start",
        "tag",
    )

    def __init__(
        self,
        text: str | None,
        name_end: int,
        uri_text: str | None,
        tag: str,
        params: dict[str, str] | None,
        start: int,
        end: int,
        header: str,
        whole: str = "",
    ) -> None:
        """`text[:name_end]` is the display name as written. `params` None: there is none but `tag`, if that.

        `text` None: it is `whole[start:end]`, and `uri_text` stands in angle brackets there.
        """
        self._text = text
        self._whole = whole
        self._name_end = name_end
        self._uri_text = uri_text
        self.tag = tag
        self._params = params
        self.start = start
        self.end = end
        self.header = header
        self._uri: Uri | None = None
        self.is_rewritten = False
        """`rewrite_uri` was called."""

    def __repr__(self) -> str:
        return f"NameAddr({self.text!r})"

    @property
    def text(self) -> str:
        """The value, unfolded."""
        text = self._text
        if text is None:
            text = self._text = self._whole[self.start : self.end]
        return text

    @property
    def uri_text(self) -> str:
        """The URI without angle brackets."""
        uri_text = self._uri_text
        if uri_text is None:  # of From and To mostly nobody asks
            opened = self._whole.index("<", self.start + self._name_end) + 1
            uri_text = self._uri_text = self._whole[opened : self._whole.index(">", opened)]
        return uri_text

    @property
    def display_name(self) -> str:
        """The display name, unquoted; "" when absent."""
        return unquote(self.text[: self._name_end].strip(SPACE))

    @property
    def params(self) -> dict[str, str]:
        """The header parameters, names in lower case, values as written."""
        params = self._params
        if params is None:
            params = self._params = {"tag": self.tag} if self.tag else {}
        return params

    @property
    def uri(self) -> Uri:
        """The URI, parsed on first use. Raises UriError."""
        uri = self._uri
        if uri is None:
            uri = self._uri = parse_uri(self.uri_text)
        return uri

    def rewrite_uri(self, uri_text: str) -> None:
        """Let `uri` and `uri_text` say what the URI will be when the message is sent; `text` stays."""
        self._uri_text = uri_text
        self._uri = None
        self.is_rewritten = True

    @property
    def q(self) -> float | None:
        """The q parameter, 0 to 1, or None when absent. Raises HeaderError."""
        text = self.params.get("q")
        if text is None:
            return None
        return parse_qvalue(text, self.header)

    @property
    def expires(self) -> int | None:
        """The expires parameter in seconds, capped at 2**32-1, or None when absent. Raises HeaderError."""
        text = self.params.get("expires")
        if text is None:
            return None
        if not is_number(text):
            raise HeaderError(self.header, self.text, "bad expires")
        return bounded_int(text)


def parse_name_addr(text: str, header: str = "name-addr", start: int = 0, end: int = 0) -> NameAddr:
    """One name-addr or addr-spec value of header `header`, already unfolded.

    Without angle brackets all parameters belong to the header and the URI may hold neither "?" nor ","
    (§20.10).
    """
    places: i64 = name_addr(text)
    if places >= 0:
        opened: i64 = (places >> 16) & 0xFFFF
        closed: i64 = places >> 32
        tag_start: i64 = closed + len(">;tag=")
        uri_text = text[opened + 1 : closed]
        return NameAddr(text, places & 0xFFFF, uri_text, text[tag_start:], None, start, end, header)
    quote_end = 0
    if text.startswith('"'):
        quote_end = skip_quoted(text, 0, len(text))
        if quote_end < 0:
            raise HeaderError(header, text, "unclosed quoted string")
    angle = text.find("<", quote_end)
    if angle < 0:
        return _parse_addr_spec(text, header, start, end)
    close = text.find(">", angle)
    if close < 0:
        raise HeaderError(header, text, "unclosed <")
    name_end = quote_end
    if quote_end != angle:
        name_end = _check_display_name(text, quote_end, angle, header)
    uri_text = text[angle + 1 : close]
    _check_uri_text(uri_text, text, header)
    close += 1
    if close == len(text):
        return NameAddr(text, name_end, uri_text, "", None, start, end, header)
    tag = sole_token(text, close, ";tag=")
    if tag:
        return NameAddr(text, name_end, uri_text, tag, None, start, end, header)
    params = parse_params(text, close, header)
    return NameAddr(text, name_end, uri_text, params.get("tag", ""), params, start, end, header)


def _check_display_name(text: str, quote_end: int, angle: int, header: str) -> int:
    """Where the display name before `<` ends. Read liberally (any words but separators), as much equipment does
    not quote.
    """
    if quote_end:
        between = text[quote_end:angle]
        if between != " " and between.strip(SPACE):
            raise HeaderError(header, text, "text between display name and <")
        return quote_end
    name = text[:angle]
    if '"' in name or "," in name or ";" in name or has_control(name):
        raise HeaderError(header, text, "display name needs quotes")
    return angle


def _check_uri_text(uri_text: str, text: str, header: str) -> None:
    if ":" not in uri_text or " " in uri_text or "\t" in uri_text or "<" in uri_text:
        raise HeaderError(header, text, "bad URI")


def _parse_addr_spec(text: str, header: str, start: int, end: int) -> NameAddr:
    uri_text, semicolon, _ = text.partition(";")
    params: dict[str, str] = parse_params(text, len(uri_text), header) if semicolon else {}
    uri_text = uri_text.rstrip(SPACE)
    if "?" in uri_text or "," in uri_text:
        raise HeaderError(header, text, "URI needs angle brackets")
    if ">" in uri_text or '"' in uri_text:
        raise HeaderError(header, text, "bad URI")
    _check_uri_text(uri_text, text, header)
    return NameAddr(text, 0, uri_text, params.get("tag", ""), params, start, end, header)


def parse_qvalue(text: str, header: str = "Contact") -> float:
    """qvalue: "0", "1" or "0.123" with at most three digits (RFC 3261 §25.1)."""
    whole, _, fraction = text.partition(".")
    if whole not in ("0", "1") or len(fraction) > 3 or (fraction and not is_number(fraction)):
        raise HeaderError(header, text, "bad q")
    if whole == "1" and fraction.strip("0"):
        raise HeaderError(header, text, "bad q")
    return float(f"{whole}.{fraction or '0'}")


@mypyc_attr(acyclic=True)
class CSeq:
    """A CSeq value (RFC 3261 §20.16): `number` below 2**32 and the `method`."""

    __slots__ = ("method", "number")

    def __init__(self, number: int, method: str) -> None:
        self.number = number
        self.method = method

    def __repr__(self) -> str:
        return f"CSeq({self.number}, {self.method!r})"


def parse_cseq(text: str) -> CSeq:
    """The CSeq value `text`."""
    space = text.find(" ")
    if space > 0:  # nearly every one: digits, one space, the method
        number = short_number_in(text, 0, space)
        method = text[space + 1 :]
        if number >= 0 and is_token(method):
            return CSeq(number, method)
    tab = text.find("\t")
    if tab >= 0 and (tab < space or space < 0):
        space = tab
    method = text[space + 1 :].strip(SPACE)
    if space < 0 or not is_token(method):
        raise HeaderError("CSeq", text)
    return CSeq(parse_uint32(text[:space], "CSeq"), method)


def parse_uint32(text: str, header: str) -> int:
    """1*DIGIT below 2**32, or HeaderError about `header`."""
    number = short_number(text)
    if number >= 0:
        return number
    if not is_number(text):
        raise HeaderError(header, text, "not a number")
    if len(text) > 10 and len(text.lstrip("0")) > 10:
        raise HeaderError(header, text, "number out of range")
    number = int(text.lstrip("0") or "0")
    if number > MAX_UINT32:
        raise HeaderError(header, text, "number out of range")
    return number


def bounded_int(text: str) -> int:
    """1*DIGIT as a number, everything from 2**32-1 on being 2**32-1: delta-seconds may be any length
    (§20.19).
    """
    digits = text.lstrip("0")
    if len(digits) > 10:
        return MAX_UINT32
    return min(int(digits or "0"), MAX_UINT32)
