"""luasip/server/transactions/table.py: every way a transaction is found, and that nothing of it stays."""

import threading

import pytest

from luasip.server.transactions.table import LABELS, SLOTS, TransactionTable
from luasip.server.transactions.transaction import Transaction
from luasip.transaction.client import NonInviteClient
from luasip.transaction.key import ack_key
from tests.server.transactions_bench import client_branch, transaction


@pytest.fixture
def table() -> TransactionTable:
    return TransactionTable()


def is_empty(table: TransactionTable) -> bool:
    return not any(value for value in vars(table).values() if isinstance(value, dict))


def test_identities(table: TransactionTable) -> None:
    pairs = [table.next_identity("call@x") for _ in range(3)]
    assert [label for _, label in pairs] == [1, 2, 3]
    assert len({index for index, _ in pairs}) == 1
    assert all(0 <= index < SLOTS for index, _ in pairs)
    assert table.next_identity("other@x")[0] != pairs[0][0]


def test_labels_begin_again_after_the_last() -> None:
    table = TransactionTable(LABELS - 1)
    assert [table.next_identity("c")[1] for _ in range(2)] == [LABELS - 1, 0]


def test_found_in_every_way(table: TransactionTable) -> None:
    invite = transaction(table)
    assert table.add(invite) is invite
    branch = client_branch(invite, "z9hG4bKours")
    table.add_branch(invite, branch, "INVITE")
    found = [
        table.find(invite.key),
        table.by_id(invite.id_index, invite.id_label),
        table.by_dialog(ack_key(invite.request)),
        table.by_call_id("call1@127.0.0.2", "7"),
        table.by_call_id("call1@127.0.0.2", "7 INVITE"),
    ]
    assert found == [invite] * 5
    assert table.by_branch("z9hG4bKours", "INVITE") == (invite, branch)
    assert (table.all(), len(table)) == ([invite], 1)


def test_not_found(table: TransactionTable) -> None:
    invite = transaction(table)
    table.add(invite)
    table.add_branch(invite, client_branch(invite, "z9hG4bKours"), "INVITE")
    assert table.find(invite.key + "x") is None
    assert table.by_id(invite.id_index, invite.id_label + 1) is None
    assert table.by_dialog("x") is None
    assert table.by_branch("z9hG4bKours", "CANCEL") is None
    assert table.by_branch("z9hG4bKx", "INVITE") is None
    for call_id, cseq in (("call1@127.0.0.2", "8"), ("x", "7"), ("call1@127.0.0.2", ""), ("call1@127.0.0.2", " ")):
        assert table.by_call_id(call_id, cseq) is None


def test_only_an_invite_is_found_by_its_dialog(table: TransactionTable) -> None:
    message = transaction(table, "MESSAGE")
    table.add(message)
    assert table.by_dialog(ack_key(message.request)) is None


def test_the_faster_thread_wins(table: TransactionTable) -> None:
    all_ready, winners = threading.Barrier(8), list[Transaction]()

    def add() -> None:
        mine = transaction(table)
        all_ready.wait(5)
        winners.append(table.add(mine))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len({id(winner) for winner in winners}) == 1
    assert table.all() == winners[:1]
    loser = transaction(table)
    table.remove(loser)  # it was never in: what is there stays
    assert table.find(loser.key) is winners[0]


def test_removed_with_everything_that_leads_to_it(table: TransactionTable) -> None:
    invite, message = transaction(table), transaction(table, "MESSAGE", "two", "call2")
    for each in (invite, message):
        table.add(each)
    first, second = client_branch(invite, "z9hG4bK1"), client_branch(invite, "z9hG4bK2")
    table.add_branch(invite, first, "INVITE")
    table.add_branch(invite, second, "INVITE")
    first.cancel_machine = NonInviteClient(invite.timers, False, 0.0)
    table.add_branch(invite, first, "CANCEL")
    table.add_branch(message, client_branch(message, "z9hG4bK3"), "MESSAGE")
    table.remove(invite)
    table.remove(invite)
    assert table.all() == [message]
    assert table.by_branch("z9hG4bK1", "CANCEL") is None
    assert table.by_branch("z9hG4bK3", "MESSAGE") is not None
    table.remove(message)
    assert is_empty(table)


def test_a_branch_that_goes_on_under_another_via(table: TransactionTable) -> None:
    invite = transaction(table)
    table.add(invite)
    branch = client_branch(invite, "z9hG4bK1")
    table.add_branch(invite, branch, "INVITE")
    table.remove_branch("z9hG4bK1", "INVITE")
    table.remove_branch("z9hG4bK1", "INVITE")
    branch.branch_id = "z9hG4bK2"
    table.add_branch(invite, branch, "INVITE")
    assert table.by_branch("z9hG4bK1", "INVITE") is None
    assert table.by_branch("z9hG4bK2", "INVITE") == (invite, branch)
    table.remove(invite)
    assert is_empty(table)


def test_an_invite_with_the_same_dialog_key_takes_it_over(table: TransactionTable) -> None:
    """A forked INVITE may reach us twice by different ways: same Call-ID, From tag and CSeq (RFC 3261 §8.2.2.2)."""
    first, second = transaction(table), transaction(table, branch="two")
    table.add(first)
    table.add(second)
    table.remove(first)
    assert table.by_dialog(ack_key(second.request)) is second
    table.remove(second)
    assert is_empty(table)


def test_a_cancel_made_here_is_a_transaction_like_others(table: TransactionTable) -> None:
    cancel = transaction(table, method="CANCEL")
    table.add(cancel)
    branch = client_branch(cancel, "z9hG4bKours")
    table.add_branch(cancel, branch, "CANCEL")
    assert table.by_branch("z9hG4bKours", "CANCEL") == (cancel, branch)
    assert table.by_branch("z9hG4bKours", "INVITE") is None
    table.remove(cancel)
    assert is_empty(table)


def test_a_label_beyond_all_is_nobodys(table: TransactionTable) -> None:
    invite = transaction(table)
    table.add(invite)
    assert table.by_id(invite.id_index - 1, invite.id_label + LABELS) is None
    assert table.by_id(invite.id_index + 1, invite.id_label - LABELS) is None
