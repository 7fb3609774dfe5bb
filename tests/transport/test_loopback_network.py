import pytest

from luasip.errors import TransportError
from luasip.transport.address import parse_listener
from luasip.transport.loopback import LoopbackPeer
from luasip.transport.loopback_network import LoopbackNetwork, Sent, address_of, describe


def test_addresses() -> None:
    listener = parse_listener("tcp:[2001:DB8::1]:5060")
    assert address_of(listener) == ("tcp", "2001:db8::1", 5060)
    assert describe(address_of(listener)) == "tcp:[2001:db8::1]:5060"


def test_text_is_wire_text() -> None:
    assert Sent(b"\xe9", ("udp", "a", 1), ("udp", "b", 2), 0, 0.0).text == "\xe9"


def test_a_connection_belongs_to_its_two_ends() -> None:
    network = LoopbackNetwork()
    first, second, third = (LoopbackPeer(network, f"tcp:10.0.0.{number}:5060") for number in (1, 2, 3))
    connection = network.connect(first.listener, address_of(second.listener))
    assert connection.other_end(connection.opener) == address_of(second.listener)
    assert network.end_of(connection, second) == address_of(second.listener)
    assert network.end_of(connection, first) == connection.opener
    with pytest.raises(TransportError, match="belongs to others"):
        network.end_of(connection, third)
    assert network.find_connection(address_of(second.listener), first) is connection
    assert network.find_connection(address_of(second.listener), third) is None
    assert network.connection(connection.id) is connection


def test_ids_and_ports_are_never_given_twice() -> None:
    network = LoopbackNetwork()
    first, second = (LoopbackPeer(network, f"tcp:10.0.0.{number}:5060") for number in (1, 2))
    opened = [network.connect(first.listener, address_of(second.listener)) for _ in range(3)]
    assert (
        len({connection.id for connection in opened})
        == len({connection.opener for connection in opened})
        == 3
    )
    network.detach(second.listener)
    assert first.closed == [connection.id for connection in opened]
