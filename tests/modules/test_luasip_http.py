"""luasip.http: options, answers, what is wrong use and what a failure."""

from collections.abc import Callable
from http.client import RemoteDisconnected
from typing import Any

import pytest
import requests

from luasip.errors import MisuseError
from luasip.kemi.operation import POOL_FULL, TIMED_OUT, Call
from luasip.modules.luasip_http import Http, HttpRequest, TlsOptions, Transfer
from tests.bench import FakeServices, context, perform, settle
from tests.http_stub import Handler, HttpStub

URL = "http://api.example.com/x"


class Bench:
    """luasip.http before a stub of a server."""

    def __init__(self, handler: Handler | None = None, **settings: Any) -> None:
        self.services = FakeServices()
        self.stub = HttpStub(handler)
        self.http = Http(Http.Settings(**settings), self.services)
        self.http.transfer.mount("http://", self.stub)

    def request(self, perform: Callable[[Any], Any] = perform, **options: Any) -> Any:
        ctx = context(services=self.services)
        return settle(self.http.request(ctx, {"url": URL, **options}), perform)


def test_answer() -> None:
    headers = [("X-A", "1"), ("X-a", "2"), ("Content-Type", "text/plain")]
    bench = Bench(lambda request: (404, "b\xff", headers))
    assert bench.request() == {
        "status": 404,
        "reason": "Reason 404",
        "headers": {"x-a": "1, 2", "content-type": "text/plain"},
        "body": "b\xff",
        "url": URL,
    }


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({}, ("GET", URL, None)),
        ({"method": "delete"}, ("DELETE", URL, None)),
        ({"body": "b"}, ("POST", URL, "b")),
        ({"json": {"a": [1, 2.5, True, None, "\xc3\xbc"]}}, ("POST", URL, '{"a": [1, 2.5, true, null, "\\u00fc"]}')),
        ({"json": {}}, ("POST", URL, "{}")),
        ({"url": "http://api.example.com/\xc3\xbc?q=a b"}, ("GET", "http://api.example.com/%C3%BC?q=a%20b", None)),
    ],
)
def test_requests(options: dict[str, Any], sent: tuple[Any, ...]) -> None:
    bench = Bench()
    bench.request(**options)
    assert bench.stub.sent() == sent
    if "json" in options:
        assert bench.stub.requests[0].headers["Content-Type"] == "application/json"


def test_headers() -> None:
    bench = Bench(user_agent="me")
    bench.request(headers={"X-A": "1", "X-B": ["2", 3]}, json=[], user="ann", password="pw")
    headers = bench.stub.requests[0].headers
    assert (headers["X-A"], headers["X-B"], headers["User-Agent"]) == ("1", "2, 3", "me")
    assert "Cookie" not in headers
    bench.request(headers=[])


def test_timeouts() -> None:
    limits: list[float | None] = []

    def limited(operation: Any) -> Any:
        assert isinstance(operation, Call)
        limits.append(operation.deadline)
        return perform(operation)

    bench = Bench(timeout=3.0)
    bench.request(limited)
    bench.request(limited, timeout=0.5)
    assert bench.stub.timeouts == limits == [3.0, 0.5]


def test_redirects_only_when_asked() -> None:
    def handler(request: requests.PreparedRequest) -> Any:
        return (302, "", [("Location", "/y")]) if request.path_url == "/x" else 200

    bench = Bench(handler)
    assert bench.request()["status"] == 302
    answer = bench.request(redirect=True)
    assert (answer["status"], answer["url"]) == (200, "http://api.example.com/y")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"url": None}, "there is no url"),
        ({"colour": "red"}, "unknown option 'colour' .allowed: body, headers"),
        ({"timeout": 0}, "timeout must be a number of seconds above 0"),
        ({"timeout": "5"}, "timeout must be"),
        ({"timeout": float("inf")}, "timeout must be"),
        ({"body": {}}, "body must be a string"),
        ({"body": "a", "json": {}}, "body and json exclude each other"),
        ({"headers": "X: 1"}, "headers must be a table"),
        ({"headers": {"X": {}}}, "header 'X' must be a string"),
        ({"json": {"a": float("nan")}}, "json: Out of range"),
    ],
)
def test_misuse(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(MisuseError, match=problem):
        Bench().request(**options)


def test_misuse_of_another_kind() -> None:
    bench = Bench()
    with pytest.raises(MisuseError, match="a table is needed, not 'http://x'"):
        settle(bench.http.request(context(), "http://x"))


@pytest.mark.parametrize(
    ("error", "word"), [(requests.ReadTimeout("late"), "timeout"), (requests.ConnectionError("refused"), "refused")]
)
def test_failures(error: Exception, word: str) -> None:
    nothing, why = Bench(lambda request: error).request()
    assert nothing is None
    assert word in why


@pytest.mark.parametrize(("answer", "word"), [(POOL_FULL, "too many"), (TIMED_OUT, "timeout"), (KeyError(), "error")])
def test_no_answer_from_the_pool(answer: object, word: str) -> None:
    bench = Bench()
    nothing, why = bench.request(lambda _: answer)
    assert nothing is None
    assert word in why
    assert bench.services.counters["http:failures"] == 1


def test_a_body_that_is_too_large() -> None:
    bench = Bench(lambda request: (200, "x" * 1001), largest_body=1000)
    assert bench.request() == (None, "the body is larger than 1000 bytes")


@pytest.mark.parametrize(("method", "sent"), [("GET", 2), ("PUT", 2), ("POST", 1)])
def test_a_kept_connection_that_was_closed(method: str, sent: int) -> None:
    answers: list[Any] = [requests.ConnectionError(RemoteDisconnected("closed")), (200, "b")]
    bench = Bench(lambda request: answers.pop(0))
    answer = bench.request(method=method)
    assert len(bench.stub.requests) == sent
    assert isinstance(answer, dict) is (sent == 2)


def test_no_cookies_are_kept() -> None:
    bench = Bench(lambda request: (200, "b", [("Set-Cookie", "a=1")]))
    bench.request()
    bench.request()
    assert "Cookie" not in bench.stub.requests[1].headers


def test_a_session_for_each_way_of_speaking_tls() -> None:
    transfer = Transfer(2)
    stub = HttpStub()
    transfer.mount("https://", stub)
    own_context = TlsOptions(version=7, ciphers="HIGH")
    for tls in (TlsOptions(), TlsOptions(verify_peer=False), own_context, TlsOptions(verify_host=False)):
        transfer.perform(HttpRequest("https://h/", tls=tls))
    assert len(transfer._sessions) == 3
    assert stub.verify[1] is False
    transfer.close()
