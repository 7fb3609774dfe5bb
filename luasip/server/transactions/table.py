"""The transaction table: by server key, by our Via branch, by Kamailio's (index, label), by Call-ID and CSeq.

Knows nothing of what transactions do; guards its dicts with one lock held for look-ups only.
"""

from typing import Final
from zlib import crc32

from luasip.lock import Lock, new_lock
from luasip.server.transactions.transaction import ClientBranch, Transaction

SLOTS: Final = 65536
LABEL_BITS: Final = 31
LABELS: Final = 1 << LABEL_BITS
LOCKS: Final = 512
"""Transactions share so many locks: a step holds one of them, once and never two, and one for each transaction takes
memory."""

_crc32: Final = crc32


class TransactionTable:
    """All live transactions."""

    def __init__(self, first_label: int = 1) -> None:
        self._lock = new_lock()
        self._by_key: dict[str, Transaction] = {}
        self._by_id: dict[int, Transaction] = {}
        self._by_branch: dict[str, Transaction] = {}
        self._by_cancel: dict[str, Transaction] = {}
        """Branches that sent a CANCEL too, by the same branch parameter."""
        self._by_dialog: dict[str, Transaction] = {}
        self._locks = [new_lock() for _ in range(LOCKS)]
        self._next_label = first_label
        self.created = 0
        """Transactions since the start."""
        self.created_local = 0
        """Those of them whose request was made here."""

    def __len__(self) -> int:
        # Without the lock: every message asks, and the number may change at once in any case.
        return len(self._by_id)

    @property
    def branches(self) -> int:
        """How many branches lead to a transaction, those of CANCELs included."""
        with self._lock:
            return len(self._by_branch) + len(self._by_cancel)

    def next_identity(self, call_id: str) -> tuple[int, int]:
        """Kamailio's pair: a hash slot and a label never used before in it."""
        with self._lock:
            label = self._next_label
            self._next_label = label + 1
        return _crc32(call_id.encode("latin-1")) % SLOTS, label % LABELS

    def lock(self, label: int) -> Lock:
        """The lock of the transaction with this label; who holds it must not enter it again."""
        return self._locks[label % LOCKS]

    def find(self, key: str) -> Transaction | None:
        """The transaction with this server key."""
        with self._lock:
            return self._by_key.get(key)

    def by_id(self, index: int, label: int) -> Transaction | None:
        """The transaction with Kamailio's identity."""
        if not 0 <= label < LABELS:
            return None
        with self._lock:
            return self._by_id.get(_identity(index, label))

    def by_branch(self, branch_id: str, method: str) -> tuple[Transaction, ClientBranch] | None:
        """The client branch a response with this top Via branch and CSeq method belongs to."""
        with self._lock:
            found = (self._by_cancel if method == "CANCEL" else self._by_branch).get(branch_id)
        if found is None or (found.method != method and method != "CANCEL"):
            return None
        for branch in found.branches:  # mostly one
            if branch.branch_id == branch_id:
                return found, branch
        return None

    def by_dialog(self, key: str) -> Transaction | None:
        """The INVITE transaction whose ACK for a 2xx has this `ack_key`."""
        with self._lock:
            return self._by_dialog.get(key)

    def by_call_id(self, call_id: str, cseq: str) -> Transaction | None:
        """The transaction of the request with this Call-ID and CSeq number."""
        number = cseq.split()[:1]
        for transaction in self.all():
            if transaction.call_id == call_id and [str(transaction.request.cseq.number)] == number:
                return transaction
        return None

    def all(self) -> list[Transaction]:
        """Every live transaction."""
        with self._lock:
            return list(self._by_id.values())

    def add(self, transaction: Transaction) -> Transaction:
        """Put a transaction in; returns the one that is there already when another thread was faster."""
        with self._lock:
            there = self._by_key.setdefault(transaction.key, transaction)
            if there is transaction:
                self.created += 1
                self.created_local += transaction.local_request
                self._by_id[_identity(transaction.id_index, transaction.id_label)] = transaction
                if transaction.is_invite:
                    self._by_dialog[transaction.dialog_key] = transaction
            return there

    def add_branch(self, transaction: Transaction, branch: ClientBranch, method: str) -> None:
        """Make responses with the branch's Via find it."""
        with self._lock:
            places = self._by_cancel if method == "CANCEL" else self._by_branch
            places[branch.branch_id] = transaction

    def remove_branch(self, branch_id: str, method: str) -> None:
        """Let responses with this Via find nothing any more: the branch goes on under another one."""
        with self._lock:
            places = self._by_cancel if method == "CANCEL" else self._by_branch
            places.pop(branch_id, None)

    def remove(self, transaction: Transaction) -> None:
        """Forget a transaction and its branches."""
        places = self._by_cancel if transaction.method == "CANCEL" else self._by_branch
        with self._lock:
            identity = _identity(transaction.id_index, transaction.id_label)
            if identity not in self._by_id:
                return
            del self._by_id[identity]
            if self._by_key.get(transaction.key) is transaction:
                del self._by_key[transaction.key]
            if transaction.is_invite:
                key = transaction.dialog_key
                if self._by_dialog.get(key) is transaction:
                    del self._by_dialog[key]
            for branch in transaction.branches:
                branch_id = branch.branch_id
                if branch_id in places:
                    del places[branch_id]
                if branch.cancel_machine is not None and branch_id in self._by_cancel:
                    del self._by_cancel[branch_id]


def _identity(index: int, label: int) -> int:
    """Kamailio's pair as one number, which takes less memory."""
    return (index << LABEL_BITS) | label
