import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from luasip.errors import CommandError, SettingsError, StorageError
from luasip.kemi.operation import Event
from luasip.modules.htable import HashTable, Htable, HtableSettings
from luasip.modules.htable.matching import count_test, text_test
from luasip.modules.htable.settings import Definition, parse_definition
from luasip.storage import Databases
from tests.bench import FakeServices, context, settle

TABLES = ["t=>size=8;", "e=>size=4;autoexpire=300;", "n=>autoexpire=300;updateexpire=0;", "i=>initval=10;"]


def htable(services: FakeServices | None = None, tables: list[str] | None = None, **settings: Any) -> Htable:
    module = Htable(
        HtableSettings(htable=TABLES if tables is None else tables, **settings), services or FakeServices()
    )
    module.start()
    return module


def table(module: Htable, name: str) -> HashTable:
    found = module.table(name)
    assert found is not None
    return found


def content(module: Htable, name: str) -> dict[str, Any]:
    return {key: item.value for key, item in table(module, name).items()}


# ── definitions ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", Definition("a")),
        ("ipban=>size=8;autoexpire=300;", Definition("ipban", size=8, autoexpire=300)),
        (
            "a => size=2 ; initval=-1; updateexpire=0;dbtable=htable;dbmode=1;dmqreplicate=1",
            Definition("a", 2, 0, 0, -1, "htable", 1, dmqreplicate=1),
        ),
        (
            "a=>dbtable=x;cols='k, v1,v2';colnull=;coldelim=|;",
            Definition("a", dbtable="x", cols=("k", "v1", "v2"), colnull="", coldelim="|"),
        ),
    ],
)
def test_definitions(text: str, expected: Definition) -> None:
    assert parse_definition(text) == expected


@pytest.mark.parametrize(
    ("tables", "settings", "problem"),
    [
        (["=>size=4"], {}, r"htable\[0\]: '=>size=4' does not begin with a table's name"),
        (["a=>siez=4"], {}, "has no attribute 'siez'"),
        (["a=>size=x"], {}, "size='x' is not a number"),
        (["a=>size"], {}, "size has no value"),
        (["a=>size=40"], {}, "size=40 is greater than 31"),
        (["a=>autoexpire=-1"], {}, "negative"),
        (["a", "a"], {}, r"htable\[1\]: table 'a' is defined twice"),
        (["a=>dbtable=x"], {}, "no db_url"),
    ],
)
def test_wrong_definitions(tables: list[str], settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        htable(tables=tables, **settings)


# ── items ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_get_and_set() -> None:
    module, ctx = htable(), context()
    assert [
        module.sht_get(ctx, "t", "k"),
        module.sht_gete(ctx, "t", "k"),
        module.sht_getw(ctx, "t", "k"),
    ] == [
        None,
        "",
        "<null>",
    ]
    assert module.sht_sets(ctx, "t", "k", "v\xff") == 1
    assert module.sht_seti(ctx, "t", "n", -7) == 1
    for get in (module.sht_get, module.sht_gete, module.sht_getw):
        assert (get(ctx, "t", "k"), get(ctx, "t", "n")) == ("v\xff", -7)
    assert module.sht_get(ctx, "i", "k") == 10
    assert module.sht_rm(ctx, "t", "k") == 1
    assert module.sht_rm(ctx, "t", "k") == 1
    assert content(module, "t") == {"n": -7}
    assert module.sht_reset(ctx, "t") == 1
    assert content(module, "t") == {}


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("sht_sets", ("k", "v")),
        ("sht_seti", ("k", 1)),
        ("sht_setex", ("k", 1)),
        ("sht_setxs", ("k", "v", 1)),
        ("sht_setxi", ("k", 1, 1)),
        ("sht_rm", ("k",)),
        ("sht_reset", ()),
        ("sht_match_name", ("eq", "k")),
        ("sht_match_str_value", ("eq", "k")),
        ("sht_rm_name", ("re", "k")),
        ("sht_rm_value", ("re", "k")),
        ("sht_rm_name_re", ("k",)),
        ("sht_rm_value_re", ("k",)),
        ("sht_cn", ("re", "k")),
        ("sht_lock", ("k",)),
        ("sht_unlock", ("k",)),
    ],
)
def test_a_table_there_is_not(function: str, arguments: tuple[Any, ...]) -> None:
    assert settle(getattr(htable(), function)(context(), "none", *arguments)) == -1


def test_counting_up_and_down() -> None:
    module, ctx = htable(), context()
    assert module.sht_inc(ctx, "t", "k") == -255
    assert module.sht_inc(ctx, "none", "k") == -255
    module.sht_sets(ctx, "t", "s", "text")
    assert module.sht_inc(ctx, "t", "s") == -255
    module.sht_seti(ctx, "t", "k", 1)
    assert [module.sht_inc(ctx, "t", "k"), module.sht_inc(ctx, "t", "k"), module.sht_dec(ctx, "t", "k")] == [
        2,
        3,
        2,
    ]
    assert [module.sht_inc(ctx, "i", "k"), module.sht_dec(ctx, "i", "x")] == [11, 9]


@pytest.mark.parametrize(
    ("name", "key", "expected"), [("t", "k", -1), ("t", "x", 1), ("none", "k", 2), ("i", "k", -2)]
)
def test_is_null(name: str, key: str, expected: int) -> None:
    module, ctx = htable(), context()
    module.sht_seti(ctx, "t", "k", 0)
    assert module.sht_is_null(ctx, name, key) == expected


class TestLives:
    def setup_method(self) -> None:
        self.services = FakeServices()
        self.module = htable(self.services, event_callback="ksr_htable_event")
        self.ctx = context()

    def alive(self, name: str, key: str = "k") -> bool:
        return self.module.sht_is_null(self.ctx, name, key) == -1

    def test_items_end_after_autoexpire(self) -> None:
        self.module.sht_seti(self.ctx, "e", "k", 1)
        self.services.clock += 299.5
        assert self.alive("e")
        assert self.module.life(self.ctx, "e=>k", None) == 1
        self.services.clock += 0.5
        assert not self.alive("e")
        assert self.module.sht_get(self.ctx, "e", "k") is None
        assert self.module.sht_inc(self.ctx, "e", "k") == -255

    @pytest.mark.parametrize(("name", "expected"), [("e", True), ("n", False)])
    def test_a_write_renews_the_life_unless_updateexpire_is_off(self, name: str, expected: bool) -> None:
        for write in (
            lambda: self.module.sht_seti(self.ctx, name, "k", 2),
            lambda: self.module.sht_inc(self.ctx, name, "k"),
        ):
            self.module.sht_rm(self.ctx, name, "k")
            self.module.sht_seti(self.ctx, name, "k", 1)
            self.services.clock += 200
            write()
            self.services.clock += 200
            assert self.alive(name) is expected

    def test_a_dead_item_is_written_anew(self) -> None:
        self.module.sht_seti(self.ctx, "n", "k", 1)
        self.services.clock += 400
        self.module.sht_seti(self.ctx, "n", "k", 2)
        assert self.module.life(self.ctx, "n=>k", None) == 300

    def test_lives_of_single_items(self) -> None:
        self.module.sht_setxs(self.ctx, "e", "a", "v", 10)
        self.module.sht_setxi(self.ctx, "e", "b", 1, 20)
        self.module.sht_seti(self.ctx, "e", "c", 1)
        assert self.module.sht_setex(self.ctx, "e", "c", 30) == 1
        self.module.sht_seti(self.ctx, "e", "d", 1)
        self.module.sht_setex(self.ctx, "e", "d", 0)
        assert [self.module.life(self.ctx, f"e=>{key}", None) for key in "abcdx"] == [10, 20, 30, 0, 0]
        self.module.sht_setxs(self.ctx, "t", "a", "v", 10)
        self.module.sht_setex(self.ctx, "t", "a", 10)
        self.services.clock += 25
        assert [self.alive("e", key) for key in "abcd"] == [False, False, True, True]
        assert self.alive("t", "a")

    def test_the_timer_tells_of_ended_items(self) -> None:
        assert self.services.events == [("ksr_htable_event", "htable:mod-init")]
        self.module.sht_sets(self.ctx, "e", "a", "v")
        self.module.sht_seti(self.ctx, "n", "b", 5)
        self.services.clock += 300
        self.services.timers["htable"]()
        assert self.services.events[1:] == [
            ("ksr_htable_event", "htable:expired:e"),
            ("ksr_htable_event", "htable:expired:n"),
        ]
        ctx = context()
        ctx.attributes.update(self.services.event_attributes[2])
        assert self.module.expired_record(ctx, "key", None) == "b"
        assert self.module.expired_record(ctx, "value", None) == 5
        assert self.module.expired_record(ctx, "other", None) is None
        assert self.module.expired_record(context(), "key", None) is None
        self.services.timers["htable"]()
        assert len(self.services.events) == 3


# ── matching ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("operator", "wanted", "expected"),
    [
        ("eq", "alice", ["alice"]),
        ("ne", "alice", ["ALAN", "bob"]),
        ("sw", "al", ["alice"]),
        ("ew", "ce", ["alice"]),
        ("in", "lic", ["alice"]),
        ("re", "^al", ["ALAN", "alice"]),
        ("re", "o[[:alpha:]]$", ["bob"]),
    ],
)
def test_operators(operator: str, wanted: str, expected: list[str]) -> None:
    module, ctx = htable(), context()
    for key in ("alice", "bob", "ALAN"):
        module.sht_sets(ctx, "t", key, f"<{key}>")
    test = text_test(operator, wanted)
    assert test is not None
    assert sorted(filter(test, ("alice", "bob", "ALAN"))) == expected
    assert module.sht_match_name(ctx, "t", operator, wanted) == 1
    assert module.sht_cn(ctx, "t", operator, wanted) == len(expected)
    assert module.sht_rm_name(ctx, "t", operator, wanted) == 1
    assert set(content(module, "t")) == {"alice", "bob", "ALAN"} - set(expected)
    assert module.sht_match_name(ctx, "t", "eq", expected[0]) == -1


@pytest.mark.parametrize(("operator", "wanted"), [("xx", "a"), ("re", "("), ("eq", "")])
def test_wrong_operators(operator: str, wanted: str) -> None:
    module, ctx = htable(), context()
    module.sht_sets(ctx, "t", "a", "a")
    assert module.sht_match_name(ctx, "t", operator, wanted) == -1
    assert module.sht_match_str_value(ctx, "t", operator, wanted) == -1
    assert module.sht_rm_name(ctx, "t", operator, wanted) == -1
    assert module.sht_rm_value(ctx, "t", operator, wanted) == -1


def test_values_match_as_text_only() -> None:
    module, ctx = htable(), context()
    module.sht_sets(ctx, "t", "s", "42")
    module.sht_seti(ctx, "t", "i", 42)
    assert module.sht_match_str_value(ctx, "t", "eq", "42") == 1
    assert module.sht_rm_value_re(ctx, "t", "4") == 1
    assert content(module, "t") == {"i": 42}
    assert module.sht_match_str_value(ctx, "t", "eq", "42") == -1
    assert module.sht_rm_name_re(ctx, "t", "^I$") == 1
    assert content(module, "t") == {}


@pytest.mark.parametrize(
    ("expression", "names", "values"),
    [
        ("**", 3, 3),
        ("al", 1, 1),
        ("~~^a", 1, 1),
        ("~%ce", 1, 1),
        ("%~al", 1, 1),
        ("==alice", 1, 1),
        ("eq7", 0, 1),
        ("~~", 0, 0),
        ("~~(", 0, 0),
    ],
)
def test_counting_variables(expression: str, names: int, values: int) -> None:
    module, ctx = htable(), context()
    for key, value in (("alice", "alice"), ("bob", "x"), ("carol", 7)):
        table(module, "t").set(key, value)
    assert module.count_names(ctx, f"t=>{expression}", None) == names
    assert module.count_values(ctx, f"t=>{expression}", None) == values
    assert module.count_names(ctx, f"none=>{expression}", None) is None
    assert count_test("eq7", False) is None


def test_variables() -> None:
    module, ctx = htable(), context()
    assert module.item(ctx, "t=>a b=>c", None) is None
    assert module.set_item(ctx, "t=>a b=>c", None, "v")
    assert module.item(ctx, "t=>a b=>c", None) == "v"
    assert content(module, "t") == {"a b=>c": "v"}
    assert module.set_item(ctx, "t=>a b=>c", None, None)
    assert content(module, "t") == {}
    assert not module.set_item(ctx, "none=>a", None, 1)
    assert not module.set_item(ctx, "t", None, 1)
    assert module.item(ctx, "i=>a", None) == 10
    assert (module.increment(ctx, "i=>a", None), module.decrement(ctx, "i=>a", None)) == (11, 10)
    assert module.increment(ctx, "t=>a", None) is None
    assert module.set_item(ctx, "e=>a", None, 1)
    assert module.set_life(ctx, "e=>a", None, 5)
    assert module.life(ctx, "e=>a", None) == 5
    assert not module.set_life(ctx, "none=>a", None, 5)


# ── iterators ───────────────────────────────────────────────────────────────────────────────────────────────


def test_iterating() -> None:
    module, ctx = htable(), context()
    for key in "abcd":
        module.sht_sets(ctx, "t", key, key * 2)
    assert module.sht_iterator_start(ctx, "it", "t") == 1
    assert module.iterator_key(ctx, "it", None) is None
    seen: dict[Any, Any] = {}
    while module.sht_iterator_next(ctx, "it") > 0:
        key = module.iterator_key(ctx, "it", None)
        seen[key] = module.iterator_value(ctx, "it", None)
        if key == "a":
            module.sht_rm(ctx, "t", "c")
            module.sht_sets(ctx, "t", "z", "new")
        if key == "b":
            assert module.sht_iterator_seti(ctx, "it", 7) == 1
        if key == "d":
            assert module.sht_iterator_sets(ctx, "it", "s") == 1
            assert module.sht_iterator_setex(ctx, "it", 5) == 1
    assert seen == {"a": "aa", "b": "bb", "d": "dd"}
    assert content(module, "t") == {"a": "aa", "b": 7, "d": "s", "z": "new"}
    assert module.iterator_value(ctx, "it", None) is None
    assert module.sht_iterator_end(ctx, "it") == 1
    assert module.sht_iterator_end(ctx, "it") == -1


def test_removing_while_iterating_goes_to_the_next_item() -> None:
    module, ctx = htable(), context()
    for key in "ab":
        module.sht_sets(ctx, "t", key, key)
    module.sht_iterator_start(ctx, "it", "t")
    assert module.sht_iterator_rm(ctx, "it") == -1
    module.sht_iterator_next(ctx, "it")
    assert module.sht_iterator_rm(ctx, "it") == 1
    assert module.iterator_key(ctx, "it", None) == "b"
    assert module.sht_iterator_rm(ctx, "it") == -2
    assert content(module, "t") == {}
    assert module.sht_iterator_rm(ctx, "it") == -1


def test_iterators_there_are_not() -> None:
    module, ctx = htable(), context()
    assert [module.sht_iterator_start(ctx, name, "t") for name in "abcde"] == [1, 1, 1, 1, -1]
    assert module.sht_iterator_start(ctx, "a", "t") == 1
    assert module.sht_iterator_start(ctx, "a", "none") == -1
    assert module.sht_iterator_start(context(), "x" * 32, "t") == -1
    for function, arguments in (
        (module.sht_iterator_next, ()),
        (module.sht_iterator_rm, ()),
        (module.sht_iterator_sets, ("v",)),
        (module.sht_iterator_seti, (1,)),
        (module.sht_iterator_setex, (1,)),
    ):
        assert function(ctx, "none", *arguments) == -1  # type: ignore[operator]
    assert module.iterator_key(ctx, "none", None) is None


# ── locks ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_lock_is_taken_again_by_its_owner_and_waited_for_by_others() -> None:
    services = FakeServices()
    module, one, two = htable(services), context(), context()
    assert settle(module.sht_lock(one, "t", "k")) == 1
    assert settle(module.sht_lock(one, "t", "k")) == 1
    assert module.sht_unlock(two, "t", "k") == -1
    assert module.sht_unlock(one, "t", "k") == 1
    waits: list[Event] = []

    def wait(operation: Any) -> None:
        waits.append(operation)
        if len(waits) == 3:
            assert module.sht_unlock(one, "t", "k") == 1

    assert settle(module.sht_lock(two, "t", "k"), wait) == 1
    assert {event.key for event in waits} == {f"htable.lock:t:{table(module, 't').slot('k')}"}
    assert module.sht_unlock(two, "t", "k") == 1
    assert module.sht_unlock(two, "t", "k") == -1


def test_a_forgotten_lock_is_taken_over() -> None:
    services = FakeServices()
    module = htable(services)
    settle(module.sht_lock(context(), "t", "k"))

    def wait(_operation: Any) -> None:
        services.clock += 1.0

    assert settle(module.sht_lock(context(), "t", "k"), wait) == 1
    assert services.clock == 1010.0


# ── commands ────────────────────────────────────────────────────────────────────────────────────────────────


def test_commands() -> None:
    services = FakeServices()
    module = htable(services)
    module.sets("t", "a", "text")
    module.seti("t", "b", 5)
    assert module.get("t", "a") == {"item": {"name": "a", "value": "text", "flags": 2, "expire": "NEVER"}}
    assert module.get("t", "b")["item"]["flags"] == 0
    module.setxs("e", "x", "v", 10)
    module.setxi("e", "y", 1, 10)
    module.setex("e", "x", 20)
    assert len(module.get("e", "x")["item"]["expire"]) == 19
    dumped = {item["name"]: item for slot in module.dump("t") for item in slot["slot"]}
    assert dumped == {
        "a": {"name": "a", "value": "text", "type": "str"},
        "b": {"name": "b", "value": 5, "type": "int"},
    }
    assert sum(slot["size"] for slot in module.dump("t")) == 2
    assert module.list_tables()[1] == {
        "name": "e",
        "dbtable": "",
        "dbmode": 0,
        "expire": 300,
        "updateexpire": 1,
        "size": 16,
        "dmqreplicate": 0,
    }
    assert module.stats()[0] == {"name": "t", "slots": 256, "all": 2, "min": 0, "max": 1}
    module.delete("t", "a")
    assert content(module, "t") == {"b": 5}
    module.flush("t")
    assert content(module, "t") == {}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda module: module.get("none", "k"), "No such htable"),
        (lambda module: module.get("t", "k"), "Key name doesn't exist in htable."),
        (lambda module: module.setex("t", "k", 1), "Key name doesn't exist in htable."),
        (lambda module: module.seti("t", "k", "x"), "'x' is not an integer"),
        (lambda module: module.reload("t"), "No htable db_url"),
    ],
)
def test_faults(call: Any, message: str) -> None:
    with pytest.raises(CommandError, match=message) as caught:
        call(htable())
    assert caught.value.code == 500


# ── databases ───────────────────────────────────────────────────────────────────────────────────────────────


class TestDatabase:
    @pytest.fixture(autouse=True)
    def _database(self, tmp_path: Path) -> Iterator[None]:
        self.databases = Databases()
        self.services = FakeServices(databases=self.databases)
        self.url = f"sqlite:///{tmp_path}/x.db"
        yield
        self.databases.close()

    def htable(self, *tables: str, **settings: Any) -> Htable:
        return htable(self.services, list(tables), db_url=self.url, **settings)

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        results = [self.databases.open(self.url).execute(statement) for statement in statements]
        return results[-1].rows

    def test_what_is_stored_at_the_end_is_loaded_at_the_start(self) -> None:
        definition = "t=>dbtable=htable;dbmode=1;"
        module, ctx = self.htable(definition), context()
        module.sht_sets(ctx, "t", "a\xff", "J\xc3\xbcrgen")
        module.sht_seti(ctx, "t", "n", -3)
        assert self.sql("select * from htable") == []
        module.stop()
        assert self.sql("select key_name, key_type, value_type, key_value from htable order by 1 desc") == [
            ("n", 0, 1, "-3"),
            ("a\xff", 0, 0, "J\xc3\xbcrgen"),
        ]
        again = self.htable(definition)
        assert content(again, "t") == {"a\xff": "J\xc3\xbcrgen", "n": -3}
        again.sht_rm(ctx, "t", "n")
        again.stop()
        assert content(self.htable(definition), "t") == {"a\xff": "J\xc3\xbcrgen"}

    def test_without_dbmode_nothing_is_written(self) -> None:
        module = self.htable("t=>dbtable=htable;")
        module.sht_seti(context(), "t", "n", 1)
        module.stop()
        assert self.sql("select * from htable") == []
        module.store("t")
        assert len(self.sql("select * from htable")) == 1

    def test_lives_are_kept_with_db_expires(self) -> None:
        definition = "t=>dbtable=htable;dbmode=1;autoexpire=100;"
        module = self.htable(definition, db_expires=1)
        module.sht_seti(context(), "t", "long", 1)
        module.sht_setxi(context(), "t", "short", 1, 10)
        module.stop()
        self.services.clock += 50
        again = self.htable(definition, db_expires=1)
        assert content(again, "t") == {"long": 1}
        assert table(again, "t").remaining("long") == 50

    def test_arrays_become_numbered_keys_and_their_size(self) -> None:
        self.htable("t=>dbtable=htable;")
        self.sql(
            "insert into htable (key_name, key_type, value_type, key_value, expires) values"
            " ('gw', 1, 0, 'one', 0), ('gw', 1, 0, 'two', 0), ('n', 0, 1, '7', 0)"
        )
        assert content(self.htable("t=>dbtable=htable;"), "t") == {
            "gw[0]": "one",
            "gw[1]": "two",
            "gw::size": 2,
            "n": 7,
        }

    def test_columns_packed_into_one_value(self) -> None:
        self.sql(
            "create table users (id int, name text, town text)", "insert into users values (1, 'a', null)"
        )
        module = self.htable("t=>dbtable=users;cols='id,name,town';colnull=-;coldelim=|;dbmode=1;")
        assert content(module, "t") == {"1": "a|-"}
        module.stop()
        assert self.sql("select * from users") == [(1, "a", None)]

    def test_other_column_names(self) -> None:
        module = self.htable("t=>dbtable=h;dbmode=1;", key_name_column="k", key_value_column="v")
        module.sht_seti(context(), "t", "a", 1)
        module.stop()
        assert self.sql("select k, v from h") == [("a", "1")]

    def test_reloading(self) -> None:
        module = self.htable("t=>dbtable=htable;reloadat=60;", event_callback="cb")
        self.sql(
            "insert into htable (key_name, key_type, value_type, key_value, expires)"
            " values ('a', 0, 0, 'x', 0)"
        )
        self.services.timers["htable"]()
        assert content(module, "t") == {}
        self.services.clock += 60
        self.services.timers["htable"]()
        assert content(module, "t") == {"a": "x"}
        module.sht_reset(context(), "t")
        module.reload("t")
        assert content(module, "t") == {"a": "x"}
        assert self.services.events[1:] == [("cb", "htable:reloaded:t")] * 2
        self.sql("drop table htable")
        self.services.clock += 60
        self.services.timers["htable"]()
        assert content(module, "t") == {"a": "x"}
        with pytest.raises(StorageError):
            module.reload("t")

    def test_a_table_without_a_database_cannot_be_reloaded(self) -> None:
        with pytest.raises(CommandError, match="No database htable"):
            self.htable("t").reload("t")


# ── threads ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_count_is_lost_between_threads() -> None:
    module = htable()
    counted = table(module, "i")

    def work(number: int) -> None:
        for turn in range(500):
            counted.add("shared", 1)
            counted.set(f"{number}-{turn % 10}", turn)
            counted.items()
            counted.remove(f"{number}-{(turn + 5) % 10}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted.value("shared") == 10 + 4 * 500


def test_functions_are_declared_as_kamailio_exports_them() -> None:
    exports = {export.name: (len(export.parameters), export.result) for export in Htable.exports()}
    assert exports == {
        "sht_cn": (3, "int"),
        "sht_dec": (2, "int"),
        "sht_get": (2, "xval"),
        "sht_gete": (2, "xval"),
        "sht_getw": (2, "xval"),
        "sht_inc": (2, "int"),
        "sht_is_null": (2, "int"),
        "sht_iterator_end": (1, "int"),
        "sht_iterator_next": (1, "int"),
        "sht_iterator_rm": (1, "int"),
        "sht_iterator_setex": (2, "int"),
        "sht_iterator_seti": (2, "int"),
        "sht_iterator_sets": (2, "int"),
        "sht_iterator_start": (2, "int"),
        "sht_lock": (2, "int"),
        "sht_match_name": (3, "int"),
        "sht_match_str_value": (3, "int"),
        "sht_reset": (1, "int"),
        "sht_rm": (2, "int"),
        "sht_rm_name": (3, "int"),
        "sht_rm_name_re": (2, "int"),
        "sht_rm_value": (3, "int"),
        "sht_rm_value_re": (2, "int"),
        "sht_setex": (3, "int"),
        "sht_seti": (3, "int"),
        "sht_sets": (3, "int"),
        "sht_setxi": (4, "int"),
        "sht_setxs": (4, "int"),
        "sht_unlock": (2, "int"),
    }
