"""The table of trusted peers: source address, protocol, and patterns for From and Request-URI.

The patterns are basic regular expressions, as in Kamailio. Knows no message and no database.
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from luasip.errors import PatternError
from luasip.kemi.posix_regex import compile_posix

log = logging.getLogger("luasip.permissions")

PROTOCOLS = frozenset(("any", "udp", "tcp", "tls", "sctp", "ws", "wss", "none"))


@dataclass(frozen=True, slots=True)
class Peer:
    """One row. An empty pattern matches everything."""

    source: str
    protocol: str
    from_pattern: str
    ruri_pattern: str
    tag: str
    priority: int

    def fits(self, protocol: str, from_uri: str | None, request_uri: str | None) -> bool:
        """Whether it stands for such a message; None for what a reply has not."""
        if self.protocol not in ("any", protocol):
            return False
        return _matches(self.from_pattern, from_uri) and _matches(self.ruri_pattern, request_uri)


def peers(rows: Iterable[Peer]) -> dict[str, list[Peer]]:
    """Rows by source address, the highest priority first, each once. Raises ValueError for an unknown protocol."""
    found: dict[str, list[Peer]] = {}
    for row in dict.fromkeys(rows):
        if row.protocol not in PROTOCOLS:
            raise ValueError(f"trusted peer {row.source}: unknown protocol {row.protocol!r}")
        if row.protocol != "none":
            found.setdefault(row.source, []).append(row)
    for same in found.values():
        same.sort(key=lambda peer: -peer.priority)
    return found


def _matches(pattern: str, text: str | None) -> bool:
    if not pattern or text is None:
        return True
    try:
        return compile_basic(pattern).search(text) is not None
    except PatternError as error:
        log.error("permissions: %s", error)
        return False


@lru_cache(maxsize=1024)
def compile_basic(pattern: str) -> re.Pattern[str]:
    """The Python pattern for a POSIX basic regular expression (GNU's, with `\\+`, `\\?` and `\\|`)."""
    out: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "[":
            end = _bracket_end(pattern, at)
            out.append(pattern[at:end])
            at = end
            continue
        if char == "\\" and at + 1 < len(pattern):
            following = pattern[at + 1]
            out.append(following if following in "(){}+?|" else char + following)
            at += 2
            continue
        literal = char in "(){}+?|" or (char == "*" and (not out or out[-1] in ("(", "|", "^")))
        out.append(f"\\{char}" if literal else char)
        at += 1
    return compile_posix("".join(out))


def _bracket_end(pattern: str, start: int) -> int:
    """Where the bracket expression that starts at `start` ends."""
    at = start + 1
    at += pattern.startswith("^", at)
    at += pattern.startswith("]", at)
    while at < len(pattern) and pattern[at] != "]":
        if pattern[at : at + 2] in ("[:", "[.", "[="):
            closing = pattern.find(pattern[at + 1] + "]", at + 2)
            at = closing + 1 if closing > 0 else at
        at += 1
    return at + 1
