"""The tree in which pike counts: addresses byte by byte, IPv4 (4 bytes) and IPv6 (16) side by side.

An address that sends little is only a count at the last byte of its prefix seen so far. A prefix that gets
busy grows by the next byte, so only busy addresses are held whole, and those that share a busy prefix share
its count until they are. A whole address is *hot* when it sends more than the limit in a sampling unit, or
in the mean of the last two. Counts move from the present unit to the previous one by `swap`; what is not
seen for a while goes by `expire`. Knows no clock, module or message; whoever uses it locks it.
"""

import enum
import ipaddress
from collections.abc import Iterator
from typing import Final

STATUS_HOT: Final = "HOT"
STATUS_WARM: Final = "WARM"


class Verdict(enum.Enum):
    """What a hit says of an address."""

    FINE = enum.auto()
    HOT = enum.auto()
    NEWLY_HOT = enum.auto()


class Node:
    """One byte of an address below its parent. Hits are (previous unit, present unit)."""

    __slots__ = (
        "before",
        "byte",
        "children",
        "expires_at",
        "is_hot",
        "is_leaf",
        "leaf_before",
        "leaf_now",
        "now",
        "parent",
    )

    def __init__(self, byte: int, parent: "Node | None") -> None:
        self.byte = byte
        self.parent = parent
        self.children: dict[int, Node] = {}
        self.before = 0
        self.now = 0
        self.leaf_before = 0
        self.leaf_now = 0
        self.is_leaf = False
        """A whole address ends here."""
        self.is_hot = False
        self.expires_at: float | None = None
        """When it goes, unless it is hit again; None for a node that lives as long as its children."""

    @property
    def address(self) -> str:
        """The address or prefix down to this node: an IP, or "10.1" or "2001:db8" for a part of one."""
        path = [node.byte for node in _upwards(self)][::-1]
        if len(path) in (4, 16):
            return str(ipaddress.ip_address(bytes(path)))
        if len(path) < 4:
            return ".".join(map(str, path))
        return bytes(path).hex(":", -2)


class AddressTree:
    """Counts hits of addresses."""

    def __init__(self, limit: int, lifetime: float) -> None:
        """`limit` hits a unit make an address hot; a node not hit for `lifetime` seconds goes."""
        self._roots: dict[int, Node] = {}
        self.use(limit, lifetime)

    def use(self, limit: int, lifetime: float) -> None:
        """Judge by other limits from now on; what was counted stays."""
        self._limit = limit
        self._warm = limit >> 2
        self._lifetime = lifetime

    def hit(self, address: bytes, now: float) -> Verdict:
        """Count one hit of `address` (4 or 16 bytes) at the instant `now`."""
        node, depth = self._longest_prefix(address)
        if node is None:
            self._roots[address[0]] = root = Node(address[0], None)
            root.now = 1
            root.expires_at = now + self._lifetime
            return Verdict.FINE
        if depth == len(address):
            return self._hit_leaf(node, now)
        self._hit_prefix(node, address[depth], now)
        return Verdict.FINE

    def swap(self) -> list[str]:
        """Begin a new sampling unit; returns the addresses that are no longer hot."""
        cooled: list[str] = []
        for node in self.nodes():
            node.before, node.now = node.now, 0
            node.leaf_before, node.leaf_now = node.leaf_now, 0
            if node.is_hot and not self.is_hot(node):
                node.is_hot = False
                cooled.append(node.address)
        return cooled

    def expire(self, now: float) -> int:
        """Remove what has not been hit for its lifetime at the instant `now`; returns how many nodes went."""
        gone = [node for node in self.nodes() if node.expires_at is not None and node.expires_at <= now]
        removed = 0
        for node in gone:
            if node.children:
                # An IPv4 address that is also the beginning of IPv6 ones: the address goes, the node stays.
                node.is_leaf = False
                node.leaf_now = 0
                node.expires_at = None
                continue
            self._remove(node, now)
            removed += 1
        return removed

    def nodes(self) -> Iterator[Node]:
        """Every node, parents before their children."""
        waiting = list(self._roots.values())
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(node.children.values())

    def is_hot(self, node: Node) -> bool:
        """Whether the whole address at `node` sends more than the limit."""
        return self._exceeds(node.leaf_before, node.leaf_now, self._limit)

    def is_warm(self, node: Node) -> bool:
        """Whether a prefix has a quarter of the limit in the present unit: it is kept then."""
        return node.now >= self._warm

    def _longest_prefix(self, address: bytes) -> tuple[Node | None, int]:
        node = self._roots.get(address[0])
        if node is None:
            return None, 0
        depth = 1
        while depth < len(address) and (child := node.children.get(address[depth])) is not None:
            node = child
            depth += 1
        return node, depth

    def _hit_leaf(self, node: Node, now: float) -> Verdict:
        node.is_leaf = True
        node.leaf_now += 1
        node.expires_at = now + self._lifetime
        if node.is_hot:
            return Verdict.HOT
        if not self.is_hot(node):
            return Verdict.FINE
        node.is_hot = True
        return Verdict.NEWLY_HOT

    def _hit_prefix(self, node: Node, byte: int, now: float) -> None:
        node.now += 1
        if self._exceeds(node.before, node.now, self._warm):
            self._split(node, byte, now)
        elif not node.children and self.is_warm(node):
            node.expires_at = now + self._lifetime

    def _split(self, node: Node, byte: int, now: float) -> None:
        """Grow a busy prefix by one byte; the new node takes over what its parent counted."""
        child = Node(byte, node)
        child.now = max(node.now - 1, 0)
        if node.leaf_now >= 1:
            child.leaf_before = max(node.leaf_before - 1, 0)
        child.expires_at = now + self._lifetime
        if not node.children and not node.is_leaf:
            node.expires_at = None
        node.children[byte] = child

    def _remove(self, node: Node, now: float) -> None:
        parent = node.parent
        if parent is None:
            del self._roots[node.byte]
            return
        del parent.children[node.byte]
        if not parent.children and not parent.is_leaf:
            parent.expires_at = now + self._lifetime

    @staticmethod
    def _exceeds(before: int, now: int, limit: int) -> bool:
        return before >= limit or now >= limit or (before + now) >> 1 >= limit


def address_bytes(host: str) -> bytes:
    """The bytes of an IP literal. Raises ValueError."""
    return ipaddress.ip_address(host.strip("[]").partition("%")[0]).packed


def _upwards(node: Node | None) -> Iterator[Node]:
    while node is not None:
        yield node
        node = node.parent
