"""One server: kept connected, tried again after a pause that grows. Knows frames, not what is in them."""

import ipaddress
import logging
import random
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from luasip.errors import FramingError
from luasip.kemi.byte_streams import ByteConnection
from luasip.kemi.context import Services
from luasip.kemi.retrying import pause_after
from luasip.modules.luasip_jsonrpc.settings import JsonRpcSettings, ServerAddress
from luasip.modules.netstring import NetstringReader

log = logging.getLogger("luasip.jsonrpc")

DNS_POOL: Final = "dns"
SPREAD: Final = 0.2
"""A pause is longer or shorter by this part, lest all clients of a server come back at one time."""


class Link:
    """The owner of one server's connection; any thread. `on_frame` and `on_lost` are called on the streams' thread."""

    def __init__(
        self,
        address: ServerAddress,
        settings: JsonRpcSettings,
        services: Services,
        on_frame: Callable[[ByteConnection, bytes], None],
        on_lost: Callable[[ByteConnection], None],
    ) -> None:
        self.address = address
        self._settings = settings
        self._services = services
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._lock = threading.Lock()
        self._connection: ByteConnection | None = None
        self._reader = NetstringReader(settings.max_message)
        self._failures = 0
        self._stopping = False

    @property
    def connection(self) -> ByteConnection | None:
        """The connection when there is one."""
        with self._lock:
            return self._connection

    def start(self) -> None:
        """Connect, and keep it so."""
        self._dial()

    def stop(self) -> None:
        """Disconnect, and keep it so."""
        with self._lock:
            self._stopping = True
            connection = self._connection
        if connection is not None:
            connection.close()

    def _dial(self) -> None:
        with self._lock:
            if self._stopping:
                return
        host = self.address.host
        try:
            ipaddress.ip_address(host)
        except ValueError:
            if not self._services.run_in_pool(
                DNS_POOL, lambda: self._services.addresses_of(host), self._found
            ):
                self._failed("too many names are looked up")
        else:
            self._connect(host)

    def _found(self, addresses: Sequence[str] | Any) -> None:
        """The name was looked up; what it gave instead of addresses may be an error."""
        if isinstance(addresses, list) and addresses:
            self._connect(addresses[self._failures % len(addresses)])
        else:
            self._failed(f"no address: {addresses}")

    def _connect(self, host: str) -> None:
        self._services.byte_streams.connect(
            host,
            self.address.port,
            self,
            self._failed,
            self._settings.max_output,
            self._settings.connect_timeout,
        )

    def _failed(self, why: str) -> None:
        with self._lock:
            self._failures += 1
            failures = self._failures
        # The first failure is news, the others are not.
        log.log(logging.WARNING if failures == 1 else logging.DEBUG, "%s: %s", self.address, why)
        self._again(failures)

    def _again(self, failures: int) -> None:
        pause = pause_after(failures, self._settings.reconnect_after, self._settings.reconnect_limit)
        self._services.after(pause * random.uniform(1 - SPREAD, 1 + SPREAD), self._dial)

    # The owner of the connection: the streams' thread

    def connected(self, connection: ByteConnection) -> None:
        """The connection is open."""
        with self._lock:
            stopping = self._stopping
            if not stopping:
                self._connection = connection
                self._reader = NetstringReader(self._settings.max_message)
                self._failures = 0
        if stopping:
            connection.close()
        else:
            log.info("%s is connected", self.address)

    def received(self, connection: ByteConnection, data: bytes) -> None:
        """Bytes came."""
        reader = self._reader
        try:
            for frame in reader.feed(data):
                self._on_frame(connection, frame)
            if reader.lost:
                reader.feed(b"")
        except FramingError as error:
            self._services.count("jsonrpc:malformed")
            log.warning("%s is disconnected: %s", self.address, error)
            connection.close()

    def closed(self, connection: ByteConnection, why: str) -> None:
        """The connection is lost."""
        with self._lock:
            is_lost = self._connection is connection
            if is_lost:
                self._connection = None
                self._failures = 1
            stopping = self._stopping
        if is_lost and not stopping:
            log.warning("%s is lost: %s", self.address, why or "closed by the server")
            self._again(1)
        self._on_lost(connection)
