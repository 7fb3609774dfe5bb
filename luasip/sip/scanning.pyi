"""scanning.c, which the compiled build has: a usual message in one pass, and usual values."""

def teach(codes: dict[str, int], token: str, of_call_id: str, roles: bytes, /) -> None:
    """Know these names, in any case but best in their usual spelling, by their codes.

    `token` and `of_call_id` hold the characters of a token and of a Call-ID, `roles` for each code what is read of the
    first value of that name (luasip.sip.scanners). Once, before any scan.
    """

def scan(text: str, /) -> bytes | None:
    """The table (luasip.sip.header_lines) of the message: its start line, its header lines, its usual values.

    None when anything about its start line and header lines is unusual: then the Python code decides. It says where the
    body begins and what Content-Length is; that they fit together, and limits, are for the caller to look at.
    """

def name_addr(text: str, /) -> int:
    """Where the parts of a usual name-addr value stand, -1 when it is none.

    Usual is: a display name (if quoted, without a backslash) or none, a URI in angle brackets, and no parameter or the
    tag alone. The number is: offset behind the display name, + offset of "<" * 2**16, + offset of ">" * 2**32.
    """

def via(text: str, /) -> int:
    """Where the parts of a usual Via value stand, -1 when it is none.

    Usual is: "SIP/2.0/UDP " or "SIP/2.0/TCP ", a host that is no IPv6 reference, maybe a port without leading zeros,
    and the branch as the only parameter. The number is: offset behind the host, + offset of ";branch=" * 2**16,
    + (port + 1) * 2**32, 0 in place of port + 1 when there is none.
    """
