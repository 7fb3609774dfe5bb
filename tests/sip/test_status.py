import pytest

from luasip.sip.status import REASONS, reason_phrase


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (100, "Trying"),
        (487, "Request Terminated"),
        (199, "Early Dialog Terminated"),
        (299, "OK"),
        (499, "Bad Request"),
        (599, "Server Internal Error"),
        (699, "Busy Everywhere"),
        (399, "Multiple Choices"),
        (99, "Unknown"),
        (700, "Unknown"),
    ],
)
def test_reason_phrase(status: int, reason: str) -> None:
    assert reason_phrase(status) == reason


def test_reasons_are_lines() -> None:
    assert all(100 <= status <= 699 and reason.isprintable() and reason for status, reason in REASONS.items())
