import pytest

from luasip.errors import TransportError
from luasip.transport.loopback import LoopbackNetwork, LoopbackPeer, LoopbackTransport
from luasip.transport.packet import Destination, Packet, Transport

SERVER_UDP, SERVER_TCP = "udp:10.0.0.1:5060", "tcp:10.0.0.1:5060"


class Scene:
    """A server with two listeners, and what it got."""

    def __init__(self, at_once: bool = False) -> None:
        self.now = 100.0
        self.network = LoopbackNetwork(lambda: self.now, at_once=at_once)
        self.transport = LoopbackTransport(self.network, [SERVER_UDP, SERVER_TCP, "udp:[2001:db8::1]:5060"])
        self.packets: list[Packet] = []
        self.closed: list[int] = []
        self.errors: list[Exception] = []
        self.transport.on_closed(self.closed.append)
        self.transport.start(self.packets.append)

    def send(self, data: bytes, destination: Destination) -> None:
        self.transport.send(data, destination, self.errors.append)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_it_is_a_transport(scene: Scene) -> None:
    transport: Transport = scene.transport
    assert [listener.text for listener in transport.listeners][:2] == [SERVER_UDP, SERVER_TCP]


def test_datagrams_move_when_told_in_order(scene: Scene) -> None:
    phone = LoopbackPeer(scene.network, "udp:10.0.0.2:5061")
    phone.send("one\xff", SERVER_UDP)
    phone.send(b"two", SERVER_UDP)
    assert scene.packets == []
    scene.now = 101.5
    assert scene.network.deliver() == 2
    assert [packet.data for packet in scene.packets] == [b"one\xff", b"two"]
    first = scene.packets[0]
    assert (first.source_host, first.source_port, first.connection_id) == ("10.0.0.2", 5061, 0)
    assert (first.received_at, first.listener.text) == (101.5, SERVER_UDP)
    assert scene.network.sent[0].sent_at == 100.0
    scene.send(b"answer", Destination("udp", "10.0.0.2", 5061))
    assert scene.network.deliver() == 1
    assert phone.texts == ["answer"]
    assert phone.received[0].source == ("udp", "10.0.0.1", 5060)
    assert [message.data for message in scene.network.sent_to("udp:10.0.0.2:5061")] == [b"answer"]


def test_delivery_at_once_is_in_order_and_not_nested() -> None:
    scene = Scene(at_once=True)
    phone = LoopbackPeer(scene.network, "udp:10.0.0.2:5061")
    depth: list[int] = []

    def relay(packet: Packet) -> None:
        depth.append(1)
        assert len(depth) == 1
        if packet.data == b"first":
            scene.send(b"second", Destination("udp", "10.0.0.3", 5060))
            scene.send(b"third", Destination("udp", "10.0.0.2", 5061))
        depth.pop()

    scene.transport.stop()
    scene.transport.start(relay)
    other = LoopbackTransport(scene.network, ["udp:10.0.0.3:5060"])
    other.start(lambda packet: other.send(b"fourth", Destination("udp", "10.0.0.1", 5060)))
    phone.send("first", SERVER_UDP)
    assert [message.data for message in scene.network.sent] == [b"first", b"second", b"third", b"fourth"]
    assert {message.fate for message in scene.network.sent} == {"delivered"}
    assert phone.texts == ["third"]


def test_deliver_at_most_and_out_of_turn(scene: Scene) -> None:
    phone = LoopbackPeer(scene.network, "udp:10.0.0.2:5061")
    for text in ("1", "2", "3", "4"):
        phone.send(text, SERVER_UDP)
    assert scene.network.deliver_one(2).text == "3"
    assert scene.network.drop_one(1).text == "2"
    assert scene.network.deliver(at_most=1) == 1
    assert [packet.data for packet in scene.packets] == [b"3", b"1"]
    assert [message.fate for message in scene.network.sent] == ["delivered", "lost", "delivered", "queued"]


def test_losses_hit_datagrams_only(scene: Scene) -> None:
    phone, stream = (
        LoopbackPeer(scene.network, "udp:10.0.0.2:5061"),
        LoopbackPeer(scene.network, "tcp:10.0.0.2:5061"),
    )
    scene.network.lose(lambda message: message.text.startswith("lose"))
    phone.send("lose me", SERVER_UDP)
    phone.send("keep me", SERVER_UDP)
    stream.send("lose nothing", SERVER_TCP)
    scene.network.lose_nothing()
    phone.send("lose no more", SERVER_UDP)
    scene.network.deliver()
    assert [packet.data for packet in scene.packets] == [b"keep me", b"lose nothing", b"lose no more"]
    assert scene.network.sent[0].fate == "lost"


def test_a_datagram_to_nobody_is_lost(scene: Scene) -> None:
    scene.send(b"x", Destination("udp", "10.0.0.9", 5060))
    scene.network.deliver()
    assert scene.network.sent[0].fate == "lost"
    assert scene.errors == []


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_refused_destinations_are_told_once(scene: Scene, protocol: str) -> None:
    phone = LoopbackPeer(scene.network, f"{protocol}:10.0.0.2:5061")
    scene.network.refuse("10.0.0.2", 5061)
    scene.send(b"x", Destination(protocol, "10.0.0.2", 5061))
    assert [str(error) for error in scene.errors] == [f"{protocol}:10.0.0.2:5061: connection refused"]
    scene.network.accept("10.0.0.2", 5061)
    scene.send(b"y", Destination(protocol, "10.0.0.2", 5061))
    scene.network.deliver()
    assert phone.texts == ["y"]
    assert scene.transport.stats() == {"messages_sent": 1, "messages_received": 0, "send_errors": 1}


@pytest.mark.parametrize(
    "destination",
    [
        Destination("udp", "example.com", 5060),
        Destination("tcp", "2001:db8::2", 5060),
        Destination("tcp", "10.0.0.7", 5060),
        Destination("tcp", "10.0.0.7", 5060, connection_id=9, may_connect=False),
    ],
)
def test_impossible_destinations(scene: Scene, destination: Destination) -> None:
    scene.send(b"x", destination)
    assert len(scene.errors) == 1
    assert isinstance(scene.errors[0], TransportError)


def test_streams_have_ids_and_are_used_again(scene: Scene) -> None:
    phone = LoopbackPeer(scene.network, "tcp:10.0.0.2:5061")
    first = phone.send("1", SERVER_TCP)
    assert phone.send("2", SERVER_TCP, first) == first
    scene.network.deliver()
    packet = scene.packets[0]
    assert packet.connection_id == first
    assert packet.source_port != 5061
    scene.send(
        b"answer", Destination("tcp", packet.source_host, packet.source_port, packet.listener, first, False)
    )
    assert scene.transport.find("tcp", "10.0.0.2", packet.source_port) == first
    scene.network.deliver()
    assert (phone.texts, phone.received[0].connection_id) == (["answer"], first)


def test_the_server_opens_connections_and_gets_answers_on_them(scene: Scene) -> None:
    phone = LoopbackPeer(scene.network, "tcp:10.0.0.2:5061")
    scene.send(b"1", Destination("tcp", "10.0.0.2", 5061))
    scene.send(b"2", Destination("tcp", "10.0.0.2", 5061, may_connect=False))
    scene.network.deliver()
    assert len({message.connection_id for message in phone.received}) == 1
    phone.send("answer", SERVER_TCP, phone.received[0].connection_id)
    scene.network.deliver()
    assert scene.packets[0].listener.text == SERVER_TCP
    assert scene.packets[0].source_port == 5061


def test_aliases(scene: Scene) -> None:
    phone = LoopbackPeer(scene.network, "tcp:10.0.0.2:5061")
    opened = phone.send("1", SERVER_TCP)
    assert scene.transport.add_alias(opened, 5061)
    assert not scene.transport.add_alias(opened, 0)
    assert not scene.transport.add_alias(99, 5061)
    scene.send(b"2", Destination("tcp", "10.0.0.2", 5061, may_connect=False))
    scene.network.deliver()
    assert phone.received[0].connection_id == opened
    assert scene.errors == []


def test_closing(scene: Scene) -> None:
    phone = LoopbackPeer(scene.network, "tcp:10.0.0.2:5061")
    opened = phone.send("1", SERVER_TCP)
    scene.network.deliver()
    phone.send("in flight", SERVER_TCP, opened)
    assert scene.transport.is_open(opened)
    assert scene.network.close(opened)
    assert not scene.network.close(opened)
    assert not scene.transport.is_open(opened)
    assert (phone.closed, scene.closed) == ([opened], [opened])
    scene.send(b"2", Destination("tcp", "10.0.0.2", 40000, connection_id=opened, may_connect=False))
    assert len(scene.errors) == 1
    assert scene.network.deliver() == 0


def test_closing_by_the_server_delivers_first(scene: Scene) -> None:
    phone = LoopbackPeer(scene.network, "tcp:10.0.0.2:5061")
    scene.send(b"last", Destination("tcp", "10.0.0.2", 5061, close_after=True))
    assert phone.texts == ["last"]
    assert len(phone.closed) == 1
    assert not scene.transport.close(phone.closed[0])


def test_stopping_frees_addresses_and_closes_connections(scene: Scene) -> None:
    phone = LoopbackPeer(scene.network, "tcp:10.0.0.2:5061")
    opened = phone.send("1", SERVER_TCP)
    assert scene.transport.stop() == []
    assert phone.closed == [opened]
    with pytest.raises(TransportError, match="refused"):
        phone.send("2", SERVER_TCP)
    again = LoopbackTransport(scene.network, [SERVER_TCP])
    again.bind()
    again.start(lambda packet: None)
    with pytest.raises(TransportError, match=f"{SERVER_TCP}: address already in use"):
        LoopbackPeer(scene.network, SERVER_TCP)


def test_what_a_handler_raises_reaches_the_test_and_later_messages_stay(scene: Scene) -> None:
    def fail(packet: Packet) -> None:
        raise KeyError(packet.data)

    scene.transport.stop()
    scene.transport.start(fail)
    phone = LoopbackPeer(scene.network, "udp:10.0.0.2:5061")
    phone.send("1", SERVER_UDP)
    phone.send("2", SERVER_UDP)
    with pytest.raises(KeyError):
        scene.network.deliver()
    assert len(scene.network.queue) == 1
