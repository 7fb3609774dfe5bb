import random
from typing import Any

import pytest

from luasip.kemi.operation import POOL_FULL
from luasip.modules.ipops import Ipops
from luasip.modules.ipops.literals import kind, pure_address
from luasip.modules.ipops.records import Record, in_order_to_try
from tests.bench import FakeServices, context, exported, perform, settle

HOSTS = {"one.example": ["192.0.2.1", "2001:db8::1"], "six.example": ["2001:db8::6"]}


class Variables:
    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def set(self, ctx: Any, specification: str, value: Any) -> bool:
        self.values[specification] = value
        return specification.startswith("$var")


def ipops() -> Ipops:
    return Ipops(Ipops.Settings(), FakeServices(hosts=HOSTS, variables=Variables()))


@pytest.mark.parametrize(
    ("text", "is_ip", "pure", "four", "six", "reference", "type"),
    [
        ("192.0.2.1", 1, 1, 1, -1, -1, 1),
        ("2001:db8::1", 1, 1, -1, 1, -1, 2),
        ("[2001:db8::1]", 1, -1, -1, -1, 1, 3),
        ("::ffff:192.0.2.1", 1, 1, -1, 1, -1, 2),
        ("[192.0.2.1]", -1, -1, -1, -1, -1, -1),
        ("192.0.2.256", -1, -1, -1, -1, -1, -1),
        ("192.0.2", -1, -1, -1, -1, -1, -1),
        ("192.0.2.1 ", -1, -1, -1, -1, -1, -1),
        ("fe80::1%eth0", -1, -1, -1, -1, -1, -1),
        ("example.com", -1, -1, -1, -1, -1, -1),
        ("", -1, -1, -1, -1, -1, -1),
        ("[", -1, -1, -1, -1, -1, -1),
        ("[]", -1, -1, -1, -1, -1, -1),
    ],
)
def test_what_a_text_is(
    text: str, is_ip: int, pure: int, four: int, six: int, reference: int, type: int
) -> None:
    module, ctx = ipops(), context()
    asked = (
        module.is_ip,
        module.is_pure_ip,
        module.is_ip4,
        module.is_ip6,
        module.is_ip6_reference,
        module.ip_type,
    )
    assert [ask(ctx, text) for ask in asked] == [is_ip, pure, four, six, reference, type]


@pytest.mark.parametrize(
    ("one", "other", "same", "pure"),
    [
        ("192.0.2.1", "192.0.2.1", 1, 1),
        ("192.0.2.1", "192.0.2.2", -1, -1),
        ("2001:DB8::1", "2001:db8:0::1", 1, 1),
        ("[2001:DB8::1]", "2001:db8:0::1", 1, -1),
        ("192.0.2.1", "::ffff:192.0.2.1", -1, -1),
        ("x", "x", -1, -1),
        ("", "", -1, -1),
    ],
)
def test_comparing(one: str, other: str, same: int, pure: int) -> None:
    assert ipops().compare_ips(context(), one, other) == same
    assert ipops().compare_pure_ips(context(), one, other) == pure


@pytest.mark.parametrize(
    ("text", "networks", "code"),
    [
        ("192.0.2.9", "192.0.2.0/24", 1),
        ("192.0.2.9", "192.0.2.77/24", 1),
        ("192.0.2.9", "192.0.2.9", 1),
        ("192.0.2.9", "0.0.0.0/0", 1),
        ("192.0.2.9", "10.0.0.0/8, 192.0.2.0/24 ,172.16.0.0/12", 1),
        ("192.0.2.9", "10.0.0.0/8,,", -1),
        ("192.0.2.9", "192.0.2.0/33,192.0.2.0/x,192.0.2.0/-1,192.0.2.0/", -1),
        ("192.0.2.9", "192.0.2.0/255.255.255.0", -1),
        ("192.0.2.9", "::/0", -1),
        ("2001:db8::1", "2001:db8::/32", 1),
        ("2001:db8::1", "2001:db9::/32", -1),
        ("[2001:db8::1]", "2001:db8::/32", -1),
        ("2001:db8::1", "[2001:db8::]/32", -1),
        ("x", "0.0.0.0/0", -1),
        ("192.0.2.9", "", -1),
    ],
)
def test_networks(text: str, networks: str, code: int) -> None:
    assert ipops().ip_is_in_subnet(context(), text, networks) == code
    assert ipops().is_in_subnet(context(), text, networks) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("10.1.2.3", 1),
        ("172.31.0.1", 1),
        ("172.32.0.1", -1),
        ("192.168.0.1", 1),
        ("8.8.8.8", -1),
        ("::1", -1),
        ("", -1),
    ],
)
def test_private(text: str, code: int) -> None:
    assert ipops().is_ip_rfc1918(context(), text) == code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1", "PRIVATE"),
        ("172.31.255.1", "PRIVATE"),
        ("192.0.0.1", "RESERVED"),
        ("100.64.0.1", "SHARED"),
        ("169.254.1.1", "LINK-LOCAL"),
        ("127.0.0.1", "LOOPBACK"),
        ("224.0.0.1", "MULTICAST"),
        ("255.255.255.255", "BROADCAST"),
        ("203.0.113.7", "TEST-NET"),
        ("8.8.8.8", "PUBLIC"),
        ("::", "UNSPECIFIED"),
        ("::1", "LOOPBACK"),
        ("::ffff:1.2.3.4", "IPV4MAP"),
        ("fe80::1", "LINK-LOCAL-UNICAST"),
        ("fd00::1", "UNIQUE-LOCAL-UNICAST"),
        ("ff02::1", "MULTICAST"),
        ("2001:db8::1", "DOCUMENTATION"),
        ("2001::1", "TEREDO"),
        ("2a00::1", "GLOBAL-UNICAST"),
        ("4000::1", "RESERVED"),
    ],
)
def test_kinds(text: str, expected: str) -> None:
    found = pure_address(text)
    assert found is not None
    assert kind(found) == expected


@pytest.mark.parametrize(
    ("name", "text", "variable", "code", "value"),
    [
        ("detailed_ip_type", "10.0.0.1", "$var(k)", 1, "PRIVATE"),
        ("detailed_ip_type", "[::1]", "$var(k)", 1, "LOOPBACK"),
        ("detailed_ip_type", "x", "$var(k)", -1, None),
        ("detailed_ip_type", "10.0.0.1", "$ro", -1, None),
        ("detailed_ipv4_type", " 10.0.0.1 ", "$var(k)", 1, "PRIVATE"),
        ("detailed_ipv4_type", "::1", "$var(k)", -1, None),
        ("detailed_ipv6_type", "::1", "$var(k)", 1, "LOOPBACK"),
        ("detailed_ipv6_type", "10.0.0.1", "$var(k)", -1, None),
    ],
)
def test_detailed_types(name: str, text: str, variable: str, code: int, value: str | None) -> None:
    module = ipops()
    assert exported(module)[name](context(), text, variable) == code
    assert module._services.variables.values.get("$var(k)") == value  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("host", "text", "code"),
    [
        ("one.example", "192.0.2.1", 1),
        ("one.example", "[2001:db8:0::1]", 1),
        ("one.example", "192.0.2.2", -1),
        ("one.example", "no address", -3),
        ("nowhere.example", "192.0.2.1", -4),
    ],
)
def test_matching_names(host: str, text: str, code: int) -> None:
    for name in ("dns_sys_match_ip", "dns_int_match_ip"):
        assert settle(exported(ipops())[name](context(), host, text), perform) == code


def test_dns_query() -> None:
    module, ctx = ipops(), context()
    assert settle(module.dns_query(ctx, "one.example", "a"), perform) == 1
    keys = ("addr", "addr[1]", "addr[-1]", "addr[2]", "type[0]", "type[1]", "count", "ipv4", "ipv6", "colour")
    found = [module.record(ctx, f"a=>{key}", None) for key in keys]
    assert found == ["192.0.2.1", "2001:db8::1", "2001:db8::1", None, 4, 6, 2, 1, 1, None]
    assert settle(module.dns_query(ctx, "six.example", "b"), perform) == 1
    assert [module.record(ctx, f"b=>{key}", None) for key in ("ipv4", "ipv6")] == [0, 1]
    assert settle(module.dns_query(ctx, "nowhere.example", "a"), perform) == -4
    assert module.record(ctx, "a=>count", None) is None
    assert settle(module.dns_query(ctx, "x" * 256, "a")) == -2
    assert settle(module.dns_query(ctx, "one.example", "")) == -3
    assert settle(module.dns_query(ctx, "one.example", "a"), lambda operation: POOL_FULL) == -4
    assert module.record(ctx, "nonsense", None) is None


def test_srv_query() -> None:
    module, ctx = ipops(), context()
    services = module._services
    assert isinstance(services, FakeServices)
    services.records["_sip._udp.example.com", "SRV"] = [
        {"priority": 20, "weight": 0, "port": 5062, "target": "two"},
        {"priority": 10, "weight": 0, "port": 5061, "target": "one"},
    ]
    assert settle(module.srv_query(ctx, "_sip._udp.example.com", "a"), perform) == 1
    keys = (
        "count",
        "target",
        "target[0]",
        "target[-1]",
        "port[1]",
        "priority[0]",
        "weight[0]",
        "port[2]",
        "colour",
    )
    found = [module.srv_record(ctx, f"a=>{key}", None) for key in keys]
    assert found == [2, "one", "one", "two", 5062, 10, 0, None, None]
    assert settle(module.srv_query(ctx, "nowhere.example", "a"), perform) == 1
    assert module.srv_record(ctx, "a=>count", None) == 0
    assert settle(module.srv_query(ctx, "", "a")) == -2
    assert settle(module.srv_query(ctx, "x", "")) == -3
    assert module.srv_record(ctx, "nonsense", None) is None


def test_naptr_query() -> None:
    module, ctx = ipops(), context()
    services = module._services
    assert isinstance(services, FakeServices)
    rest: dict[str, str | int] = {"flags": "s", "regex": "", "replace": "_sip._udp.example.com"}
    services.records["example.com", "NAPTR"] = [
        {"order": 2, "pref": 1, "services": "SIP+D2T", **rest},
        {"order": 1, "pref": 9, "services": "SIPS+D2T", **rest},
        {"order": 1, "pref": 5, "services": "SIP+D2U", **rest},
    ]
    assert settle(module.naptr_query(ctx, "example.com", "a"), perform) == 1
    asked = [f"a=>services[{number}]" for number in range(3)]
    assert [module.naptr_record(ctx, key, None) for key in asked] == ["SIP+D2U", "SIPS+D2T", "SIP+D2T"]
    keys = ("count", "order[0]", "pref[0]", "flags[0]", "regex[0]", "replace[0]")
    assert [module.naptr_record(ctx, f"a=>{key}", None) for key in keys] == [
        3,
        1,
        5,
        "s",
        "",
        rest["replace"],
    ]
    assert settle(module.naptr_query(ctx, "", "a")) == -2


def test_srv_records_of_one_priority_are_tried_by_weight() -> None:
    records: list[Record] = [
        {"priority": 1, "weight": weight, "port": 5060, "target": str(weight)} for weight in (0, 10, 30)
    ]
    chance = random.Random(1)
    first = [in_order_to_try(records, chance)[0]["target"] for _ in range(4000)]
    assert 2.5 < first.count("30") / first.count("10") < 3.5
    assert 0 < first.count("0") < 300
    assert len(in_order_to_try(records, chance)) == 3
    assert in_order_to_try([], chance) == []


def test_ptr_query() -> None:
    module, ctx = ipops(), context()
    assert settle(module.ptr_query(ctx, "192.0.2.1", "a"), perform) == 1
    assert module.name_record(ctx, "a=>ptrdname", None) == "one.example"
    assert module.name_record(ctx, "a=>colour", None) is None
    assert settle(module.ptr_query(ctx, "192.0.2.200", "a"), perform) == -1
    assert module.name_record(ctx, "a=>ptrdname", None) is None
    assert settle(module.ptr_query(ctx, "x", "a")) == -1


def test_dns_set_local_ttl() -> None:
    assert ipops().dns_set_local_ttl(context(), 5) == 1
