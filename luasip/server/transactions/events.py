"""The events of a transaction, as Lua hears of them: one at a time, in the order they came.

A flow that waits holds back the flows behind it. This file knows no machine and no message.
"""

from collections.abc import Callable

from luasip.server.execution import Execution
from luasip.server.frames import Flow, RuntimeSlot
from luasip.server.transactions.transaction import Transaction


class Events:
    """Runs the flows of all transactions. `settle` is told of a transaction that has none left."""

    def __init__(self, execution: Execution, settle: Callable[[Transaction], None]) -> None:
        self._execution = execution
        self._settle = settle

    def enqueue(self, transaction: Transaction, flow: Flow, slot: RuntimeSlot | None = None) -> None:
        """Run a flow of this transaction after those before it have ended, by the runtime of `slot` if given."""
        place = slot or transaction.slot
        with transaction.lock:
            if transaction.events_running:
                if transaction.events is None:
                    transaction.events = []
                transaction.events.append((flow, place))
                return
            transaction.events_running = True
        if self._execution.begin(place.runtime, flow, _GoesOn(self, transaction)):
            self.go_on(transaction)

    def go_on(self, transaction: Transaction) -> None:
        """A flow has ended: run those behind it, until one of them must wait; its end calls this again."""
        while True:
            with transaction.lock:
                events = transaction.events
                if events:
                    event: tuple[Flow, RuntimeSlot] | None = events.pop(0)
                else:
                    event = transaction.events = None
                transaction.events_running = event is not None
            if event is None:
                break
            flow, slot = event
            if not self._execution.begin(slot.runtime, flow, _GoesOn(self, transaction)):
                return
        self._settle(transaction)


class _GoesOn:
    """Told that a flow has ended after a wait."""

    __slots__ = ("_events", "_transaction")

    def __init__(self, events: Events, transaction: Transaction) -> None:
        self._events = events
        self._transaction = transaction

    def __call__(self, result: object) -> None:
        self._events.go_on(self._transaction)
