"""The control thread: one event loop that serves every interface of a server.

The loop only reads and writes; commands run on a pool (luasip.control.gate).
"""

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Collection, Sequence

from starlette.routing import BaseRoute

from luasip.control import local_files
from luasip.control.binrpc import PacketReader
from luasip.control.documents import DocumentReader
from luasip.control.fifo import FifoInterface
from luasip.control.gate import Gate
from luasip.control.http import HttpServer, application
from luasip.control.settings import ControlSettings
from luasip.control.streams import Cutter, DatagramInterface, StreamInterface
from luasip.errors import TransportError

log = logging.getLogger("luasip.control")

STOP_WITHIN = 5.0
"""Seconds the thread has to end."""


class ControlInterfaces:
    """Every interface of one server. The methods are called once each, in the order they stand here."""

    def __init__(
        self,
        settings: ControlSettings,
        gate: Gate,
        routes: Sequence[BaseRoute] = (),
        open_paths: Collection[str] = (),
    ) -> None:
        """`routes` are served over HTTP beside those of RPC; those of `open_paths` need no token."""
        self._settings = settings
        self._gate = gate
        self._routes = routes
        self._open_paths = open_paths
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event
        self._ready = threading.Event()
        self._http: socket.socket | None = None
        self._streams: list[tuple[StreamInterface, socket.socket]] = []
        self._datagrams: list[socket.socket] = []
        self._fifo: int | None = None
        self._paths: list[str] = []
        self.listening: list[str] = []
        """Each interface, as text for people."""

    @property
    def http_address(self) -> tuple[str, int]:
        """Where HTTP is served, once it is open."""
        assert self._http is not None
        host, port = self._http.getsockname()[:2]
        return host, port

    def open_ports(self) -> None:
        """Bind what has a port. Raises TransportError, having closed what was opened."""
        try:
            self._open_ports()
        except TransportError:
            self._close()
            raise

    def open_files(self) -> None:
        """Make what is a file, as the user who is to use it. Raises TransportError, having closed what was opened."""
        try:
            self._open_files()
        except TransportError:
            self._close()
            raise

    def _open_ports(self) -> None:
        settings = self._settings
        if settings.http is not None:
            self._http = _internet_socket(settings.http, socket.SOCK_STREAM)
            self._http.listen(128)
            scheme = "https" if settings.certificate else "http"
            self.listening.append(f"{scheme}://{_shown(self._http)}")
        if settings.udp is not None:
            self._datagrams.append(_internet_socket(settings.udp, socket.SOCK_DGRAM))
            self.listening.append(f"udp {_shown(self._datagrams[-1])}")

    def _open_files(self) -> None:
        settings = self._settings
        if settings.stream:
            self._open_stream("stream", settings.stream, DocumentReader, self._gate.json_line)
        if settings.ctl:
            self._open_stream("ctl", settings.ctl, PacketReader, self._gate.binrpc)
        if settings.datagram:
            self._datagrams.append(self._local_socket(settings.datagram, socket.SOCK_DGRAM))
            self.listening.append(f"datagram {settings.datagram}")
        if settings.fifo:
            self._fifo = local_files.open_fifo(settings.fifo, settings.mode, settings.group)
            self._paths.append(settings.fifo)
            self.listening.append(f"fifo {settings.fifo}")

    def _open_stream(
        self,
        name: str,
        path: str,
        cutter: Callable[[int], Cutter],
        exchange: Callable[[bytes], Awaitable[bytes]],
    ) -> None:
        listening = self._local_socket(path, socket.SOCK_STREAM)
        listening.listen(128)
        self._streams.append((StreamInterface(path, self._settings, cutter, exchange), listening))
        self.listening.append(f"{name} {path}")

    def _local_socket(self, path: str, kind: socket.SocketKind) -> socket.socket:
        made = local_files.open_socket(path, kind, self._settings.mode, self._settings.group)
        self._paths.append(path)
        return made

    def start(self) -> None:
        """Start the thread and wait until it serves."""
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        self._thread.start()
        if not self._ready.wait(STOP_WITHIN):
            log.error("the control thread does not begin")

    def stop(self) -> None:
        """End the thread, close and remove what was opened."""
        thread, loop = self._thread, self._loop
        if thread is not None and loop is not None:
            if thread.is_alive():
                loop.call_soon_threadsafe(self._ended.set)
            thread.join(STOP_WITHIN)
            if thread.is_alive():
                log.error("thread %s did not end", thread.name)
        self._thread = None
        self._close()

    def _close(self) -> None:
        for opened in (self._http, *(listening for _, listening in self._streams), *self._datagrams):
            if opened is not None:
                opened.close()
        if self._fifo is not None:
            os.close(self._fifo)
        self._http = self._fifo = None
        self._datagrams, self._streams = [], []
        for path in self._paths:
            local_files.remove(path)
        self._paths = []

    def _run(self) -> None:
        # Ends by stop(); what fails in one request is answered or logged by its interface.
        try:
            asyncio.run(self._serve())
        except Exception:  # the worker loop: SIP goes on without control, and the log says so
            log.exception("the control thread ended")
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        stops: list[Callable[[], Awaitable[None]]] = []
        await self._start_streams(stops)
        largest, most = self._settings.largest, self._settings.connections
        for opened in self._datagrams:
            transport, _ = await self._loop.create_datagram_endpoint(
                lambda: DatagramInterface(self._gate, largest, most), sock=opened
            )
            stops.append(_closing(transport))
        if self._fifo is not None:
            fifo = FifoInterface(self._gate, self._settings, self._fifo)
            self._fifo = None
            fifo.start()
            stops.append(fifo.stop)
        self._ready.set()
        await self._ended.wait()
        for stop in stops:
            await stop()

    async def _start_streams(self, stops: list[Callable[[], Awaitable[None]]]) -> None:
        for stream, listening in self._streams:
            await stream.start(listening)
            stops.append(stream.stop)
        if self._http is not None:
            app = application(self._gate, self._settings, self._routes, self._open_paths)
            server = HttpServer(app, self._settings)
            task = asyncio.create_task(server.serve(sockets=[self._http]))

            async def end() -> None:
                server.should_exit = True
                await task

            stops.append(end)


def _closing(transport: asyncio.DatagramTransport) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        transport.close()

    return close


def _internet_socket(address: tuple[str, int], kind: socket.SocketKind) -> socket.socket:
    host, port = address
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    try:
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
    except OSError as error:
        made.close()
        raise TransportError(f"{host}:{port}: {error.strerror}") from None
    made.setblocking(False)
    return made


def _shown(opened: socket.socket) -> str:
    host, port = opened.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
