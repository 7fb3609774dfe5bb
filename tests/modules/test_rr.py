"""rr: Record-Route requests, and following Routes byte for byte."""

import logging
from typing import Any

import pytest

from luasip.kemi.context import RouteContext
from luasip.modules.rr import Rr
from tests.bench import INVITE, FakeListener, FakeServices, context

OWN = "<sip:127.0.0.1;lr;ftag=from1;nat=yes>"
OUTER = "<sip:127.0.0.1;r2=on;lr;ftag=from1>"
INNER = "<sip:127.0.0.1;transport=tcp;r2=on;lr;ftag=from1>"
LOOSE = "<sip:10.0.0.7:5080;lr>"
STRICT = "<sip:10.0.0.8>"
PHONE = "sip:bob@10.1.1.1:5062"


def request(*routes: str, uri: str = PHONE, to_tag: str = ";tag=to1", method: str = "BYE") -> str:
    """A request with one Route line for each argument."""
    text = INVITE.replace("INVITE sip:bob@example.com;transport=udp", f"{method} {uri}")
    text = text.replace("To: Bob <sip:bob@example.com>", f"To: Bob <sip:bob@example.com>{to_tag}")
    return text.replace("From:", "".join(f"Route: {route}\r\n" for route in routes) + "From:")


class Bench:
    """rr over one message."""

    def __init__(self, text: str, **settings: Any) -> None:
        self.services = FakeServices()
        self.rr = Rr(Rr.Settings(**settings), self.services)
        self.ctx: RouteContext = context(text, self.services)

    def routes(self) -> list[str]:
        """Route lines as the request would leave."""
        sent = self.ctx.edits.apply(self.ctx.message)
        return [line.removeprefix("Route: ") for line in sent.split("\r\n") if line.startswith("Route:")]

    @property
    def way(self) -> tuple[str, str]:
        return self.ctx.target.uri, self.ctx.target.destination_uri


@pytest.mark.parametrize(
    ("routes", "code", "left", "uri", "destination"),
    [
        ([], -1, [], PHONE, ""),
        ([OWN], 1, [], PHONE, ""),
        ([OWN, LOOSE], 1, [LOOSE], PHONE, LOOSE[1:-1]),
        ([f"{OWN}, {LOOSE}"], 1, [LOOSE], PHONE, LOOSE[1:-1]),
        ([f"{OWN},{LOOSE} , <sip:z;lr>"], 1, [f"{LOOSE}, <sip:z;lr>"], PHONE, LOOSE[1:-1]),
        ([LOOSE], 1, [LOOSE], PHONE, LOOSE[1:-1]),
        ([OWN, STRICT], 1, [f"<{PHONE}>"], STRICT[1:-1], ""),
        ([OWN, STRICT, LOOSE], 1, [LOOSE, f"<{PHONE}>"], STRICT[1:-1], ""),
        ([STRICT], 1, [f"<{PHONE}>"], STRICT[1:-1], ""),
        ([OUTER, INNER], 1, [], PHONE, ""),
        ([OUTER, INNER, LOOSE], 1, [LOOSE], PHONE, LOOSE[1:-1]),
        ([f"{OUTER}, {INNER}, {LOOSE}"], 1, [LOOSE], PHONE, LOOSE[1:-1]),
        ([OWN, OWN], 1, [OWN], PHONE, OWN[1:-1]),
        ([OWN, "<sip:>"], -1, [OWN, "<sip:>"], PHONE, ""),
        (["<sip:>"], -1, ["<sip:>"], PHONE, ""),
        (["<"], -1, ["<"], PHONE, ""),
    ],
)
def test_loose_route(routes: list[str], code: int, left: list[str], uri: str, destination: str) -> None:
    bench = Bench(request(*routes))
    assert bench.rr.loose_route(bench.ctx) == code
    assert bench.routes() == left
    assert bench.way == (uri, destination)


@pytest.mark.parametrize(
    ("routes", "uri", "code", "left", "way"),
    [
        ([LOOSE, f"<{PHONE}>"], "sip:127.0.0.1;lr", 1, [LOOSE], (PHONE, LOOSE[1:-1])),
        ([STRICT, f"<{PHONE}>"], "sip:127.0.0.1;lr", 1, [f"<{PHONE}>"], (STRICT[1:-1], "")),
        ([f"<{PHONE}>"], "sip:127.0.0.1;lr", 1, [], (PHONE, "")),
        ([INNER, f"<{PHONE}>"], "sip:127.0.0.1;r2=on;lr", 1, [], (PHONE, "")),
        ([INNER], "sip:127.0.0.1;r2=on;lr", -1, [], ("sip:127.0.0.1;r2=on;lr", "")),
        ([OWN], "sip:127.0.0.1;gr=abc", 1, [], ("sip:127.0.0.1;gr=abc", "")),
    ],
)
def test_the_hop_before_was_a_strict_router(
    routes: list[str], uri: str, code: int, left: list[str], way: tuple[str, str]
) -> None:
    bench = Bench(request(*routes, uri=uri))
    assert bench.rr.loose_route(bench.ctx) == code
    assert bench.routes() == left
    assert bench.way == way


def test_parameters_of_a_strict_router_come_from_the_request_uri() -> None:
    bench = Bench(request(LOOSE, f"<{PHONE}>", uri="sip:127.0.0.1;lr;nat=yes"))
    bench.rr.loose_route(bench.ctx)
    assert bench.rr.check_route_param(bench.ctx, "nat=yes") == 1


def test_loose_only_mode() -> None:
    bench = Bench(request(LOOSE, f"<{PHONE}>", uri="sip:127.0.0.1;lr"))
    assert bench.rr.loose_route_mode(bench.ctx, 1) == 1
    assert bench.way == ("sip:127.0.0.1;lr", LOOSE[1:-1])


@pytest.mark.parametrize(
    ("routes", "code", "preloaded", "left"),
    [
        ([], -1, -1, []),
        ([OWN], -1, -1, []),
        ([OUTER, INNER], -1, -1, []),
        ([OWN, LOOSE], -3, 1, [LOOSE]),
        ([LOOSE], -3, 1, [LOOSE]),
    ],
)
def test_initial_requests(routes: list[str], code: int, preloaded: int, left: list[str]) -> None:
    text = request(*routes, to_tag="", method="INVITE", uri="sip:bob@127.0.0.1")
    bench = Bench(text)
    assert bench.rr.loose_route(bench.ctx) == code
    assert bench.routes() == left
    again = Bench(text)
    assert again.rr.loose_route_preloaded(again.ctx) == preloaded
    assert again.routes() == left


def test_preloaded_means_initial() -> None:
    bench = Bench(request(OWN, LOOSE))
    assert bench.rr.loose_route_preloaded(bench.ctx) == -1
    assert bench.routes() == [OWN, LOOSE]


def test_unreadable_to_or_request_uri() -> None:
    bench = Bench(request(OWN).replace("To: Bob <", "To: Bob <<"))
    assert bench.rr.loose_route(bench.ctx) == -1
    bench = Bench(request(OWN, uri="nonsense"))
    assert bench.rr.loose_route(bench.ctx) == -1


def test_second_route_of_a_pair_sets_the_socket(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(request(OUTER, INNER, LOOSE))
    bench.rr.loose_route(bench.ctx)
    assert bench.ctx.target.send_socket == FakeListener("tcp")
    unknown = Bench(request(OUTER, "<sip:example.com;transport=tls;r2=on;lr>"))
    with caplog.at_level(logging.WARNING, "luasip.rr"):
        assert unknown.rr.loose_route(unknown.ctx) == 1
    assert unknown.ctx.target.send_socket is None
    assert "sip:example.com;transport=tls;r2=on;lr" in caplog.text


def test_single_route_sets_the_socket_on_demand() -> None:
    for forced, socket in ((0, None), (1, FakeListener())):
        bench = Bench(request(OWN, LOOSE), force_send_socket=forced)
        bench.rr.loose_route(bench.ctx)
        assert bench.ctx.target.send_socket == socket


def test_advertised_address_names_the_socket() -> None:
    bench = Bench(request("<sip:example.com:5090;lr>", LOOSE), force_send_socket=1)
    bench.services.listeners.append(FakeListener("udp", "10.0.0.1", 5060, "example.com", 5090))
    bench.rr.loose_route(bench.ctx)
    assert bench.ctx.target.send_socket == bench.services.listeners[-1]


def test_pairs_are_single_when_double_record_route_is_off() -> None:
    bench = Bench(request(OUTER, INNER), enable_double_rr=0)
    assert bench.rr.loose_route(bench.ctx) == 1
    assert bench.way == (PHONE, INNER[1:-1])


@pytest.mark.parametrize(
    ("routes", "pattern", "code"),
    [
        ([OWN, LOOSE], "nat=yes", 1),
        ([OWN, LOOSE], ";nat=yes", 1),
        ([OWN, LOOSE], "NAT=Y.s$", 1),
        ([OWN, LOOSE], "nat=no", -1),
        ([OWN, LOOSE], "(", -1),
        ([OWN, LOOSE], "", -1),
        ([LOOSE, OWN], "nat=yes", -1),
        ([], "nat=yes", -1),
    ],
)
def test_check_route_param(routes: list[str], pattern: str, code: int) -> None:
    bench = Bench(request(*routes))
    bench.rr.loose_route(bench.ctx)
    assert bench.rr.check_route_param(bench.ctx, pattern) == code


@pytest.mark.parametrize(
    ("route", "from_tag", "downstream"),
    [
        (OWN, "from1", True),
        (OWN, "to1", False),
        ("<sip:127.0.0.1;lr>", "to1", True),
        ("<sip:127.0.0.1;lr;ftag=>", "to1", True),
        (LOOSE, "to1", True),
    ],
)
def test_is_direction(route: str, from_tag: str, downstream: bool) -> None:
    bench = Bench(request(route).replace("tag=from1\r\n", f"tag={from_tag}\r\n"))
    bench.rr.loose_route(bench.ctx)
    assert bench.rr.is_direction(bench.ctx, "downstream") == (1 if downstream else -1)
    assert bench.rr.is_direction(bench.ctx, "upstream") == (-1 if downstream else 1)
    assert bench.rr.is_direction(bench.ctx, "sideways") == -1


def test_next_hop_route() -> None:
    for routes, code in (([OWN], -1), ([OWN, LOOSE], 1)):
        bench = Bench(request(*routes))
        assert bench.rr.next_hop_route(bench.ctx) == -1
        bench.rr.loose_route(bench.ctx)
        assert bench.rr.next_hop_route(bench.ctx) == code


@pytest.mark.parametrize(
    ("calls", "codes", "parameters"),
    [
        ([("record_route",)], [1], ";ftag=from1"),
        ([("record_route",), ("record_route",)], [1, -1], ";ftag=from1"),
        ([("record_route_params", ";a=b")], [1], ";ftag=from1;a=b"),
        ([("add_rr_param", ";nat=yes"), ("record_route",)], [1, 1], ";ftag=from1;nat=yes"),
        ([("record_route",), ("add_rr_param", ";nat=yes")], [1, 1], ";ftag=from1;nat=yes"),
        ([("add_rr_param", "")], [-1], None),
        ([("record_route",), ("remove_record_route",)], [1, 1], None),
        ([("record_route",), ("remove_record_route",), ("record_route",)], [1, 1, 1], ";ftag=from1"),
    ],
)
def test_record_route(calls: list[tuple[str, ...]], codes: list[int], parameters: str | None) -> None:
    bench = Bench(INVITE)
    assert [getattr(bench.rr, name)(bench.ctx, *arguments) for name, *arguments in calls] == codes
    record = bench.ctx.record_route
    assert (None if record is None else record.parameters) == parameters


def test_a_branch_does_not_change_the_others() -> None:
    bench = Bench(INVITE)
    bench.rr.record_route(bench.ctx)
    branch = context(INVITE, bench.services)
    branch.record_route = bench.ctx.record_route
    bench.rr.add_rr_param(branch, ";nat=yes")
    assert branch.record_route is not None
    assert branch.record_route.parameters == ";ftag=from1;nat=yes"
    assert bench.ctx.record_route is not None
    assert bench.ctx.record_route.parameters == ";ftag=from1"


def test_preset_and_advertised() -> None:
    bench = Bench(INVITE)
    assert bench.rr.record_route_preset(bench.ctx, "", "b") == -1
    assert bench.rr.record_route_preset(bench.ctx, "1.2.3.4:5090", "2.3.4.5") == 1
    assert bench.ctx.record_route is not None
    assert bench.ctx.record_route.presets == ("1.2.3.4:5090", "2.3.4.5")
    one = Bench(INVITE, enable_double_rr=0)
    assert one.rr.record_route_preset(one.ctx, "1.2.3.4", "2.3.4.5") == -1
    assert one.rr.record_route_preset_one(one.ctx, "1.2.3.4") == 1
    assert one.ctx.record_route is not None
    assert one.ctx.record_route.presets == ("1.2.3.4",)
    shown = Bench(INVITE)
    assert shown.rr.record_route_advertised_address(shown.ctx, "") == -1
    assert shown.rr.record_route_advertised_address(shown.ctx, "a.org:5080") == 1
    assert shown.ctx.record_route is not None
    assert shown.ctx.record_route.advertised == "a.org:5080"


class OneVariable:
    """Variables with one value."""

    def get(self, ctx: RouteContext, specification: str) -> str | None:
        return "mo" if specification == "$avp(rr_user)" else None


def test_settings_of_record_route() -> None:
    bench = Bench(INVITE, append_fromtag=0, enable_double_rr=2, enable_full_lr=1, add_username=1)
    bench.rr.record_route(bench.ctx)
    record = bench.ctx.record_route
    assert record is not None
    assert (record.parameters, record.double, record.full_lr, record.user) == ("", 2, True, "bob")
    custom = Bench(INVITE, add_username=1, custom_user_avp="$avp(rr_user)")
    custom.services.variables = OneVariable()
    custom.rr.record_route(custom.ctx)
    assert custom.ctx.record_route is not None
    assert custom.ctx.record_route.user == "mo"


def test_replies_have_no_record_route() -> None:
    bench = Bench("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\nTo: <sip:a@b>\r\n\r\n")
    assert bench.rr.record_route(bench.ctx) == -1
    assert bench.rr.add_rr_param(bench.ctx, ";a") == -1
    assert bench.rr.loose_route(bench.ctx) == -1
    assert bench.rr.check_route_param(bench.ctx, "a") == -1


def test_variables() -> None:
    bench = Bench(request(OWN).replace("tag=from1\r\n", "tag=to1\r\n"))
    assert bench.rr.route_uri(bench.ctx, "", None) == OWN[1:-1]
    assert bench.rr.route_direction(bench.ctx, "name", None) == "upstream"
    assert bench.rr.route_direction(bench.ctx, "id", None) == 2
    other = Bench(INVITE)
    assert other.rr.route_uri(other.ctx, "", None) is None
    assert other.rr.route_direction(other.ctx, "name", None) == "downstream"
    assert other.rr.route_direction(other.ctx, "", None) == 1
    broken = Bench(request("<"))
    assert broken.rr.route_uri(broken.ctx, "", None) is None


# What other modules use


def test_followed_routes_are_told() -> None:
    told: list[str] = []
    for routes, expected in (([OWN], ["yes"]), ([LOOSE], []), ([], [])):
        bench = Bench(request(*routes))
        bench.rr.on_followed(lambda ctx, rr=bench.rr: told.append(rr.own_parameter(ctx, "nat")))  # type: ignore[misc]
        bench.rr.loose_route(bench.ctx)
        assert told == expected
        told.clear()


def test_one_of_our_own_parameters() -> None:
    bench = Bench(request(OWN))
    assert [bench.rr.own_parameter(bench.ctx, name) for name in ("ftag", "nat", "lr", "no")] == [
        "from1",
        "yes",
        "",
        "",
    ]


@pytest.mark.parametrize("first", [True, False])
def test_a_parameter_in_the_place_of_an_earlier_one(first: bool) -> None:
    bench = Bench(INVITE)
    if first:
        bench.rr.record_route(bench.ctx)
    before = bench.ctx.record_route
    bench.rr.add_rr_param(bench.ctx, ";a=1;b=2")
    for value in ("x", "y="):
        bench.rr.put_parameter(bench.ctx, "a", value)
    if not first:
        bench.rr.record_route(bench.ctx)
    record = bench.ctx.record_route
    assert record is not None
    assert record is not before
    assert record.parameters == ";ftag=from1;b=2;a=y="
