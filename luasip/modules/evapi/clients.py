"""The clients of evapi: who is connected, and the events they bring about.

Called by scripts on any thread and by the streams' thread. A lock guards the list of clients, one each client's events;
no callback begins while either is held.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from luasip.errors import FramingError
from luasip.kemi.byte_streams import ByteConnection
from luasip.kemi.context import LuaWorkers, Services
from luasip.modules.evapi.settings import EvapiSettings
from luasip.modules.netstring import NetstringReader

log = logging.getLogger("luasip.evapi")

NEW: Final = "evapi:connection-new"
CLOSED: Final = "evapi:connection-closed"
RECEIVED: Final = "evapi:message-received"

EVENT: Final = "evapi.event"
"""The attribute of a context that holds (client, message or None)."""

Event = tuple[str, str | None]
"""Its name and message."""


class Client:
    """One client. `index` is $evapi(conidx): the lowest number free when it came."""

    def __init__(self, connection: ByteConnection, index: int, reader: NetstringReader | None) -> None:
        self.connection = connection
        self.host = connection.host
        self.port = connection.port
        self.index = index
        self.reader = reader
        self.tag = ""
        self.lock = threading.Lock()
        """Guards all that follows."""
        self.is_closing = False
        self.waiting: deque[Event] = deque()
        """Events, with their messages, whose callbacks have not begun."""
        self.running = 0
        """Callbacks begun and not ended."""
        self.is_dispatching = False
        """A thread begins callbacks: another one would mix up their order."""
        self.is_full = False
        """It is not read, because events wait."""

    def close(self) -> bool:
        """Close its connection. False when that was done before."""
        with self.lock:
            was_open = not self.is_closing
            self.is_closing = True
        self.connection.close()
        return was_open

    def __str__(self) -> str:
        return f"client {self.index} ({self.host}:{self.port})"


class Clients:
    """All of them; the owner of their connections."""

    def __init__(self, settings: EvapiSettings, services: Services) -> None:
        self.workers: list[LuaWorkers] = []
        """A thread each: what is given to one of them begins in order."""
        self._settings = settings
        self._services = services
        self._lock = threading.Lock()
        self._connected: dict[ByteConnection, Client] = {}
        self._stopping = False
        self._indexes: set[int] = set()
        """Numbers in use: until the callback for the end is over, so that no event is taken for another's."""

    def all(self) -> list[Client]:
        """Everybody connected, by index."""
        with self._lock:
            return sorted(self._connected.values(), key=lambda client: client.index)

    def stop(self) -> None:
        """Begin no more callbacks."""
        with self._lock:
            self._stopping = True

    # The owner of connections: the streams' thread

    def connected(self, connection: ByteConnection) -> None:
        """A client came. It is read when its first callback has ended, which may close it or give it a tag."""
        client = self._admit(connection)
        if client is None:
            self._services.count("evapi:refused")
            log.warning(
                "%s:%d refused: %d clients are connected", connection.host, connection.port, self._limit
            )
            connection.close()
            return
        self._services.count("evapi:connections")
        log.info("%s connected", client)
        if self._settings.event_callback:
            connection.pause()
            self._events(client, [(NEW, None)])

    @property
    def _limit(self) -> int:
        return self._settings.max_clients

    def _admit(self, connection: ByteConnection) -> Client | None:
        reader = NetstringReader(self._settings.max_message) if self._settings.netstring_format else None
        with self._lock:
            if self._stopping or len(self._connected) >= self._limit:
                return None
            index = next(number for number in range(len(self._indexes) + 1) if number not in self._indexes)
            self._indexes.add(index)
            client = self._connected[connection] = Client(connection, index, reader)
        return client

    def received(self, connection: ByteConnection, data: bytes) -> None:
        """Bytes came: begin the callback of every message they complete."""
        with self._lock:
            client = None if self._stopping else self._connected.get(connection)
        if client is None or not self._settings.event_callback:
            return
        try:
            messages = [data] if client.reader is None else client.reader.feed(data)
            # An empty one is no message, as in Kamailio.
            events = [(RECEIVED, message.decode("latin-1")) for message in messages if message]
            self._services.count("evapi:received", len(events))
            self._events(client, events)
            if client.reader is not None and client.reader.lost:
                client.reader.feed(b"")
        except FramingError as error:
            self._services.count("evapi:malformed")
            log.warning("%s is closed: %s", client, error)
            client.close()

    def closed(self, connection: ByteConnection, why: str) -> None:
        """A client is gone: one event, whoever closed it and why."""
        with self._lock:
            client = self._connected.pop(connection, None)
            stopping = self._stopping
        if client is None or stopping:
            return
        with client.lock:
            client.is_closing = True
        if connection.overflowed:
            self._services.count("evapi:overflowed")
            log.warning("%s is closed: %s", client, why)
        else:
            log.info("%s is gone%s", client, f": {why}" if why else "")
        if self._settings.event_callback:
            self._events(client, [(CLOSED, None)])
        else:
            self._forget(client)

    # Events

    def _events(self, client: Client, events: Iterable[Event]) -> None:
        """Begin callbacks when those before them have begun."""
        with client.lock:
            client.waiting.extend(events)
        self._dispatch(client)

    def _dispatch(self, client: Client) -> None:
        """Begin the callbacks that may begin; while others must wait the client is not read."""
        with client.lock:
            if client.is_dispatching:
                return  # the thread that does it looks again
            client.is_dispatching = True
        while (action := self._next_action(client)) is not None:
            action()

    def _next_action(self, client: Client) -> Callable[[], None] | None:
        with client.lock:
            if client.waiting and client.running < self._settings.max_backlog:
                client.running += 1
                return partial(self._run, client, *client.waiting.popleft())
            if client.is_full != bool(client.waiting):
                client.is_full = not client.is_full
                return client.connection.pause if client.is_full else client.connection.resume
            client.is_dispatching = False
            return None

    def _run(self, client: Client, event: str, message: str | None) -> None:
        """Begin the callback on the client's worker."""
        worker = self.workers[client.index % len(self.workers)]
        callback = self._settings.event_callback
        begun = worker.run(callback, event, {EVENT: (client, message)}, lambda: self._ended(client, event))
        if not begun:
            self._services.count("evapi:dropped")
            log.error("%s: %s dropped: the worker takes no more", client, event)
            if event == NEW:
                client.close()  # nobody has looked at it
            self._ended(client, event)

    def _ended(self, client: Client, event: str) -> None:
        """The callback of an event is over."""
        if event == NEW:
            client.connection.resume()
        elif event == CLOSED:
            self._forget(client)
        with client.lock:
            client.running -= 1
        self._dispatch(client)

    def _forget(self, client: Client) -> None:
        with self._lock:
            self._indexes.discard(client.index)
