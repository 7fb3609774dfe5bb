"""The target set: where a request may go, and in which order (RFC 3261 §16.5, §16.6).

This module must not know how targets are found nor what becomes of them.
"""

from collections.abc import Iterable
from typing import Final

from luasip.errors import UriError
from luasip.sip.uri import parse_uri, uris_equal

Q_UNSPECIFIED: Final = -1.0
"""A target without q. It comes after every target that has one, as in Kamailio."""


class Target:
    """One place to send a request to; each target becomes one branch.

    uri: its Request-URI.  next_hop: URI to send to instead of `uri` ("" for none).  q: 0.0 to 1.0, or
    Q_UNSPECIFIED. path: Route header value of its Path ("" for none).  socket: text of the listener to send
    from ("udp:192.0.2.1:5060", "" for any).  branch_flags: Kamailio's branch flags.  instance, ruid: whose
    contact it is ("" unknown).
    """

    __slots__ = ("branch_flags", "instance", "next_hop", "path", "q", "ruid", "socket", "uri")

    def __init__(
        self,
        uri: str,
        next_hop: str = "",
        q: float = Q_UNSPECIFIED,
        path: str = "",
        socket: str = "",
        branch_flags: int = 0,
        instance: str = "",
        ruid: str = "",
    ) -> None:
        self.uri = uri
        self.next_hop = next_hop
        self.q = q
        self.path = path
        self.socket = socket
        self.branch_flags = branch_flags
        self.instance = instance
        self.ruid = ruid

    def __repr__(self) -> str:
        return f"<Target {self.uri} q={self.q:g}>"

    def same_place(self, other: "Target") -> bool:
        """Whether both reach the same place, so that one of them is enough (RFC 3261 §16.5)."""
        if self.next_hop != other.next_hop or self.path != other.path or self.socket != other.socket:
            return False
        if self.uri == other.uri:
            return True
        try:
            return uris_equal(parse_uri(self.uri), parse_uri(other.uri))
        except UriError:
            return False


def without_duplicates(targets: Iterable[Target]) -> list[Target]:
    """The targets in their order, each place once (the first wins)."""
    kept: list[Target] = []
    for target in targets:
        if not any(target.same_place(other) for other in kept):
            kept.append(target)
    return kept


def by_preference(targets: Iterable[Target]) -> list[Target]:
    """Highest q first; targets of equal q keep their order."""
    return sorted(targets, key=_descending_q)


def groups(targets: Iterable[Target]) -> list[list[Target]]:
    """Targets of equal q, to be tried in parallel; the groups in the order to be tried in series."""
    result: list[list[Target]] = []
    for target in by_preference(targets):
        if result and result[-1][0].q == target.q:
            result[-1].append(target)
        else:
            result.append([target])
    return result


def _descending_q(target: Target) -> float:
    return -target.q
