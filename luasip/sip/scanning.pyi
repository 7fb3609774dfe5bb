"""scanning.c, which the compiled build has: the header lines of a usual message in one pass."""

def teach(codes: dict[str, int], token: str, content_length: int, /) -> None:
    """Know these names, in any case but best in their usual spelling, by their codes.

    `token` holds the characters of a token, `content_length` is the code of Content-Length. Once, before any scan.
    """

def scan(text: str, start: int, longest: int, most: int, /) -> bytes | None:
    """The table (luasip.sip.header_lines) of the header lines that begin at `start`, up to the empty line.

    None when anything about them is unusual: then the Python code decides. A line has at most `longest` characters,
    and there are at most `most`.
    """
