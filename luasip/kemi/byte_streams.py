"""Byte streams as modules see them: connections whose bytes are the module's own business, SIP or not.

The server runs one thread for all of them. It calls an owner, which must not wait there; what an owner calls here
never waits either and may be called from any thread. Nothing here knows sockets.
"""

from collections.abc import Callable
from typing import Protocol


class ByteConnection(Protocol):
    """One open connection."""

    @property
    def host(self) -> str:
        """The peer's IP literal, without brackets."""
        ...

    @property
    def port(self) -> int:
        """The peer's port."""
        ...

    @property
    def overflowed(self) -> bool:
        """Closed because the peer did not take what was sent: more than the output limit waited."""
        ...

    def send(self, data: bytes) -> bool:
        """Queue bytes. False when the connection is closed, or is closed now because too much waits already."""
        ...

    def close(self) -> None:
        """Close it when what was queued has left, or a second later. The owner is told by `closed`."""
        ...

    def pause(self) -> None:
        """Stop reading: the peer's bytes wait with the peer."""
        ...

    def resume(self) -> None:
        """Read again."""
        ...


class StreamOwner(Protocol):
    """Who is told what happens on connections, on their thread, one call at a time."""

    def connected(self, connection: ByteConnection) -> None:
        """A connection is open. Calls of `received` follow, unless it is paused or closed here."""
        ...

    def received(self, connection: ByteConnection, data: bytes) -> None:
        """Bytes came."""
        ...

    def closed(self, connection: ByteConnection, why: str) -> None:
        """A connection is closed, whoever did it; called once for each. `why` is "" when the peer closed it."""
        ...


class ByteListener(Protocol):
    """A socket on which others connect."""

    @property
    def port(self) -> int:
        """Its port, also when the system chose it."""
        ...

    def close(self) -> None:
        """Accept no more. Connections live on."""
        ...


class ByteStreams(Protocol):
    """Opening streams. Hosts are IP literals."""

    def listen(self, host: str, port: int, owner: StreamOwner, output_limit: int) -> ByteListener:
        """Accept connections from now on. Raises TransportError when the address cannot be had.

        A connection whose peer leaves more than `output_limit` bytes untaken is closed.
        """
        ...

    def connect(
        self,
        host: str,
        port: int,
        owner: StreamOwner,
        failed: Callable[[str], None],
        output_limit: int,
        timeout: float,
    ) -> None:
        """Open a connection: `owner.connected` is called within `timeout` seconds, or `failed` with the reason."""
        ...
