"""Multipart bodies (RFC 2046 §5.1): the parts between boundary lines, by offset.

Read liberally: lines may end in a bare LF, and a body that lacks its closing line ends with its last part.
Pure.
"""

from dataclasses import dataclass
from typing import Final

from luasip.errors import HeaderError
from luasip.sip.grammar import unquote
from luasip.sip.params import parse_params

DEFAULT_BOUNDARY: Final = "unique-boundary-1"


@dataclass(frozen=True, slots=True)
class Part:
    """One part, by offsets in the body.

    `start` is its boundary line, `headers` behind that line, `content`..`content_end` what it holds without
    the line end before the next boundary line, `end` that next boundary line.
    """

    start: int
    headers: int
    content: int
    content_end: int
    end: int
    media_type: str


def boundary_of(content_type: str) -> str:
    """The boundary parameter of a multipart Content-Type, "" when it has none or is of another type."""
    media_type, semicolon, _ = content_type.partition(";")
    if not semicolon or not media_type.strip().lower().startswith("multipart/"):
        return ""
    try:
        parameters = parse_params(content_type, len(media_type), "Content-Type")
    except HeaderError:
        return ""
    return unquote(parameters.get("boundary", ""))


def media_type_of(content_type: str) -> str:
    """ "type/subtype" in lower case, without parameters."""
    kind, slash, subtype = content_type.partition(";")[0].partition("/")
    return f"{kind.strip()}{slash}{subtype.strip()}".lower()


def read_parts(body: str, boundary: str) -> tuple[list[Part], int]:
    """The parts, and the offset of the closing line (len(body) when it is missing)."""
    lines, closing = _boundary_lines(body, f"--{boundary}")
    parts = []
    for index, start in enumerate(lines):
        end = lines[index + 1] if index + 1 < len(lines) else closing
        parts.append(_read_part(body, start, end))
    return parts, closing


def _boundary_lines(body: str, delimiter: str) -> tuple[list[int], int]:
    lines: list[int] = []
    position = 0
    while position < len(body):
        end = body.find("\n", position)
        end = len(body) if end < 0 else end + 1
        line = body[position:end].rstrip(" \t\r\n")
        if line == delimiter:
            lines.append(position)
        elif line == delimiter + "--":
            return lines, position
        position = end
    return lines, len(body)


def _read_part(body: str, start: int, end: int) -> Part:
    headers = min(_next_line(body, start), end)
    media_type = ""
    position = headers
    while position < end:
        following = min(_next_line(body, position), end)
        line = body[position:following].rstrip("\r\n")
        position = following
        if not line:
            break
        name, _, value = line.partition(":")
        if name.strip().lower() in ("content-type", "c"):
            media_type = media_type_of(value)
    content_end = end
    if end < len(body):
        content_end -= 2 if body[content_end - 2 : content_end] == "\r\n" else 1
    return Part(start, headers, position, max(content_end, position), end, media_type or "text/plain")


def _next_line(body: str, position: int) -> int:
    end = body.find("\n", position)
    return len(body) if end < 0 else end + 1


def write_part(boundary: str, content: str, content_type: str, disposition: str = "") -> str:
    """One part with its boundary line before it and a line end behind it."""
    extra = f"Content-Disposition: {disposition}\r\n" if disposition else ""
    return f"--{boundary}\r\nContent-Type: {content_type}\r\n{extra}\r\n{content}\r\n"


def find_part(content_type: str, body: str, media_type: str) -> tuple[int, int] | None:
    """Where in a body of `content_type` the content of `media_type` stands: the whole, or its first such part.

    None when there is none.
    """
    if media_type_of(content_type) == media_type:
        return 0, len(body)
    boundary = boundary_of(content_type)
    parts = read_parts(body, boundary)[0] if boundary else []
    return next(((part.content, part.content_end) for part in parts if part.media_type == media_type), None)
