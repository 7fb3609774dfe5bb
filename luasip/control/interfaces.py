"""The control thread: one event loop that serves every interface of a server.

The loop only reads and writes; commands run on a pool (luasip.control.gate). A loop that fails is begun again, with
copies of the sockets, so that clients find the same addresses.
"""

import asyncio
import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import Any

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
BEAT_AFTER = 1.0
"""Seconds between two signs of life of the loop."""
BEGIN_AFTER = 1.0
"""Seconds until a loop that has failed is begun again."""

MakeThread = Callable[[Callable[[], object], str], threading.Thread]
"""Makes a thread for work with a name. It begins the work again when an exception leaves it."""


class ControlInterfaces:
    """Every interface of one server. The methods are called once each, in the order they stand here."""

    def __init__(
        self,
        settings: ControlSettings,
        gate: Gate,
        make_thread: MakeThread,
        routes: Sequence[BaseRoute] = (),
        open_paths: Collection[str] = (),
    ) -> None:
        """`routes` are served over HTTP beside those of RPC; those of `open_paths` need no token."""
        self._settings = settings
        self._gate = gate
        self._make_thread = make_thread
        self._routes = routes
        self._open_paths = open_paths
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._beat_at = 0.0
        self._http: socket.socket | None = None
        self._streams: list[tuple[Callable[[], StreamInterface], socket.socket]] = []
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
        make = partial(StreamInterface, path, self._settings, cutter, exchange)
        self._streams.append((make, listening))
        self.listening.append(f"{name} {path}")

    def _local_socket(self, path: str, kind: socket.SocketKind) -> socket.socket:
        made = local_files.open_socket(path, kind, self._settings.mode, self._settings.group)
        self._paths.append(path)
        return made

    def start(self) -> None:
        """Start the thread and wait until it serves."""
        self._beat_at = time.monotonic()
        self._thread = self._make_thread(self._run, "control")
        self._thread.start()
        if not self._ready.wait(STOP_WITHIN):
            log.error("the control thread does not begin")

    def stop(self) -> None:
        """End the thread, close and remove what was opened."""
        self._stopping.set()
        thread = self._thread
        if thread is not None:
            self._wake()
            thread.join(STOP_WITHIN)
            if thread.is_alive():
                log.error("thread %s did not end", thread.name)
        self._thread = None
        self._close()

    def _wake(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has failed and is closed
                self._loop.call_soon_threadsafe(self._ended.set)

    def stalled(self, limit: float) -> list[str]:
        """The name of the thread, if it has not moved for `limit` seconds."""
        thread = self._thread
        if thread is None or (thread.is_alive() and time.monotonic() - self._beat_at <= limit):
            return []
        return [thread.name]

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
        # Ends by stop(); what fails in one request is answered or logged by its interface. Whatever else fails goes to
        # the thread, which logs it and begins again.
        try:
            asyncio.run(self._serve())
        finally:
            self._ready.set()  # who waits for the start must not wait for ever
            self._stopping.wait(BEGIN_AFTER)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        stops: list[Callable[[], Awaitable[None]]] = []
        with contextlib.ExitStack() as opened:
            serving = [asyncio.create_task(self._ended.wait())]
            await self._start_streams(stops, serving, opened)
            await self._start_datagrams(stops, opened)
            if self._fifo is not None:
                descriptor = os.dup(self._fifo)
                opened.callback(os.close, descriptor)
                fifo = FifoInterface(self._gate, self._settings, descriptor)
                fifo.start()
                stops.append(fifo.stop)
            self._ready.set()
            await self._until_stopped(serving)
            for stop in stops:
                await stop()

    async def _until_stopped(self, serving: Sequence[asyncio.Task[Any]]) -> None:
        """Wait for `stop`. Raises what ended one of the tasks before."""
        while not self._stopping.is_set():
            self._beat_at = time.monotonic()
            await asyncio.wait(serving, timeout=BEAT_AFTER, return_when=asyncio.FIRST_COMPLETED)
            for task in serving[1:]:
                if task.done() and not self._stopping.is_set():
                    task.result()
                    raise RuntimeError("HTTP is no longer served")

    async def _start_datagrams(
        self, stops: list[Callable[[], Awaitable[None]]], opened: contextlib.ExitStack
    ) -> None:
        largest, most = self._settings.largest, self._settings.connections
        for bound in self._datagrams:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: DatagramInterface(self._gate, largest, most), sock=_copy(bound, opened)
            )
            stops.append(_closing(transport))

    async def _start_streams(
        self,
        stops: list[Callable[[], Awaitable[None]]],
        serving: list[asyncio.Task[Any]],
        opened: contextlib.ExitStack,
    ) -> None:
        for make, listening in self._streams:
            stream = make()
            await stream.start(_copy(listening, opened))
            stops.append(stream.stop)
        if self._http is not None:
            app = application(self._gate, self._settings, self._routes, self._open_paths)
            server = HttpServer(app, self._settings)
            task = asyncio.create_task(server.serve(sockets=[_copy(self._http, opened)]))
            serving.append(task)

            async def end() -> None:
                server.should_exit = True
                await task

            stops.append(end)


def _copy(bound: socket.socket, opened: contextlib.ExitStack) -> socket.socket:
    """The same socket once more: a loop closes what it serves."""
    copy = bound.dup()
    opened.callback(copy.close)
    return copy


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
