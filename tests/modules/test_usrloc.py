import threading
from pathlib import Path
from typing import Any

import pytest

from luasip.errors import CommandError, SettingsError, StorageError
from luasip.modules.usrloc import Contact, LocationTable, Usrloc, UsrlocSettings
from luasip.modules.usrloc.contact import MEMORY_ONLY, Contacts, placed
from luasip.modules.usrloc.matching import CURRENT, OUT_OF_ORDER, RETRANSMISSION, Matching
from luasip.storage import Databases
from tests.bench import FakeServices

NOW = 1_700_000_000


def contact(uri: str = "sip:a@h", ruid: str = "", **fields: Any) -> Contact:
    fields.setdefault("expires", NOW + 100)
    fields.setdefault("last_modified", NOW)
    return Contact(fields.pop("aor", "alice"), ruid or uri, uri, **fields)


def uris(contacts: Contacts) -> list[str]:
    return [one.uri for one in contacts]


def usrloc(services: FakeServices, **settings: Any) -> Usrloc:
    module = Usrloc(UsrlocSettings(**settings), services)
    module.start()
    return module


def location(module: Usrloc) -> LocationTable:
    table = module.table("location")
    assert table is not None
    return table


def add(table: LocationTable, *contacts: Contact) -> None:
    for one in contacts:
        table.change(one.aor, lambda present, one=one: placed(present, one, table.newest_first))


@pytest.mark.parametrize(
    ("newest_first", "expected"),
    [(False, ["b", "d", "a", "c"]), (True, ["d", "c", "b", "a"])],
)
def test_contacts_are_ordered_by_q_or_time(newest_first: bool, expected: list[str]) -> None:
    contacts: Contacts = ()
    for uri, q in (("a", 500), ("b", 1000), ("c", -1), ("d", 700)):
        contacts = placed(contacts, contact(uri, q=q), newest_first)
    assert uris(contacts) == expected


@pytest.mark.parametrize(
    ("ruid", "q", "expected"),
    [("b", 500, ["a", "b", "c"]), ("c", 900, ["c", "a", "b"]), ("a", 100, ["b", "c", "a"])],
)
def test_an_update_keeps_its_place_where_q_allows(ruid: str, q: int, expected: list[str]) -> None:
    contacts = tuple(contact(uri, q=500) for uri in "abc")
    assert uris(placed(contacts, contact(ruid, q=q), False)) == expected


@pytest.mark.parametrize(
    ("mode", "fields", "expected"),
    [
        (0, {}, CURRENT),
        (0, {"uri": "sip:b@h"}, None),
        (0, {"call_id": "one", "cseq": 6}, CURRENT),
        (0, {"call_id": "one", "cseq": 5}, RETRANSMISSION),
        (0, {"call_id": "one", "cseq": 5, "last_modified": NOW + 20}, OUT_OF_ORDER),
        (0, {"call_id": "one", "cseq": 4}, OUT_OF_ORDER),
        (1, {}, None),
        (1, {"call_id": "one", "cseq": 6}, CURRENT),
        (2, {}, CURRENT),
        (2, {"path": "<sip:q;lr>"}, None),
        (2, {"path": "<sip:p;lr>"}, CURRENT),
        (3, {"uri": "sip:other@h", "call_id": "one", "cseq": 6}, CURRENT),
        (3, {}, None),
        (0, {"uri": "sip:other@h", "instance": "urn:x", "reg_id": 1}, CURRENT),
        (0, {"instance": "<urn:x>", "reg_id": 2}, None),
        (0, {"instance": "urn:x", "reg_id": 1, "call_id": "one", "cseq": 5}, RETRANSMISSION),
    ],
)
def test_matching(mode: int, fields: dict[str, Any], expected: int | None) -> None:
    known = contact(call_id="one", cseq=5, path="<sip:p;lr>", instance="<urn:x>", reg_id=1)
    new = contact(fields.pop("uri", "sip:a@h"), "new", **{"call_id": "two", "cseq": 1, **fields})
    matching = Matching(UsrlocSettings(matching_mode=mode, cseq_delay=20))
    found = matching.find((known,), new)
    assert found is (None if expected is None else known)
    if found is not None:
        assert matching.order(found, new) == expected


def test_a_refused_edit_changes_nothing() -> None:
    table = location(usrloc(FakeServices()))
    add(table, contact("a"))

    def refuse(_contacts: Contacts) -> Contacts:
        raise KeyError

    with pytest.raises(KeyError):
        table.change("alice", refuse)
    assert uris(table.contacts("alice")) == ["a"]
    assert table.contact("a") is not None


def test_expired_contacts_are_removed_and_told_of() -> None:
    services = FakeServices()
    module = usrloc(services, close_expired_tcp=1)
    told: list[tuple[str, str]] = []
    module.on_expired(lambda table, one: told.append((table, one.uri)))
    table = location(module)
    add(table, contact("a", expires=NOW + 5, connection_id=7), contact("b"), contact("c", expires=0))
    services.timers["usrloc"]()
    assert told == []
    services.clock += 5
    services.timers["usrloc"]()
    assert told == [("location", "a")]
    assert uris(table.contacts("alice")) == ["b", "c"]
    assert table.contact("a") is None
    assert services.closed_connections == [7]
    assert services.counters == {
        "usrloc:location-users": 1,
        "usrloc:location-contacts": 2,
        "usrloc:location-expires": 1,
    }


def test_contacts_of_a_lost_connection_end_with_the_timer() -> None:
    services = FakeServices()
    module = usrloc(services, handle_lost_tcp=1)
    table = location(module)
    add(table, contact("a", connection_id=7), contact("b", connection_id=8))
    services.close_listeners[0](7)
    module.clean()
    assert uris(table.contacts("alice")) == ["b"]


def test_a_table_needs_preloading_only_with_a_database(tmp_path: Path) -> None:
    assert usrloc(FakeServices()).table("aliases") is not None
    databases = Databases()
    services = FakeServices(databases=databases)
    module = usrloc(services, db_mode=1, db_url=f"sqlite:///{tmp_path}/x.db", preload=["one"])
    assert module.table("one") is not None
    assert module.table("location") is None
    databases.close()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"db_mode": 5}, "db_mode: 5"),
        ({"matching_mode": -1}, "matching_mode: -1"),
        ({"rm_expired_delay": 10}, "rm_expired_delay: needs db_mode 3"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        Usrloc(UsrlocSettings(**settings), FakeServices())


class TestDatabase:
    @pytest.fixture(autouse=True)
    def _database(self, tmp_path: Path) -> Any:
        self.databases = Databases()
        self.services = FakeServices(databases=self.databases)
        self.url = f"sqlite:///{tmp_path}/x.db"
        yield
        self.databases.close()

    def usrloc(self, db_mode: int, **settings: Any) -> Usrloc:
        return usrloc(self.services, db_mode=db_mode, db_url=self.url, **settings)

    def rows(self) -> list[str]:
        rows = self.databases.open(self.url).execute("select contact from location order by contact").rows
        return [row[0] for row in rows]

    def test_write_through_is_in_the_database_at_once(self) -> None:
        module = self.usrloc(1)
        table = location(module)
        assert table.writes_block
        assert not table.reads_block
        add(table, contact("a"), contact("b"), contact("m", flags=MEMORY_ONLY))
        assert self.rows() == ["a", "b"]
        table.change("alice", lambda contacts: contacts[1:])
        assert self.rows() == ["b"]
        assert uris(location(self.usrloc(1)).contacts("alice")) == ["b"]

    def test_write_back_is_in_the_database_after_the_timer_and_the_end(self) -> None:
        module = self.usrloc(2)
        table = location(module)
        assert not table.writes_block
        add(table, contact("a"), contact("b"))
        assert self.rows() == []
        module.clean()
        assert self.rows() == ["a", "b"]
        table.change("alice", lambda contacts: contacts[1:])
        add(table, contact("c"))
        assert self.rows() == ["a", "b"]
        module.stop()
        assert self.rows() == ["b", "c"]

    def test_database_only_reads_what_others_write(self) -> None:
        one, two = location(self.usrloc(3)), location(self.usrloc(3))
        assert one.reads_block
        assert one.writes_block
        add(one, contact("a", q=300), contact("b", q=700))
        assert uris(two.contacts("alice")) == ["b", "a"]
        found = two.contact("a")
        assert found is not None
        assert found.uri == "a"
        assert [aor for aor, _ in two.snapshot()] == ["alice"]
        add(two, contact("b", q=100))
        assert uris(one.contacts("alice")) == ["a", "b"]

    def test_database_only_expires_rows_after_the_delay(self) -> None:
        module = self.usrloc(3, rm_expired_delay=10)
        told: list[str] = []
        module.on_expired(lambda _table, one: told.append(one.uri))
        add(location(module), contact("a", expires=NOW + 5), contact("b", expires=0))
        self.services.clock += 14
        module.clean()
        assert self.rows() == ["a", "b"]
        self.services.clock += 2
        module.clean()
        assert self.rows() == ["b"]
        assert told == ["a"]

    def test_contacts_of_other_sockets_may_be_left_out(self) -> None:
        ours = contact("a", socket="udp:127.0.0.1:5060")
        add(location(self.usrloc(1)), ours, contact("b", socket="udp:9.9.9.9:5060"), contact("c"))
        table = location(self.usrloc(1, skip_remote_socket=1))
        assert uris(table.contacts("alice")) == ["a", "c"]

    def test_load_only_never_writes(self) -> None:
        add(location(self.usrloc(1)), contact("a"))
        module = self.usrloc(4)
        table = location(module)
        add(table, contact("b"))
        module.stop()
        assert uris(table.contacts("alice")) == ["a", "b"]
        assert self.rows() == ["a"]

    @pytest.mark.parametrize("expires_type", [0, 1])
    @pytest.mark.parametrize("use_domain", [0, 1])
    def test_every_field_comes_back(self, expires_type: int, use_domain: int) -> None:
        fields = {
            "expires": NOW + 3600,
            "q": 700,
            "call_id": "call\u00c3\u00bc@h",
            "cseq": 4294967295,
            "received": "sip:1.2.3.4:5060;transport=tcp",
            "path": "<sip:p;lr>,<sip:q;lr>",
            "cflags": 0x80000001,
            "user_agent": "phone \u00ff",
            "socket": "udp:127.0.0.1:5060",
            "methods": 0xFFFFFFFF,
            "instance": "<urn:uuid:1>",
            "reg_id": 3,
            "server_id": 1,
            "keepalive": 1,
            "last_modified": NOW,
        }
        aor = "a@b@example.com" if use_domain else "alice"
        settings = {"expires_type": expires_type, "use_domain": use_domain, "user_column": "who"}
        written = Contact(aor, "ruid1", "sip:a@h", **fields)
        permanent = Contact(aor, "ruid2", "sip:p@h")
        add(location(self.usrloc(1, **settings)), written, permanent)
        read = {one.ruid: one for one in location(self.usrloc(1, **settings)).contacts(aor)}
        assert {key: getattr(read["ruid1"], key) for key in fields} == fields
        assert read["ruid1"].aor == aor
        assert (read["ruid2"].expires, read["ruid2"].q, read["ruid2"].socket) == (0, -1, "")

    @pytest.mark.parametrize("mode", [1, 3])
    def test_a_database_that_fails_changes_nothing(self, mode: int) -> None:
        table = location(self.usrloc(mode))
        add(table, contact("a"))
        self.databases.open(self.url).execute("alter table location rename to gone")
        with pytest.raises(StorageError, match="no such table: location"):
            add(table, contact("b"))
        self.databases.open(self.url).execute("alter table gone rename to location")
        assert uris(table.contacts("alice")) == ["a"]

    def test_write_back_keeps_what_could_not_be_written(self) -> None:
        module = self.usrloc(2)
        table = location(module)
        add(table, contact("a"))
        self.databases.open(self.url).execute("alter table location rename to gone")
        module.clean()
        add(table, contact("b"), contact("a", q=500))
        self.databases.open(self.url).execute("alter table gone rename to location")
        module.clean()
        assert self.rows() == ["a", "b"]
        assert uris(location(self.usrloc(1)).contacts("alice")) == ["a", "b"]

    def test_counting_commands(self) -> None:
        module = self.usrloc(1)
        add(location(module), contact("a"), contact("b", expires=NOW - 1), contact("c", aor="bob"))
        assert module.db_users("location") == 2
        assert module.db_contacts("location") == 2
        assert module.db_expired_contacts("location") == 1
        with pytest.raises(CommandError, match="Failed to use table"):
            module.db_users("other")


class TestCommands:
    def setup_method(self) -> None:
        self.module = usrloc(FakeServices())
        self.module.add("location", "Alice@example.com", "sip:a@h", 60, 0.5, "0", 0, 0, 5951)

    def test_lookup_and_dump(self) -> None:
        found = self.module.lookup("location", "alice")
        assert found["AoR"] == "alice"
        (shown,) = [one["Contact"] for one in found["Contacts"]]
        assert shown["Address"] == "sip:a@h"
        assert (shown["Expires"], shown["Q"], shown["Path"], shown["Methods"]) == (60, 0.5, "[not set]", 5951)
        assert shown["State"] == "CS_NEW"
        (dumped,) = self.module.dump()["Domains"]
        assert dumped["Domain"]["AoRs"][0]["Info"]["Contacts"] == [{"Contact": shown}]
        assert self.module.dump("brief")["Domains"][0]["Domain"]["AoRs"] == [{"AoR": "alice"}]

    def test_adding_again_updates(self) -> None:
        ruid = self.module.lookup("location", "alice")["Contacts"][0]["Contact"]["Ruid"]
        self.module.add("location", "alice", "sip:a@h", 0, 1, "<sip:p;lr>", 0, 0, -1)
        (shown,) = [one["Contact"] for one in self.module.lookup("location", "alice")["Contacts"]]
        assert (shown["Expires"], shown["Path"], shown["Ruid"]) == ("permanent", "<sip:p;lr>", ruid)

    def test_removing(self) -> None:
        self.module.add("location", "alice", "sip:b@h", 60, 1, "0", 0, 0, -1)
        self.module.remove_contact("location", "alice", "sip:a@h")
        assert [one["Contact"]["Address"] for one in self.module.lookup("location", "alice")["Contacts"]] == ["sip:b@h"]
        self.module.remove("location", "alice")
        with pytest.raises(CommandError, match="AOR not found in location table"):
            self.module.lookup("location", "alice")

    @pytest.mark.parametrize(
        ("call", "code", "message"),
        [
            (lambda module: module.lookup("none", "alice"), 500, "Domain not found"),
            (lambda module: module.remove_contact("location", "bob", "sip:a@h"), 404, "AOR not found"),
            (lambda module: module.remove_contact("location", "alice", "sip:x@h"), 404, "Contact not found"),
            (lambda module: module.db_users("location"), 500, "Command is not supported in db_mode=0"),
        ],
    )
    def test_faults(self, call: Any, code: int, message: str) -> None:
        with pytest.raises(CommandError, match=message) as caught:
            call(self.module)
        assert caught.value.code == code

    def test_an_expired_contact_is_no_contact(self) -> None:
        services = FakeServices()
        module = usrloc(services)
        module.add("location", "alice", "sip:a@h", 60, 1, "0", 0, 0, -1)
        services.clock += 61
        with pytest.raises(CommandError, match="AOR has no contacts"):
            module.lookup("location", "alice")

    def test_use_domain_wants_one(self) -> None:
        module = usrloc(FakeServices(), use_domain=1)
        with pytest.raises(CommandError, match="Domain missing in AOR"):
            module.lookup("location", "alice")


def test_ruids_differ_between_threads() -> None:
    module = usrloc(FakeServices())
    found: list[str] = []

    def take() -> None:
        found.extend([module.new_ruid() for _ in range(200)])

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 800


def test_edits_of_many_threads_are_all_seen() -> None:
    table = location(usrloc(FakeServices()))
    torn: list[str] = []

    def write(number: int) -> None:
        for turn in range(100):
            add(table, contact(f"{number}", q=turn), contact(f"{number}-{turn}", aor=f"user{turn % 7}"))
            if turn % 2:
                ruid = f"{number}-{turn}"
                table.change(
                    f"user{turn % 7}", lambda all_, ruid=ruid: tuple(c for c in all_ if c.ruid != ruid)
                )

    def read() -> None:
        for _ in range(300):
            contacts = table.contacts("alice")
            if [c.q for c in contacts] != sorted((c.q for c in contacts), reverse=True):
                torn.append(repr(contacts))
            list(table.snapshot())
            table.expire(NOW)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    threads.append(threading.Thread(target=read))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert torn == []
    assert sorted(c.q for c in table.contacts("alice")) == [99] * 4
    assert sum(len(contacts) for aor, contacts in table.snapshot() if aor != "alice") == 4 * 50
