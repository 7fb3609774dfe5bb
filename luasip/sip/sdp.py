"""Session descriptions, read by line (RFC 8866 §5): connection addresses and media lines with their offsets.

It must not know what a codec means. Offsets are those of the text given, so that a line can be spliced. SDP
is read
liberally: lines may end in a bare LF, and a line without "=" ends nothing and is skipped.
"""

from luasip.errors import SipError


class SdpLine:
    """One `type=value` line. `start` and `value_end` bound it without its line end, `end` includes that."""

    __slots__ = ("end", "kind", "start", "value", "value_end")

    def __init__(self, kind: str, value: str, start: int, value_end: int, end: int) -> None:
        self.kind = kind
        self.value = value
        self.start = start
        self.value_end = value_end
        self.end = end

    def __repr__(self) -> str:
        return f"SdpLine({self.kind}={self.value})"


class Connection:
    """A `c=` line (or the address of `o=`): `address` stands at `start`..`end` of the description.

    `network` is "IN", `address_type` "IP4" or "IP6"; a multicast address keeps no "/ttl".
    """

    __slots__ = ("address", "address_type", "end", "network", "start")

    def __init__(self, network: str, address_type: str, address: str, start: int, end: int) -> None:
        self.network = network
        self.address_type = address_type
        self.address = address
        self.start = start
        self.end = end


class Media:
    """One media section: its `m=` line taken apart and its lines.

    Attributes:
        media, protocol: "audio", "RTP/AVP".
        port: 0 means refused. `port_start`, `port_end` bound it in the description.
        formats: the payload types or formats as written.
        lines: every line of the section, the m= line first.
        connection: its own c= line, else that of the session, else None.
    """

    __slots__ = ("connection", "formats", "lines", "media", "port", "port_end", "port_start", "protocol")

    def __init__(
        self, media: str, port: int, protocol: str, formats: list[str], lines: list[SdpLine], port_start: int
    ) -> None:
        self.media = media
        self.port = port
        self.protocol = protocol
        self.formats = formats
        self.lines = lines
        self.port_start = port_start
        self.port_end = port_start + len(str(port))
        self.connection: Connection | None = None

    def attributes(self, name: str) -> list[str]:
        """The values of the section's `a=name:value` lines; "" for a flag `a=name`."""
        return read_attributes(self.lines, name)


class SessionDescription:
    """`lines` of the session part, the `origin` and session `connection` (None when absent), and `media`
    sections.
    """

    __slots__ = ("connection", "lines", "media", "origin")

    def __init__(self, lines: list[SdpLine]) -> None:
        self.lines = lines
        self.media: list[Media] = []
        self.origin: Connection | None = None
        self.connection: Connection | None = None

    @property
    def connections(self) -> list[Connection]:
        """Every c= address, each once, session first."""
        found: list[Connection] = [] if self.connection is None else [self.connection]
        for section in self.media:
            if section.connection is not None and section.connection is not self.connection:
                found.append(section.connection)
        return found


def split_lines(text: str, start: int = 0) -> list[SdpLine]:
    """The `type=value` lines of `text` from offset `start` on."""
    lines: list[SdpLine] = []
    position = start
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end + 1
        value_end = end
        while value_end > position and text[value_end - 1] in "\r\n":
            value_end -= 1
        if value_end - position >= 2 and text[position + 1] == "=":
            kind, value = text[position], text[position + 2 : value_end]
            lines.append(SdpLine(kind, value, position, value_end, end))
        position = end
    return lines


def parse_sdp(text: str) -> SessionDescription:
    """The session description `text`. Raises SipError (status 400) when it does not begin with v= or an m=,
    c= or o= line is malformed."""
    lines = split_lines(text)
    if not lines or lines[0].kind != "v":
        raise SipError("Bad SDP (no v= line)")
    first_media = len(lines)
    starts = [index for index, line in enumerate(lines) if line.kind == "m"]
    if starts:
        first_media = starts[0]
    session = SessionDescription(lines[:first_media])
    for line in session.lines:
        if line.kind == "o" and session.origin is None:
            session.origin = _read_address(line, 3)
        elif line.kind == "c" and session.connection is None:
            session.connection = _read_address(line, 0)
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        session.media.append(_read_media(lines[start:end], session.connection))
    return session


def _read_media(lines: list[SdpLine], connection: Connection | None) -> Media:
    line = lines[0]
    words = line.value.split(" ")
    port = words[1].partition("/")[0] if len(words) >= 3 else ""
    if not (port.isdecimal() and port.isascii()) or len(port) > 5 or int(port) > 65535:
        raise SipError("Bad SDP (m= line)")
    port_start = line.start + 2 + len(words[0]) + 1
    section = Media(words[0], int(port), words[2], words[3:], lines, port_start)
    section.port_end = port_start + len(port)
    section.connection = connection
    for other in lines:
        if other.kind == "c":
            section.connection = _read_address(other, 0)
            break
    return section


def _read_address(line: SdpLine, skip: int) -> Connection:
    """nettype, addrtype and address behind `skip` words of the line."""
    words = line.value.split(" ")
    if len(words) < skip + 3 or not words[skip + 2]:
        raise SipError(f"Bad SDP ({line.kind}= line)")
    start = line.start + 2 + len(" ".join(words[: skip + 2])) + 1
    address = words[skip + 2].partition("/")[0]
    return Connection(words[skip], words[skip + 1], address, start, start + len(address))


def read_attributes(lines: list[SdpLine], name: str) -> list[str]:
    """The values of the `a=name:value` lines among `lines`; "" for a flag `a=name`."""
    values: list[str] = []
    for line in lines:
        if line.kind == "a":
            key, _, value = line.value.partition(":")
            if key == name:
                values.append(value)
    return values
