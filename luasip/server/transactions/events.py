"""The events of a transaction, as Lua hears of them: one at a time, in the order they came.

One that waits holds back those behind it. This file knows no machine and no message.
"""

import logging
from collections.abc import Callable

from luasip.script.runtime import Runtime
from luasip.server.execution import Execution
from luasip.server.frames import Event, Flow, RuntimeSlot
from luasip.server.sending import send_all
from luasip.server.transactions.transaction import Transaction
from luasip.server.working import work

log = logging.getLogger("luasip.script")


class Events:
    """Runs the events of all transactions. `settle` is told of a transaction that has none left."""

    def __init__(self, execution: Execution, settle: Callable[[Transaction], None]) -> None:
        self._execution = execution
        self._settle = settle

    def enqueue(
        self, transaction: Transaction, event: Event | Flow, slot: RuntimeSlot | None = None
    ) -> None:
        """Run an event of this transaction after those before it have ended, by the runtime of `slot` if given."""
        place = slot or transaction.slot
        with transaction.lock:
            if transaction.events_running:
                if transaction.events is None:
                    transaction.events = []
                transaction.events.append((event, place))
                return
            transaction.events_running = True
        if self._run(transaction, event, place):
            self.go_on(transaction)

    def _run(self, transaction: Transaction, event: Event | Flow, slot: RuntimeSlot) -> bool:
        """Run an event until it waits or ends; whether it has ended."""
        runtime = slot.runtime
        flow = _deal_with(runtime, event) if isinstance(event, Event) else event
        return flow is None or self._execution.begin(runtime, flow, _GoesOn(self, transaction))

    def go_on(self, transaction: Transaction) -> None:
        """An event has ended: run those behind it, until one of them must wait; its end calls this again."""
        while True:
            with transaction.lock:
                events = transaction.events
                if events:
                    next_one: tuple[Event | Flow, RuntimeSlot] | None = events.pop(0)
                else:
                    next_one = transaction.events = None
                transaction.events_running = next_one is not None
            if next_one is None:
                break
            event, slot = next_one
            if not self._run(transaction, event, slot):
                return
        self._settle(transaction)


class _GoesOn:
    """Told that an event has ended after a wait."""

    __slots__ = ("_events", "_transaction")

    def __init__(self, events: Events, transaction: Transaction) -> None:
        self._events = events
        self._transaction = transaction

    def __call__(self, result: object) -> None:
        self._events.go_on(self._transaction)


def _deal_with(runtime: Runtime, event: Event) -> Flow | None:
    """Begin an event on this thread and send what it has to send; what is left of it is to be run as a task."""
    now = work()
    outer, outer_runtime = now.outputs, now.runtime
    outputs: list[Callable[[], None]] = []
    now.outputs, now.runtime = outputs, runtime
    rest: Flow | None = None
    try:
        rest = event.begin()
    except BaseException:  # the worker loop: a fault of ours, also an exit, costs this event, not the thread
        log.exception("an event failed")
    finally:
        now.outputs, now.runtime = outer, outer_runtime
    send_all(outputs)
    return rest
