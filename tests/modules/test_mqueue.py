from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from luasip.errors import CommandError, MisuseError, SettingsError, StorageError
from luasip.kemi.operation import TIMED_OUT, Event
from luasip.modules.mqueue import ItemQueue, Mqueue, Queue
from luasip.modules.mqueue.item_log import ItemLog
from luasip.storage import Databases
from tests.bench import FakeServices, context, exported, settle

QUEUES = ["name=q;", "name=small;size=2", "name=first;addmode=1", "name=last;size=2;addmode=2"]


def mqueue(services: FakeServices | None = None, queues: list[str] | None = None, **settings: Any) -> Mqueue:
    services = services or FakeServices()
    texts = QUEUES if queues is None else queues
    waiting = Queue(Queue.Settings(), services)
    module = Mqueue(Mqueue.Settings(mqueue=texts, **settings), services, luasip_queue=waiting)
    module.start()
    return module


def drained(module: Mqueue, name: str) -> list[tuple[Any, Any]]:
    ctx, found = context(), []
    while module.mq_fetch(ctx, name) > 0:
        found.append((module.mqk_get(ctx, name), module.mqv_get(ctx, name)))
    return found


ADDED = [("a", "1"), ("b", "2"), ("a", "3"), ("c", "4")]


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("q", [("a", "1"), ("b", "2"), ("a", "3"), ("c", "4")]),
        ("small", [("a", "3"), ("c", "4")]),
        ("first", [("a", "1"), ("b", "2"), ("c", "4")]),
        ("last", [("a", "3"), ("c", "4")]),
    ],
)
def test_add_and_fetch(name: str, left: list[tuple[str, str]]) -> None:
    module = mqueue()
    assert [module.mq_add(context(), name, key, value) for key, value in ADDED] == [1] * 4
    assert module.mq_size(context(), name) == len(left)
    assert drained(module, name) == left
    assert module.mq_size(context(), name) == -1


def test_items_that_go_because_the_queue_is_full_are_counted() -> None:
    services = FakeServices()
    module = mqueue(services)
    for key, value in ADDED:
        module.mq_add(context(), "small", key, value)
    assert services.counters == {"mqueue:dropped": 2}


def test_codes() -> None:
    module, ctx = mqueue(), context()
    assert module.mq_fetch(ctx, "q") == -2
    assert module.mq_fetch(ctx, "none") == -1
    assert module.mq_add(ctx, "none", "k", "v") == -1
    assert module.mq_size(ctx, "none") == -2
    assert module.mq_pv_free(ctx, "none") == 1


def test_the_item_fetched_stays_until_the_next_fetch_or_until_it_is_freed() -> None:
    module, ctx, other = mqueue(), context(), context()
    module.mq_add(ctx, "q", "k", "v")
    module.mq_add(ctx, "q", "l", "w")
    assert module.mq_fetch(ctx, "q") == 1
    functions = exported(module)
    assert [functions[f"mqk_{end}"](ctx, "q") for end in ("get", "gete", "getw")] == ["k"] * 3
    assert [functions[f"mqv_{end}"](ctx, "q") for end in ("get", "gete", "getw")] == ["v"] * 3
    assert (module.fetched_key(ctx, "q", None), module.fetched_value(ctx, "q", None)) == ("k", "v")
    assert module.mqk_get(other, "q") is None
    assert module.items_held(ctx, "q", None) == 1
    assert module.items_held(ctx, "none", None) is None
    module.mq_pv_free(ctx, "q")
    assert [functions[f"mqk_{end}"](ctx, "q") for end in ("get", "gete", "getw")] == [None, "", "<null>"]
    assert [functions[f"mqv_{end}"](ctx, "q") for end in ("get", "gete", "getw")] == [None, "", "<null>"]
    assert (module.mq_fetch(ctx, "q"), module.mqk_get(ctx, "q")) == (1, "l")
    assert (module.mq_fetch(ctx, "q"), module.mqk_get(ctx, "q")) == (-2, None)


def test_commands() -> None:
    module = mqueue()
    module.mq_add(context(), "q", "k", "v")
    assert module.get_size("q") == {"name": "q", "size": 1}
    assert {"name": "small", "size": 0} in module.get_sizes()
    assert module.fetch("q") == {"key": "k", "val": "v"}
    for wrong in ("q", "none"):
        with pytest.raises(CommandError):
            module.fetch(wrong)


def test_queues_by_name_and_defaults() -> None:
    module = mqueue(queues=[], mqueue_name=["a", "b"], mqueue_size=1)
    for key, value in ADDED:
        module.mq_add(context(), "b", key, value)
    assert drained(module, "b") == [("c", "4")]


@pytest.mark.parametrize(
    ("queues", "problem"),
    [
        (["size=3"], "a name"),
        (["name=q;size=many"], "size"),
        (["name=q;addmode=3"], "addmode"),
        (["name=q;dbmode=4"], "dbmode"),
        (["name=q", "name=q"], "already"),
        (["name=q;colour=red"], "colour"),
        (["name=q;dbmode=1"], "db_url"),
        (["name=q;durable=2"], "durable"),
        (["name=q;dbmode=1;durable=1"], "not both"),
    ],
)
def test_wrong_settings(queues: list[str], problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        mqueue(queues=queues)
    assert problem in caught.value.problems[0]


# Waiting


def waiting(services: FakeServices) -> tuple[Mqueue, Queue]:
    queue = Queue(Queue.Settings(), services)
    return Mqueue(Mqueue.Settings(mqueue=QUEUES), services, luasip_queue=queue), queue


def test_get_takes_what_is_there() -> None:
    module, queue = waiting(FakeServices())
    module.mq_add(context(), "q", "k", "v")
    assert settle(queue.get(context(), "q", 5)) == ("k", "v")
    assert settle(queue.get(context(), "q", 0)) is None


def test_get_waits_and_is_served_in_order() -> None:
    services = FakeServices()
    module, queue = waiting(services)
    routes = [queue.get(context(), "q", 5), queue.get(context(), "q", 5)]
    tickets = [next(route) for route in routes]
    assert [ticket.timeout for ticket in tickets if isinstance(ticket, Event)] == [5.0, 5.0]
    for number, route in enumerate(routes):
        module.mq_add(context(), "q", "k", str(number))
        ticket = tickets[number]
        assert isinstance(ticket, Event)
        assert ticket.key in services.granted
        with pytest.raises(StopIteration) as ended:
            route.send(True)
        assert ended.value.value == ("k", str(number))
    assert module.mq_size(context(), "q") == -1


def test_nobody_came_in_time() -> None:
    module, queue = waiting(FakeServices())
    assert settle(queue.get(context(), "q", 0.5), lambda operation: TIMED_OUT) is None
    module.mq_add(context(), "q", "k", "v")
    assert module.mq_size(context(), "q") == 1


def test_an_item_that_comes_as_the_wait_ends_is_not_lost() -> None:
    module, queue = waiting(FakeServices())

    def too_late(operation: Any) -> Any:
        if operation.timeout == 5.0:
            module.mq_add(context(), "q", "k", "v")
        return TIMED_OUT

    assert settle(queue.get(context(), "q", 5.0), too_late) == ("k", "v")


def test_an_item_handed_to_a_route_that_is_gone_goes_back_to_the_front() -> None:
    module, queue = waiting(FakeServices())
    route = queue.get(context(), "q", 5)
    next(route)
    module.mq_add(context(), "q", "k", "v")
    module.mq_add(context(), "q", "l", "w")
    route.close()
    assert drained(module, "q") == [("k", "v"), ("l", "w")]


@pytest.mark.parametrize(
    ("name", "timeout"), [("none", 1), ("q", -1), ("q", "1"), ("q", True), ("q", None), ("q", 1e9)]
)
def test_wrong_use_of_get(name: str, timeout: Any) -> None:
    _, queue = waiting(FakeServices())
    with pytest.raises(MisuseError):
        settle(queue.get(context(), name, timeout))


def test_putting_back_leaves_a_newer_item_with_the_key() -> None:
    queue = ItemQueue("q", addmode=2)
    queue.add("k", "old")
    taken = queue.take(5)
    queue.add("k", "new")
    assert taken is not None
    assert queue.give_back(taken[0]) == ""
    assert (queue.fetch(), queue.fetch()) == (("k", "new"), None)


# Taking


def taking(services: FakeServices, name: str = "q", **settings: Any) -> tuple[Mqueue, Queue]:
    queue = Queue(Queue.Settings(), services)
    module = Mqueue(
        Mqueue.Settings(mqueue=[f"name={name}", "name=last;addmode=2"]), services, luasip_queue=queue
    )
    module.start()
    return module, queue


def test_an_item_that_was_taken_is_gone_when_it_is_done() -> None:
    module, queue = taking(FakeServices())
    module.mq_add(context(), "q", "k", "v")
    key, value, receipt = settle(queue.take(context(), "q", 0, 60))
    assert (key, value) == ("k", "v")
    assert settle(queue.take(context(), "q", 0, 60)) is None
    assert module.mq_size(context(), "q") == -1
    assert queue.done(context(), "q", receipt) is True
    assert queue.done(context(), "q", receipt) is False
    assert queue.give_back(context(), "q", receipt) is False


def test_items_given_back_are_first_again() -> None:
    module, queue = taking(FakeServices())
    for key in "abc":
        module.mq_add(context(), "q", key, "")
    receipts = [settle(queue.take(context(), "q", 0, 60))[2] for _ in range(2)]
    assert [queue.give_back(context(), "q", receipt) for receipt in reversed(receipts)] == [True, True]
    assert drained(module, "q") == [("a", ""), ("b", ""), ("c", "")]


def test_items_come_back_after_their_time() -> None:
    services = FakeServices()
    module, queue = taking(services)
    for key in "abc":
        module.mq_add(context(), "q", key, "")
    for seconds in (10, 5):
        settle(queue.take(context(), "q", 0, seconds))
    services.clock += 7
    services.timers["mqueue.taken"]()
    assert module.mq_size(context(), "q") == 2
    services.clock += 7
    services.timers["mqueue.taken"]()
    assert drained(module, "q") == [("a", ""), ("b", ""), ("c", "")]


def test_what_is_given_back_goes_to_one_who_waits() -> None:
    services = FakeServices()
    module, queue = taking(services)
    module.mq_add(context(), "q", "k", "v")
    receipt = settle(queue.take(context(), "q", 0, 60))[2]
    route = queue.take(context(), "q", 5, 60)
    ticket = next(route)
    assert queue.give_back(context(), "q", receipt) is True
    assert isinstance(ticket, Event)
    assert ticket.key in services.granted
    with pytest.raises(StopIteration) as ended:
        route.send(True)
    assert ended.value.value == ("k", "v", receipt)
    assert queue.done(context(), "q", receipt) is True


@pytest.mark.parametrize(("timeout", "keep"), [(-1, 1), (1, -1), (1, "x"), (1, 1e6)])
def test_wrong_use_of_take(timeout: Any, keep: Any) -> None:
    _, queue = taking(FakeServices())
    with pytest.raises(MisuseError):
        settle(queue.take(context(), "q", timeout, keep))


# Durable queues


def durable(folder: Path, services: FakeServices | None = None, more: str = "") -> tuple[Mqueue, Queue]:
    services = services or FakeServices()
    queue = Queue(Queue.Settings(), services)
    settings = Mqueue.Settings(mqueue=[f"name=q/1;durable=1;{more}"], journal=str(folder))
    module = Mqueue(settings, services, luasip_queue=queue)
    module.start()
    return module, queue


def killed(module: Mqueue) -> None:
    """The process ends without any of ours being called; the system closes its files."""
    for journal in module._logs:
        journal.close()


def test_what_was_added_is_there_again(tmp_path: Path) -> None:
    module, queue = durable(tmp_path)
    for key in ("a", "caf\xc3\xa9\xff", "c", "d"):
        module.mq_add(context(), "q/1", key, f"{key}\r\n;")
    assert module.mq_fetch(context(), "q/1") == 1
    settle(queue.take(context(), "q/1", 0, 60))
    queue.done(context(), "q/1", settle(queue.take(context(), "q/1", 0, 60))[2])
    killed(module)
    module, _ = durable(tmp_path)
    module.mq_add(context(), "q/1", "e", "")
    killed(module)
    module, _ = durable(tmp_path)
    assert [key for key, _ in drained(module, "q/1")] == ["caf\xc3\xa9\xff", "d", "e"]
    module.stop()
    assert drained(durable(tmp_path)[0], "q/1") == []


def test_an_item_that_cannot_be_written_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(line: str) -> str:
        raise StorageError("journal: No space left on device")

    module, _ = durable(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(module._logs[0]._journal, "append", full)
        assert module.mq_add(context(), "q/1", "k", "v") == -1
    assert module.mq_add(context(), "q/1", "l", "w") == 1
    assert drained(module, "q/1") == [("l", "w")]


@pytest.mark.parametrize(
    ("more", "left"), [("size=1", ["b"]), ("addmode=1", ["a", "b"]), ("addmode=2", ["b"])]
)
def test_what_drops_out_stays_out(more: str, left: list[str], tmp_path: Path) -> None:
    module, _ = durable(tmp_path, more=more)
    for value in ("a", "b") if more != "addmode=1" else ("a", "b", "c"):
        module.mq_add(context(), "q/1", "k" if value != "b" or more == "addmode=2" else "l", value)
    killed(module)
    assert [value for _, value in drained(durable(tmp_path, more=more)[0], "q/1")] == left


def test_segments_without_items_go(tmp_path: Path) -> None:
    journal = ItemLog(tmp_path, segment_bytes=100)
    numbers = [journal.add("key", "x" * 50) for _ in range(20)]
    for number in numbers[1:]:
        journal.remove(number)
    assert len(list(tmp_path.iterdir())) > 10  # the first item keeps the oldest
    journal.tidy()
    assert len(list(tmp_path.iterdir())) < 4
    journal.close()
    again = ItemLog(tmp_path)
    assert again.load() == [(1, "key", "x" * 50)]
    again.remove(1)
    again.remove(1)
    again.add("y", "y" * 70_000)
    again.remove(21)
    assert list(tmp_path.iterdir()) == []
    assert again.add("key", "") == 22


def test_lines_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    journal = ItemLog(tmp_path)
    journal.add("k", "v")
    for line in ("garbage", "5", '[3,"k"]', "[null]"):
        journal._journal.append(line)
    journal.close()
    assert ItemLog(tmp_path).load() == [(1, "k", "v")]


# Database


@pytest.fixture
def databases() -> Iterator[Databases]:
    opened = Databases()
    yield opened
    opened.close()


@pytest.mark.parametrize(("mode", "loaded", "kept"), [(1, 1, 2), (2, 1, 1), (3, 0, 1)])
def test_modes(mode: int, loaded: int, kept: int, databases: Databases, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/queues.db"
    services = FakeServices(databases=databases)
    first = mqueue(services, ["name=q;dbmode=1"], db_url=url)
    first.mq_add(context(), "q", "caf\xc3\xa9", "1")
    first.stop()
    second = mqueue(services, [f"name=q;dbmode={mode}"], db_url=url)
    assert max(0, second.mq_size(context(), "q")) == loaded
    second.mq_add(context(), "q", "k", "2")
    second.stop()
    third = mqueue(services, ["name=q;dbmode=2"], db_url=url)
    items = drained(third, "q")
    assert len(items) == kept
    assert items[0] == (("k", "2") if mode == 3 else ("caf\xc3\xa9", "1"))


def test_the_schema_is_kamailios(databases: Databases, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/queues.db"
    mqueue(FakeServices(databases=databases), ["name=q;dbmode=1"], db_url=url).stop()
    assert databases.open(url).execute("select id, key, val from q").rows == []


def test_saving_now_and_then(databases: Databases, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/queues.db"
    services = FakeServices(databases=databases)
    module = mqueue(services, ["name=q;dbmode=1"], db_url=url, save_interval=5)
    module.mq_add(context(), "q", "k", "v")
    services.timers["mqueue.save"]()
    assert drained(mqueue(services, ["name=q;dbmode=2"], db_url=url), "q") == [("k", "v")]


def test_a_database_that_is_away(databases: Databases, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        mqueue(
            FakeServices(databases=databases), ["name=q;dbmode=1"], db_url=f"sqlite:///{tmp_path}/file/q.db"
        )
