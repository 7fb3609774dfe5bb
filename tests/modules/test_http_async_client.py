"""http_async_client: parameters of one request, return codes, what the callback reads."""

from typing import Any

import pytest
import requests

from luasip.errors import MisuseError
from luasip.kemi.context import RouteContext
from luasip.kemi.operation import TIMED_OUT
from luasip.kemi.pseudo_variables import PseudoVariables
from luasip.modules.http_async_client import HttpAsyncClient
from luasip.modules.luasip_http import Http
from luasip.modules.pv import Pv
from tests.bench import FakeServices, context
from tests.http_stub import Handler, HttpStub

URL = "http://api.example.com/x"
EVENT = "http_async_client:callback"


class FakeTransactions:
    """Records what was suspended and resumed."""

    def __init__(self) -> None:
        self.suspended: list[float] = []
        self.resumed: list[tuple[object, str, str]] = []
        self.attributes: dict[str, Any] = {}
        self.taken_back = 0
        self.result = 1

    def suspend(self, ctx: RouteContext, at_most: float = 0.0) -> int:
        self.suspended.append(at_most)
        return self.result

    def take_back(self, ctx: RouteContext) -> None:
        self.taken_back += 1

    def resume(self, transaction: object, name: str, argument: str, attributes: dict[str, Any]) -> int:
        self.resumed.append((transaction, name, argument))
        self.attributes = attributes
        return 1


class Bench:
    """http_async_client before a stub of a server; requests are answered before `query` returns."""

    def __init__(self, handler: Handler | None = None, transaction: Any = None, **settings: Any) -> None:
        self.services = FakeServices()
        self.transactions = FakeTransactions()
        self.services.transactions = self.transactions
        self.variables = PseudoVariables(self.services)
        self.services.variables = self.variables
        self.stub = HttpStub(handler)
        http = Http(Http.Settings(), self.services)
        http.transfer.mount("http://", self.stub)
        self.client = HttpAsyncClient(HttpAsyncClient.Settings(**settings), self.services, http)
        self.variables.add(Pv(Pv.Settings(), self.services))
        self.variables.add(self.client)
        self.ctx = context(services=self.services)
        self.ctx.transaction = transaction

    def set(self, name: str, value: str | int | None) -> bool:
        return self.variables.set(self.ctx, f"$http_req({name})", value)

    def get(self, specification: str) -> Any:
        return self.variables.get(self.ctx, specification)

    def callback(self) -> "Bench":
        """From now on `get` reads in the callback's context."""
        self.ctx = context(services=self.services)
        self.ctx.attributes.update(self.services.event_attributes[-1])
        return self


def test_without_a_transaction() -> None:
    bench = Bench()
    assert bench.client.query(bench.ctx, URL, "ksr_done") == 1
    assert bench.services.events == [("ksr_done", EVENT)]
    assert bench.transactions.suspended == []
    assert bench.stub.sent() == ("GET", URL, None)
    assert bench.stub.timeouts == [0.5]


def test_in_a_transaction() -> None:
    bench = Bench(transaction="T")
    assert bench.client.query(bench.ctx, URL, "ksr_done") == 0
    assert bench.transactions.suspended == [1.5]
    assert bench.transactions.resumed == [("T", "ksr_done", EVENT)]
    assert bench.services.events == []
    bench.ctx.attributes = bench.transactions.attributes
    assert bench.get("$http_rs") == 200


@pytest.mark.parametrize("name", ["query", "send", "send_xdata"])
def test_not_suspending(name: str) -> None:
    bench = Bench(transaction="T")
    bench.set("suspend", 0)
    more = ("data",) if name == "send_xdata" else ()
    assert getattr(bench.client, name)(bench.ctx, URL, "ksr_done", *more) == 1
    assert bench.transactions.suspended == []
    assert bench.services.events == [("ksr_done", EVENT)]
    assert bench.callback().get("$http_xdata") == ("data" if more else None)


def test_send_never_suspends() -> None:
    bench = Bench(transaction="T")
    assert bench.client.send(bench.ctx, URL, "ksr_done") == 1
    assert bench.transactions.suspended == []


def test_refusals() -> None:
    bench = Bench(transaction="T")
    assert bench.client.query(bench.ctx, "", "ksr_done") == -1
    assert bench.client.query(bench.ctx, URL, "") == -1
    with pytest.raises(MisuseError, match="there is no function 'other'"):
        bench.client.query(bench.ctx, URL, "other")
    bench.services.pool_is_full = True
    assert bench.client.query(bench.ctx, URL, "ksr_done") == -1
    assert bench.transactions.taken_back == 1
    assert bench.client.send(bench.ctx, URL, "ksr_done") == -1
    assert bench.transactions.taken_back == 1
    bench.transactions.result = -1
    assert bench.client.query(bench.ctx, URL, "ksr_done") == -1
    assert bench.stub.requests == []


def test_parameters_are_for_one_request() -> None:
    bench = Bench()
    given: dict[str, str | int] = {
        "method": "put",
        "body": "b",
        "timeout": 250,
        "username": "ann",
        "password": "pw",
        "authmethod": 1,
    }
    for name, value in given.items():
        assert bench.set(name, value)
    assert bench.set("hdr", "X-A: 1")
    assert bench.set("hdr", "X-B: 2")
    assert bench.client.query(bench.ctx, URL, "ksr_done") == 1
    assert bench.client.query(bench.ctx, URL, "ksr_done") == 1
    first, second = bench.stub.requests
    assert bench.stub.sent(0) == ("PUT", URL, "b")
    assert (first.headers["X-A"], first.headers["X-B"]) == ("1", "2")
    assert first.headers["Authorization"].startswith("Basic ")
    assert bench.stub.sent(1) == ("GET", URL, None)
    assert "X-A" not in second.headers
    assert "Authorization" not in second.headers
    assert bench.stub.timeouts == [0.25, 0.5]


def test_parameters_taken_back() -> None:
    bench = Bench()
    bench.set("hdr", "X-A: 1")
    bench.set("body", "b")
    bench.set("body", None)
    assert bench.client.query(bench.ctx, URL, "ksr_done") == 1
    assert bench.stub.sent()[0] == "GET"
    bench.set("hdr", "X-A: 1")
    bench.set("method", "DELETE")
    assert bench.set("all", None)
    bench.client.query(bench.ctx, URL, "ksr_done")
    assert bench.stub.sent()[0] == "GET"
    assert "X-A" not in bench.stub.requests[-1].headers


@pytest.mark.parametrize(
    ("name", "value"),
    [("colour", "red"), ("timeout", "5"), ("body", 5), ("method", "BREW"), ("hdr", 5), ("all", "x")],
)
def test_wrong_parameters(name: str, value: str | int) -> None:
    assert not Bench().set(name, value)


@pytest.mark.parametrize(
    ("specification", "value"),
    [
        ("$http_ok", 1),
        ("$http_err", None),
        ("$http_rs", 404),
        ("$http_rr", "Reason 404"),
        ("$http_rb", "gone\xff"),
        ("$http_bs", 5),
        ("$http_hdr(x-a)", "1"),
        ("$(http_hdr(X-A)[1])", "2"),
        ("$(http_hdr(X-A)[-1])", "2"),
        ("$(http_hdr(X-A)[2])", None),
        ("$(http_hdr(X-A)[*])", "1,2"),
        ("$http_hdr(other)", None),
        ("$http_mb", "HTTP/1.1 404 Reason 404\r\nX-A: 1\r\nX-A: 2\r\n\r\ngone\xff"),
        ("$http_ml", 48),
        ("$http_time(total)", 0),
        ("$http_time(starttransfer)", 0),
        ("$http_time(other)", None),
        ("$http_req(body)", None),
    ],
)
def test_what_the_callback_reads(specification: str, value: object) -> None:
    bench = Bench(lambda request: (404, "gone\xff", [("X-A", "1"), ("X-A", "2")]))
    assert bench.get(specification) is None
    bench.client.send(bench.ctx, URL, "ksr_done")
    found = bench.callback().get(specification)
    assert found == value or ("time" in specification and isinstance(found, int))


def test_the_callback_of_a_failure() -> None:
    bench = Bench(lambda request: requests.ConnectionError("refused"))
    bench.client.send(bench.ctx, URL, "ksr_done")
    bench.callback()
    assert (bench.get("$http_ok"), bench.get("$http_err")) == (0, "Failed initialization (refused)")
    names = ("rs", "rr", "rb", "bs", "mb", "ml", "hdr(X)", "time(total)")
    assert [bench.get(f"$http_{name}") for name in names] == [None] * len(names)


def test_query_ids() -> None:
    bench = Bench()
    assert bench.get("$http_req_id") is None
    bench.client.send(bench.ctx, URL, "ksr_done")
    first = bench.get("$http_req_id")
    bench.client.send(bench.ctx, URL, "ksr_done")
    assert bench.get("$http_req_id") != first
    bench.services.event_attributes.pop()
    assert bench.callback().get("$http_req_id") == first


def test_statistics() -> None:
    outcomes: list[Any] = [200, requests.ReadTimeout(), requests.ConnectionError()]
    bench = Bench(lambda request: outcomes.pop(0))
    for _ in range(3):
        bench.client.send(bench.ctx, URL, "ksr_done")
    counters = bench.services.counters
    names = ("requests", "replies", "timeouts", "errors")
    assert [counters[f"http_async_client:{name}"] for name in names] == [3, 1, 1, 1]


def test_a_late_call_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()

    def late(pool: str, function: object, done: Any, deadline: float) -> bool:
        done(TIMED_OUT)
        return True

    monkeypatch.setattr(bench.services, "run_in_pool", late)
    bench.client.send(bench.ctx, URL, "ksr_done")
    assert bench.callback().get("$http_ok") == 0
    assert bench.services.counters["http_async_client:timeouts"] == 1
