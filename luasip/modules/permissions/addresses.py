"""The table of addresses in memory: single addresses, networks and names, each in a group.

A table is made whole and never changed, so it is read without a lock. Knows no message and no database.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table. `port` 0 stands for any; `mask` is 0 for names; `order` is its place."""

    group: int
    host: str
    mask: int
    port: int
    tag: str
    order: int = 0

    def fits(self, group: int | None, port: int) -> bool:
        """Whether it is of this group (None: of any) and for this port."""
        return (group is None or self.group == group) and self.port in (0, port)


@dataclass(slots=True)
class AddressTable:
    """All entries, by what they are looked up with."""

    hosts: dict[Address, list[Entry]] = field(default_factory=dict)
    networks: dict[tuple[int, int], dict[int, list[Entry]]] = field(default_factory=dict)
    """By (IP version, mask), then by the first bits of the address."""
    names: dict[str, list[Entry]] = field(default_factory=dict)
    longest_first: bool = False

    def find(self, host: str, port: int, group: int | None) -> Entry | None:
        """The entry for an address or name, in one group or (None) in any: addresses before networks."""
        address = read_address(host)
        if address is None:
            return _latest(self.names.get(host.lower(), ()), group, port)
        return self.find_address(address, port, group)

    def find_address(self, address: Address, port: int, group: int | None) -> Entry | None:
        """The entry for an address."""
        return _latest(self.hosts.get(address, ()), group, port) or self._network(address, port, group)

    def _network(self, address: Address, port: int, group: int | None) -> Entry | None:
        number, bits = int(address), address.max_prefixlen
        found = [
            entry
            for (version, mask), entries in self.networks.items()
            if version == address.version
            for entry in entries.get(number >> (bits - mask), ())
            if entry.fits(group, port)
        ]
        if self.longest_first:
            return min(found, key=lambda entry: (-entry.mask, entry.group, entry.order), default=None)
        return min(found, key=lambda entry: (entry.group, entry.order), default=None)

    def all_hosts(self) -> Iterator[Entry]:
        """The single addresses."""
        return (entry for entries in self.hosts.values() for entry in entries)

    def all_networks(self) -> list[Entry]:
        """The networks, by group."""
        found = [entry for part in self.networks.values() for entries in part.values() for entry in entries]
        return sorted(found, key=lambda entry: (entry.group, entry.order))

    def all_names(self) -> Iterator[Entry]:
        """The names."""
        return (entry for entries in self.names.values() for entry in entries)


def address_table(
    rows: Iterable[tuple[int, str, int | None, int, str]], longest_first: bool = False
) -> AddressTable:
    """The table of rows (group, address or name, mask or None for a whole address, port, tag).

    Raises ValueError that names the row whose mask is wrong.
    """
    table = AddressTable(longest_first=longest_first)
    for order, (group, host, mask, port, tag) in enumerate(rows):
        address = read_address(host)
        if address is None:
            table.names.setdefault(host.lower(), []).append(Entry(group, host, 0, port, tag, order))
            continue
        bits = address.max_prefixlen
        length = bits if mask is None else mask
        if not 0 <= length <= bits:
            raise ValueError(f"{host} in group {group}: mask {length} is not from 0 to {bits}")
        entry = Entry(group, str(address), length, port, tag, order)
        if length == bits:
            table.hosts.setdefault(address, []).append(entry)
        else:
            networks = table.networks.setdefault((address.version, length), {})
            networks.setdefault(int(address) >> (bits - length), []).append(entry)
    return table


def read_rows(text: str, path: str) -> Iterator[tuple[int, str, int | None, int, str]]:
    """The rows of an address file. Raises ValueError with file and line."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) == 1 or len(words) > 5:
            raise ValueError(
                f"{path}:{number}: GROUP ADDRESS [MASK [PORT [TAG]]] expected, not {line.strip()!r}"
            )
        host, slash, mask = words[1].partition("/")
        if slash:
            words[1:2] = [host, mask]
        try:
            length = int(words[2]) if len(words) > 2 else None
            port = int(words[3]) if len(words) > 3 else 0
            yield int(words[0]), words[1], length, port, words[4] if len(words) > 4 else ""
        except ValueError:
            raise ValueError(
                f"{path}:{number}: group, mask and port must be numbers: {line.strip()!r}"
            ) from None


@lru_cache(maxsize=4096)
def read_address(text: str) -> Address | None:
    """The address of a literal, IPv6 with or without brackets; None for anything else."""
    if text[:1] == "[" and text[-1:] == "]":
        text = text[1:-1]
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


def _latest(entries: Sequence[Entry], group: int | None, port: int) -> Entry | None:
    """Of several rows for one address or name the last one counts, as in Kamailio."""
    return next((entry for entry in reversed(entries) if entry.fits(group, port)), None)
