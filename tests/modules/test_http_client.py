"""http_client: result codes, bodies, named servers, settings."""

from typing import Any

import pytest
import requests
import urllib3

from luasip.errors import SettingsError
from luasip.kemi.operation import POOL_FULL, TIMED_OUT
from luasip.kemi.pseudo_variables import PseudoVariables
from luasip.modules.http_client import HttpClient
from luasip.modules.luasip_http import Http
from luasip.modules.pv import Pv
from tests.bench import FakeServices, context, perform, settle
from tests.http_stub import Handler, HttpStub

URL = "http://api.example.com/x"


class Bench:
    """http_client before a stub of a server."""

    def __init__(self, handler: Handler | None = None, **settings: Any) -> None:
        self.services = FakeServices()
        self.variables = PseudoVariables(self.services)
        self.services.variables = self.variables
        self.stub = HttpStub(handler)
        http = Http(Http.Settings(), self.services)
        for prefix in ("http://", "https://"):
            http.transfer.mount(prefix, self.stub)
        self.client = HttpClient(HttpClient.Settings(**settings), self.services, http)
        self.variables.add(Pv(Pv.Settings(), self.services))
        self.variables.add(self.client)
        self.ctx = context(services=self.services)

    def call(self, name: str, *arguments: str, target: str = "$var(r)") -> Any:
        return settle(getattr(self.client, name)(self.ctx, *arguments, target), perform)

    def get(self, specification: str) -> Any:
        return self.variables.get(self.ctx, specification)


@pytest.mark.parametrize(
    ("name", "arguments", "sent"),
    [
        ("query", (URL,), ("GET", URL, None)),
        ("query_post", (URL, "a=1"), ("POST", URL, "a=1")),
        ("query_post", (URL, ""), ("GET", URL, None)),
        ("query_post_hdrs", (URL, "a=1", "X-A: 1"), ("POST", URL, "a=1")),
        ("get_hdrs", (URL, "", "X-A: 1"), ("GET", URL, None)),
        ("get_hdrs", (URL, "body", "X-A: 1"), ("GET", URL, "body")),
        ("query_request", ("put", URL, "b", "X-A: 1"), ("PUT", URL, "b")),
        ("query_request", ("", URL, "b", ""), ("POST", URL, "b")),
        ("query_request_v2pk", ("DELETE", URL, "", ""), ("DELETE", URL, None)),
    ],
)
def test_requests(name: str, arguments: tuple[str, ...], sent: tuple[Any, ...]) -> None:
    bench = Bench()
    assert bench.call(name, *arguments) == 200
    assert bench.stub.sent() == sent
    assert bench.get("$var(r)") == f"{sent[0]} /x\nsecond line"
    headers = bench.stub.requests[0].headers
    assert headers["User-Agent"] == "LuaSIP"
    if "X-A: 1" in arguments:
        assert headers["X-A"] == "1"
    if sent[2]:
        assert headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_headers_and_bytes() -> None:
    bench = Bench(lambda request: (200, b"\xc3\xbc\xff"))
    lines = "Content-Type: text/json\r\nX-A: 1\r\nX-A: 2\nnonsense\r\n"
    assert bench.call("query_post_hdrs", URL, "\xc3\xbc", lines) == 200
    headers = bench.stub.requests[0].headers
    assert (headers["Content-Type"], headers["X-A"]) == ("text/json", "1, 2")
    assert bench.stub.sent()[2] == "\xc3\xbc"
    assert bench.get("$var(r)") == "\xc3\xbc\xff"


@pytest.mark.parametrize(
    ("status", "body"), [(200, "b"), (299, "b"), (404, "b"), (499, "b"), (500, ""), (503, ""), (302, "b")]
)
def test_statuses(status: int, body: str) -> None:
    bench = Bench(lambda request: (status, "b"))
    assert bench.call("query", URL) == status
    assert bench.get("$var(r)") == body
    counter = "httpclient:connok" if status == 200 else "httpclient:connfail"
    assert bench.services.counters[counter] == 1


def chained(outer: Exception, inner: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (requests.ConnectTimeout(), 28),
        (requests.ReadTimeout(), 28),
        (chained(requests.ConnectionError(), ConnectionRefusedError()), 7),
        (requests.ConnectionError(urllib3.exceptions.NameResolutionError("x", None, OSError())), 6),  # type: ignore[arg-type]
        (chained(requests.ConnectionError(), ConnectionResetError()), 56),
        (requests.exceptions.SSLError(), 35),
        (requests.TooManyRedirects(), 47),
        (requests.exceptions.ProxyError(), 5),
        (requests.exceptions.ChunkedEncodingError(), 56),
        (requests.RequestException(), 2),
        (ValueError(), 2),
    ],
)
def test_failures(error: Exception, code: int) -> None:
    bench = Bench(lambda request: error)
    bench.variables.set(bench.ctx, "$var(r)", "old")
    assert bench.call("query", URL) == code
    assert bench.get("$var(r)") == ""
    assert bench.get(f"$curlerror({code})") != "Unknown error"


@pytest.mark.parametrize(("url", "code"), [("nonsense", 3), ("ftp://x/", 1), ("http://", 3), ("", -1)])
def test_bad_urls(url: str, code: int) -> None:
    assert Bench().call("query", url) == code


@pytest.mark.parametrize("answer", [POOL_FULL, TIMED_OUT])
def test_no_room_and_no_time(answer: object) -> None:
    bench = Bench()
    assert settle(bench.client.query(bench.ctx, URL, "$var(r)"), lambda _: answer) == -1


@pytest.mark.parametrize("target", ["var(r)", "$si", "", "$nonsense(x)"])
def test_a_target_that_cannot_be_set(target: str) -> None:
    bench = Bench(httpcon=["api=>http://h"])
    assert bench.call("query", URL, target=target) == -1
    assert bench.call("curl_connect", "api", "/x", target=target) == -1
    assert bench.stub.requests == []


@pytest.mark.parametrize(
    ("settings", "body"),
    [({}, "GET /x\nsecond line"), ({"query_result": 1}, "GET /x"), ({"query_maxdatasize": 3}, "GET")],
)
def test_how_much_of_a_body(settings: dict[str, int], body: str) -> None:
    bench = Bench(**settings)
    bench.call("query", URL)
    assert bench.get("$var(r)") == body


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ({}, 4.0),
        ({"connection_timeout": 9}, 9.0),
        ({"connection_timeout": 500, "timeout_mode": 2}, 0.5),
        ({"timeout_mode": 2}, 4.0),
        ({"connection_timeout": 9, "timeout_mode": 0}, 60.0),
    ],
)
def test_timeouts(settings: dict[str, int], seconds: float) -> None:
    bench = Bench(**settings)
    bench.call("query", URL)
    assert bench.stub.timeouts == [seconds]


def test_certificates() -> None:
    bench = Bench(httpcon=["a=>https://h;verify_peer=0", "b=>https://h"], cacert="/ca.pem")
    bench.call("curl_connect", "a", "/")
    bench.call("curl_connect", "b", "/")
    assert bench.stub.verify == [False, "/ca.pem"]


def test_redirects() -> None:
    def handler(request: requests.PreparedRequest) -> Any:
        return (302, "", [("Location", "/y")]) if request.path_url == "/x" else (200, request.path_url)

    bench = Bench(handler)
    assert bench.call("query", URL) == 302
    bench = Bench(handler, httpredirect=1)
    assert bench.call("query", URL) == 200
    assert bench.get("$var(r)") == "/y"


def test_named_servers() -> None:
    bench = Bench(httpcon=["api=>http://ann:se%20cret@h:8080/base/;timeout=2;useragent=me;authmethod=1"])
    assert bench.call("curl_connect", "api", "path?a=1") == 200
    assert bench.stub.sent() == ("GET", "http://h:8080/base/path?a=1", None)
    assert bench.stub.timeouts == [2.0]
    headers = bench.stub.requests[0].headers
    assert headers["User-Agent"] == "me"
    assert headers["Authorization"] == "Basic YW5uOnNlIGNyZXQ="
    assert bench.call("curl_connect", "api", "") == 200
    assert bench.stub.sent()[1] == "http://h:8080/base"
    assert bench.call("curl_connect_post", "api", "/p", "text/xml", "<a/>") == 200
    assert bench.stub.sent() == ("POST", "http://h:8080/base/p", "<a/>")
    assert bench.stub.requests[-1].headers["Content-Type"] == "text/xml"
    assert bench.call("curl_connect_post", "api", "/p", "", "b") == 200
    assert bench.stub.requests[-1].headers["Content-Type"] == "text/plain"
    assert bench.call("curl_connect", "other", "/") == -1


def test_failover() -> None:
    def handler(request: requests.PreparedRequest) -> Any:
        return 503 if "first" in str(request.url) else (200, "second")

    bench = Bench(handler, httpcon=["a=>http://first;failover=b", "b=>http://second"])
    assert bench.call("curl_connect", "a", "/x") == 200
    assert bench.get("$var(r)") == "second"
    assert [request.url for request in bench.stub.requests] == ["http://first/x", "http://second/x"]


CHALLENGES = {
    "Basic": 'Basic realm="r"',
    "Digest": 'Digest realm="r", nonce="n", qop="auth"',
    "both": 'Digest realm="r", nonce="n", qop="auth", Basic realm="r"',
}


@pytest.mark.parametrize(
    ("methods", "challenge", "scheme"),
    [
        (3, "Basic", "Basic"),
        (3, "Digest", "Digest"),
        (3, "both", "Digest"),
        (2, "Digest", "Digest"),
        (2, "Basic", None),
    ],
)
def test_challenges(methods: int, challenge: str, scheme: str | None) -> None:
    def handler(request: requests.PreparedRequest) -> Any:
        if "Authorization" in request.headers:
            return 200, "in"
        return 401, "who?", [("WWW-Authenticate", CHALLENGES[challenge])]

    bench = Bench(handler, httpcon=[f"api=>http://ann:pw@h;authmethod={methods}"])
    assert bench.call("curl_connect", "api", "/") == (200 if scheme else 401)
    if scheme:
        assert bench.stub.requests[-1].headers["Authorization"].startswith(scheme)


def test_response_headers() -> None:
    bench = Bench(lambda request: (200, "b", [("X-Cost", "5")]), response_headers=1)
    bench.call("query", URL)
    assert (bench.get("$httprhdr(x-cost)"), bench.get("$httprhdr(other)")) == ("5", None)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("28", "Timeout was reached"),
        ("7", "Could not connect to server"),
        ("0", "No error"),
        ("98", "Unknown error"),
        ("404", "HTTP result code"),
        ("-1", "Bad CURL error code"),
        ("1000", "Bad CURL error code"),
    ],
)
def test_curlerror(code: str, text: str) -> None:
    assert Bench().get(f"$curlerror({code})") == text


@pytest.mark.parametrize(
    ("httpcon", "problem"),
    [
        (["api"], "modules.http_client.httpcon[0]: not understood"),
        (["api=>ftp://h"], "not understood"),
        (["api=>http://"], "there is no host"),
        (["api=>http://h;colour=red"], "'colour=red' is no attribute"),
        (["api=>http://h;timeout=x"], "timeout='x' is not a number"),
        (["a=>http://h", "a=>http://h"], "modules.http_client.httpcon[1]: the connection 'a' is defined twice"),
    ],
)
def test_wrong_connections(httpcon: list[str], problem: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Bench(httpcon=httpcon)
    assert problem in str(raised.value)
