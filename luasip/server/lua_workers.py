"""Threads with a Lua runtime of their own, for work that may take long: async tasks, dedicated timers.

A group has a bounded queue; a full one refuses. A route that suspends frees its worker and goes on on the timer
thread; who must not begin again before it has ended is told when it has.
"""

import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from luasip.kemi.context import RouteContext, Source
from luasip.kemi.declare import Route
from luasip.kemi.transactions import Transaction as TransactionView
from luasip.server.execution import Execution
from luasip.server.frames import LuaFrame, RuntimeSlot
from luasip.server.made_up import made_up_request
from luasip.server.services import ServerServices
from luasip.server.transactions.suspension import Suspension
from luasip.server.transactions.transaction import Transaction
from luasip.server.working import unbind
from luasip.transport.lasting_thread import LastingThread

log = logging.getLogger("luasip.workers")

QUEUE = 10_000
"""Jobs a group keeps waiting."""

Job = Callable[[RuntimeSlot], None]


class LuaWorkers:
    """A group of such threads. Without threads (virtual time) jobs run on the timers."""

    def __init__(
        self, name: str, services: ServerServices, execution: Execution, suspension: Suspension
    ) -> None:
        self.name = name
        self.refused = 0
        self._services = services
        self._execution = execution
        self._suspension = suspension
        self._lock = threading.Lock()
        self._stopped = False
        self._jobs: queue.Queue[Job | None] = queue.Queue(QUEUE)
        self._threads: list[threading.Thread] = []
        self._borrowed: Callable[[], RuntimeSlot] | None = None

    def start(self, slots: list[RuntimeSlot]) -> None:
        """Start a thread for each slot."""
        for number, slot in enumerate(slots):
            thread = LastingThread(self._loop, f"{self.name}-{number}", (slot,))
            self._threads.append(thread)
            thread.start()

    def start_without_threads(self, borrowed: Callable[[], RuntimeSlot]) -> None:
        """Run jobs on the timers with a slot somebody else owns."""
        self._borrowed = borrowed

    def stop(self) -> None:
        """End the threads after the jobs they are in; waiting jobs are dropped, later ones refused."""
        with self._lock:
            self._stopped = True
        while not self._jobs.empty():
            with contextlib.suppress(queue.Empty):  # a thread took it
                self._jobs.get_nowait()
        for _ in self._threads:
            self._jobs.put_nowait(None)
        for thread in self._threads:
            thread.join(2.0)

    def submit(self, job: Job) -> bool:
        """Hand a job over; False when the queue is full or the group was stopped."""
        if self._borrowed is not None:
            borrowed = self._borrowed
            self._execution.timers.soon(lambda: job(borrowed()))
            return True
        with self._lock:
            if self._stopped:
                return False
            if not self._jobs.full():
                self._jobs.put_nowait(job)
                return True
            self.refused += 1
        log.warning("%s: %d jobs wait already, one was refused", self.name, QUEUE)
        return False

    def resume(self, transaction: TransactionView, callback: str, argument: str) -> bool:
        """Continue a suspended transaction on one of these threads; False when the queue is full."""
        assert isinstance(transaction, Transaction)
        return self.submit(partial(self._resume, transaction, callback, argument))

    def _resume(self, transaction: Transaction, callback: str, argument: str, slot: RuntimeSlot) -> None:
        self._suspension.resume(transaction, callback, argument, slot)

    def run(
        self,
        callback: str,
        argument: str,
        attributes: dict[str, Any] | None = None,
        ended: Callable[[], None] | None = None,
    ) -> bool:
        """Call a Lua function on a made-up request; `ended` is told when it is over. False when the queue is full."""
        return self.submit(partial(self._run, callback, argument, attributes or {}, ended))

    def _run(
        self,
        callback: str,
        argument: str,
        attributes: dict[str, Any],
        ended: Callable[[], None] | None,
        slot: RuntimeSlot,
    ) -> None:
        listener = self._services.listeners[0]
        runtime = slot.runtime
        context = RouteContext(
            Route.EVENT,
            made_up_request(listener, self._services.random_token(20)),
            Source(listener.host, listener.port, listener),
            self._services,
            runtime.script_variables,
        )
        context.event = argument
        context.attributes.update(attributes)
        self._execution.start(runtime, LuaFrame(callback, context, (argument,)), lambda _: ended and ended())

    def _loop(self, slot: RuntimeSlot) -> None:
        # Ends by stop() only: a job that fails is logged, and the next one begins.
        while True:
            job = self._jobs.get()
            if job is None:
                return
            try:
                job(slot)
            except BaseException:  # the worker loop: one failed job must not end the thread
                log.exception("%s: a job failed", self.name)
            unbind()
