import pytest

from luasip.transaction.states import FAILURE, PROVISIONAL, SUCCESS, response_input


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (100, PROVISIONAL),
        (199, PROVISIONAL),
        (200, SUCCESS),
        (299, SUCCESS),
        (300, FAILURE),
        (699, FAILURE),
    ],
)
def test_response_input(status: int, expected: int) -> None:
    assert response_input(status) == expected
