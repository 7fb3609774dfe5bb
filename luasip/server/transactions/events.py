"""The events of a transaction, as Lua hears of them: one at a time, in the order they came.

A flow that waits holds back the flows behind it. This file knows no machine and no message.
"""

from collections.abc import Callable
from functools import partial

from luasip.server.execution import Execution, Flow, RuntimeSlot
from luasip.server.transactions.transaction import Transaction


class _Turn:
    """One flow of a transaction's events: whether it has ended, and whether who started it has left it waiting."""

    __slots__ = ("ended", "left")

    def __init__(self) -> None:
        self.ended = False
        self.left = False


class Events:
    """Runs the flows of all transactions. `settle` is told of a transaction that has none left."""

    def __init__(self, execution: Execution, settle: Callable[[Transaction], None]) -> None:
        self._execution = execution
        self._settle = settle

    def enqueue(self, transaction: Transaction, flow: Flow, slot: RuntimeSlot | None = None) -> None:
        """Run a flow of this transaction after those before it have ended, by the runtime of `slot` if given."""
        with transaction.lock:
            transaction.events.append((flow, slot or transaction.slot))
            if transaction.events_running:
                return
            transaction.events_running = True
        self._run_events(transaction)

    def _run_events(self, transaction: Transaction) -> None:
        """Run the flows that wait, until one of them must wait itself; its end calls this again."""
        while True:
            with transaction.lock:
                event = transaction.events.pop(0) if transaction.events else None
                transaction.events_running = event is not None
            if event is None:
                break
            flow, slot = event
            turn = _Turn()
            ended = partial(self._event_ended, transaction, turn)
            self._execution.start(slot.runtime, flow, ended)
            with transaction.lock:
                if not turn.ended:
                    turn.left = True
                    return
        self._settle(transaction)

    def _event_ended(self, transaction: Transaction, turn: "_Turn", result: object) -> None:
        with transaction.lock:
            turn.ended = True
            if not turn.left:
                return
        self._run_events(transaction)
