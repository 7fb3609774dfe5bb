"""The parts of the dialog module that stand alone: cookies, tables, profiles, deadlines, legs, addresses, rows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.errors import SettingsError
from luasip.kemi.context import Source
from luasip.modules.dialog.cookie import cookie_of, read_cookie
from luasip.modules.dialog.deadlines import Deadlines
from luasip.modules.dialog.dialog import Dialog, Direction, Leg, State
from luasip.modules.dialog.legs import callee_routes, split_routes
from luasip.modules.dialog.nat import keep_alias, reachable, without_alias
from luasip.modules.dialog.profiles import Profiles, profile_names
from luasip.modules.dialog.requests import route
from luasip.modules.dialog.settings import DialogSettings, check
from luasip.modules.dialog.store import DialogStore, rows_of
from luasip.modules.dialog.table import DialogTable
from luasip.sip.values import NameAddr, parse_name_addr
from luasip.storage import Databases
from tests.bench import FakeListener, FakeServices

NUMBERS = st.integers(0, 0xFFFFFFFF)


def dialog(call_id: str = "c", number: int = 1, **fields: Any) -> Dialog:
    made = Dialog(
        1, number, call_id, "sip:a@x", "sip:b@x", "sip:b@y", Leg("from1"), Leg("to1"), invite_cseq=7
    )
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def table(size: int = 4096, start: int = 0, step: int = 1) -> DialogTable:
    return DialogTable(size, start, step, lambda below: 5)


# Cookies


@pytest.mark.parametrize(("identity", "text"), [((3943, 6401), "76f.1091"), ((3940, 6676), "46f.41a1")])
def test_cookies_are_kamailios(identity: tuple[int, int], text: str) -> None:
    assert cookie_of(*identity) == text
    assert read_cookie(text) == identity


@given(NUMBERS, NUMBERS)
def test_cookies_are_read_back(entry: int, number: int) -> None:
    assert read_cookie(cookie_of(entry, number)) == (entry, number)


@pytest.mark.parametrize("text", ["", ".", "1", "1.", ".1", "x.1", "1.2.3", "-1.2", "123456789.1", "1_0.1"])
def test_what_is_no_cookie(text: str) -> None:
    assert read_cookie(text) is None


# Finding


@pytest.mark.parametrize(
    ("state", "tags", "direction"),
    [
        (State.CONFIRMED, ("from1", "to1"), Direction.DOWNSTREAM),
        (State.CONFIRMED, ("to1", "from1"), Direction.UPSTREAM),
        (State.CONFIRMED, ("from1", ""), Direction.DOWNSTREAM),
        (State.CONFIRMED, ("from1", "other"), None),
        (State.CONFIRMED, ("other", "from1"), None),
        (State.CONFIRMED, ("", "from1"), None),
        (State.CONFIRMED, ("other", "to1"), None),
        (State.EARLY, ("from1", "other"), Direction.DOWNSTREAM),
        (State.EARLY, ("other", "from1"), Direction.UPSTREAM),
    ],
)
def test_directions(state: State, tags: tuple[str, str], direction: Direction | None) -> None:
    assert dialog(state=state).direction_of(*tags) is direction


def test_a_dialog_that_has_ended_is_found_last() -> None:
    dialogs = table()
    live, ended = dialog(number=1), dialog(number=2, state=State.DELETED)
    for one in (live, ended):
        assert dialogs.add(one)
    assert dialogs.find("c", "from1", "") == (live, Direction.DOWNSTREAM)
    assert dialogs.find_initial("c", "from1", 7) is live
    assert dialogs.find_initial("c", "from1", 8) is None
    dialogs.remove(live)
    dialogs.remove(live)
    assert dialogs.find("c", "from1", "") == (ended, Direction.DOWNSTREAM)
    assert dialogs.find_initial("c", "from1", 7) is None
    dialogs.remove(ended)
    assert (len(dialogs), dialogs.find("c", "from1", "")) == (0, None)


def test_identities() -> None:
    dialogs = table(step=10, start=3)
    entry, number = dialogs.new_identity("c1")
    assert (entry, number) == (3943, 63)  # Kamailio's entry for this Call-ID
    assert dialogs.add(dialog(number=1))
    assert not dialogs.add(dialog(number=1))
    assert dialogs.new_identity("c1") == (3943, 73)


# Profiles


def test_profiles() -> None:
    profiles = Profiles(profile_names(" caller ;; "), ["all"])
    one, two = dialog(number=1), dialog(number=2)
    assert ("caller" in profiles, "all" in profiles, "none" in profiles) == (True, True, False)
    assert (profiles.key("caller", "x"), profiles.key("all", "x")) == (("caller", "x"), ("all", ""))
    for holder, value in ((one, "x"), (one, "x"), (two, "y")):
        profiles.add(holder, ("caller", value))
    assert [profiles.size("caller", value) for value in ("x", "y", "z", None)] == [2, 1, 0, 3]
    assert profiles.remove(one, ("caller", "x"))
    assert not profiles.remove(two, ("caller", "x"))
    assert profiles.size("caller", "x") == 1
    profiles.leave(one)
    profiles.leave(two)
    assert (profiles.size("caller", None), one.profiles) == (0, [])


# Deadlines


def test_deadlines() -> None:
    services = FakeServices()
    due: list[int] = []
    deadlines = Deadlines(services, lambda one: due.append(one.number))
    first, second = dialog(number=1), dialog(number=2)
    deadlines.set(first, 1010.0)
    deadlines.set(second, 1005.0)
    assert sorted(services.timers) == ["after 10", "after 5"]
    deadlines.set(second, 1020.0)  # put off
    services.clock = 1006.0
    deadlines.run()
    assert due == []
    services.clock = 1010.0
    deadlines.run()
    assert due == [1]
    deadlines.set(first, 1011.0)
    services.clock = 1030.0
    deadlines.run()
    assert due == [1, 1, 2]
    deadlines.run()
    assert due == [1, 1, 2]


def test_only_the_newest_timer_goes_on() -> None:
    services = FakeServices()
    deadlines = Deadlines(services, lambda one: None)
    deadlines.set(dialog(number=1), 1010.0)
    deadlines.set(dialog(number=2), 1005.0)
    first, second = services.timers["after 10"], services.timers["after 5"]
    services.timers.clear()
    services.clock = 1005.0
    second()
    assert list(services.timers) == ["after 5"]
    services.clock = 1010.0
    again = services.timers.pop("after 5")
    again()
    first()
    assert (services.timers, len(deadlines)) == ({}, 0)


def test_dialogs_that_are_over_are_not_kept_until_they_would_have_timed_out() -> None:
    services = FakeServices()
    due: list[int] = []
    deadlines = Deadlines(services, lambda one: due.append(one.number))
    for number in range(3000):
        one = dialog(number=number)
        for at in (300.0, 60.0, 43200.0, 10.0):  # begun, answered, acknowledged, ended
            deadlines.set(one, services.clock + at)
        services.clock += 1
        deadlines.run()
    assert len(deadlines) < 600
    assert due == list(range(2991))


def test_an_error_does_not_stop_the_deadlines() -> None:
    services = FakeServices()

    def fail(one: Dialog) -> None:
        raise RuntimeError

    deadlines = Deadlines(services, fail)
    deadlines.set(dialog(number=1), 1001.0)
    deadlines.set(dialog(number=2), 1099.0)
    services.clock = 1001.0
    services.timers.clear()
    with pytest.raises(RuntimeError):
        deadlines.run()
    assert list(services.timers) == ["after 98"]


# Routes


def address(text: str) -> NameAddr:
    return parse_name_addr(f"<sip:{text}>", "Record-Route")


@pytest.mark.parametrize(
    ("recorded", "caller_routes", "expected"),
    [
        ([], 0, []),
        (["own"], 0, []),
        (["z", "y", "own", "a"], 1, ["y", "z"]),
        (["z", "own", "own", "a"], 1, ["z"]),
        (["z", "y", "a"], 1, ["y", "z"]),
    ],
)
def test_routes_behind_us(recorded: list[str], caller_routes: int, expected: list[str]) -> None:
    found = callee_routes([address(text) for text in recorded], caller_routes, lambda uri: uri.host == "own")
    assert [one.uri_text for one in found] == [f"sip:{text}" for text in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("<sip:a;lr>", ["<sip:a;lr>"]),
        ("<sip:a;lr>, <sip:b,c@d;lr>;x=1,<sip:e>", ["<sip:a;lr>", "<sip:b,c@d;lr>;x=1", "<sip:e>"]),
    ],
)
def test_route_sets_are_split(text: str, expected: list[str]) -> None:
    assert split_routes(text) == expected


@pytest.mark.parametrize(
    ("contact", "route_set", "expected"),
    [
        ("sip:b@h", "", ("sip:b@h", "", "")),
        (
            "sip:b@h",
            "<sip:p;lr>,<sip:q;lr>",
            ("sip:b@h", "Route: <sip:p;lr>\r\nRoute: <sip:q;lr>\r\n", "sip:p;lr"),
        ),
        ("sip:b@h", "<sip:p>,<sip:q;lr>", ("sip:p", "Route: <sip:q;lr>\r\nRoute: <sip:b@h>\r\n", "sip:p")),
        ("sip:b@h;alias=192.0.2.1~5070~2", "", ("sip:b@h", "", "sip:192.0.2.1:5070;transport=tcp")),
    ],
)
def test_where_requests_go(contact: str, route_set: str, expected: tuple[str, str, str]) -> None:
    assert route(contact, route_set) == expected


# Addresses


@pytest.mark.parametrize(
    ("contact", "source", "expected"),
    [
        ("sip:a@10.1.1.1:5062", "192.0.2.1", "sip:a@10.1.1.1:5062;alias=192.0.2.1~4000~1"),
        ("sip:a@10.1.1.1;alias=1.1.1.1~1~1", "192.0.2.1", "sip:a@10.1.1.1;alias=1.1.1.1~1~1"),
        ("sip:a@10.1.1.1", "10.2.2.2", "sip:a@10.1.1.1"),
        ("sip:a@192.0.2.9", "192.0.2.1", "sip:a@192.0.2.9"),
        ("sip:a@phone.example.com", "192.0.2.1", "sip:a@phone.example.com"),
        ("no uri", "192.0.2.1", "no uri"),
    ],
)
def test_contacts_behind_nat(contact: str, source: str, expected: str) -> None:
    assert reachable(contact, Source(source, 4000, FakeListener())) == expected


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ("sip:a@10.1.1.1;alias=::1~5060~3", ("sip:a@10.1.1.1", "sip:[::1]:5060;transport=tls")),
        ("sip:a@10.1.1.1;alias=x", ("sip:a@10.1.1.1;alias=x", "")),
        ("sip:a@10.1.1.1;alias=x~y~1", ("sip:a@10.1.1.1;alias=x~y~1", "")),
        ("no uri", ("no uri", "")),
    ],
)
def test_aliases(contact: str, expected: tuple[str, str]) -> None:
    assert without_alias(contact) == expected


def test_an_alias_is_kept_while_the_contact_is_the_same() -> None:
    known = "sip:a@10.1.1.1;alias=192.0.2.1~4000~1"
    assert keep_alias(known, "sip:a@10.1.1.1") == known
    assert keep_alias(known, "sip:a@10.1.1.2") == "sip:a@10.1.1.2"


# Settings


@pytest.mark.parametrize(
    "wrong",
    [
        *({"dlg_match_mode": 3}, {"db_mode": 4}, {"dlg_flag": 32}, {"hash_size": 1000}, {"rr_param": ""}),
        *({"h_id_start": -1}, {"h_id_step": 0}),
        *({"ka_interval": 29}, {"default_timeout": 0}, {"early_timeout": -1}, {"db_update_period": 0}),
    ],
)
def test_settings_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=f"modules.dialog.*{next(iter(wrong))}"):
        check(DialogSettings(**wrong))


# The database


def test_rows_are_read_back() -> None:
    databases = Databases()
    names = DialogSettings(call_id_column="the_call", vars_key_column="the_key")
    store = DialogStore(
        databases.open("sqlite:///:memory:"),
        ("calls", "vars"),
        names.column_names,
        names.variable_column_names,
    )
    store.create()
    one = dialog(
        state=State.CONFIRMED, started=1_700_000_000.0, script_flags=9, properties=6, timeout_route="over"
    )
    one.lifetime = 60  # a later request has put the timeout off
    one.variables = {"a": "1", "b": ""}
    one.profiles = [("caller", "alice"), ("all", "")]
    one.caller = Leg("from1", "sip:a@h", "<sip:p;lr>", 12, "udp:127.0.0.1:5060")
    store.write([rows_of(one, 1_700_000_100.0)], [])
    store.write([rows_of(one, 1_700_000_100.0), rows_of(dialog("d", 2), 0.0)], [])
    [kept] = store.load("c")
    found = kept.dialog
    assert (found.identity, found.caller, found.callee) == (one.identity, one.caller, one.callee)
    assert (found.variables, kept.memberships) == (one.variables, one.profiles)
    assert (found.state, found.script_flags, found.properties, found.timeout_route) == (
        State.CONFIRMED,
        9,
        6,
        "over",
    )
    assert (found.lifetime, kept.timeout) == (60, 1_700_000_100.0)
    assert len(store.load()) == 2
    store.write([], [one.identity])
    assert [kept.dialog.call_id for kept in store.load()] == ["d"]
    assert store.is_there()
    databases.close()


@pytest.mark.parametrize(
    "xdata", [None, "", "{", "[]", '{"lifetime":"x"}', '{"profiles":[{}]}', '{"profiles":7}']
)
def test_profiles_that_cannot_be_read(xdata: str | None) -> None:
    databases = Databases()
    settings = DialogSettings()
    database = databases.open("sqlite:///:memory:")
    store = DialogStore(database, ("dialog", "vars"), settings.column_names, settings.variable_column_names)
    store.create()
    store.write([rows_of(dialog(), 0.0)], [])
    database.execute("update dialog set xdata = :x, state = 9, caller_cseq = 'x'", {"x": xdata})
    [kept] = store.load()
    assert (kept.memberships, kept.dialog.state, kept.dialog.caller.cseq) == ([], State.DELETED, 0)
    databases.close()


def test_what_is_too_long_for_its_column_does_not_cost_the_dialog() -> None:
    one = dialog()
    one.variables = {"short": "1", "long": "x" * 513, "k" * 129: "1"}
    one.profiles = [("caller", "y" * 600)]
    one.timeout_route = "z" * 33
    left = rows_of(one, 0.0).within_columns()
    assert [variable["dialog_key"] for variable in left.variables] == ["short"]
    assert (left.dialog["xdata"], left.dialog["toroute_name"], left.dialog["callid"]) == (None, None, "c")
    fitting = rows_of(dialog(), 0.0)
    assert fitting.within_columns() == fitting
