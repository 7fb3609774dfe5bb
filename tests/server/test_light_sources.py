from luasip.server.light_sources import ADDRESSES, FEW, LEAST, LightSources


def taken(light: LightSources, now: float, hosts: list[str], further: int = 0) -> int:
    """How many requests are taken for asking for little, `further` ones being taken for another reason."""
    count = sum(light.takes(host, now) for host in hosts)
    for _ in range(count + further):
        light.taken()
    return count


def test_few_requests_of_an_address() -> None:
    light = LightSources()
    assert taken(light, 1.0, ["192.0.2.1"] * 10) == FEW
    assert taken(light, 1.5, ["192.0.2.1"] * 10) == 0
    assert taken(light, 1.5, ["192.0.2.2"]) == 1
    assert taken(light, 2.0, ["192.0.2.1"] * 10) == FEW


def test_a_network_of_ipv6_is_one_address() -> None:
    light = LightSources()
    assert taken(light, 1.0, [f"2001:db8::{last}" for last in range(1, 9)]) == FEW


def test_half_of_what_was_taken_is_kept_for_them() -> None:
    light = LightSources()
    everybody = [f"192.0.2.{last}" for last in range(250)]
    assert taken(light, 1.0, everybody, further=190) == LEAST
    assert taken(light, 2.0, everybody, further=60) == 100
    assert taken(light, 3.0, everybody) == 80
    assert taken(light, 4.0, everybody) == 40
    assert [taken(light, 5.0 + second, everybody) for second in range(3)] == [20, LEAST, LEAST]


def test_long_ago_does_not_count() -> None:
    light = LightSources()
    taken(light, 1.0, ["192.0.2.1"], further=1000)
    assert taken(light, 5.0, [f"192.0.2.{last}" for last in range(250)]) == LEAST


def test_false_senders_cost_bounded_memory() -> None:
    light = LightSources()
    taken(light, 1.0, [f"11.{number >> 8}.{number & 255}.1" for number in range(2 * ADDRESSES)])
    assert len(light._counts) == ADDRESSES
