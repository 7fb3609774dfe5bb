from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from luasip.errors import CommandError, SettingsError, StorageError
from luasip.kemi.declare import Route
from luasip.kemi.operation import POOL_FULL
from luasip.modules.permissions import Permissions, PermissionsSettings
from luasip.modules.permissions.rules import is_allowed, read_rules
from luasip.modules.permissions.trusted import Peer, compile_basic, peers
from luasip.storage import Databases
from tests.bench import INVITE, FakeServices, context, perform, settle

ADDRESSES = """
# group address mask port tag
1 192.0.2.1
1 192.0.2.2 32 5060
1 192.0.2.3 32 0 gateway
2 198.51.100.0 24 0 office
2 2001:db8::/32
3 198.51.100.128 25 0 basement  # within the network of group 2
3 trunk.example.com 0 5070 trunk
4 10.0.0.1 32 5060 first
5 10.0.0.1 32 0 last
"""


class Variables:
    """Keeps what is set."""

    def __init__(self) -> None:
        self.values: list[tuple[str, Any]] = []

    def set(self, ctx: Any, specification: str, value: Any) -> bool:
        self.values.append((specification, value))
        return True


def permissions(folder: Path, text: str = ADDRESSES, **settings: Any) -> Permissions:
    (folder / "addresses").write_text(text)
    values = {"address_file": str(folder / "addresses"), "peer_tag_avp": "$avp(tag)", **settings}
    module = Permissions(PermissionsSettings(**values), FakeServices(variables=Variables()))
    module.start()
    return module


def tags(module: Permissions) -> list[str]:
    values = module._services.variables.values  # type: ignore[attr-defined]
    assert {name for name, _ in values} <= {"$avp(tag)"}
    return [value for _, value in values]


@pytest.mark.parametrize(
    ("group", "host", "port", "code", "tag"),
    [
        (1, "192.0.2.1", 5060, 1, []),
        (1, "192.0.2.1", 1, 1, []),
        (2, "192.0.2.1", 5060, -1, []),
        (1, "192.0.2.2", 5060, 1, []),
        (1, "192.0.2.2", 5061, -1, []),
        (1, "192.0.2.3", 5, 1, ["gateway"]),
        (2, "198.51.100.200", 5, 1, ["office"]),
        (3, "198.51.100.200", 5, 1, ["basement"]),
        (3, "198.51.100.1", 5, -1, []),
        (2, "2001:db8:1::7", 5060, 1, []),
        (2, "2001:db9::7", 5060, -1, []),
        (0, "192.0.2.1", 5060, -1, []),
    ],
)
def test_addresses(group: int, host: str, port: int, code: int, tag: list[str], tmp_path: Path) -> None:
    by_source, by_address = permissions(tmp_path), permissions(tmp_path)
    assert by_source.allow_source_address(context(host=host, port=port), group) == code
    assert by_address.allow_address(context(), group, host, port) == code
    assert tags(by_source) == tags(by_address) == tag


@pytest.mark.parametrize(
    ("host", "port", "group", "tag"),
    [
        ("192.0.2.3", 9, 1, ["gateway"]),
        ("198.51.100.200", 9, 2, ["office"]),
        ("2001:db8::1", 9, 2, []),
        ("192.0.2.99", 9, -1, []),
        ("10.0.0.1", 5060, 5, ["last"]),
    ],
)
def test_groups(host: str, port: int, group: int, tag: list[str], tmp_path: Path) -> None:
    by_source, by_address = permissions(tmp_path), permissions(tmp_path)
    assert by_source.allow_source_address_group(context(host=host, port=port)) == group
    assert by_address.allow_address_group(context(), host, port) == group
    assert tags(by_source) == tags(by_address) == tag


@pytest.mark.parametrize(
    ("host", "port", "code", "group"),
    [
        ("trunk.example.com", 5070, 1, 3),
        ("TRUNK.example.com", 5070, 1, 3),
        ("trunk.example.com", 5060, -1, -1),
        ("other.example.com", 5070, -1, -1),
        ("", 0, -1, -1),
    ],
)
def test_names(host: str, port: int, code: int, group: int, tmp_path: Path) -> None:
    module = permissions(tmp_path)
    assert module.allow_address(context(), 3, host, port) == code
    assert module.allow_address_group(context(), host, port) == group


def test_brackets_of_ipv6(tmp_path: Path) -> None:
    assert permissions(tmp_path).allow_address(context(), 2, "[2001:db8::1]", 5060) == 1


def test_the_longest_mask_decides_when_asked_for(tmp_path: Path) -> None:
    text = "1 10.0.0.0 8 0 wide\n1 10.1.0.0 16 0 narrow"
    for mode, tag in ((0, "wide"), (1, "narrow")):
        module = permissions(tmp_path, text, subnet_match_mode=mode)
        assert module.allow_address(context(), 1, "10.1.2.3", 5060) == 1
        assert tags(module) == [tag]


def test_without_tables() -> None:
    module = Permissions(PermissionsSettings(), FakeServices())
    module.start()
    assert module.allow_source_address(context(), 1) == -1
    assert module.allow_source_address_group(context()) == -1
    assert settle(module.allow_trusted(context())) == -1
    with pytest.raises(CommandError):
        module.reload_addresses()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1", ":1: GROUP ADDRESS"),
        ("\none 192.0.2.1", ":2: group, mask and port"),
        ("1 192.0.2.1 33", "mask 33"),
        ("1 2001:db8:: 129", "mask 129"),
        ("1 192.0.2.1 32 0 tag more", "GROUP ADDRESS"),
    ],
)
def test_wrong_files(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=problem):
        permissions(tmp_path, text)


@pytest.mark.parametrize("settings", [{"peer_tag_avp": "tag"}, {"db_mode": 2}])
def test_wrong_settings(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        Permissions(PermissionsSettings(**settings), FakeServices())


def test_reload_and_dump(tmp_path: Path) -> None:
    module = permissions(tmp_path, "1 192.0.2.1\n1 10.0.0.0 8 0 net\n2 host.example")
    assert module.dump_addresses() == [
        {"group": 1, "item": {"ip": "192.0.2.1", "mask": 32, "port": 0, "tag": "NULL"}}
    ]
    assert module.dump_networks() == [
        {"group": 1, "item": {"ip": "10.0.0.0", "mask": 8, "port": 0, "tag": "net"}}
    ]
    assert module.dump_names() == [
        {"group": 2, "item": {"domain_name": "host.example", "port": 0, "tag": "NULL"}}
    ]
    (tmp_path / "addresses").write_text("1 192.0.2.7")
    assert module.reload_addresses() == "Reload OK"
    assert module.allow_address(context(), 1, "192.0.2.7", 1) == 1
    assert module.allow_address(context(), 1, "192.0.2.1", 1) == -1
    with pytest.raises(CommandError, match="ongoing reload"):
        module.reload_addresses()
    (tmp_path / "addresses").write_text("nonsense")
    module._services.clock += 5  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="Reload failed"):
        module.reload_addresses()
    assert module.allow_address(context(), 1, "192.0.2.7", 1) == 1


# Trusted peers


@pytest.fixture
def services(tmp_path: Path) -> Iterator[FakeServices]:
    databases = Databases()
    found = FakeServices(databases=databases, variables=Variables())
    setup = Permissions(PermissionsSettings(db_url=f"sqlite:///{tmp_path}/p.db", db_mode=1), found)
    setup.start()
    database = databases.open(setup.settings.db_url)
    for row in (
        ("127.0.0.2", "any", "^sip:carol@.*$", None, "carol", 9),
        ("127.0.0.2", "udp", "^sip:alice@", "bob", "alice", 1),
        ("127.0.0.2", "any", None, None, "anybody", 0),
        ("127.0.0.3", "tcp", None, None, None, 0),
        ("127.0.0.4", "none", None, None, None, 0),
        ("127.0.0.5", "any", "^sip:a\\(l\\)ice+", None, None, 0),
        ("127.0.0.6", "any", "\\(", None, None, 0),
    ):
        names = ("source", "proto", "sender", "uri", "tag", "priority")
        database.execute(
            "insert into trusted (src_ip, proto, from_pattern, ruri_pattern, tag, priority)"
            " values (:source, :proto, :sender, :uri, :tag, :priority)",
            dict(zip(names, row, strict=True)),
        )
    database.execute(
        "insert into address (grp, ip_addr, mask, port, tag) values (7, '127.0.0.2', 32, 0, null)"
    )
    yield found
    databases.close()


def trusting(services: FakeServices, tmp_path: Path, **settings: Any) -> Permissions:
    values = {"db_url": f"sqlite:///{tmp_path}/p.db", "peer_tag_avp": "$avp(tag)", **settings}
    module = Permissions(PermissionsSettings(**values), services)
    module.start()
    return module


@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize(
    ("host", "tag_mode", "code", "tag"),
    [
        ("127.0.0.2", 0, 1, ["alice"]),
        ("127.0.0.2", 1, 2, ["alice", "anybody"]),
        ("127.0.0.3", 0, -1, []),
        ("127.0.0.4", 0, -1, []),
        ("127.0.0.5", 0, -1, []),
        ("127.0.0.6", 0, -1, []),
        ("127.0.0.9", 0, -1, []),
    ],
)
def test_trusted(
    mode: int, host: str, tag_mode: int, code: int, tag: list[str], services: FakeServices, tmp_path: Path
) -> None:
    module = trusting(services, tmp_path, db_mode=mode, peer_tag_mode=tag_mode)
    assert settle(module.allow_trusted(context(services=services, host=host)), perform) == code
    assert tags(module) == tag


def test_patterns_are_for_requests(services: FakeServices, tmp_path: Path) -> None:
    reply = "SIP/2.0 200 OK\r\n" + INVITE.partition("\r\n")[2]
    module = trusting(services, tmp_path, db_mode=1)
    ctx = context(reply, services, Route.REPLY, host="127.0.0.2")
    assert settle(module.allow_trusted(ctx)) == 1
    assert tags(module) == ["carol"]


def test_the_database_does_not_answer(services: FakeServices, tmp_path: Path) -> None:
    module = trusting(services, tmp_path)
    assert settle(module.allow_trusted(context()), lambda operation: POOL_FULL) == -1


def test_addresses_of_the_database(services: FakeServices, tmp_path: Path) -> None:
    module = trusting(services, tmp_path)
    assert module.allow_source_address_group(context(services=services)) == 7
    assert trusting(services, tmp_path, load_backends=2).allow_source_address_group(context()) == -1


def test_reload_and_dump_of_trusted(services: FakeServices, tmp_path: Path) -> None:
    module = trusting(services, tmp_path, db_mode=1)
    assert len(module.dump_trusted()) == 6
    assert module.dump_trusted()[0]["item"] == {
        "ip": "127.0.0.2",
        "proto": "any",
        "pattern": "^sip:carol@.*$",
        "ruri_pattern": "NULL",
        "tag": "carol",
        "priority": 9,
    }
    services.databases.open(module.settings.db_url).execute("delete from trusted")
    assert module.reload_trusted() == "Reload OK"
    assert module.dump_trusted() == []
    uncached = trusting(services, tmp_path)
    for refused in (uncached.dump_trusted, uncached.reload_trusted):
        with pytest.raises(CommandError):
            refused()


def test_an_unknown_protocol_is_told() -> None:
    with pytest.raises(ValueError, match="smoke"):
        peers([Peer("127.0.0.1", "smoke", "", "", "", 0)])


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("^a.*z$", "abcz", True),
        ("a+", "a+", True),
        ("a+", "aa", False),
        (r"a\+$", "aa", True),
        (r"\(ab\)*$", "abab", True),
        ("(ab)", "(ab)", True),
        (r"a\{2\}$", "aa", True),
        ("a{2}", "aa", False),
        (r"x\|y", "y", True),
        ("x|y", "x|y", True),
        ("*a", "*a", True),
        ("[+(]", "(", True),
        ("[]x]", "]", True),
        ("[[:digit:]]", "5", True),
        (r"\.", "a", False),
    ],
)
def test_basic_expressions(pattern: str, text: str, found: bool) -> None:
    assert bool(compile_basic(pattern).search(text)) is found


# Rules

RULES = """
# who may call whom
"^sip:alice@", "^sip:bob@" EXCEPT "^sip:bob@guest" : ALL EXCEPT "premium", "abroad"
ALL : "^sip:help@"   # everybody
"""


@pytest.mark.parametrize(
    ("first", "second", "allowed"),
    [
        ("sip:alice@a", "sip:x@b", True),
        ("SIP:Alice@a", "sip:x@b", True),
        ("sip:alice@a", "sip:x@premium", False),
        ("sip:bob@a", "sip:x@b", True),
        ("sip:bob@guest", "sip:x@b", False),
        ("sip:bob@guest", "sip:help@b", True),
        ("sip:eve@a", "sip:x@b", False),
    ],
)
def test_rules(first: str, second: str, allowed: bool, tmp_path: Path) -> None:
    (tmp_path / "p.allow").write_text(RULES)
    (tmp_path / "p.deny").write_text("ALL : ALL")
    module = permissions(tmp_path)
    answer = "Allowed" if allowed else "Denied"
    assert module.test_uri(f"{tmp_path}/p", first, second) == answer
    assert module.allow_uri(f"{tmp_path}/p", first, second) == answer
    assert module.test_uri(f"{tmp_path}/none", first, second) == "Allowed"


def test_what_no_rule_is_about_is_allowed() -> None:
    deny = read_rules('"eve" : ALL', "d")
    assert is_allowed([], deny, "sip:alice@a", "sip:x@b")
    assert not is_allowed([], deny, "sip:eve@a", "sip:x@b")


@pytest.mark.parametrize(
    "line",
    [
        "ALL",
        "ALL : ALL : ALL",
        ": ALL",
        "ALL ALL : ALL",
        "alice : ALL",
        '"(" : ALL',
        '"a : ALL',
        "ALL EXCEPT : ALL",
    ],
)
def test_wrong_rules(line: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^file:2: "):
        read_rules(f"\n{line}", "file")
    (tmp_path / "p.allow").write_text(line)
    with pytest.raises(CommandError):
        permissions(tmp_path).test_uri(f"{tmp_path}/p", "a", "b")
