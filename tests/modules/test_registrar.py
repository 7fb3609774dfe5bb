from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from luasip.errors import SettingsError
from luasip.kemi.context import Branch, RouteContext
from luasip.kemi.declare import Route
from luasip.kemi.lists import XavpRecord
from luasip.kemi.operation import POOL_FULL, TIMED_OUT, Call, Operation
from luasip.modules.registrar import Registrar, RegistrarSettings
from luasip.modules.registrar.answer import q_text
from luasip.modules.registrar.methods import method_mask
from luasip.modules.usrloc import Usrloc, UsrlocSettings
from luasip.modules.usrloc.dump import aor_hash
from luasip.storage import Databases
from tests.bench import FakeListener, FakeServices, context, settle

INSTANCE = ';+sip.instance="<urn:uuid:1>"'


def register(
    *contacts: str, call_id: str = "reg1", cseq: int = 1, to: str = "sip:alice@example.com", **headers: str
) -> str:
    lines = [
        "REGISTER sip:example.com SIP/2.0",
        "Via: SIP/2.0/UDP 127.0.0.2:5070;branch=z9hG4bKreg",
        f"From: <{to}>;tag=f",
        f"To: <{to}>",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} REGISTER",
        *[f"Contact: {contact}" for contact in contacts],
        *[f"{name.replace('_', '-')}: {value}" for name, value in headers.items()],
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""])


def request(uri: str = "sip:alice@example.com", method: str = "INVITE", to_tag: str = "") -> str:
    return (
        f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:5070;branch=z9hG4bKinv\r\n"
        f"From: <sip:bob@x>;tag=f\r\nTo: <sip:alice@example.com>{to_tag}\r\nCall-ID: c\r\n"
        f"CSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
    )


class Bench:
    """A registrar over tables in memory, or over SQLite when a URL is given."""

    def __init__(self, db_url: str = "", usrloc: dict[str, Any] | None = None, **settings: Any) -> None:
        self.services = FakeServices(databases=Databases())
        self.operations: list[Operation] = []
        self.usrloc = Usrloc(
            UsrlocSettings(**({"db_mode": 1, "db_url": db_url} if db_url else {}) | (usrloc or {})),
            self.services,
        )
        self.registrar = Registrar(RegistrarSettings(**settings), self.services, usrloc=self.usrloc)
        self.usrloc.start()
        self.registrar.start()
        self.pool_answer: Callable[[Call], Any] = lambda call: call.function()

    def perform(self, operation: Operation) -> Any:
        assert isinstance(operation, Call)
        assert operation.pool == "sql"
        self.operations.append(operation)
        try:
            return self.pool_answer(operation)
        except Exception as error:  # noqa: BLE001 (what the server's pool does)
            return error

    def run(self, answer: Any) -> Any:
        return settle(answer, self.perform)

    def context(self, text: str, **source: Any) -> RouteContext:
        return context(text, self.services, **source)

    def save(self, text: str, flags: int = 0, **source: Any) -> int:
        result = self.run(self.registrar.save(self.context(text, **source), "location", flags))
        assert isinstance(result, int)
        return result

    def lookup(self, text: str = "") -> tuple[int, RouteContext]:
        ctx = self.context(text or request())
        return self.run(self.registrar.lookup(ctx, "location")), ctx

    def uris(self, aor: str = "alice") -> list[str]:
        table = self.usrloc.table("location")
        assert table is not None
        return [contact.uri for contact in table.contacts(aor)]

    @property
    def reply(self) -> tuple[int, str, str]:
        return self.services.replies[-1]


@pytest.fixture(params=["memory", "sqlite"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(f"sqlite:///{tmp_path}/x.db" if request.param == "sqlite" else "")
    yield made
    if request.param == "memory":
        assert made.operations == []
    made.services.databases.close()


# ── save: return codes and answers ──────────────────────────────────────────────────────────────────────────


def test_a_life_of_a_contact(bench: Bench) -> None:
    assert bench.save(register("<sip:alice@127.0.0.2:5070>", Expires="600")) == 1
    assert bench.reply == (200, "OK", "Contact: <sip:alice@127.0.0.2:5070>;expires=600\r\n")
    assert bench.save(register("<sip:alice@127.0.0.2:5070>;expires=300;q=0.7", cseq=2)) == 2
    assert bench.reply[2] == "Contact: <sip:alice@127.0.0.2:5070>;q=0.7;expires=300\r\n"
    assert bench.save(register(cseq=3)) == 4
    assert bench.reply[2] == "Contact: <sip:alice@127.0.0.2:5070>;q=0.7;expires=300\r\n"
    assert bench.save(register("<sip:alice@127.0.0.2:5070>;expires=0", cseq=4)) == 3
    assert bench.reply == (200, "OK", "")
    assert bench.uris() == []
    assert bench.services.counters["registrar:accepted_regs"] == 4


def test_several_contacts_in_one_register(bench: Bench) -> None:
    text = register("<sip:a@h>;q=0.5, <sip:b@h>;q=1.0", "<sip:c@h>;expires=120", Expires="600")
    assert bench.save(text) == 1
    assert bench.reply[2] == (
        "Contact: <sip:b@h>;q=1;expires=600, <sip:a@h>;q=0.5;expires=600, <sip:c@h>;expires=120\r\n"
    )
    assert bench.save(register("<sip:b@h>;expires=0, <sip:d@h>", cseq=2)) == 1
    assert bench.uris() == ["sip:a@h", "sip:c@h", "sip:d@h"]


def test_the_same_contact_twice_in_one_register_is_one(bench: Bench) -> None:
    assert bench.save(register("<sip:a@h>, <sip:a@h>;q=0.3")) == 2
    assert bench.reply[2] == "Contact: <sip:a@h>;q=0.3;expires=3600\r\n"


def test_star_removes_everything(bench: Bench) -> None:
    bench.save(register("<sip:a@h>, <sip:b@h>"))
    assert bench.save(register("*", cseq=2, Expires="0")) == 3
    assert bench.reply == (200, "OK", "")
    assert bench.uris() == []
    assert bench.save(register("*", cseq=3, Expires="0")) == 3


def test_a_retransmission_is_answered_like_the_original(bench: Bench) -> None:
    bench.save(register("<sip:a@h>"))
    first = bench.reply
    assert bench.save(register("<sip:a@h>")) == 1
    assert bench.reply == first
    bench.services.clock += 30
    assert bench.save(register("<sip:a@h>")) == -1
    assert bench.reply[:2] == (400, "Bad Request")


def test_an_older_request_of_the_same_call_is_refused(bench: Bench) -> None:
    bench.save(register("<sip:a@h>", cseq=5))
    assert bench.save(register("<sip:a@h>;expires=0", cseq=4)) == -1
    assert bench.reply == (
        400,
        "Bad Request",
        "Contact: <sip:a@h>;expires=3600\r\nP-Registrar-Error: Invalid CSeq number\r\n",
    )
    assert bench.uris() == ["sip:a@h"]
    assert bench.save(register("<sip:a@h>;expires=0", call_id="other", cseq=1)) == 3


@pytest.mark.parametrize(
    ("contacts", "headers", "status", "text"),
    [
        (["*"], {}, 400, "* used in contact and expires is not zero"),
        (["*"], {"Expires": "60"}, 400, "* used in contact and expires is not zero"),
        (["*", "<sip:a@h>"], {"Expires": "0"}, 400, "* used in contact and more than 1 contact"),
        (["<sip:a@h>;q=2"], {}, 400, "Invalid q param in contact"),
        (["<sip:a@h"], {}, 400, "Contact parse error"),
        (["<sip:a@h>"], {"Expires": "soon"}, 400, "Expires parse error"),
        (["<sip:" + "a" * 600 + "@h>"], {}, 400, "Contact/received too long"),
        (['<sip:a@h>;+sip.instance="<urn:x>";reg-id=0'], {}, 400, "Invalid Reg-Id number"),
        (["<sip:a@h>"], {"Require": "outbound"}, 420, "No support for Outbound on server"),
    ],
)
def test_refusals(contacts: list[str], headers: dict[str, str], status: int, text: str) -> None:
    bench = Bench()
    assert bench.save(register(*contacts, **headers)) == -1
    assert bench.reply[0] == status
    assert f"P-Registrar-Error: {text}\r\n" in bench.reply[2]
    assert bench.uris() == []
    assert bench.services.counters["registrar:rejected_regs"] == 1


@pytest.mark.parametrize("to", ["sip:example.com", "mailto:", "sip:%zz@example.com"])
def test_a_to_that_is_no_address_of_record_is_refused(to: str) -> None:
    bench = Bench()
    assert bench.save(register("<sip:a@h>", to=to)) == -1
    assert [status for status, _, _ in bench.services.replies] == [400]


def test_an_unknown_table_is_an_error(tmp_path: Path) -> None:
    bench = Bench(f"sqlite:///{tmp_path}/x.db")
    assert bench.run(bench.registrar.save(bench.context(register("<sip:a@h>")), "other", 0)) == -1


@pytest.mark.parametrize(
    ("settings", "contact", "headers", "expected"),
    [
        ({}, "<sip:a@h>", {}, 3600),
        ({}, "<sip:a@h>", {"Expires": "600"}, 600),
        ({}, "<sip:a@h>;expires=700", {"Expires": "600"}, 700),
        ({}, "<sip:a@h>;expires=soon", {"Expires": "600"}, 3600),
        ({}, "<sip:a@h>", {"Expires": "10"}, 60),
        ({"max_expires": 500}, "<sip:a@h>", {"Expires": "600"}, 500),
        ({"max_expires": 500, "default_expires": 900}, "<sip:a@h>", {}, 500),
        ({"min_expires": 0}, "<sip:a@h>;expires=1", {}, 1),
        ({}, "<sip:a@h>;expires=99999999999", {}, 2147483647),
    ],
)
def test_the_life_of_a_contact(
    settings: dict[str, int], contact: str, headers: dict[str, str], expected: int
) -> None:
    bench = Bench(**settings)
    assert bench.save(register(contact, **headers)) == 1
    assert bench.reply[2] == f"Contact: <sip:a@h>;expires={expected}\r\n"


def test_a_life_is_shortened_at_random_within_the_range() -> None:
    bench = Bench(expires_range=50)
    lives = set()
    for number in range(40):
        bench.save(register(f"<sip:{number}@h>;expires=1000", cseq=number + 1), 4)
        lives.add(int(bench.reply[2].partition("expires=")[2]))
    assert all(500 <= life <= 1000 for life in lives)
    assert len(lives) > 5
    bench.save(register("<sip:a@h>;expires=1000", cseq=99), 4 | 8)
    assert bench.reply[2] == "Contact: <sip:a@h>;expires=1000\r\n"


def test_a_short_life_may_be_refused() -> None:
    bench = Bench(min_expires_mode=1)
    assert bench.save(register("<sip:a@h>;expires=10")) == -1
    assert bench.reply[:2] == (423, "Interval Too Brief")
    assert "Min-Expires: 60\r\n" in bench.reply[2]


def test_too_many_contacts() -> None:
    bench = Bench(max_contacts=2, retry_after=30)
    assert bench.save(register("<sip:a@h>, <sip:b@h>, <sip:c@h>")) == -2
    assert bench.reply[:2] == (503, "Service Unavailable")
    assert bench.reply[2] == "P-Registrar-Error: Too many registered contacts\r\nRetry-After: 30\r\n"
    assert bench.save(register("<sip:a@h>, <sip:b@h>", cseq=2)) == 1
    assert bench.save(register("<sip:c@h>", cseq=3)) == -2
    assert bench.reply[2].startswith("Contact: <sip:a@h>;expires=3600, <sip:b@h>;expires=3600\r\n")
    assert bench.save(register("<sip:a@h>;expires=0, <sip:c@h>", cseq=4)) == 1
    assert bench.save(register("<sip:d@h>", cseq=5), 4) == 1
    assert bench.uris() == ["sip:d@h"]


@pytest.mark.parametrize(
    ("flags", "replies", "prepared"),
    [(0, 1, False), (2, 0, False), (2 | 16, 0, True)],
)
def test_reply_flags(flags: int, replies: int, prepared: bool) -> None:
    bench = Bench()
    ctx = bench.context(register("<sip:a@h>"))
    assert bench.run(bench.registrar.save(ctx, "location", flags)) == 1
    assert len(bench.services.replies) == replies
    assert ("Contact: <sip:a@h>;expires=3600\r\n" in ctx.reply_headers) == (prepared or replies == 1)
    assert bench.registrar.reg_send_reply(ctx) == (1 if flags else -1)
    assert bench.reply == (200, "OK", "Contact: <sip:a@h>;expires=3600\r\n")
    assert bench.registrar.reg_send_reply(ctx) == -1


def test_no_reply_outside_a_request_route() -> None:
    bench = Bench()
    assert bench.save(register("<sip:a@h>"), route=Route.ONREPLY) == 1
    assert bench.services.replies == []


def test_memory_only_contacts_are_not_in_the_database(tmp_path: Path) -> None:
    bench = Bench(f"sqlite:///{tmp_path}/x.db")
    assert bench.save(register("<sip:a@h>"), 1) == 1
    assert bench.uris() == ["sip:a@h"]
    assert bench.usrloc.db_contacts("location") == 0


def test_replacing_keeps_just_this_contact(bench: Bench) -> None:
    bench.save(register("<sip:a@h>, <sip:b@h>"))
    assert bench.save(register("<sip:b@h>", cseq=2), 4) == 2
    assert bench.uris() == ["sip:b@h"]
    assert bench.save(register("<sip:c@h>, <sip:d@h>", cseq=3), 4) == 1
    assert bench.uris() == ["sip:c@h"]


def test_save_uri_takes_another_owner() -> None:
    bench = Bench()
    ctx = bench.context(register("<sip:a@h>"))
    assert bench.run(bench.registrar.save_uri(ctx, "location", 0, "sip:carol@example.com")) == 1
    assert (bench.uris("carol"), bench.uris()) == (["sip:a@h"], [])
    assert bench.run(bench.registrar.save_uri(ctx, "location", 0, "")) == -1


@pytest.mark.parametrize(
    ("usrloc", "settings", "to", "aor"),
    [
        ({}, {}, "sip:Alice@Example.COM", "alice"),
        ({}, {"case_sensitive": 1}, "sip:Alice@Example.COM", "Alice"),
        ({"use_domain": 1}, {"case_sensitive": 1}, "sip:Alice@Example.COM", "Alice@example.com"),
        ({"use_domain": 1}, {}, "sips:alice@sip.example.com:5061;x", "alice@sip.example.com"),
        ({"use_domain": 1}, {"realm_prefix": "sip."}, "sip:alice@sip.example.com", "alice@example.com"),
        ({"use_domain": 1}, {}, "sip:example.com", "example.com"),
        ({}, {}, "sip:%61l%40ice@h", "al@ice"),
        ({}, {}, "tel:+49-30-123", "+49-30-123"),
    ],
)
def test_addresses_of_record(usrloc: dict[str, int], settings: dict[str, Any], to: str, aor: str) -> None:
    bench = Bench(usrloc=usrloc, **settings)
    assert bench.save(register("<sip:a@h>", to=to)) == 1
    assert bench.uris(aor) == ["sip:a@h"]


def test_what_is_kept_of_a_register() -> None:
    bench = Bench(received_avp="$avp(RECEIVED)", method_filtering=1)
    ctx = bench.context(
        register("<sip:a@h>;q=0.25" + INSTANCE + ";reg-id=2", User_Agent="phone/2", Allow="INVITE, ACK")
    )
    ctx.target.flags = 64
    ctx.lists.avps["RECEIVED"] = ["sip:1.2.3.4:5060"]
    assert bench.run(bench.registrar.save(ctx, "location", 0)) == 1
    table = bench.usrloc.table("location")
    assert table is not None
    (contact,) = table.contacts("alice")
    expected = {
        "aor": "alice",
        "call_id": "reg1",
        "cflags": 64,
        "connection_id": -1,
        "cseq": 1,
        "expires": 1_700_003_600,
        "flags": 0,
        "instance": "<urn:uuid:1>",
        "keepalive": 0,
        "last_modified": 1_700_000_000,
        "methods": 5,
        "path": "",
        "q": 250,
        "received": "sip:1.2.3.4:5060",
        "reg_id": 2,
        "ruid": contact.ruid,
        "server_id": 0,
        "socket": "udp:127.0.0.1:5060",
        "uri": "sip:a@h",
        "user_agent": "phone/2",
    }
    assert {name: getattr(contact, name) for name in expected} == expected
    assert bench.reply[2] == (
        'Contact: <sip:a@h>;q=0.25;expires=3600;received="sip:1.2.3.4:5060";'
        '+sip.instance="<urn:uuid:1>";reg-id=2\r\n'
    )


def test_a_stream_connection_is_kept() -> None:
    bench = Bench()
    ctx = bench.context(register("<sip:a@h;transport=tcp>"))
    ctx.source.listener = FakeListener("tcp")
    ctx.source.connection_id = 17
    bench.run(bench.registrar.save(ctx, "location", 0))
    assert bench.usrloc.lookup("location", "alice")["Contacts"][0]["Contact"]["Tcpconn-Id"] == 17


def test_the_received_parameter_may_be_left_out() -> None:
    bench = Bench(received_param="")
    bench.save(register('<sip:a@h>;received="sip:1.2.3.4"'))
    assert bench.reply[2] == "Contact: <sip:a@h>;expires=3600\r\n"
    assert bench.lookup()[1].target.destination_uri == "sip:1.2.3.4"


def test_gruus_for_phones_that_support_them() -> None:
    bench = Bench()
    bench.save(register("<sip:a@h>" + INSTANCE, Supported="gruu"))
    ruid = bench.usrloc.lookup("location", "alice")["Contacts"][0]["Contact"]["Ruid"]
    temporary = f"sip:{ruid}-{aor_hash('alice'):x}@example.com;gr"
    assert bench.reply[2] == (
        'Contact: <sip:a@h>;expires=3600;pub-gruu="sip:alice@example.com;gr=urn:uuid:1";'
        f'temp-gruu="{temporary}";+sip.instance="<urn:uuid:1>"\r\n'
    )
    bench.save(register("<sip:b@h>", cseq=2))
    for gruu in ("sip:alice@example.com;gr=urn:uuid:1", temporary):
        result, ctx = bench.lookup(request(gruu))
        assert result == 1
        assert ctx.target.uri == "sip:a@h"
        assert ctx.branches == []
    assert bench.lookup(request("sip:alice@example.com;gr=urn:uuid:9"))[0] == -1
    assert bench.lookup(request("sip:nobody-1@example.com;gr"))[0] == -1


def test_a_new_call_replaces_every_flow_of_the_instance() -> None:
    bench = Bench()
    bench.save(register("<sip:a@h>" + INSTANCE + ";reg-id=1"))
    bench.save(register("<sip:b@h>" + INSTANCE + ";reg-id=2", cseq=2))
    assert bench.uris() == ["sip:a@h", "sip:b@h"]
    assert bench.save(register("<sip:c@h>" + INSTANCE + ";reg-id=1", call_id="new")) == 2
    assert bench.uris() == ["sip:c@h"]


# ── Path ────────────────────────────────────────────────────────────────────────────────────────────────────

PATH = "<sip:edge.example.net;lr;received=sip%3A9.9.9.9>"


def test_path_is_kept_and_routed_by() -> None:
    bench = Bench(use_path=1)
    text = register("<sip:a@h>", "<sip:b@h>", Path=f"{PATH}, <sip:core;lr>", Supported="path")
    assert bench.save(text) == 1
    assert f"Path: {PATH}, <sip:core;lr>\r\n" in bench.reply[2]
    result, ctx = bench.lookup()
    assert result == 1
    assert ctx.target.destination_uri == "sip:edge.example.net;lr;received=sip%3A9.9.9.9"
    assert ctx.target.path == f"{PATH}, <sip:core;lr>"
    assert ctx.branches[0].path == f"{PATH}, <sip:core;lr>"


@pytest.mark.parametrize(
    ("settings", "headers", "status", "in_reply"),
    [
        ({"use_path": 0}, {"Path": PATH}, 200, ""),
        ({"path_mode": 0}, {"Path": PATH, "Supported": "path"}, 200, ""),
        ({"path_mode": 1}, {"Path": PATH}, 200, ""),
        ({"path_mode": 1}, {"Path": PATH, "Supported": "path"}, 200, f"Path: {PATH}\r\n"),
        ({"path_mode": 2}, {"Path": PATH}, 420, "Unsupported: path\r\n"),
        ({}, {"Path": "<sip:edge>", "Supported": "path"}, 400, "P-Registrar-Error: Path parse error\r\n"),
    ],
)
def test_path_modes(settings: dict[str, int], headers: dict[str, str], status: int, in_reply: str) -> None:
    bench = Bench(**{"use_path": 1, **settings})
    bench.save(register("<sip:a@h>", **headers))
    assert bench.reply[0] == status
    assert in_reply in bench.reply[2]
    assert ("Path:" in bench.reply[2]) == in_reply.startswith("Path:")
    assert bool(bench.uris()) == (status == 200)


def test_path_received_marks_the_contact_as_natted() -> None:
    bench = Bench(use_path=1, path_use_received=1, usrloc={"nat_bflag": 6})
    bench.save(register("<sip:a@h>", Path=PATH, Supported="path"))
    shown = bench.usrloc.lookup("location", "alice")["Contacts"][0]["Contact"]
    assert (shown["Received"], shown["CFlags"]) == ("sip:9.9.9.9", 64)


@pytest.mark.parametrize(
    ("path", "destination", "left"),
    [
        ("<sip:127.0.0.1;lr>, <sip:edge;lr>", "sip:edge;lr", "<sip:edge;lr>"),
        ("<sip:127.0.0.1;lr>", "", ""),
        ("<sip:edge;lr>", "sip:edge;lr", "<sip:edge;lr>"),
    ],
)
def test_our_own_first_hop_is_passed_over(path: str, destination: str, left: str) -> None:
    bench = Bench(use_path=1, path_check_local=1)
    bench.save(register("<sip:a@h>", Path=path, Supported="path"))
    _, ctx = bench.lookup()
    assert (ctx.target.destination_uri, ctx.target.path) == (destination, left)


# ── outbound ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("settings", "headers", "status", "in_reply"),
    [
        ({"outbound_mode": 2}, {}, 421, "Require: outbound\r\nSupported: outbound\r\n"),
        ({"outbound_mode": 2, "flow_timer": 90}, {"Supported": "outbound"}, 200, "Flow-Timer: 90\r\n"),
        ({"outbound_mode": 1}, {}, 200, "Supported: outbound\r\n"),
        ({"outbound_mode": 1}, {"Supported": "outbound"}, 200, "Require: outbound\r\n"),
        (
            {"outbound_mode": 1},
            {"Supported": "outbound", "Via": "SIP/2.0/UDP 1.1.1.1"},
            439,
            "P-Registrar-Error",
        ),
        (
            {"outbound_mode": 1, "regid_mode": 1},
            {"Supported": "outbound", "Via": "SIP/2.0/UDP 1.1.1.1"},
            200,
            "reg-id=1",
        ),
        (
            {"outbound_mode": 1},
            {"Supported": "outbound", "Via": "SIP/2.0/UDP 1.1.1.1", "Path": "<sip:edge;lr;ob>"},
            200,
            "reg-id=1",
        ),
    ],
)
def test_outbound(settings: dict[str, int], headers: dict[str, str], status: int, in_reply: str) -> None:
    bench = Bench(**settings)
    bench.save(register("<sip:a@h>" + INSTANCE + ";reg-id=1", **headers))
    assert bench.reply[0] == status
    assert in_reply in bench.reply[2]


# ── lookup ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_lookup_fills_target_and_branches(bench: Bench) -> None:
    bench.save(register('<sip:a@h>;q=0.5;received="sip:1.1.1.1"', "<sip:b@h>;q=0.9" + INSTANCE, "<sip:c@h>"))
    result, ctx = bench.lookup()
    assert result == 1
    target = ctx.target
    assert (target.uri, target.destination_uri, target.q) == ("sip:b@h", "", 0.9)
    assert target.send_socket is bench.services.listeners[0]
    assert (target.instance, target.location_user_agent) == ("<urn:uuid:1>", "n/a")
    assert target.ruid.startswith("uloc-")
    assert [(b.uri, b.destination_uri, b.q) for b in ctx.branches] == [
        ("sip:a@h", "sip:1.1.1.1", 0.5),
        ("sip:c@h", "", None),
    ]


def test_lookup_return_codes(bench: Bench) -> None:
    assert bench.lookup()[0] == -1
    assert bench.lookup(request("mailto:x"))[0] == -3
    bench.save(register("<sip:a@h>"))
    bench.services.clock += 3599
    assert bench.lookup()[0] == 1
    bench.services.clock += 1
    result, ctx = bench.lookup()
    assert result == -1
    assert ctx.target.uri == "sip:alice@example.com"


@pytest.mark.parametrize(
    ("method", "to_tag", "expected"),
    [("INVITE", "", 1), ("MESSAGE", "", -2), ("MESSAGE", ";tag=x", 1)],
)
def test_method_filtering(method: str, to_tag: str, expected: int) -> None:
    bench = Bench(method_filtering=1)
    bench.save(register("<sip:a@h>", Allow="INVITE, ACK, CANCEL"))
    assert bench.lookup(request(method=method, to_tag=to_tag))[0] == expected


def test_methods_of_the_contact_go_before_allow() -> None:
    bench = Bench(method_filtering=1)
    bench.save(register('<sip:a@h>;methods="MESSAGE,INVITE"', "<sip:b@h>", Allow="INVITE"))
    _, ctx = bench.lookup(request(method="MESSAGE"))
    assert (ctx.target.uri, ctx.branches) == ("sip:a@h", [])
    assert method_mask(["INVITE", " BYE", "XYZZY"]) == 1 | 8 | 524288


def test_lookup_keeps_and_adds_branch_flags() -> None:
    bench = Bench()
    ctx = bench.context(register("<sip:a@h>", "<sip:b@h>"))
    ctx.target.flags = 4
    bench.run(bench.registrar.save(ctx, "location", 0))
    ctx = bench.context(request())
    ctx.target.flags = 1
    ctx.target.destination_uri = "sip:stale"
    bench.run(bench.registrar.lookup(ctx, "location"))
    assert (ctx.target.flags, ctx.branches[0].flags, ctx.target.destination_uri) == (5, 4, "")


def test_what_a_script_forced_stays_where_the_contact_says_nothing() -> None:
    bench = Bench()
    bench.usrloc.add("location", "alice", "sip:a@h", 60, 1, "0", 0, 0, -1)
    ctx = bench.context(request())
    ctx.target.protocol = "tcp"
    ctx.target.send_socket = bench.services.listeners[1]
    assert bench.run(bench.registrar.lookup(ctx, "location")) == 1
    assert (ctx.target.protocol, ctx.target.send_socket) == ("tcp", bench.services.listeners[1])


def test_further_contacts_may_be_left_out() -> None:
    bench = Bench(append_branches=0)
    bench.save(register("<sip:a@h>", "<sip:b@h>"))
    assert bench.lookup()[1].branches == []


def test_lookup_uri_and_lookup_to_dset() -> None:
    bench = Bench()
    bench.save(register("<sip:a@h>", "<sip:b@h>"))
    ctx = bench.context(request("sip:other@example.com"))
    assert bench.run(bench.registrar.lookup_uri(ctx, "location", "sip:alice@example.com")) == 1
    assert ctx.target.uri == "sip:a@h"
    ctx = bench.context(request("sip:other@example.com"))
    assert bench.run(bench.registrar.lookup_to_dset(ctx, "location", "sip:alice@example.com")) == 1
    assert ctx.target.uri == "sip:other@example.com"
    assert [branch.uri for branch in ctx.branches] == ["sip:a@h", "sip:b@h"]
    assert bench.run(bench.registrar.lookup_to_dset(ctx, "location", "")) == -1


def test_lookup_branches_looks_up_each() -> None:
    bench = Bench()
    bench.save(register("<sip:a@h>"))
    bench.save(register("<sip:b1@h>, <sip:b2@h>", to="sip:bob@example.com"))
    ctx = bench.context(request())
    ctx.branches = [Branch("sip:bob@example.com"), Branch("sip:nobody@x"), Branch("sip:bob@x", "sip:next")]
    assert bench.run(bench.registrar.lookup_branches(ctx, "location")) == 1
    assert ctx.target.uri == "sip:a@h"
    assert [branch.uri for branch in ctx.branches] == ["sip:b1@h", "sip:nobody@x", "sip:bob@x", "sip:b2@h"]
    ctx = bench.context(request("sip:nobody@x"))
    assert bench.run(bench.registrar.lookup_branches(ctx, "location")) == -1


def test_lookup_xavp() -> None:
    bench = Bench()
    bench.save(register("<sip:a@h>", '<sip:b@h>;received="sip:1.1.1.1"'))
    ctx = bench.context(request())
    assert bench.run(bench.registrar.lookup_xavp(ctx, "location", "sip:alice@x", "rec", "con")) == 1
    (record,), contacts = ctx.lists.xavps["rec"], ctx.lists.xavps["con"]
    assert isinstance(record, XavpRecord)
    assert (record.get("aor"), record.get("count")) == ("alice", 2)
    found = [(c.get("uri"), c.get("socket"), c.get("dsturi")) for c in contacts if isinstance(c, XavpRecord)]
    assert found == [
        ("sip:a@h", "udp:127.0.0.1:5060", None),
        ("sip:b@h", "udp:127.0.0.1:5060", "sip:1.1.1.1"),
    ]
    assert bench.run(bench.registrar.lookup_xavp(ctx, "location", "sip:bob@x", "rec", "con")) == -1


def test_xavp_rcd_tells_of_contacts() -> None:
    bench = Bench(xavp_rcd="ulrcd", xavp_rcd_mask=1)
    bench.save(register("<sip:a@h>;expires=100"))
    _, ctx = bench.lookup()
    (record,) = ctx.lists.xavps["ulrcd"]
    assert isinstance(record, XavpRecord)
    assert record.fields == {"contact": ["sip:a@h"], "expires": [100]}


def test_registered(bench: Bench) -> None:
    ctx = bench.context(request())
    registrar = bench.registrar
    assert bench.run(registrar.registered(ctx, "location")) == -1
    bench.save(register("<sip:a@h>"))
    assert bench.run(registrar.registered(ctx, "location")) == 1
    assert bench.run(registrar.registered_uri(ctx, "location", "sip:alice@elsewhere")) == 1
    assert bench.run(registrar.registered_uri(ctx, "location", "sip:bob@example.com")) == -1
    assert bench.run(registrar.registered_uri(ctx, "location", "nonsense")) == -1
    assert ctx.target.uri == "sip:alice@example.com"
    bench.services.clock += 3600
    assert bench.run(registrar.registered(ctx, "location")) == -1


def test_registered_with_the_values_of_xavp_cfg() -> None:
    bench = Bench(xavp_cfg="cfg")
    bench.save(register('<sip:a@h>;received="sip:1.1.1.1"'))
    ctx = bench.context(request())
    wanted = XavpRecord()
    ctx.lists.xavps["cfg"] = [wanted]
    for field, value, flag in (
        ("callid", "reg1", 1),
        ("received", "sip:1.1.1.1", 2),
        ("contact", "sip:a@h", 4),
    ):
        wanted.set(f"match_{field}", value)
        assert bench.run(bench.registrar.registered_flags(ctx, "location", "", flag)) == 1
        wanted.set(f"match_{field}", "other")
        assert bench.run(bench.registrar.registered_flags(ctx, "location", "", flag)) == -1
        assert bench.run(bench.registrar.registered_action(ctx, "location", "", 0, 2)) == 1


def test_xavp_cfg_overrides_settings() -> None:
    bench = Bench(xavp_cfg="cfg", sock_flag=3)
    ctx = bench.context(register("<sip:a@h>", "<sip:b@h>"))
    wanted = XavpRecord()
    for field, value in (("max_contacts", 2), ("expires", 120), ("q", 300), ("tcpconn_id", 9)):
        wanted.set(field, value)
    wanted.set("socket", "tcp:127.0.0.1:5060")
    ctx.lists.xavps["cfg"] = [wanted]
    ctx.flags = 1 << 3
    assert bench.run(bench.registrar.save(ctx, "location", 0)) == 1
    shown = bench.usrloc.lookup("location", "alice")["Contacts"][0]["Contact"]
    assert (shown["Expires"], shown["Q"], shown["Tcpconn-Id"], shown["Socket"]) == (
        120,
        0.3,
        9,
        "tcp:127.0.0.1:5060",
    )
    wanted.set("max_contacts", 1)
    assert bench.run(bench.registrar.save(ctx, "location", 0)) == -2


def test_a_socket_given_in_a_header() -> None:
    bench = Bench(sock_flag=3, sock_hdr_name="X-Sock")
    for value, expected in (
        ("tcp:127.0.0.1:5060", "tcp:127.0.0.1:5060"),
        ("udp:8.8.8.8:1", "udp:127.0.0.1:5060"),
    ):
        ctx = bench.context(register(f"<sip:{expected}@h>", X_Sock=value, call_id=value))
        ctx.flags = 1 << 3
        bench.run(bench.registrar.save(ctx, "location", 4))
        assert bench.usrloc.lookup("location", "alice")["Contacts"][0]["Contact"]["Socket"] == expected
    ctx = bench.context(register("<sip:a@h>"))
    assert bench.registrar.add_sock_hdr(ctx, "X-Sock") == 1
    assert "X-Sock: udp:127.0.0.1:5060\r\n" in ctx.edits.apply(ctx.message)
    assert bench.registrar.add_sock_hdr(ctx, "") == -1


def test_unregister(bench: Bench) -> None:
    ctx = bench.context(request())
    registrar = bench.registrar
    assert bench.run(registrar.unregister(ctx, "location", "sip:alice@example.com")) == -3
    assert bench.run(registrar.unregister(ctx, "location", "")) == -1
    bench.save(register("<sip:a@h>", "<sip:b@h>"))
    ruid = bench.usrloc.lookup("location", "alice")["Contacts"][0]["Contact"]["Ruid"]
    assert bench.run(registrar.unregister_ruid(ctx, "location", "sip:alice@x", "no-such")) == -3
    assert bench.run(registrar.unregister_ruid(ctx, "location", "sip:alice@x", ruid)) == 1
    assert bench.uris() == ["sip:b@h"]
    assert bench.run(registrar.unregister(ctx, "location", "sip:alice@example.com")) == 1
    assert bench.uris() == []


@pytest.mark.parametrize(
    ("received", "mode", "expected"),
    [
        ("sip:127.0.0.2:5070;transport=udp", 3, 1),
        ("sip:127.0.0.2:5071", 0, 1),
        ("sip:127.0.0.2:5071", 1, -1),
        ("sip:127.0.0.2:5070;transport=tcp", 2, -1),
        ("sip:127.0.0.9", 0, -1),
        ("sip:example.com", 0, -1),
    ],
)
def test_reg_from_user(received: str, mode: int, expected: int) -> None:
    bench = Bench()
    bench.save(register(f'<sip:a@h>;received="{received}"'))
    ctx = bench.context(request())
    assert bench.run(bench.registrar.reg_from_user(ctx, "location", "sip:alice@x", mode)) == expected
    assert bench.run(bench.registrar.reg_from_user(ctx, "location", "sip:bob@x", mode)) == -1


# ── $ulc ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_fetched_contacts(bench: Bench) -> None:
    bench.save(register("<sip:a@h>;q=0.5", "<sip:b@h>", User_Agent="phone"))
    ctx, registrar = bench.context(request()), bench.registrar
    assert bench.run(registrar.reg_fetch_contacts(ctx, "location", "sip:bob@x", "p")) == -1
    assert bench.run(registrar.reg_fetch_contacts(ctx, "location", "sip:alice@x", "p")) == 1

    def ulc(inner: str, index: int | None = None) -> Any:
        return registrar.contact_attribute(ctx, inner, index)

    assert [ulc("p=>addr"), ulc("p=>addr", 1), ulc("p=>addr", 2), ulc("p=>addr", -1)] == [
        "sip:a@h",
        "sip:b@h",
        None,
        "sip:a@h",
    ]
    expected = {
        "aor": "alice",
        "domain": "location",
        "count": 2,
        "q": 500,
        "expires": 1_700_003_600,
        "callid": "reg1",
        "cseq": 1,
        "user_agent": "phone",
        "socket": "udp:127.0.0.1:5060",
        "methods": 0xFFFFFFFF,
        "regid": 0,
        "conid": None,
        "instance": None,
        "received": "",
        "modified": 1_700_000_000,
        "nonsense": None,
    }
    assert {name: ulc(f"p=>{name}") for name in expected} == expected
    assert ulc("other=>addr") is None
    assert [registrar.ulc_rget(ctx, "p", name) for name in ("count", "aor", "addr")] == [2, "alice", 0]
    assert [registrar.ulc_cget(ctx, "p", "addr", index) for index in (0, 1, 2)] == ["sip:a@h", "sip:b@h", 0]
    assert registrar.ulc_cget(ctx, "other", "addr", 0) == 0
    assert registrar.reg_free_contacts(ctx, "p") == 1
    assert ulc("p=>addr") is None


def test_the_expired_event_shows_the_contact() -> None:
    bench = Bench(event_callback="ksr_unregister_event")
    bench.save(register("<sip:a@h>"))
    bench.services.clock += 3600
    bench.services.timers["usrloc"]()
    assert bench.services.events == [("ksr_unregister_event", "usrloc:contact-expired")]
    ctx = bench.context(request(), route=Route.EVENT)
    ctx.attributes.update(bench.services.event_attributes[0])
    assert bench.registrar.contact_attribute(ctx, "exp=>aor", None) == "alice"
    assert bench.registrar.contact_attribute(ctx, "exp=>addr", 0) == "sip:a@h"


def test_set_q_override() -> None:
    bench = Bench()
    ctx = bench.context(register("<sip:a@h>;q=0.1"))
    assert bench.registrar.set_q_override(ctx, "1.5") == -1
    assert bench.registrar.set_q_override(ctx, "0.8") == 1
    bench.run(bench.registrar.save(ctx, "location", 0))
    assert "q=0.8" in bench.reply[2]


@pytest.mark.parametrize(("q", "text"), [(0, "0"), (1000, "1"), (700, "0.7"), (250, "0.25"), (5, "0.005")])
def test_q_text(q: int, text: str) -> None:
    assert q_text(q) == text


# ── the database fails ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("failure", [POOL_FULL, TIMED_OUT, None])
def test_a_failing_database_is_a_500(tmp_path: Path, failure: Any) -> None:
    bench = Bench(f"sqlite:///{tmp_path}/x.db")
    bench.save(register("<sip:a@h>"))
    if failure is None:
        bench.services.databases.open(f"sqlite:///{tmp_path}/x.db").execute("drop table location")
    else:
        bench.pool_answer = lambda _call: failure
    assert bench.save(register("<sip:b@h>", cseq=2)) == -1
    assert bench.reply == (
        500,
        "Server Internal Error",
        "P-Registrar-Error: usrloc_contact_update failed\r\n",
    )
    ctx = bench.context(request())
    assert bench.run(bench.registrar.unregister(ctx, "location", "sip:alice@x")) == -2
    assert bench.uris() == ["sip:a@h"]


def test_reads_suspend_in_database_only_mode(tmp_path: Path) -> None:
    bench = Bench(f"sqlite:///{tmp_path}/x.db", usrloc={"db_mode": 3})
    bench.save(register("<sip:a@h>"))
    before = len(bench.operations)
    assert bench.lookup()[0] == 1
    assert len(bench.operations) == before + 1
    bench.pool_answer = lambda _call: TIMED_OUT
    assert bench.lookup()[0] == -3
    ctx = bench.context(request())
    assert bench.run(bench.registrar.registered(ctx, "location")) == -1


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"path_mode": 3}, "path_mode: 3"),
        ({"default_q": 2000}, "default_q: 2000"),
        ({"received_avp": "RECEIVED"}, "received_avp"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        Bench(**settings)


def test_functions_are_declared_as_kamailio_exports_them() -> None:
    exports = {export.name: (len(export.parameters), export.result) for export in Registrar.exports()}
    assert exports == {
        "add_sock_hdr": (1, "int"),
        "lookup": (1, "int"),
        "lookup_branches": (1, "int"),
        "lookup_to_dset": (2, "int"),
        "lookup_uri": (2, "int"),
        "lookup_xavp": (4, "int"),
        "reg_fetch_contacts": (3, "int"),
        "reg_free_contacts": (1, "int"),
        "reg_from_user": (3, "int"),
        "reg_send_reply": (0, "int"),
        "registered": (1, "int"),
        "registered_action": (4, "int"),
        "registered_flags": (3, "int"),
        "registered_uri": (2, "int"),
        "save": (2, "int"),
        "save_uri": (3, "int"),
        "set_q_override": (1, "int"),
        "ulc_cget": (3, "xval"),
        "ulc_rget": (2, "xval"),
        "unregister": (2, "int"),
        "unregister_ruid": (3, "int"),
    }
