"""Connections whose bytes are no SIP: one thread with an asyncio loop for all of them.

Other threads queue what is to be sent and wake the loop, which alone touches sockets, so that a peer that reads
slowly or not at all holds up nobody. What an owner raises costs its connection. Knows nothing of what the bytes mean.
"""

import asyncio
import contextlib
import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from luasip.errors import TransportError
from luasip.transport.lasting_thread import LastingThread

logger = logging.getLogger("luasip.streams")

HIGH_WATER: Final = 64 * 1024
"""Bytes handed to asyncio at one time; the rest waits in the connection's own queue, where it is counted."""

CLOSE_AFTER: Final = 1.0
"""Seconds a connection that is closed has to send what was queued."""

UNACKNOWLEDGED: Final = 30_000
"""Milliseconds after which the kernel gives up a peer that no longer acknowledges."""

STOP_AFTER: Final = 3.0
"""Seconds the thread has to end."""


class Owner(Protocol):
    """Who is told what happens on connections, on the loop's thread."""

    def connected(self, connection: "ByteConnection") -> None:
        """A connection is open."""

    def received(self, connection: "ByteConnection", data: bytes) -> None:
        """Bytes came."""

    def closed(self, connection: "ByteConnection", why: str) -> None:
        """A connection is closed; `why` is "" when the peer did it."""


class ByteConnection(asyncio.Protocol):
    """One connection. The methods without underscore above `abandon` may be called from any thread."""

    def __init__(self, streams: "ByteStreams", owner: Owner, output_limit: int) -> None:
        self.host = ""
        self.port = 0
        self.overflowed = False
        self._streams = streams
        self._owner = owner
        self._output_limit = output_limit
        self._lock = threading.Lock()
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._flush_wanted = False
        self._closing = False
        self._why = ""
        self._writable = True
        self._is_made = self._is_abandoned = False
        self._transport: asyncio.Transport

    def send(self, data: bytes) -> bool:
        """Queue bytes. False when the connection is closed, or is closed now because too much waits already."""
        with self._lock:
            if self._closing:
                return False
            fits = self._queued + len(data) <= self._output_limit
            if fits:
                self._queue.append(data)
                self._queued += len(data)
                wake, self._flush_wanted = not self._flush_wanted, True
            else:
                self.overflowed = self._closing = True
                self._why = f"more than {self._output_limit} bytes wait for the peer"
        if not fits:
            self._streams.call(self._abort)
        elif wake:
            self._streams.call(self._flush)
        return fits

    def close(self) -> None:
        """Close the connection when what was queued has left, or a second later."""
        self._close("closed by us")

    def _close(self, why: str) -> None:
        with self._lock:
            if self._closing:
                return
            self._closing = True
            self._why = why
        self._streams.call(self._close_after_queue)

    def pause(self) -> None:
        """Stop reading. Told amid the making of a connection, the asyncio of Python 3.11.2 forgets it."""
        self._streams.call_soon(lambda: self._transport.pause_reading())

    def resume(self) -> None:
        """Read again."""
        self._streams.call_soon(lambda: self._transport.resume_reading())

    # The loop's thread only.

    def abandon(self, failed: Callable[[str], None], why: str) -> None:
        """Dialling has failed. The owner hears of it once, by `failed` or by `closed`: it may have just been made."""
        if self._is_made:
            self._close(why)
            return
        self._is_abandoned = True
        try:
            failed(why)
        except Exception:  # the loop must go on
            logger.exception("telling that a connection failed has failed")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._is_abandoned:
            transport.abort()
            return
        self._is_made = True
        transport.set_write_buffer_limits(HIGH_WATER)
        address = transport.get_extra_info("peername") or ("", 0)
        self.host, self.port = address[0], address[1]
        _watch_peer(transport.get_extra_info("socket"))
        self._streams.connections.add(self)
        self._tell(lambda: self._owner.connected(self))

    def data_received(self, data: bytes) -> None:
        """Bytes came. What comes after the connection was closed on our side is not heard any more."""
        if not self._closing:
            self._tell(lambda: self._owner.received(self, data))

    def pause_writing(self) -> None:
        """asyncio has enough: the rest waits here."""
        self._writable = False

    def resume_writing(self) -> None:
        """asyncio has room again."""
        self._writable = True
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is closed."""
        if self._is_abandoned:
            return
        self._streams.connections.discard(self)
        with self._lock:
            why = self._why or (str(error) if error is not None else "")
            self._closing = True
            self._queue.clear()
            self._queued = 0
        self._tell(lambda: self._owner.closed(self, why))

    def _flush(self) -> None:
        while self._writable:
            with self._lock:
                if not self._queue:
                    self._flush_wanted = False
                    break
                data = self._queue.popleft()
                self._queued -= len(data)
            self._transport.write(data)
        if self._closing and not self._queue:
            self._transport.close()

    def _close_after_queue(self) -> None:
        self._streams.call_later(CLOSE_AFTER, self._abort)
        self._flush()

    def _abort(self) -> None:
        self._transport.abort()

    def _tell(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception:  # the loop must go on
            logger.exception("%s:%d: the owner of a connection failed", self.host, self.port)
            self._close("internal error")


class ByteListener:
    """A socket on which others connect."""

    def __init__(self, streams: "ByteStreams", server: asyncio.Server, port: int) -> None:
        self.port = port
        self._streams = streams
        self._server = server

    def close(self) -> None:
        """Accept no more; the port is free when this returns."""
        self._streams.perform(self._server.close)


class ByteStreams:
    """The loop and its thread, which begins with the first stream. Every method may be called from any thread."""

    def __init__(self) -> None:
        self.connections: set[ByteConnection] = set()
        """Open connections; the loop's thread only."""
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []

    def listen(self, host: str, port: int, owner: Owner, output_limit: int) -> ByteListener:
        """Accept connections from now on. Raises TransportError when the address cannot be had."""
        opened = _listening(host, port)
        try:
            server = self._wait_for_server(opened, owner, output_limit)
        except BaseException:
            opened.close()
            raise
        return ByteListener(self, server, opened.getsockname()[1])

    def _wait_for_server(self, opened: socket.socket, owner: Owner, output_limit: int) -> asyncio.Server:
        async def serve() -> asyncio.Server:
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: ByteConnection(self, owner, output_limit), sock=opened)
            self._servers.append(server)
            return server

        loop = self._running()
        return asyncio.run_coroutine_threadsafe(serve(), loop).result()

    def connect(
        self,
        host: str,
        port: int,
        owner: Owner,
        failed: Callable[[str], None],
        output_limit: int,
        timeout: float,
    ) -> None:
        """Open a connection to an IP literal: `owner.connected` is called within `timeout` seconds, or `failed`."""

        async def dial() -> None:
            connection = ByteConnection(self, owner, output_limit)
            try:
                async with asyncio.timeout(timeout):
                    await asyncio.get_running_loop().create_connection(lambda: connection, host, port)
            except TimeoutError:
                connection.abandon(failed, f"no connection within {timeout:g} s")
            except OSError as error:
                connection.abandon(failed, os.strerror(error.errno).lower() if error.errno else str(error))

        def start() -> None:
            task = asyncio.ensure_future(dial())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        self._running()
        self.call(start)

    def call(self, action: Callable[[], None]) -> None:
        """Run `action` on the loop's thread: now when this is it, else soon. Nothing once the loop has ended."""
        if threading.current_thread() is self._thread:
            action()
        else:
            self.call_soon(action)

    def call_soon(self, action: Callable[[], None]) -> None:
        """Run `action` on the loop's thread, after what runs there now. Nothing once the loop has ended."""
        with self._lock, contextlib.suppress(RuntimeError):  # the loop is closed
            if self._loop is not None:
                self._loop.call_soon_threadsafe(action)

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run `action` later. The loop's thread only."""
        assert self._loop is not None
        self._loop.call_later(seconds, action)

    def perform(self, action: Callable[[], None]) -> None:
        """Run `action` on the loop's thread and wait until it has run."""
        done = threading.Event()

        def run() -> None:
            try:
                action()
            finally:
                done.set()

        with self._lock:
            alive = self._thread is not None and self._thread.is_alive() and not self._stopped
        if alive:
            self.call(run)
            done.wait(STOP_AFTER)

    def stop(self) -> None:
        """Close everything, what was queued leaving first, and end the thread."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._stopped = True
        if loop is None or thread is None:
            return
        with contextlib.suppress(RuntimeError):  # it has stopped before
            loop.call_soon_threadsafe(lambda: self._tasks.add(loop.create_task(self._end(loop))))
        thread.join(STOP_AFTER)
        if thread.is_alive():
            logger.error("thread %s did not end", thread.name)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._stopped:
                raise TransportError("the server is stopping")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = LastingThread(self._run, "byte-streams", (self._loop,))
                self._thread.start()
            return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        # Ends by stop() only: what owners raise is caught, and asyncio logs what its own callbacks raise.
        asyncio.set_event_loop(loop)
        loop.run_forever()
        with self._lock:
            loop.close()

    async def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        for server in self._servers:
            server.close()
        dialing = self._tasks - {asyncio.current_task(loop)}
        for task in dialing:
            task.cancel()
        await asyncio.gather(*dialing, return_exceptions=True)
        for connection in list(self.connections):
            connection.close()
        ends_at = loop.time() + CLOSE_AFTER + 0.5
        while self.connections and loop.time() < ends_at:
            await asyncio.sleep(0.01)
        loop.stop()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.setblocking(False)
        opened.bind((host, port))
        opened.listen(128)
    except OSError as error:
        opened.close()
        raise TransportError(f"{host}:{port}: {(error.strerror or str(error)).lower()}") from None
    return opened


def _watch_peer(opened: Any) -> None:
    """Have the kernel find out that a peer is gone without a word."""
    options = (
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
        (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
        (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
        (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED),
    )
    for level, name, value in options:
        with contextlib.suppress(OSError):  # the peer is gone already
            opened.setsockopt(level, name, value)
