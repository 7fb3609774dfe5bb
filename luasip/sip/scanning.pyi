"""scanning.c, which the compiled build has: the header lines of a usual message in one pass, and usual values."""

def teach(codes: dict[str, int], token: str, content_length: int, /) -> None:
    """Know these names, in any case but best in their usual spelling, by their codes.

    `token` holds the characters of a token, `content_length` is the code of Content-Length. Once, before any scan.
    """

def scan(text: str, start: int, longest: int, most: int, /) -> bytes | None:
    """The table (luasip.sip.header_lines) of the header lines that begin at `start`, up to the empty line.

    None when anything about them is unusual: then the Python code decides. A line has at most `longest` characters,
    and there are at most `most`.
    """

def name_addr(text: str, /) -> int:
    """Where the parts of a usual name-addr value stand, -1 when it is none.

    Usual is: a display name (if quoted, without a backslash) or none, a URI in angle brackets, and no parameter or the
    tag alone. The number is: offset behind the display name, + offset of "<" * 2**16, + offset of ">" * 2**32.
    """

def via(text: str, /) -> int:
    """Where the parts of a usual Via value stand, -1 when it is none.

    Usual is: "SIP/2.0/UDP ", a host that is no IPv6 reference, maybe a port, and the branch as the only parameter. The
    number is: offset behind the host, + offset of ";branch=" * 2**16, + (port + 1) * 2**32, 0 in place of port + 1 when
    there is none.
    """
