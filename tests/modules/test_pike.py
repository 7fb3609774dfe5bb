from typing import Any

import pytest

from luasip.errors import CommandError, SettingsError
from luasip.modules.pike import AddressTree, Pike
from luasip.modules.pike.tree import Verdict, address_bytes
from tests.bench import FakeServices, context

ONE = bytes((10, 1, 2, 3))
OTHER = bytes((10, 1, 2, 4))


def hits(tree: AddressTree, address: bytes, number: int, now: float = 0.0) -> list[Verdict]:
    return [tree.hit(address, now) for _ in range(number)]


def test_a_prefix_grows_byte_by_byte_before_an_address_counts() -> None:
    tree = AddressTree(30, 120.0)
    hits(tree, ONE, 6)
    assert [node.address for node in tree.nodes()] == ["10"]
    hits(tree, ONE, 3)
    assert [node.address for node in tree.nodes()] == ["10", "10.1", "10.1.2", "10.1.2.3"]
    assert not any(node.is_leaf for node in tree.nodes())
    hits(tree, ONE, 1)
    assert [node.address for node in tree.nodes() if node.is_leaf] == ["10.1.2.3"]


def test_the_thirtieth_hit_of_a_whole_address_makes_it_hot() -> None:
    tree = AddressTree(30, 120.0)
    verdicts = hits(tree, ONE, 41)
    assert verdicts[:38] == [Verdict.FINE] * 38
    assert verdicts[38:] == [Verdict.NEWLY_HOT, Verdict.HOT, Verdict.HOT]


def test_neighbours_share_the_growth_of_their_prefix_but_not_the_verdict() -> None:
    tree = AddressTree(30, 120.0)
    hits(tree, ONE, 60)
    assert set(hits(tree, OTHER, 30)) == {Verdict.FINE}


def test_a_steady_rate_below_the_limit_is_never_hot() -> None:
    tree = AddressTree(30, 120.0)
    hits(tree, ONE, 9)
    for _ in range(10):
        assert set(hits(tree, ONE, 29)) == {Verdict.FINE}
        tree.swap()


def test_a_hot_address_cools_when_two_units_have_been_quiet() -> None:
    tree = AddressTree(8, 120.0)
    hits(tree, ONE, 30)
    assert tree.swap() == []
    assert tree.hit(ONE, 0.0) is Verdict.HOT
    assert tree.swap() == ["10.1.2.3"]
    assert tree.hit(ONE, 0.0) is Verdict.FINE


def test_what_is_silent_goes_leaf_first() -> None:
    tree = AddressTree(8, 10.0)
    hits(tree, ONE, 20)
    assert tree.expire(9.0) == 0
    for now, left in ((10.0, 3), (20.0, 2), (30.0, 1), (40.0, 0)):
        assert tree.expire(now) == 1
        assert len(list(tree.nodes())) == left


def test_ipv4_may_be_the_beginning_of_ipv6() -> None:
    tree = AddressTree(8, 10.0)
    long = ONE + bytes(12)
    hits(tree, ONE, 12)
    hits(tree, long, 40, now=5.0)
    assert {node.address for node in tree.nodes() if node.is_leaf} == {"10.1.2.3", "a01:203::"}
    tree.expire(10.0)
    assert [node.address for node in tree.nodes() if node.is_leaf] == ["a01:203::"]


@pytest.mark.parametrize(
    ("host", "expected"),
    [("10.1.2.3", ONE), ("::1", bytes(15) + b"\x01"), ("[::1]", bytes(15) + b"\x01"), ("fe80::1%eth0", None)],
)
def test_bytes_of_hosts(host: str, expected: bytes | None) -> None:
    assert len(address_bytes(host)) == len(expected or bytes(16))
    if expected is not None:
        assert address_bytes(host) == expected


def pike(services: FakeServices, **settings: Any) -> Pike:
    module = Pike(Pike.Settings(**settings), services)
    module.start()
    return module


def test_return_codes() -> None:
    services = FakeServices()
    module = pike(services, reqs_density_per_unit=4)
    answers = [module.pike_check_req(context(services=services)) for _ in range(12)]
    first = answers.index(-2)
    assert first >= 4
    assert answers == [1] * first + [-2] + [-1] * (11 - first)
    assert module.pike_check_req(context(services=services, host="127.0.0.3")) == 1
    assert services.counters == {"pike:blocked_ips": 1}
    services.timers["pike.sampling"]()
    services.timers["pike.sampling"]()
    assert module.pike_check_req(context(services=services)) == 1


def test_check_ip() -> None:
    module = pike(FakeServices(), reqs_density_per_unit=4)
    answers = [module.pike_check_ip(context(), "2001:db8::1") for _ in range(40)]
    assert answers[0] == 1
    assert answers[-1] == -1
    assert module.pike_check_ip(context(), "nonsense") == 1
    assert module.pike_check_ip(context(), "") == 1


def test_commands() -> None:
    services = FakeServices()
    module = pike(services, reqs_density_per_unit=4, remove_latency=60)
    for _ in range(20):
        module.pike_check_ip(context(), "10.1.2.3")
    for _ in range(6):
        module.pike_check_ip(context(), "10.1.2.4")
    hot = module.top()
    assert (hot["max_hits"], hot["number_of_rows"]) == (4, len(hot["list"]))
    assert hot["list"][0]["ip_addr"] == "10.1.2.3"
    assert hot["list"][0]["status"] == "HOT"
    assert hot["list"][0]["expires"] == 60
    assert module.list_blocked() == hot
    assert {entry["ip_addr"] for entry in module.top("ALL")["list"]} == {"10.1.2.3", "10.1.2.4"}
    with pytest.raises(CommandError, match="Bad argument"):
        module.top("COLD")
    services.clock += 60
    for _ in range(4):
        services.timers["pike.expiry"]()
        services.clock += 60
    assert module.top("ALL")["list"] == []


def test_wrong_settings() -> None:
    with pytest.raises(SettingsError) as caught:
        pike(FakeServices(), sampling_time_unit=0, remove_latency=-1)
    assert len(caught.value.problems) == 2


def test_functions_are_declared_as_kamailio_exports_them() -> None:
    assert {e.name: (len(e.parameters), e.result) for e in Pike.exports()} == {
        "pike_check_ip": (1, "int"),
        "pike_check_req": (0, "int"),
    }
