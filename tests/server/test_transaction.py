"""luasip/server/transactions/transaction.py: what is put away comes back as it was."""

import pytest

from luasip.kemi.context import Branch
from luasip.sip.via import received_via
from luasip.transaction.client import NonInviteClient
from luasip.transaction.client_invite import InviteClient
from luasip.transaction.timers import TransactionTimers
from tests.server.transactions_bench import client_branch, transaction


def put_away(method: str = "INVITE", branch: str = "one") -> tuple[object, object]:
    """A transaction, put away, and the request it had."""
    ringing = transaction(method=method, branch=branch)
    request = ringing.request
    request.top_via_text = received_via(request.top_via, "192.0.2.9", 5062)
    ringing.edits.append_header(request, "X-Ours: yes\r\n")
    ringing.script_running = False
    with ringing.lock:
        ringing.put_away()
    assert (ringing._request, ringing._edits) == (None, None)
    return ringing, request


@pytest.mark.parametrize("branch", ["one", "one;rport", "one;rport;x=y", "one;maddr=192.0.2.1"])
def test_the_request_its_via_and_the_edits(branch: str) -> None:
    ringing, request = put_away(branch=branch)
    again = ringing.request
    assert again is not request
    assert (again.text, again.top_via_text) == (request.text, request.top_via_text)
    assert ringing.request is again
    assert "X-Ours: yes\r\n\r\n" in ringing.edits.apply(again)
    assert ringing.call_id == again.call_id


def test_a_second_time() -> None:
    ringing, request = put_away()
    ringing.edits.append_header(ringing.request, "X-More: yes\r\n")
    with ringing.lock:
        ringing.put_away()
    assert ringing.request.top_via_text == request.top_via_text
    assert "X-Ours: yes\r\nX-More: yes\r\n\r\n" in ringing.edits.apply(ringing.request)


@pytest.mark.parametrize(
    ("machine", "kept"), [(InviteClient, "INVITE …\r\n\r\n"), (NonInviteClient, "INVITE …\r\n\r\nbody\r\n\r\n")]
)
def test_of_an_invite_that_was_answered_only_the_headers_are_needed(machine: type, kept: str) -> None:
    owner = transaction()
    branch = client_branch(owner, "z9hG4bKours")
    branch.text = "INVITE …\r\n\r\nbody\r\n\r\n"
    branch.machine = machine(TransactionTimers(), False, 0.0)
    branch.put_away(owner.target)
    assert branch.text == "INVITE …\r\n\r\nbody\r\n\r\n"
    branch.status = 180
    branch.put_away(owner.target)
    assert branch.text == kept


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("uri", "sip:other@x"),
        ("destination_uri", "sip:x"),
        ("q", 0.5),
        ("flags", 1),
        ("path", "<sip:x>"),
        ("protocol", "tcp"),
        ("send_socket", object()),
        ("instance", "<urn:x>"),
        ("reg_id", 1),
        ("ruid", "r"),
        ("location_user_agent", "phone"),
    ],
)
def test_equal_targets_are_one(name: str, value: object) -> None:
    owner = transaction()
    branch = client_branch(owner, "z9hG4bKours")
    branch.target, branch.status = owner.target.copy(), 180
    branch.put_away(owner.target)
    assert branch.target is owner.target
    other = owner.target.copy()
    setattr(other, name, value)
    branch.target = other
    branch.put_away(owner.target)
    assert branch.target is other
    assert {*Branch.__slots__} >= {name}
