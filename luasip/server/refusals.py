"""What an operation gives that was not carried out, or not to its end."""

from typing import Any

from luasip.kemi.operation import POOL_FULL, TIMED_OUT, Call, Event, Operation, Parallel


def refusal(operation: Operation) -> Any:
    """The result of one that may not even begin."""
    if isinstance(operation, Call):
        return POOL_FULL
    if isinstance(operation, Parallel):
        return [False] * len(operation.routes)
    return TIMED_OUT if isinstance(operation, Event) else None


def given_up(operation: Operation | None) -> Any:
    """The result of one whose wait was ended from outside: that its time is over."""
    if operation is None or isinstance(operation, Call):
        return TIMED_OUT
    return refusal(operation)
