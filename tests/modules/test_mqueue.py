from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from luasip.errors import CommandError, MisuseError, SettingsError, StorageError
from luasip.kemi.operation import TIMED_OUT, Event
from luasip.modules.mqueue import ItemQueue, Mqueue, Queue
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
    queue.add("k", "new")
    queue.put_back(("k", "old"))
    assert queue.fetch() == ("k", "new")


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
