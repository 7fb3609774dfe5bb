"""What the transaction layer sends, and goes on with later when it could not be sent."""

import logging
from typing import TYPE_CHECKING

from luasip.server.sending import WatchedSending
from luasip.server.transactions.transaction import ClientBranch, Transaction
from luasip.transport.packet import Destination

if TYPE_CHECKING:
    from luasip.server.transactions.layer import TransactionLayer

log = logging.getLogger("luasip.tm")


class SendingResponse(WatchedSending):
    """A response; goes on on the timer thread when it could not be sent."""

    __slots__ = ("_layer", "_transaction")

    def __init__(
        self, layer: "TransactionLayer", text: str, destination: Destination, transaction: Transaction
    ) -> None:
        super().__init__(layer.sockets, text, destination)
        self._layer = layer
        self._transaction = transaction

    def failed(self, error: Exception) -> None:
        log.info("response to %s not sent: %s", self._transaction.method, error)
        self._layer.timers.soon(self._go_on)

    def _go_on(self) -> None:
        self._layer.response_failed(self._transaction)


class SendingBranch(WatchedSending):
    """A branch's request as it is now; goes on on the timer thread when it could not be sent."""

    __slots__ = ("_branch", "_error", "_layer", "_transaction")

    def __init__(
        self,
        layer: "TransactionLayer",
        destination: Destination,
        transaction: Transaction,
        branch: ClientBranch,
    ) -> None:
        super().__init__(layer.sockets, branch.text, destination)
        self._layer = layer
        self._transaction = transaction
        self._branch = branch
        self._error: Exception | None = None

    def failed(self, error: Exception) -> None:
        self._error = error
        self._layer.timers.soon(self._go_on)

    def _go_on(self) -> None:
        if self._branch.text == self._text:
            log.info("%s to %s not sent: %s", self._transaction.method, self._branch.destination, self._error)
            self._layer.branch_unreachable(self._transaction, self._branch)
