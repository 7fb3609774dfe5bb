"""What acc hears of transactions, and which of it is accounted.

Knows flags and statuses; how a record is made and where it goes is the Accountant's.
"""

import threading
from dataclasses import dataclass
from typing import Final, Protocol

from luasip.errors import SipError
from luasip.kemi.context import Source
from luasip.kemi.transactions import Transaction
from luasip.sip.message import Request, Response

_NOTE: Final = "acc"


@dataclass(frozen=True, slots=True)
class Rules:
    """What is accounted. Flags are bit masks, 0 when there is none."""

    log: int
    log_missed: int
    db: int
    db_missed: int
    failed: int
    filtered: frozenset[int]
    early_media: bool
    acks: bool
    cancels: bool

    @property
    def any(self) -> int:
        """The flags that lead to a record by themselves."""
        return self.log | self.log_missed | self.db | self.db_missed

    def accounts(self, flags: int, status: int, response: Response | None) -> bool:
        """Whether an answer of this status to a request with these flags is accounted."""
        if not flags & (self.log | self.db):
            return False
        if status >= 300:
            return bool(flags & self.failed) and status not in self.filtered
        if status < 200:
            return self.early_media and response is not None and bool(response.body)
        return True


class Accountant(Protocol):
    """Makes the records."""

    def answered(self, transaction: Transaction, status: int, response: Response | None) -> None:
        """A request was answered."""
        ...

    def missed(self, transaction: Transaction, status: int, response: Response | None) -> None:
        """A call was not taken."""
        ...

    def acknowledged(self, transaction: Transaction, request: Request, source: Source) -> None:
        """An answered call was acknowledged."""
        ...


class AccObserver:
    """A luasip.kemi.transactions.TransactionObserver."""

    def __init__(self, rules: Rules, accountant: Accountant) -> None:
        self._accountant = accountant
        self._lock = threading.Lock()
        self.use(rules)

    def use(self, rules: Rules) -> None:
        """Account by other rules."""
        self._rules = rules
        self._any = rules.any

    def response_sent(self, transaction: Transaction, status: int, response: Response | None) -> None:
        """An answer was sent: account it, and the call as missed when it is a failure."""
        if not self._concerns(transaction):
            return
        if status >= 300:
            self._missed(transaction, status, response)
        if not self._rules.accounts(transaction.flags, status, response):
            return
        if 200 <= status < 300 and not self._is_first(transaction, f"2xx {_to_tag(response)}"):
            return
        self._accountant.answered(transaction, status, response)

    def failed(self, transaction: Transaction, status: int, response: Response | None) -> None:
        """All branches have failed: a missed call, whatever the failure callback does about it."""
        if status >= 300 and self._concerns(transaction):
            self._missed(transaction, status, response)

    def acknowledged(self, transaction: Transaction, request: Request, source: Source) -> None:
        """The ACK for a 2xx came."""
        rules = self._rules
        if not rules.acks or not transaction.flags & (rules.log | rules.db):
            return
        if self._is_first(transaction, f"ACK {_to_tag(request)}"):
            self._accountant.acknowledged(transaction, request, source)

    def _concerns(self, transaction: Transaction) -> bool:
        if not transaction.flags & self._any:
            return False
        return self._rules.cancels or transaction.method != "CANCEL"

    def _missed(self, transaction: Transaction, status: int, response: Response | None) -> None:
        """Account a missed call once; its flags are cleared, for the failure callback to set them again."""
        if not transaction.is_invite or not transaction.flags & (
            self._rules.log_missed | self._rules.db_missed
        ):
            return
        self._accountant.missed(transaction, status, response)
        transaction.flags &= ~(self._rules.log_missed | self._rules.db_missed)

    def _is_first(self, transaction: Transaction, what: str) -> bool:
        """Whether this of a transaction was not accounted before: answers and ACKs come again."""
        with self._lock:
            if transaction.notes is None:
                transaction.notes = {}
            seen: set[str] = transaction.notes.setdefault(_NOTE, set())
            if what in seen:
                return False
            seen.add(what)
            return True


def _to_tag(message: Request | Response | None) -> str:
    try:
        return "" if message is None else message.to.tag
    except SipError:
        return ""
