"""Byte streams in memory, in place of the server's own: a test is the peer of every connection.

What modules do takes effect, and is told to their owners, when `run` is called; what the test does calls it.
"""

from collections import deque
from collections.abc import Callable

from luasip.errors import TransportError
from luasip.kemi.byte_streams import ByteConnection, StreamOwner

Address = tuple[str, int]


class StubConnection:
    """One connection: the module's side by the methods of ByteConnection, the peer's by those below them."""

    def __init__(
        self, streams: "StreamStub", host: str, port: int, owner: StreamOwner, output_limit: int
    ) -> None:
        self.host = host
        self.port = port
        self.overflowed = False
        self.is_open = True
        self.is_paused = False
        self.reads = True
        """False: the peer takes nothing of what is sent."""
        self.output = b""
        """What the peer has received, or could receive."""
        self._streams = streams
        self._owner = owner
        self._limit = output_limit
        self._input: list[bytes] = []
        self.on_data: Callable[[StubConnection], None] = lambda connection: None
        """Told when something was sent to the peer."""

    def send(self, data: bytes) -> bool:
        if not self.is_open:
            return False
        if not self.reads and len(self.output) + len(data) > self._limit:
            self.overflowed = True
            self._end(f"more than {self._limit} bytes wait for the peer")
            return False
        self.output += data
        self._streams.later(lambda: self.on_data(self))
        return True

    def close(self) -> None:
        self._end("closed by us")

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False
        self._streams.later(self._deliver)

    def _end(self, why: str) -> None:
        if self.is_open:
            self.is_open = False
            self._streams.later(lambda: self._owner.closed(self, why))

    def _deliver(self) -> None:
        while self._input and self.is_open and not self.is_paused:
            self._owner.received(self, self._input.pop(0))

    # The peer

    def feed(self, data: bytes) -> None:
        """Send bytes to the server."""
        self._input.append(data)
        self._streams.later(self._deliver)
        self._streams.run()

    def hang_up(self) -> None:
        """Close from the peer's side."""
        self._end("")
        self._streams.run()

    def take(self) -> bytes:
        """What the peer received since the last time."""
        taken, self.output = self.output, b""
        return taken


class StubListener:
    def __init__(self, streams: "StreamStub", host: str, port: int) -> None:
        self.port = port
        self._streams = streams
        self._address = (host, port)

    def close(self) -> None:
        del self._streams.listeners[self._address]


class StreamStub:
    """The service."""

    def __init__(self) -> None:
        self.listeners: dict[Address, tuple[StreamOwner, int]] = {}
        self.peers: dict[Address, Callable[[StubConnection], None]] = {}
        """Who accepts connections of the server: called with each, before its owner hears of it."""
        self.dialed: list[Address] = []
        self.stopped = False
        self._actions: deque[Callable[[], None]] = deque()
        self._next_port = 40_000

    def listen(self, host: str, port: int, owner: StreamOwner, output_limit: int) -> StubListener:
        if (host, port) in self.listeners:
            raise TransportError(f"{host}:{port}: address already in use")
        self.listeners[host, port] = (owner, output_limit)
        return StubListener(self, host, port)

    def connect(
        self,
        host: str,
        port: int,
        owner: StreamOwner,
        failed: Callable[[str], None],
        output_limit: int,
        timeout: float,
    ) -> None:
        self.dialed.append((host, port))
        accept = self.peers.get((host, port))
        if accept is None:
            self.later(lambda: failed("connection refused"))
            return
        connection = StubConnection(self, host, port, owner, output_limit)
        accept(connection)
        self.later(lambda: owner.connected(connection))

    def stop(self) -> None:
        self.stopped = True

    def later(self, action: Callable[[], None]) -> None:
        self._actions.append(action)

    def run(self) -> int:
        """Let everything happen that is to happen; returns how much that was."""
        count = 0
        while self._actions:
            self._actions.popleft()()
            count += 1
        return count

    def client(self, host: str, port: int, source: str = "10.0.0.9") -> StubConnection:
        """Connect to a listener of the server."""
        owner, limit = self.listeners[host, port]
        self._next_port += 1
        connection = StubConnection(self, source, self._next_port, owner, limit)
        self.later(lambda: owner.connected(connection))
        self.run()
        return connection


def _is_a_connection(connection: StubConnection) -> ByteConnection:
    """For the type checker."""
    return connection
