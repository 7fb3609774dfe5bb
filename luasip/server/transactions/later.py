"""What the transaction layer has done later: when something could not be sent.

Each is an object that is called: messages make several of them, and one costs a quarter of a method in a `partial`.
"""

import logging
from typing import TYPE_CHECKING

from luasip.server.transactions.transaction import ClientBranch, Transaction

if TYPE_CHECKING:
    from luasip.server.transactions.layer import TransactionLayer

log = logging.getLogger("luasip.tm")


class ResponseNotSent:
    """Told that a response could not be sent; goes on with it on the timer thread."""

    __slots__ = ("_layer", "_transaction")

    def __init__(self, layer: "TransactionLayer", transaction: Transaction) -> None:
        self._layer = layer
        self._transaction = transaction

    def __call__(self, error: Exception) -> None:
        log.info("response to %s not sent: %s", self._transaction.method, error)
        self._layer.timers.soon(self._go_on)

    def _go_on(self) -> None:
        self._layer.response_failed(self._transaction)


class BranchNotSent:
    """Told that a branch's request, as it was then, could not be sent; goes on with it on the timer thread."""

    __slots__ = ("_branch", "_error", "_layer", "_text", "_transaction")

    def __init__(self, layer: "TransactionLayer", transaction: Transaction, branch: ClientBranch) -> None:
        self._layer = layer
        self._transaction = transaction
        self._branch = branch
        self._text = branch.text
        self._error: Exception | None = None

    def __call__(self, error: Exception) -> None:
        self._error = error
        self._layer.timers.soon(self._go_on)

    def _go_on(self) -> None:
        if self._branch.text == self._text:
            log.info("%s to %s not sent: %s", self._transaction.method, self._branch.destination, self._error)
            self._layer.branch_unreachable(self._transaction, self._branch)
