"""luasip/modules/xhttp.py: answers byte for byte, connections, and where it is not HTTP."""

import pytest

from luasip.errors import SettingsError
from luasip.kemi.context import RouteContext, Source
from luasip.kemi.declare import Route
from luasip.modules.xhttp import Xhttp
from luasip.sip.parser import parse_http_request
from tests.bench import FakeServices, context


def http(services: FakeServices, text: str) -> RouteContext:
    """A context over an HTTP request."""
    request = parse_http_request(text.replace("\n", "\r\n"), "SIP/2.0/TCP 127.0.0.2:5070")
    return RouteContext(Route.EVENT, request, Source("127.0.0.2", 5070, services.listeners[1], 7), services)  # type: ignore[arg-type]


def module(services: FakeServices, **settings: str) -> Xhttp:
    return Xhttp(Xhttp.Settings("ksr_xhttp", **settings), services)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_text", "closes"),
    [
        ("GET / HTTP/1.1\n\n", False),
        ("GET / HTTP/1.1\nConnection: keep-alive, close\n\n", True),
        ("GET / HTTP/1.0\n\n", True),
        ("GET / HTTP/1.0\nConnection: Keep-Alive\n\n", False),
    ],
)
def test_how_the_connection_ends(request_text: str, closes: bool) -> None:
    services = FakeServices()
    ctx = http(services, request_text)
    assert module(services).xhttp_reply(ctx, 200, "", "text/plain", "hi") == 1
    ((text, closed),) = services.sent_back
    assert closed is closes
    assert ("Connection: close\r\n" in text) is closes
    assert text.startswith("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: LuaSIP\r\n")
    assert text.endswith("Content-Length: 2\r\n\r\nhi")


def test_a_head_request_gets_no_body() -> None:
    services = FakeServices()
    assert module(services).xhttp_reply(http(services, "HEAD / HTTP/1.1\n\n"), 200, "OK", "", "hello") == 1
    assert services.sent_back[0][0].endswith("Content-Length: 5\r\n\r\n")


def test_line_ends_cannot_be_smuggled_into_the_head() -> None:
    services = FakeServices()
    module(services).xhttp_reply(http(services, "GET / HTTP/1.1\n\n"), 200, "O\r\nX: y", "a\r\nZ: b", "")
    assert services.sent_back[0][0].startswith("HTTP/1.1 200 O  X: y\r\nContent-Type: a  Z: b\r\n")


def test_one_answer_only_and_only_good_statuses() -> None:
    services = FakeServices()
    xhttp, ctx = module(services), http(services, "GET / HTTP/1.1\n\n")
    assert [xhttp.xhttp_reply(ctx, code, "", "", "") for code in (0, 199, 600, 204, 200)] == [
        -1,
        -1,
        -1,
        1,
        -1,
    ]


def test_a_sip_message_is_no_http() -> None:
    services = FakeServices()
    xhttp, ctx = module(services), context(services=services)
    assert (xhttp.get_hu(ctx), xhttp.xhttp_reply(ctx, 200, "", "", "")) == (None, -1)
    assert services.sent_back == []


def test_requests_are_taken_only_with_a_callback() -> None:
    services = FakeServices()
    Xhttp(Xhttp.Settings(), services).start()  # type: ignore[arg-type]
    assert services.http_taken == []
    module(services).start()
    assert services.http_taken[0][:2] == ("ksr_xhttp", "xhttp:request")


def test_a_bad_pattern_is_told() -> None:
    with pytest.raises(SettingsError, match=r"modules\.xhttp\.url_match: '\('"):
        module(FakeServices(), url_match="(")
