"""luasip/modules/cfgutils.py: locks by key, waited for in order. The rest is in the scenarios."""

from typing import Any

import pytest

from luasip.kemi.operation import TIMED_OUT, Event, Operation
from luasip.modules.cfgutils import KeyLocks
from tests.bench import FakeServices, context, settle


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


@pytest.fixture
def locks(services: FakeServices) -> KeyLocks:
    return KeyLocks(services, 4)


def never(operation: Operation) -> Any:
    raise AssertionError(f"the lock is free: {operation}")


def test_free_held_and_given_back(locks: KeyLocks, services: FakeServices) -> None:
    ctx, other = context(), context()
    assert settle(locks.take(ctx, "a"), never) == 1
    assert settle(locks.take(ctx, "a"), never) == 1  # it has it already
    assert locks.try_to_take(other, "a") == -1
    assert locks.release("a") == 1
    assert locks.release("a") == -1
    assert locks.try_to_take(other, "a") == 1
    assert services.granted == {}


def test_it_goes_to_the_one_who_has_waited_longest(locks: KeyLocks, services: FakeServices) -> None:
    contexts = [context() for _ in range(3)]
    settle(locks.take(contexts[0], "a"), never)
    flows = [locks.take(ctx, "a") for ctx in contexts[1:]]
    tickets = [next(flow) for flow in flows]
    assert isinstance(tickets[0], Event)
    locks.release("a")
    assert services.granted == {tickets[0].key: True}
    with pytest.raises(StopIteration) as ended:
        flows[0].send(True)
    assert ended.value.value == 1
    assert locks.try_to_take(contexts[1], "a") == 1
    assert locks.try_to_take(contexts[2], "a") == -1


def test_who_gives_up_is_not_waited_for(locks: KeyLocks, services: FakeServices) -> None:
    holder, ctx = context(), context()
    settle(locks.take(holder, "a"), never)
    assert settle(locks.take(ctx, "a"), lambda operation: TIMED_OUT) == -1
    assert locks.release("a") == 1
    assert services.granted == {}


def test_handed_over_as_the_wait_ended(locks: KeyLocks, services: FakeServices) -> None:
    """The lock is held, and the wake-up that is under way is taken too."""
    holder, ctx = context(), context()
    settle(locks.take(holder, "a"), never)
    asked: list[Operation] = []

    def answer(operation: Operation) -> Any:
        asked.append(operation)
        if len(asked) == 1:
            locks.release("a")
            return TIMED_OUT
        return True

    assert settle(locks.take(ctx, "a"), answer) == 1
    assert [each.key for each in asked if isinstance(each, Event)] == list(services.granted) * 2
    assert locks.try_to_take(ctx, "a") == 1
    assert locks.try_to_take(holder, "a") == -1


def test_a_lock_ends_with_the_route_that_holds_it(locks: KeyLocks, caplog: pytest.LogCaptureFixture) -> None:
    ctx = context()
    settle(locks.take(ctx, "a"), never)
    assert ctx.at_end is not None
    for action in ctx.at_end:
        action()
    assert caplog.messages == ["a lock was still held when its route ended; it is released"]
    assert locks.try_to_take(context(), "a") == 1


@pytest.mark.parametrize("size", [0, 20, -1])
def test_no_locks(services: FakeServices, size: int) -> None:
    locks, ctx = KeyLocks(services, size), context()
    assert settle(locks.take(ctx, "a"), never) == -1
    assert (locks.try_to_take(ctx, "a"), locks.release("a")) == (-1, -1)
