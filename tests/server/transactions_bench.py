"""Transactions without a layer, for the tests of what holds them."""

from typing import Any

from luasip.kemi.context import Branch
from luasip.lock import new_lock
from luasip.proxy.response_context import ForkingSettings
from luasip.server.frames import RuntimeSlot
from luasip.server.transactions.table import TransactionTable
from luasip.server.transactions.transaction import ClientBranch, Transaction
from luasip.transaction.key import server_key
from luasip.transaction.timers import TransactionTimers
from tests.bench import INVITE, context
from tests.server.stand_in import FakeRuntime, slot_of


def transaction(
    table: TransactionTable | None = None,
    method: str = "INVITE",
    branch: str = "one",
    call_id: str = "call1",
    slot: RuntimeSlot | None = None,
) -> Transaction:
    """A transaction for a request that differs from others by these."""
    text = INVITE.replace("INVITE", method).replace("z9hG4bKone", f"z9hG4bK{branch}").replace("call1@", f"{call_id}@")
    ctx: Any = context(text)
    index, label = (TransactionTable() if table is None else table).next_identity(ctx.request.call_id)
    key = server_key(ctx.request)
    slot = slot or slot_of(FakeRuntime())
    timers, forking, lock = TransactionTimers(), ForkingSettings(), new_lock()
    return Transaction(index, label, key, ctx, timers, forking, slot, lock, lambda due: None)


def client_branch(owner: Transaction, branch_id: str) -> ClientBranch:
    """A branch added to a transaction."""
    branch = ClientBranch(len(owner.branches), branch_id, Branch("sip:bob@192.0.2.1"))
    owner.branches.append(branch)
    return branch
