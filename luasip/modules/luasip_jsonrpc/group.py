"""The servers of one name, and the requests that wait for their answers.

A request belongs to the connection it was sent on: only there its answer counts, and when that is lost it is sent
again elsewhere, if it may. Who takes a request out of `_pending` is the one who tells its waiter.
"""

import logging
import random
import threading
from collections.abc import Sequence
from typing import Any, Final

from luasip.kemi.byte_streams import ByteConnection
from luasip.kemi.context import Services
from luasip.modules.luasip_jsonrpc.link import Link
from luasip.modules.luasip_jsonrpc.messages import Answer, read_answer, request
from luasip.modules.luasip_jsonrpc.settings import JsonRpcSettings, ServerAddress
from luasip.modules.netstring import netstring

log = logging.getLogger("luasip.jsonrpc")

NO_SERVER: Final = "no server"
LOST: Final = "connection lost"


class Call:
    """A request that waits. `outcome` is its answer, or why there is none; it is set when `key` is granted."""

    __slots__ = ("connection", "frame", "identity", "key", "outcome", "retries")

    def __init__(self, identity: int, key: str, frame: bytes, retries: int) -> None:
        self.identity = identity
        self.key = key
        self.frame = frame
        self.retries = retries
        self.connection: ByteConnection | None = None
        self.outcome: Answer | str = ""


class Group:
    """The servers of one name."""

    def __init__(
        self, name: str, addresses: Sequence[ServerAddress], settings: JsonRpcSettings, services: Services
    ) -> None:
        self.name = name
        self._settings = settings
        self._services = services
        self._lock = threading.Lock()
        self._pending: dict[int, Call] = {}
        self._last_identity = 0
        self.links = [
            Link(address, settings, services, self._on_frame, self._on_lost) for address in addresses
        ]

    @property
    def waiting(self) -> int:
        """How many requests wait for their answers."""
        with self._lock:
            return len(self._pending)

    def begin(self, method: str, params: Any, retries: int) -> Call | str:
        """Send a request: the Call to wait for, or why it cannot be sent. Raises what `request` raises."""
        with self._lock:
            self._last_identity += 1
            identity = self._last_identity
        frame = netstring(request(method, params, identity))
        if len(frame) > self._settings.max_output:
            return f"the request has {len(frame)} bytes, {self._settings.max_output} are allowed"
        call = Call(identity, f"jsonrpc:{self.name}:{identity}", frame, retries)
        with self._lock:
            if len(self._pending) >= self._settings.max_pending:
                return f"{self._settings.max_pending} requests wait already"
            self._pending[identity] = call
        if self._dispatch(call) or not self.forget(call):
            return call
        return NO_SERVER

    def forget(self, call: Call) -> bool:
        """Stop waiting. False when its outcome is there, or on its way."""
        with self._lock:
            return self._pending.pop(call.identity, None) is not None

    def notify(self, method: str, params: Any) -> str:
        """Send a notification: "" or why it cannot be sent. Raises what `request` raises."""
        frame = netstring(request(method, params, None))
        if len(frame) > self._settings.max_output:
            return f"the notification has {len(frame)} bytes, {self._settings.max_output} are allowed"
        tried: list[ByteConnection] = []
        while (connection := self._choose(tried)) is not None:
            if connection.send(frame):
                return ""
            tried.append(connection)
        return NO_SERVER

    def _dispatch(self, call: Call) -> bool:
        """Send a call to a server; False when there is none, and nobody else sends it."""
        tried: list[ByteConnection] = []
        while (connection := self._choose(tried)) is not None:
            with self._lock:
                call.connection = connection
            if connection.send(call.frame):
                return True
            tried.append(connection)
            with self._lock:
                if call.connection is not connection:
                    return True  # its loss was noticed meanwhile, and the call is being sent elsewhere
        return False

    def _choose(self, tried: Sequence[ByteConnection]) -> ByteConnection | None:
        connected = [(link.address, connection) for link in self.links if (connection := link.connection)]
        connected = [(address, connection) for address, connection in connected if connection not in tried]
        if not connected:
            return None
        return connected[choose([address for address, _ in connected], random.random())][1]

    # The streams' thread

    def _on_frame(self, connection: ByteConnection, frame: bytes) -> None:
        try:
            answer = read_answer(frame)
        except ValueError as error:
            self._services.count("jsonrpc:malformed")
            log.warning("%s: a message that is no response: %s: %.80r", self.name, error, frame)
            return
        with self._lock:
            call = self._pending.get(answer.id or 0)
            if call is not None and call.connection is connection:
                del self._pending[call.identity]
            else:
                call = None
        if call is None:
            # An answer that came too late, or an error about a request the server could not read.
            self._services.count("jsonrpc:unknown_ids")
            log.debug("%s: a response to no request that waits, id %r", self.name, answer.id)
            return
        self._finish(call, answer)

    def _on_lost(self, connection: ByteConnection) -> None:
        with self._lock:
            lost = [call for call in self._pending.values() if call.connection is connection]
            for call in lost:
                call.connection = None
        for call in lost:
            if call.retries > 0:
                call.retries -= 1
                self._services.count("jsonrpc:retries")
                if self._dispatch(call):
                    continue
            if self.forget(call):
                self._finish(call, LOST)

    def _finish(self, call: Call, outcome: Answer | str) -> None:
        call.outcome = outcome
        self._services.grant(call.key, True)


def choose(servers: Sequence[ServerAddress], fraction: float) -> int:
    """Index of the server that `fraction` (from 0 to below 1) of the weights of the lowest priority leads to.

    A server with weight 0 is chosen only when all have it; these are alike then.
    """
    lowest = min(server.priority for server in servers)
    weights = [server.weight if server.priority == lowest else 0 for server in servers]
    if not any(weights):
        weights = [int(server.priority == lowest) for server in servers]
    left = fraction * sum(weights)
    for index, weight in enumerate(weights):
        if left < weight:
            return index
        left -= weight
    return max(index for index, weight in enumerate(weights) if weight)
