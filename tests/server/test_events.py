"""luasip/server/transactions/events.py: the flows of a transaction, one at a time and in order."""

import threading
from typing import Any

import pytest

from luasip.kemi.operation import Event, RunRoute, Sleep
from luasip.server.frames import Flow
from luasip.server.transactions.events import Events
from luasip.server.transactions.transaction import Transaction
from tests.bench import context
from tests.server.stand_in import FakeRuntime, Stage, slot_of
from tests.server.transactions_bench import transaction

MANY = 5000


class Bench:
    """Events over a stage; flows leave their names."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.order: list[Any] = []
        self.settled: list[Transaction] = []
        self.events = Events(self.stage.execution, self.settled.append)
        self.transaction = transaction()

    def flow(self, name: Any, *seconds: float) -> Flow:
        """A flow that waits for these times."""
        self.order.append(name)
        for each in seconds:
            yield Sleep(each)
            self.order.append(f"{name} after {each:g}")

    def enqueue(self, *flows: Flow) -> None:
        for flow in flows:
            self.events.enqueue(self.transaction, flow)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_flow_that_does_not_wait_runs_at_once_and_the_transaction_is_settled(bench: Bench) -> None:
    bench.enqueue(bench.flow("a"))
    assert (bench.order, bench.settled) == (["a"], [bench.transaction])
    assert not bench.transaction.events_running
    bench.enqueue(bench.flow("b"))
    assert (bench.order, len(bench.settled)) == (["a", "b"], 2)


def test_a_flow_that_waits_holds_back_those_behind_it(bench: Bench) -> None:
    bench.enqueue(bench.flow("a", 1, 2), bench.flow("b", 1), bench.flow("c"))
    assert bench.order == ["a"]
    assert bench.transaction.events_running
    bench.stage.advance(1)
    assert bench.order == ["a", "a after 1"]
    bench.stage.advance(2)
    assert bench.order == ["a", "a after 1", "a after 2", "b"]
    assert bench.settled == []
    bench.stage.advance(1)
    assert bench.order[4:] == ["b after 1", "c"]
    assert bench.settled == [bench.transaction]
    assert not bench.transaction.events_running


def test_a_flow_that_fails_does_not_hold_the_rest(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def fails(seconds: float) -> Flow:
        if seconds:
            yield Sleep(seconds)
        raise ValueError("oops")

    bench.enqueue(fails(0), fails(1), bench.flow("next"))
    bench.stage.advance(1)
    assert (bench.order, bench.settled[-1]) == (["next"], bench.transaction)
    assert caplog.messages == ["a flow failed"] * 2


def test_other_transactions_are_not_held_back(bench: Bench) -> None:
    bench.enqueue(bench.flow("a", 5))
    other = transaction(branch="two")
    bench.events.enqueue(other, bench.flow("other"))
    assert bench.order == ["a", "other"]
    assert bench.settled == [other]
    bench.stage.advance(5)


def test_an_event_of_an_event_comes_after_it(bench: Bench) -> None:
    def first() -> Flow:
        bench.enqueue(bench.flow("second"))
        bench.order.append("first")
        return
        yield

    bench.enqueue(first())
    assert bench.order == ["first", "second"]


@pytest.mark.parametrize("wait", [(), (1.0,)])
def test_thousands_of_flows_behind_one_that_waits_need_no_stack(bench: Bench, wait: tuple[float, ...]) -> None:
    bench.enqueue(bench.flow("first", 1))
    bench.enqueue(*[bench.flow(number) for number in range(MANY)])
    bench.enqueue(bench.flow("last", *wait))
    bench.stage.advance(1)
    bench.stage.advance(1)
    assert bench.order[2 : MANY + 2] == list(range(MANY))
    assert len(bench.settled) == 1


def test_thousands_of_flows_that_each_wait_need_no_stack(bench: Bench) -> None:
    def waits(number: int) -> Flow:
        yield Event("key", 10)
        bench.order.append(number)

    bench.enqueue(*[waits(number) for number in range(MANY)])
    for _ in range(MANY):
        bench.stage.wakeups.notify("key", None)
        bench.stage.advance()
    assert bench.order == list(range(MANY))
    assert len(bench.settled) == 1


def test_thousands_of_flows_enqueued_by_a_flow_need_no_stack(bench: Bench) -> None:
    def again(number: int) -> Flow:
        bench.order.append(number)
        if number < MANY:
            bench.enqueue(again(number + 1))
        return
        yield

    bench.enqueue(again(1))
    assert bench.order == list(range(1, MANY + 1))


def test_the_runtime_is_the_transactions_unless_another_slot_is_given(bench: Bench) -> None:
    ran: list[str] = []

    def slot(name: str) -> Any:
        return slot_of(FakeRuntime(callback=lambda ctx: ran.append(name)))

    def calls() -> Flow:
        yield RunRoute("callback", context())

    own = transaction(slot=slot("own"))
    bench.events.enqueue(own, calls())
    bench.events.enqueue(own, calls(), slot("other"))
    assert ran == ["own", "other"]


def test_threads_that_enqueue_at_once(bench: Bench) -> None:
    """Nothing is lost, nothing overlaps, and each thread's own flows stay in order."""
    inside, overlaps = [0], [0]

    def flow(thread: int, number: int) -> Flow:
        inside[0] += 1
        overlaps[0] += inside[0] != 1
        bench.order.append((thread, number))
        inside[0] -= 1
        return
        yield

    def enqueue(thread: int) -> None:
        for number in range(300):
            bench.enqueue(flow(thread, number))

    threads = [threading.Thread(target=enqueue, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (len(bench.order), overlaps) == (1200, [0])
    for number in range(4):
        assert [each for who, each in bench.order if who == number] == list(range(300))
    assert not bench.transaction.events_running
    assert bench.settled
