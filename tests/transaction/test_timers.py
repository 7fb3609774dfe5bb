import pytest

from luasip.transaction.timers import TransactionTimers


def test_defaults_are_those_of_kamailio() -> None:
    timers = TransactionTimers()
    assert (timers.retransmit_1, timers.retransmit_2) == (0.5, 4.0)
    assert (timers.final_response, timers.final_invite_response, timers.wait) == (30.0, 120.0, 5.0)
    assert (timers.max_invite_lifetime, timers.max_non_invite_lifetime) == (180.0, 32.0)
    assert timers.restart_final_response


@pytest.mark.parametrize(
    ("first", "longest", "seconds"),
    [(0.5, 4.0, 3.5), (0.5, 2.0, 1.5), (1.0, 4.0, 3.0), (4.0, 4.0, 0.0), (0.0, 4.0, 0.0)],
)
def test_late_trying_comes_when_timer_e_reaches_t2(first: float, longest: float, seconds: float) -> None:
    timers = TransactionTimers(retransmit_1=first, retransmit_2=longest)
    assert timers.late_trying_after() == seconds
