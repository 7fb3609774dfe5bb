"""The table stream connections are found in: by id, by the peer's address, by alias.

Knows no sockets and no loop; safe from any thread.
"""

from typing import Final

from luasip.lock import new_lock
from luasip.transport.connection import Connection

MAX_ALIASES: Final = 12
"""Aliases a connection may hold besides its peer's own address."""

Address = tuple[str, str, int]
"""(protocol, IP literal, port)"""


class ConnectionTable:
    """At most `limit` connections."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = new_lock()
        self._by_id: dict[int, Connection] = {}
        self._by_address: dict[Address, list[Connection]] = {}
        self._addresses: dict[int, list[Address]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def all(self) -> list[Connection]:
        """Every connection, oldest first."""
        with self._lock:
            return list(self._by_id.values())

    def add(self, connection: Connection) -> bool:
        """Enter a connection under its id and its peer's address; False when the table is full."""
        peer = connection.peer
        with self._lock:
            if len(self._by_id) >= self.limit:
                return False
            self._by_id[connection.id] = connection
            self._addresses[connection.id] = []
            self._add_address(connection, (peer.protocol, peer.host, peer.port))
        return True

    def get(self, connection_id: int) -> Connection | None:
        """The connection with this id."""
        with self._lock:
            return self._by_id.get(connection_id)

    def find(self, address: Address) -> Connection | None:
        """The newest connection to an address or alias: what a peer opened last is likeliest alive."""
        with self._lock:
            found = self._by_address.get(address)
            return found[-1] if found else None

    def add_alias(self, connection_id: int, port: int) -> bool:
        """Find the connection by `port` of its peer's address too (RFC 5923 §5); False when it cannot be.

        Only the peer's own address can be claimed, so a peer cannot draw what is meant for another host.
        """
        with self._lock:
            connection = self._by_id.get(connection_id)
            if connection is None or not 0 < port <= 65535:
                return False
            address = (connection.peer.protocol, connection.peer.host, port)
            held = self._addresses[connection_id]
            if address in held:
                return True
            if len(held) > MAX_ALIASES:
                return False
            self._add_address(connection, address)
        return True

    def remove(self, connection: Connection) -> bool:
        """Forget a connection and its aliases; False when it was not there."""
        with self._lock:
            if self._by_id.get(connection.id) is not connection:
                return False
            del self._by_id[connection.id]
            for address in self._addresses.pop(connection.id):
                found = self._by_address[address]
                found.remove(connection)
                if not found:
                    del self._by_address[address]
        return True

    def _add_address(self, connection: Connection, address: Address) -> None:
        self._by_address.setdefault(address, []).append(connection)
        self._addresses[connection.id].append(address)
