"""RPC over UNIX stream sockets and datagrams: documents in, answers out. What a document is, others know."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, cast

from luasip.control.documents import DocumentTooLong
from luasip.control.gate import Gate
from luasip.control.settings import ControlSettings

log = logging.getLogger("luasip.control")

CHUNK = 65536


class Cutter(Protocol):
    """Cuts a stream into documents."""

    @property
    def in_document(self) -> bool: ...
    def feed(self, data: bytes) -> list[bytes]:
        """The documents that `data` completes. Raises DocumentTooLong."""
        ...


class StreamInterface:
    """Serves one listening socket. Calls of one connection run one after the other."""

    def __init__(
        self,
        path: str,
        settings: ControlSettings,
        cutter: Callable[[int], Cutter],
        exchange: Callable[[bytes], Awaitable[bytes]],
    ) -> None:
        """`cutter` takes the bytes a document may have; `exchange` answers one, b"" for no answer."""
        self._path = path
        self._settings = settings
        self._cutter = cutter
        self._exchange = exchange
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server

    async def start(self, listening: socket.socket) -> None:
        """Begin to accept."""
        self._server = await asyncio.start_unix_server(self._accept, sock=listening)

    async def stop(self) -> None:
        """Close the socket and every connection."""
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= self._settings.connections:
            log.warning("control: %d connections to %s already", len(self._open), self._path)
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, TimeoutError, asyncio.CancelledError) as error:
            log.debug("control: a connection ended: %r", error)
        finally:
            self._open.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        documents = self._cutter(self._settings.largest)
        while True:
            # Who begins a document must end it soon; between documents a client may think as long as it likes.
            async with asyncio.timeout(self._settings.timeout if documents.in_document else None):
                data = await reader.read(CHUNK)
            if not data:
                return
            try:
                found = documents.feed(data)
            except DocumentTooLong as error:
                log.warning("control: %s: %s", self._path, error)
                return
            for document in found:
                await self._answer(document, writer)

    async def _answer(self, document: bytes, writer: asyncio.StreamWriter) -> None:
        answer = await self._exchange(document)
        if answer:
            writer.write(answer)
            async with asyncio.timeout(self._settings.timeout):
                await writer.drain()


class DatagramInterface(asyncio.DatagramProtocol):
    """JSON-RPC in datagrams, UNIX or UDP: one document each, the answer goes where it came from."""

    def __init__(self, gate: Gate, largest: int, most: int) -> None:
        self._gate = gate
        self._largest = largest
        self._most = most
        self._running: set[asyncio.Task[None]] = set()
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is ready."""
        # asyncio gives what it types as another class than it is.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Take one document. Beyond `most` at one time they are dropped."""
        if len(data) > self._largest or len(self._running) >= self._most:
            log.warning("control: a datagram of %d bytes was dropped", len(data))
            return
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def error_received(self, exc: Exception) -> None:
        """An answer could not be delivered."""
        log.debug("control: an answer was not delivered: %s", exc)

    async def _answer(self, data: bytes, address: Any) -> None:
        answer, _ = await self._gate.json(data)
        # A UNIX client that bound no name cannot be answered.
        if answer.text and address and not self._transport.is_closing():
            with contextlib.suppress(OSError):
                self._transport.sendto(answer.text.encode("utf-8"), address)
