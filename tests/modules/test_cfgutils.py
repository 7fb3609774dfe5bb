"""luasip/modules/cfgutils: locks by key, waited for in order; hashes, RPC commands. The rest is in the scenarios."""

from pathlib import Path
from typing import Any

import pytest

from luasip.errors import CommandError, SettingsError
from luasip.kemi.operation import TIMED_OUT, Event, Operation
from luasip.modules.cfgutils import Cfgutils, KeyLocks
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


@pytest.mark.parametrize(
    ("first", "second", "size", "expected"),
    [  # what Kamailio 5.6 answers
        ("sip:a@b", "", 4, 12),
        ("sip:a@b", "", 16, 24940),
        ("sip:a@b", "", 0, 2),
        ("sip:a@b", "x", 0, 1),
        ("sip:a@b", "x", -5, 1),
        ("sip:a@b", "x", 1, 1),
        ("sip:a@b", "x", 2, 3),
        ("sip:a@b", "x", 16, 25059),
        ("sip:a@b", "x", 31, 2105893347),
        ("sip:a@b", "x", 32, 1),
        ("", "", 4, 1),
        ("", "x", 4, 8),
        ("\xff\xfe\xfd\xfc\xfb", "\xfa", 16, 29193),
        ("alice@example.com", "bob", 8, 154),
    ],
)
def test_core_hash(first: str, second: str, size: int, expected: int) -> None:
    cfgutils = Cfgutils(Cfgutils.Settings(), FakeServices())
    assert cfgutils.core_hash(context(), first, second, size) == expected


def test_random_numbers() -> None:
    cfgutils = Cfgutils(Cfgutils.Settings(), FakeServices())
    found = [cfgutils.random_number(context(), "", None) for _ in range(100)]
    assert len(set(found)) > 90
    assert all(isinstance(number, int) and 0 <= number < 1 << 31 for number in found)


def test_global_flags() -> None:
    cfgutils = Cfgutils(Cfgutils.Settings(initial_gflags=5), FakeServices())
    assert cfgutils.get_flags() == "0x5 (5)"
    cfgutils.set_flags(10)
    assert cfgutils.get_flags() == "0xF (15)"
    cfgutils.reset_flags(1)
    assert [cfgutils.has_flags(mask) for mask in (1, 2, 3, 14)] == ["FALSE", "TRUE", "FALSE", "TRUE"]
    with pytest.raises(CommandError, match="Invalid Parameters"):
        cfgutils.set_flags("x")  # type: ignore[arg-type]


def test_probability_by_commands() -> None:
    cfgutils = Cfgutils(Cfgutils.Settings(initial_probability=7), FakeServices())
    cfgutils.set_probability(100)
    assert cfgutils.get_probability() == "actual probability: 100 percent"
    assert cfgutils.rand_event(context()) == 1
    with pytest.raises(CommandError, match="Invalid Percent"):
        cfgutils.set_probability(101)
    cfgutils.reset_probability()
    assert cfgutils.rand_get_prob(context()) == 7


def test_hash_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "settings"
    file.write_text("abc")
    cfgutils = Cfgutils(Cfgutils.Settings(hash_file=str(file)), FakeServices())
    cfgutils.start()
    assert cfgutils.get_file_sum() == "900150983cd24fb0d6963f7d28e17f72"
    assert cfgutils.check_file_sum() == "Identical hash"
    file.write_text("abd")
    assert cfgutils.check_file_sum() == "Different hash"
    file.unlink()
    with pytest.raises(CommandError, match="Failed to hash the file"):
        cfgutils.check_file_sum()
    with pytest.raises(SettingsError, match="hash_file"):
        cfgutils.start()
    with pytest.raises(CommandError, match="No hash file"):
        Cfgutils(Cfgutils.Settings(), FakeServices()).check_file_sum()
