import pytest

from luasip.kemi.retrying import pause_after


@pytest.mark.parametrize(
    ("failures", "pause"), [(1, 1.0), (2, 2.0), (3, 4.0), (5, 16.0), (6, 30.0), (1025, 30.0), (10**6, 30.0)]
)
def test_pause(failures: int, pause: float) -> None:
    assert pause_after(failures, 1.0, 30.0) == pause


def test_a_longest_pause_below_the_first() -> None:
    assert pause_after(1, 2.0, 0.5) == 0.5
