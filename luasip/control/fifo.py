"""JSON-RPC over a FIFO, as kamctl uses it: calls are written to it, and each names the FIFO its answer goes to."""

import asyncio
import contextlib
import errno
import logging
import os
import time

from luasip.control.documents import DocumentReader, DocumentTooLong
from luasip.control.gate import Gate
from luasip.control.local_files import open_reply_fifo
from luasip.control.settings import ControlSettings

log = logging.getLogger("luasip.control")

CHUNK = 65536
PAUSE = 0.01
"""Seconds between tries to reach a client that is slow to read."""
MOST_ANSWERS = 100
"""Answers that may wait for their readers at one time."""


class FifoInterface:
    """Serves one FIFO, given by its descriptor, which stays open."""

    def __init__(self, gate: Gate, settings: ControlSettings, descriptor: int) -> None:
        self._gate = gate
        self._settings = settings
        self._descriptor = descriptor
        self._documents = DocumentReader(settings.largest)
        self._began_at = 0.0
        self._running: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to read."""
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    async def stop(self) -> None:
        """End reading and forget answers nobody has fetched."""
        asyncio.get_running_loop().remove_reader(self._descriptor)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, CHUNK)
        except BlockingIOError:
            return
        # A writer that broke off in a document must not spoil that of the next one.
        now = time.monotonic()
        if self._documents.in_document and now - self._began_at > self._settings.timeout:
            log.warning("control: %s: half a call was dropped", self._settings.fifo)
            self._documents.reset()
        if not self._documents.in_document:
            self._began_at = now
        try:
            found = self._documents.feed(data)
        except DocumentTooLong as error:
            log.warning("control: %s: %s", self._settings.fifo, error)
            return
        for document in found:
            self._begin(document)

    def _begin(self, document: bytes) -> None:
        if len(self._running) >= MOST_ANSWERS:
            log.warning(
                "control: %s: %d calls run already, one was dropped", self._settings.fifo, MOST_ANSWERS
            )
            return
        task = asyncio.get_running_loop().create_task(self._answer(document))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _answer(self, document: bytes) -> None:
        answer, reply_name = await self._gate.json(document)
        if not answer.text or not reply_name:
            return
        try:
            async with asyncio.timeout(self._settings.timeout):
                await self._write(reply_name, answer.text.encode("utf-8"))
        except (OSError, TimeoutError) as error:
            log.warning("control: no answer to FIFO %s: %s", reply_name, error or "nobody reads it")

    async def _write(self, reply_name: str, data: bytes) -> None:
        descriptor = await self._open(reply_name)
        try:
            while data:
                with contextlib.suppress(BlockingIOError):
                    data = data[os.write(descriptor, data) :]
                    continue
                await asyncio.sleep(PAUSE)
        finally:
            os.close(descriptor)

    async def _open(self, reply_name: str) -> int:
        while True:
            try:
                return open_reply_fifo(self._settings.fifo_reply_dir, reply_name)
            except OSError as error:
                if error.errno != errno.ENXIO:  # the client has not opened it yet
                    raise
            await asyncio.sleep(PAUSE)
