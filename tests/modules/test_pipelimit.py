"""pipelimit: pipes by name, refusals, commands, and the table they come from."""

from collections.abc import Iterator
from typing import Any

import pytest

from luasip.errors import CommandError, SettingsError, StorageError
from luasip.kemi.coverage import missing
from luasip.modules.pipelimit import Pipelimit
from luasip.modules.pipelimit.settings import PipelimitSettings
from luasip.storage import Databases
from luasip.storage.tables import pipes_table
from tests.bench import FakeServices, context

URL = "sqlite:///:memory:"


def pipelimit(**settings: Any) -> Pipelimit:
    return started(FakeServices(), **settings)


def started(services: FakeServices, **settings: Any) -> Pipelimit:
    module = Pipelimit(PipelimitSettings(**settings), services)
    module.start()
    return module


@pytest.fixture
def stored() -> Iterator[FakeServices]:
    """A database with pipes."""
    services = FakeServices(databases=Databases())
    database = services.databases.open(URL)
    database.create_table(pipes_table("pl_pipes", {}))
    for row in (("one", "TAILDROP", 2), ("none", "NOP", 5), ("load", "FEEDBACK", 70)):
        database.execute_positional("insert into pl_pipes (pipeid, algorithm, plimit) values (?, ?, ?)", row)
    yield services
    services.databases.close()


def test_every_function_is_there() -> None:
    assert [function.name for function in missing((Pipelimit,)) if function.module == "pipelimit"] == []


def test_pipes_of_a_database(stored: FakeServices) -> None:
    module = started(stored, db_url=URL)
    assert [module.pl_check(context(), "one") for _ in range(3)] == [1, 1, -1]
    assert module.pl_check(context(), "none") == 2
    assert module.pl_check(context(), "other") == -2
    assert [module.pl_active(context(), name) for name in ("one", "other")] == [1, -1]
    stored.timers["pipelimit"]()
    assert module.pl_check(context(), "one") == 1


@pytest.mark.parametrize("row", [("x", "LEAKY", 1), ("x", "FEEDBACK", 1)])
def test_unsound_table_stops_the_start(stored: FakeServices, row: tuple[str, str, int]) -> None:
    stored.databases.open(URL).execute_positional(
        "insert into pl_pipes (pipeid, algorithm, plimit) values (?, ?, ?)", row
    )
    with pytest.raises(StorageError, match="pipelimit"):
        started(stored, db_url=URL)


def test_table_is_made() -> None:
    services = FakeServices(databases=Databases())
    module = started(services, db_url=URL, plp_table_name="pipes", plp_limit_column="most")
    assert module.list_pipes() == []
    services.databases.close()


def test_pipes_of_a_script() -> None:
    module = pipelimit()
    assert [module.pl_check_limit(context(), "alice", "TAILDROP", 2) for _ in range(3)] == [1, 1, -1]
    assert module.pl_check_limit(context(), "alice", "RED", 5) == 1
    assert module.list_pipes("alice")[0]["limit"] == 5
    assert module.list_pipes("alice")[0]["algorithm"] == "TAILDROP"
    assert module.pl_check_limit(context(), "alice", "TAILDROP", 0) == 1
    assert module.pl_check(context(), "alice") == -1
    assert module.pl_check_limit(context(), "bob", "LEAKY", 1) == -2
    assert module.pl_active(context(), "bob") == -1


def test_as_many_pipes_as_there_may_be() -> None:
    module = pipelimit(max_pipes=3)
    for name in "abcade":
        module.pl_check_limit(context(), name, "TAILDROP", 1)
    assert [pipe["name"] for pipe in module.list_pipes()] == ["a", "d", "e"]


def test_pipes_of_a_database_are_not_forgotten_for_others(stored: FakeServices) -> None:
    module = started(stored, db_url=URL, max_pipes=1)
    for name in "abc":
        module.pl_check_limit(context(), name, "TAILDROP", 1)
    assert [pipe["name"] for pipe in module.list_pipes()] == ["one", "load", "c"]


def test_unused_pipes_are_forgotten() -> None:
    services = FakeServices()
    module = started(services, clean_unused=2)
    module.pl_check_limit(context(), "a", "TAILDROP", 1)
    for expected in (1, 1, 1, -1):
        services.timers["pipelimit"]()
        assert module.pl_active(context(), "a") == expected


@pytest.mark.parametrize(
    ("function", "arguments", "least", "most"),
    [
        ("pl_drop", (), 0, 0),
        ("pl_drop_retry", (5,), 5, 5),
        ("pl_drop_retry", (0,), 0, 0),
        ("pl_drop_range", (5, 9), 5, 9),
        ("pl_drop_range", (5, 3), 5, 5),
        ("pl_drop_range", (0, 3), 0, 0),
        ("pl_drop_range", (-2, 3), 0, 0),
    ],
)
def test_refusals(function: str, arguments: tuple[int, ...], least: int, most: int) -> None:
    services = FakeServices()
    module = started(services, reply_reason="Limiting")
    assert getattr(module, function)(context(services=services), *arguments) == 1
    [(status, reason, headers)] = services.replies
    assert (status, reason) == (503, "Limiting")
    seconds = int(headers.removeprefix("Retry-After: ").strip() or 0)
    assert least <= seconds <= most
    assert bool(headers) is bool(most)


def test_feedback_follows_the_load(stored: FakeServices) -> None:
    module = started(stored, db_url=URL, load_fetch=0)
    module.push_load(1)
    stored.timers["pipelimit"]()
    passed = [module.pl_check(context(), "load") for _ in range(100)].count(1)
    assert 0 < passed < 100
    assert started(stored, db_url=URL).swap() is None


def test_network_starts_open_and_follows_what_waits() -> None:
    services = FakeServices()
    module = started(services)
    assert module.pl_check_limit(context(), "net", "NETWORK", 1 << 40) == 1
    services.timers["pipelimit"]()
    assert module.pl_check(context(), "net") == 1


def test_commands(stored: FakeServices) -> None:
    module = started(stored, db_url=URL)
    module.pl_check(context(), "one")
    assert module.get_pipes()[0] == "PIPE: id=one algorithm=TAILDROP limit=2 counter=1"
    stored.timers["pipelimit"]()
    assert module.stats()[0] == "PIPE: id=one load=0 counter=1"
    assert module.list_pipes("one") == [
        {
            "name": "one",
            "algorithm": "TAILDROP",
            "limit": 2,
            "counter": 0,
            "last_counter": 1,
            "unused_intervals": 0,
        }
    ]
    assert [pipe["name"] for pipe in module.list_pipes()] == ["one", "load"]
    assert module.set_pipe("one", "RED", 9) == "ok"
    assert module.reset_pipe("one") == "ok"
    assert module.list_pipes("one")[0]["last_counter"] == 0
    assert module.set_pid(1, 2, 3) == "ok"
    assert module.get_pid() == "ki[1.000000] kp[2.000000] kd[3.000000]"
    assert module.remove_pipe("one") == "ok"
    assert module.pl_check(context(), "one") == -2


def test_commands_refuse(stored: FakeServices) -> None:
    module = started(stored, db_url=URL)
    for call in (
        lambda: module.set_pipe("one", "LEAKY", 1),
        lambda: module.set_pipe("other", "RED", 1),
        lambda: module.set_pipe("one", "FEEDBACK", 71),
        lambda: module.reset_pipe("other"),
        lambda: module.remove_pipe("other"),
        lambda: module.list_pipes("other"),
        lambda: module.push_load(2),
    ):
        with pytest.raises(CommandError):
            call()
    assert module.set_pipe("load", "FEEDBACK", 60) == "ok"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"timer_interval": 0}, "timer_interval"),
        ({"max_pipes": 0}, "max_pipes"),
        ({"reply_code": 200}, "reply_code"),
        ({"clean_unused": -1}, "clean_unused"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        pipelimit(**settings)
