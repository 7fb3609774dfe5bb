"""luasip/server/lua_workers.py: threads with a runtime of their own, their queue and their end."""

import threading
from collections.abc import Generator, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Route
from luasip.kemi.operation import Sleep
from luasip.server import lua_workers
from luasip.server.frames import RuntimeSlot
from luasip.server.lua_workers import LuaWorkers
from luasip.server.services import ServerServices
from luasip.server.transactions.suspension import Suspension
from luasip.server.transactions.transaction import Transaction
from luasip.transport.packet import Listener
from tests.server.stand_in import FakeRuntime, Stage, Waiting, slot_of


class FakeSuspension:
    """Keeps what is resumed."""

    def __init__(self) -> None:
        self.resumed: list[tuple[Any, ...]] = []

    def resume(self, *arguments: Any) -> int:
        self.resumed.append(arguments)
        return 1


class Group:
    """Workers over stand-ins; `done` is set by the function "finish" of their script."""

    def __init__(self, threads: int) -> None:
        self.stage = Stage()
        self.suspension = FakeSuspension()
        self.done = threading.Event()
        self.contexts: list[RouteContext] = []
        services = SimpleNamespace(
            listeners=[Listener("udp", "127.0.0.1", 5060)], random_token=lambda length: "t" * length
        )
        self.workers = LuaWorkers(
            "test-group",
            cast(ServerServices, services),
            self.stage.execution,
            cast(Suspension, self.suspension),
        )
        self.slots = [slot_of(FakeRuntime(finish=self.finish, wait=wait)) for _ in range(threads)]
        self.workers.start(self.slots)

    def finish(self, ctx: RouteContext, *arguments: str) -> None:
        self.contexts.append(ctx)
        self.done.set()

    @property
    def threads(self) -> list[str]:
        return sorted(t.name for t in threading.enumerate() if t.name.startswith("test-group-"))

    @property
    def waiting(self) -> int:
        """Jobs in the queue, but for those that end a thread."""
        jobs = vars(self.workers)["_jobs"]
        with jobs.mutex:
            return sum(job is not None for job in jobs.queue)


def wait(ctx: RouteContext, *arguments: str) -> Generator[Waiting, Any, None]:
    def sleep() -> Waiting:
        yield Sleep(5)

    yield sleep()


@pytest.fixture
def group() -> Iterator[Group]:
    group = Group(1)
    yield group
    group.workers.stop()
    assert group.threads == []


def hold(group: Group) -> threading.Event:
    """Occupy a thread until the event is set."""
    began, over = threading.Event(), threading.Event()

    def job(slot: RuntimeSlot) -> None:
        began.set()
        over.wait(10)

    assert group.workers.submit(job)
    assert began.wait(5)
    return over


def test_each_thread_has_a_slot_of_its_own() -> None:
    group = Group(3)
    assert group.threads == ["test-group-0", "test-group-1", "test-group-2"]
    together = threading.Barrier(4)
    slots: list[RuntimeSlot] = []

    def job(slot: RuntimeSlot) -> None:
        slots.append(slot)
        together.wait(5)

    for _ in range(3):
        assert group.workers.submit(job)
    together.wait(5)
    assert {id(slot) for slot in slots} == {id(slot) for slot in group.slots}
    group.workers.stop()
    assert group.threads == []


def test_a_function_runs_on_a_made_up_request(group: Group) -> None:
    ended = threading.Event()
    assert group.workers.run("finish", "rtimer", {"rtimer.worker": 2}, ended.set)
    assert group.done.wait(5)
    assert ended.wait(5)
    (ctx,) = group.contexts
    assert (ctx.route, ctx.event, ctx.attributes["rtimer.worker"]) == (Route.EVENT, "rtimer", 2)
    assert (ctx.request.method, ctx.request.call_id, ctx.source.host) == ("OPTIONS", "t" * 20, "127.0.0.1")


def test_a_function_that_waits_frees_the_thread_and_tells_its_end_later(group: Group) -> None:
    ended = threading.Event()
    assert group.workers.run("wait", "x", None, ended.set)
    assert group.workers.run("finish", "x")
    assert group.done.wait(5)
    assert not ended.is_set()
    group.stage.advance(5)
    assert ended.is_set()


def test_the_end_of_a_function_that_is_not_there_is_told(group: Group) -> None:
    ended = threading.Event()
    assert group.workers.run("missing", "x", None, ended.set)
    assert ended.wait(5)


def test_a_job_that_raises_does_not_end_the_thread(group: Group, caplog: pytest.LogCaptureFixture) -> None:
    def job(slot: RuntimeSlot) -> None:
        raise ValueError("oops")

    group.workers.submit(job)
    assert group.workers.run("finish", "x")
    assert group.done.wait(5)
    assert caplog.messages == ["test-group: a job failed"]


def test_a_full_queue_refuses(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lua_workers, "QUEUE", 2)
    group = Group(1)
    over = hold(group)
    assert [group.workers.run("finish", "x") for _ in range(4)] == [True, True, False, False]
    assert group.workers.refused == 2
    assert caplog.messages == ["test-group: 2 jobs wait already, one was refused"] * 2
    over.set()
    assert group.done.wait(5)
    group.workers.stop()


def test_stop_drops_what_waits_even_in_a_full_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lua_workers, "QUEUE", 3)
    group = Group(2)
    overs = [hold(group), hold(group)]
    for _ in range(3):
        assert group.workers.run("finish", "x")
    stopper = threading.Thread(target=group.workers.stop)
    stopper.start()
    while not vars(group.workers)["_stopped"] or group.waiting:
        pass
    for over in overs:
        over.set()
    stopper.join(5)
    assert (group.threads, group.done.is_set()) == ([], False)
    assert not group.workers.run("finish", "x")


def test_resuming_a_transaction(group: Group) -> None:
    transaction = Transaction.__new__(Transaction)
    assert group.workers.resume(transaction, "callback", "argument")
    assert group.workers.run("finish", "x")
    assert group.done.wait(5)
    assert group.suspension.resumed == [(transaction, "callback", "argument", group.slots[0])]


def test_without_threads_jobs_run_on_the_timers() -> None:
    group = Group(0)
    slot = slot_of(FakeRuntime(finish=group.finish))
    group.workers.start_without_threads(lambda: slot)
    ended: list[bool] = []
    assert group.workers.run("finish", "x", None, lambda: ended.append(True))
    assert ended == []
    group.stage.advance()
    assert ended == [True]
    group.workers.stop()
