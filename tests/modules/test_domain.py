"""domain over SQLite: questions, attributes, reload, and domains as the server's own."""

from collections.abc import Iterator
from typing import Any

import pytest

from luasip.errors import CommandError, StorageError
from luasip.kemi.context import Branch
from luasip.kemi.coverage import missing
from luasip.kemi.declare import Route
from luasip.modules.domain import Domain
from luasip.modules.domain.domains import read_domains
from luasip.modules.domain.settings import DomainSettings
from luasip.storage import Databases
from tests.bench import INVITE, FakeServices, context

URL = "sqlite:///:memory:"


class Bench:
    """Two domains of one customer, one alone."""

    def __init__(self, **settings: Any) -> None:
        self.services = FakeServices(databases=Databases(), domains=())
        self.database = self.services.databases.open(URL)
        self.module = Domain(DomainSettings(db_url=URL, **settings), self.services)
        self.module.start()
        for row in (("Example.com", "customer"), ("example.net", "Customer"), ("alone.example", None)):
            self.add(*row)
        for attribute in (
            ("customer", "plan", 2, "gold"),
            ("customer", "lines", 0, "-12"),
            ("customer", "plan", 2, "b"),
        ):
            statement = "insert into domain_attrs (did, name, type, value) values (?, ?, ?, ?)"
            self.database.execute_positional(statement, attribute)
        assert self.module.reload() == "ok"

    def add(self, domain: str, did: str | None) -> None:
        self.database.execute_positional("insert into domain (domain, did) values (?, ?)", [domain, did])


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.services.databases.close()


def test_every_function_is_there() -> None:
    assert [function.name for function in missing((Domain,)) if function.module == "domain"] == []


@pytest.mark.parametrize(
    ("domain", "code"),
    [("example.com", 1), ("EXAMPLE.NET", 1), ("alone.example", 1), ("sub.example.com", -1), ("", -1)],
)
def test_is_domain_local(bench: Bench, domain: str, code: int) -> None:
    assert bench.module.is_domain_local(context(), domain) == code


@pytest.mark.parametrize(
    ("sender", "code"),
    [("<sip:a@example.com>", 1), ("<sip:a@other.example>", -1), ("sip:a@b", -2), ("<sip:>", -2), ("<tel:+1>", -1)],
)
def test_is_from_local(bench: Bench, sender: str, code: int) -> None:
    text = INVITE.replace("<sip:alice@example.com>", sender)
    assert bench.module.is_from_local(context(text)) == code


def test_is_uri_host_local(bench: Bench) -> None:
    ctx = context()
    assert bench.module.is_uri_host_local(ctx) == 1
    ctx.target.uri = "sip:bob@other.example"
    assert bench.module.is_uri_host_local(ctx) == -1
    ctx.target.uri = "nonsense"
    assert bench.module.is_uri_host_local(ctx) == -1


def test_is_uri_host_local_in_a_failure_route(bench: Bench) -> None:
    ctx = context(route=Route.FAILURE)
    assert bench.module.is_uri_host_local(ctx) == -1
    ctx.branches.append(Branch("sip:bob@example.net"))
    assert bench.module.is_uri_host_local(ctx) == 1


def test_lookup_domain(bench: Bench) -> None:
    ctx = context()
    assert bench.module.lookup_domain(ctx, "other.example") == -1
    assert ctx.lists.avps == {}
    assert bench.module.lookup_domain(ctx, "example.NET") == 1
    assert ctx.lists.avps == {"plan": ["gold", "b"], "lines": [-12], "did": ["Customer"]}
    assert bench.module.lookup_domain_prefix(ctx, "alone.example", "from_") == 1
    assert ctx.lists.avps["from_did"] == ["alone.example"]


def test_reload(bench: Bench) -> None:
    bench.add("new.example", None)
    assert bench.module.is_domain_local(context(), "new.example") == -1
    assert bench.module.reload() == "ok"
    assert bench.module.is_domain_local(context(), "new.example") == 1
    bench.database.execute_positional("update domain_attrs set type = 1 where name = 'plan'", [])
    with pytest.raises(CommandError, match="Reload of domain tables failed"):
        bench.module.reload()
    assert bench.module.is_domain_local(context(), "new.example") == 1


def test_dump(bench: Bench) -> None:
    assert bench.module.dump() == [
        {"domain": "Example.com", "did": "customer"},
        {"domain": "example.net", "did": "Customer"},
        {"domain": "alone.example", "did": "alone.example"},
        {"did": "customer", "attrs": ["plan", "lines", "plan"]},
    ]


@pytest.mark.parametrize("register", [0, 1])
def test_domains_are_the_servers_own(register: int) -> None:
    bench = Bench(register_myself=register)
    assert bench.services.is_myself("EXAMPLE.com") is bool(register)
    assert not bench.services.is_myself("other.example")
    bench.services.databases.close()


@pytest.mark.parametrize(
    ("domains", "attributes"),
    [
        ([("", None)], []),
        ([(None, None)], []),
        ([("a", "")], []),
        ([], [(None, "n", 2, "v")]),
        ([], [("d", "", 2, "v")]),
        ([], [("d", "n", 0, "x")]),
        ([], [("d", "n", 2, None)]),
        ([], [("d", "n", 7, "v")]),
    ],
)
def test_unsound_rows(domains: list[Any], attributes: list[Any]) -> None:
    with pytest.raises(StorageError, match="domain"):
        read_domains(domains, attributes)
