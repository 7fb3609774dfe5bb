"""luasip/kemi/operation.py: what suspending functions give."""

import pytest

from luasip.kemi.operation import Once, Sleep


def test_once_waits_one_time() -> None:
    sleep = Sleep(1.5)
    once = Once(sleep)
    assert next(once) is sleep
    with pytest.raises(StopIteration) as ended:
        once.send("whatever came of it")
    assert ended.value.value is None


def test_once_that_was_closed_is_over() -> None:
    once = Once(Sleep(1.0))
    once.close()
    with pytest.raises(StopIteration):
        next(once)
