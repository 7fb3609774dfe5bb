"""luasip/server/next_hop.py: where a request goes, with a resolver the test answers for."""

from collections.abc import Callable
from typing import Any

import pytest

from luasip.errors import TransportError
from luasip.kemi.context import SEND_CLOSE, SEND_NO_CONNECT, Branch, RecordRoute, RouteContext
from luasip.kemi.operation import POOL_FULL, TIMED_OUT, Call, Operation
from luasip.server.next_hop import NextHops, Unreachable, record_route_values, uri_of, via_value
from luasip.server.sockets import Sockets
from luasip.transport.loopback import LoopbackNetwork, LoopbackTransport
from luasip.transport.packet import Destination, Listener
from luasip.transport.resolver import NextHop
from tests.bench import context, perform, settle

UDP = Listener("udp", "127.0.0.1", 5060)
UDP6 = Listener("udp", "::1", 5060)
TCP = Listener("tcp", "127.0.0.1", 5060, "sip.example.com", 5070)
TLS = Listener("tls", "127.0.0.1", 5061)


class Bench:
    """Next hops over these listeners; names are found in `names`."""

    def __init__(self, *listeners: Listener, udp_mtu: int = 0) -> None:
        listeners = listeners or (UDP, UDP6, TCP, TLS)
        transport = LoopbackTransport(LoopbackNetwork(lambda: 0.0), list(listeners))
        self.asked: list[tuple[str, int, str]] = []
        self.names: dict[str, list[str]] = {"two.example": ["192.0.2.1", "2001:db8::2"], "v6": ["2001:db8::2"]}
        self.next_hops = NextHops(
            Sockets({listener.protocol: transport for listener in listeners}), self._resolve, udp_mtu
        )

    def _resolve(self, host: str, port: int, protocol: str) -> list[NextHop]:
        self.asked.append((host, port, protocol))
        if host not in self.names:
            raise TransportError(f"{host!r} has no address")
        return [NextHop(protocol, address, port or 5060) for address in self.names[host]]

    def find(
        self, branch: Branch | str, ctx: RouteContext | None = None, answer: Callable[[Operation], Any] = perform
    ) -> list[str] | Unreachable:
        """Destinations as "protocol host port from listener"."""
        branch = Branch(branch) if isinstance(branch, str) else branch
        found = settle(self.next_hops.find(ctx or context(), branch), answer)
        return found if isinstance(found, Unreachable) else [shown(each) for each in found]


def shown(destination: Destination) -> str:
    assert destination.listener is not None
    return f"{destination.protocol} {destination.host} {destination.port} from {destination.listener.text}"


def refuse(operation: Operation) -> Any:
    raise AssertionError(f"{operation}: no name to look up")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sip:bob@192.0.2.1", "udp 192.0.2.1 5060 from udp:127.0.0.1:5060"),
        ("sip:bob@192.0.2.1:5070", "udp 192.0.2.1 5070 from udp:127.0.0.1:5060"),
        ("sip:192.0.2.1;transport=TCP", "tcp 192.0.2.1 5060 from tcp:127.0.0.1:5060"),
        ("sip:192.0.2.1;transport=tls", "tls 192.0.2.1 5061 from tls:127.0.0.1:5061"),
        ("sips:192.0.2.1", "tls 192.0.2.1 5061 from tls:127.0.0.1:5061"),
        ("sips:192.0.2.1;transport=tcp", "tls 192.0.2.1 5061 from tls:127.0.0.1:5061"),
        ("sip:[2001:db8::1]:5070", "udp 2001:db8::1 5070 from udp:[::1]:5060"),
        ("sip:bob@example.com;maddr=192.0.2.5", "udp 192.0.2.5 5060 from udp:127.0.0.1:5060"),
        ("sip:bob@example.com:5090;maddr=[2001:db8::5]", "udp 2001:db8::5 5090 from udp:[::1]:5060"),
    ],
)
def test_an_address_needs_no_look_up(uri: str, expected: str) -> None:
    assert Bench().find(uri, answer=refuse) == [expected]


@pytest.mark.parametrize(
    ("uri", "asked", "expected"),
    [
        ("sip:bob@two.example", ("two.example", 0, "udp"), ["udp 192.0.2.1 5060", "udp 2001:db8::2 5060"]),
        ("sip:two.example:5070", ("two.example", 5070, "udp"), ["udp 192.0.2.1 5070", "udp 2001:db8::2 5070"]),
        ("sip:two.example;transport=tcp", ("two.example", 0, "tcp"), ["tcp 192.0.2.1 5060"]),
        ("sip:x.example;maddr=v6", ("v6", 0, "udp"), ["udp 2001:db8::2 5060"]),
    ],
)
def test_a_name_is_looked_up_in_the_dns_pool(uri: str, asked: tuple[str, int, str], expected: list[str]) -> None:
    """Addresses of a family nothing listens on are left out."""
    bench = Bench()
    pools: list[str] = []

    def answer(operation: Operation) -> Any:
        assert isinstance(operation, Call)
        pools.append(operation.pool)
        return perform(operation)

    found = bench.find(uri, answer=answer)
    assert isinstance(found, list)
    assert [text.partition(" from ")[0] for text in found] == expected
    assert (pools, bench.asked) == (["dns"], [asked])


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("sip:", 400),
        ("", 400),
        ("sip:bob@192.0.2.1:port", 400),
        ("tel:+49123", 416),
        ("mailto:bob@example.com", 416),
        ("sip:192.0.2.1;transport=sctp", 478),
        ("sip:192.0.2.1;transport=carrier-pigeon", 478),
        ("sips:192.0.2.1;transport=ws", 478),
        ("sip:[2001:db8::1];transport=tcp", 478),
        ("sip:v6;transport=tcp", 478),
        ("sip:nowhere.example", 478),
    ],
)
def test_unreachable(uri: str, status: int) -> None:
    found = Bench().find(uri)
    assert isinstance(found, Unreachable), found
    assert found.status == status
    assert found.reason


@pytest.mark.parametrize("answer", [TIMED_OUT, POOL_FULL, TransportError("no"), []])
def test_no_answer(answer: Any) -> None:
    found = Bench().find("sip:two.example", answer=lambda operation: answer)
    assert found == Unreachable(478, "Unresolvable destination")


def test_the_destination_uri_and_the_forced_protocol_decide() -> None:
    branch = Branch("sip:bob@192.0.2.1", "sip:192.0.2.7:5071;transport=udp")
    assert Bench().find(branch) == ["udp 192.0.2.7 5071 from udp:127.0.0.1:5060"]
    branch.protocol = "tcp"
    assert Bench().find(branch) == ["tcp 192.0.2.7 5071 from tcp:127.0.0.1:5060"]


def test_the_forced_socket_sends() -> None:
    other = Listener("udp", "127.0.0.1", 5080)
    branch = Branch("sip:bob@192.0.2.1")
    branch.send_socket = other
    assert Bench(UDP, other).find(branch) == ["udp 192.0.2.1 5060 from udp:127.0.0.1:5080"]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [(0, (True, False)), (SEND_NO_CONNECT, (False, False)), (SEND_NO_CONNECT | SEND_CLOSE, (False, True))],
)
def test_send_flags(flags: int, expected: tuple[bool, bool]) -> None:
    ctx = context()
    ctx.forward_send_flags = flags
    (found,) = settle(Bench().next_hops.find(ctx, Branch("sip:192.0.2.1;transport=tcp")))
    assert (found.may_connect, found.close_after) == expected


@pytest.mark.parametrize(
    ("mtu", "uri", "protocol", "size", "expected"),
    [
        (1300, "sip:192.0.2.1:5070", "", 1301, "tcp 192.0.2.1 5070 from tcp:127.0.0.1:5060"),
        (1300, "sip:192.0.2.1", "", 1300, ""),
        (0, "sip:192.0.2.1", "", 60000, ""),
        (1300, "sip:192.0.2.1;transport=udp", "", 1301, ""),
        (1300, "sip:192.0.2.1", "udp", 1301, ""),
        (1300, "sip:192.0.2.1;transport=tcp", "", 1301, ""),
        (1300, "sip:[2001:db8::1]", "", 1301, ""),  # no TCP socket of that family
    ],
)
def test_a_request_too_large_for_a_datagram(mtu: int, uri: str, protocol: str, size: int, expected: str) -> None:
    bench, branch = Bench(udp_mtu=mtu), Branch(uri)
    branch.protocol = protocol
    (destination,) = settle(bench.next_hops.find(context(), branch))
    larger = bench.next_hops.larger_transport(branch, destination, size)
    assert ("" if larger is None else shown(larger)) == expected


@pytest.mark.parametrize(
    ("listener", "advertised", "rport", "expected"),
    [
        (UDP, None, False, "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKx"),
        (UDP6, None, True, "SIP/2.0/UDP [::1]:5060;branch=z9hG4bKx;rport"),
        (TCP, None, False, "SIP/2.0/TCP sip.example.com:5070;branch=z9hG4bKx"),
        (UDP, ("203.0.113.1", 0), False, "SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bKx"),
        (UDP, ("", 5099), False, "SIP/2.0/UDP 127.0.0.1:5099;branch=z9hG4bKx"),
        (UDP, ("2001:db8::9", 7), False, "SIP/2.0/UDP [2001:db8::9]:7;branch=z9hG4bKx"),
    ],
)
def test_via(listener: Listener, advertised: tuple[str, int] | None, rport: bool, expected: str) -> None:
    ctx = context()
    ctx.advertised, ctx.local_rport = advertised, rport
    assert via_value(ctx, Destination(listener.protocol, "192.0.2.1", 5060, listener), "z9hG4bKx") == expected


@pytest.mark.parametrize(
    ("outbound", "double", "expected"),
    [
        (UDP, 1, ["<sip:127.0.0.1:5060;lr;ftag=1>"]),
        (UDP, 2, ["<sip:127.0.0.1:5060;r2=on;lr;ftag=1>"] * 2),
        (TCP, 0, ["<sip:sip.example.com:5070;transport=tcp;lr;ftag=1>"]),
        (
            TCP,
            1,
            [
                "<sip:sip.example.com:5070;transport=tcp;r2=on;lr;ftag=1>",
                "<sip:127.0.0.1:5060;r2=on;lr;ftag=1>",
            ],
        ),
    ],
)
def test_record_route(outbound: Listener, double: int, expected: list[str]) -> None:
    """The request of the bench came in by UDP."""
    record_route = RecordRoute(";ftag=1")
    record_route.double = double
    assert record_route_values(context(), record_route, outbound) == expected


def test_record_route_options() -> None:
    ctx, own = context(), RecordRoute()
    own.user, own.full_lr = "u", True
    assert record_route_values(ctx, own, UDP) == ["<sip:u@127.0.0.1:5060;lr=on>"]
    preset = RecordRoute(presets=("a:1", "b"))
    assert record_route_values(ctx, preset, TCP) == ["<sip:a:1;lr>", "<sip:b;lr>"]
    # One address for all sockets: only another protocol needs a second value.
    advertised = RecordRoute(advertised="out:9")
    assert record_route_values(ctx, advertised, UDP6) == ["<sip:out:9;lr>"]
    assert record_route_values(ctx, advertised, TCP) == [
        "<sip:out:9;transport=tcp;r2=on;lr>",
        "<sip:out:9;r2=on;lr>",
    ]


@pytest.mark.parametrize(
    ("listener", "text"),
    [(UDP, "sip:127.0.0.1:5060"), (TCP, "sip:sip.example.com:5070;transport=tcp"), (UDP6, "sip:[::1]:5060")],
)
def test_uri_of(listener: Listener, text: str) -> None:
    assert uri_of(listener).text == text
