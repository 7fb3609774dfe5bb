"""luasip/control/json_rpc.py: documents in, answers out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.control.json_rpc import MOST_CALLS, ScriptCalls, carry_out, read, refuse, render
from tests.control.example import Example, registry


def ask(document: Any, example: Example | None = None) -> tuple[int, Any]:
    """(HTTP status, answer) of a document."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    answer = carry_out(registry(example), read(data))
    return answer.status, json.loads(answer.text) if answer.text else None


def call(method: str, params: Any = None, identity: Any = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "id": identity} | (
        {} if params is None else {"params": params}
    )


def error(code: int, message: str, identity: Any = None) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": identity}


@pytest.mark.parametrize("identity", [1, "x", None, 1.5, "\u00fc"])
def test_a_call_and_its_id(identity: Any) -> None:
    assert ask(call("example.add", [1, 2], identity)) == (
        200,
        {"jsonrpc": "2.0", "result": 3, "id": identity},
    )


def test_text_is_wire_text_inside() -> None:
    class Texts(Example):
        seen = ""

        def any_kind(self, value: Any) -> Any:
            self.seen = value
            return value

    example = Texts()
    assert ask(call("example.any", ["Jürgen"]), example)[1]["result"] == "Jürgen"
    assert example.seen == "J\xc3\xbcrgen"
    deep = {"ä": ["ö", {"ü": 1}]}
    assert ask(call("example.any", [deep]))[1]["result"] == deep


def test_nothing_to_tell_is_an_empty_object() -> None:
    assert ask(call("example.nothing"))[1]["result"] == {}


BAD: list[tuple[Any, int, int]] = [
    (b"{bad", 400, -32700),
    (b"", 400, -32700),
    (b"\xff\xfe\xff", 400, -32700),
    (b"[" * 100_000, 400, -32700),
    ([], 400, -32600),
    (5, 400, -32600),
    ({"method": "x", "id": 1}, 400, -32600),
    ({"jsonrpc": "1.0", "method": "x", "id": 1}, 400, -32600),
    ({"jsonrpc": "2.0", "id": 1}, 400, -32600),
    ({"jsonrpc": "2.0", "method": 5, "id": 1}, 400, -32600),
    ({"jsonrpc": "2.0", "method": "x", "params": "y", "id": 1}, 400, -32600),
    ({"jsonrpc": "2.0", "method": "x", "id": {}}, 400, -32600),
    (b'{"jsonrpc": "2.0", "method": "x", "id": "\\ud800"}', 400, -32600),
    (call("none"), 404, -32601),
    (call("example.add"), 400, -32602),
    (call("example.refuse", [404]), 404, 404),
    (call("example.refuse", [500]), 500, 500),
    (call("example.refuse", [7]), 500, 7),
]


@pytest.mark.parametrize(("document", "status", "code"), BAD)
def test_errors(document: Any, status: int, code: int) -> None:
    found, answer = ask(document)
    assert (found, answer["error"]["code"]) == (status, code)
    given = document.get("id") if isinstance(document, dict) else None
    assert answer["id"] == (given if not isinstance(given, dict) else None)


def test_messages_are_unicode_outside() -> None:
    assert ask(call("example.refuse", [404])) == (404, error(404, "No such thing ü", 1))


def test_a_batch() -> None:
    example = Example()
    notification = {"jsonrpc": "2.0", "method": "example.nothing"}
    status, answers = ask([call("example.add", [1]), notification, 5, call("none", identity=2)], example)
    assert (status, example.calls) == (200, ["nothing"])
    assert answers[0] == {"jsonrpc": "2.0", "result": 11, "id": 1}
    assert [answer.get("error", {}).get("code") for answer in answers] == [None, -32600, -32601]
    assert [answer["id"] for answer in answers] == [1, None, 2]


def test_notifications_are_carried_out_and_not_answered() -> None:
    example = Example()
    notification = {"jsonrpc": "2.0", "method": "example.nothing"}
    assert ask(notification, example) == (204, None)
    assert ask([notification, notification], example) == (204, None)
    assert example.calls == ["nothing"] * 3
    assert ask({"jsonrpc": "2.0", "method": "none"}) == (204, None)


def test_too_large_a_batch_is_refused_whole() -> None:
    example = Example()
    status, answer = ask([call("example.nothing")] * (MOST_CALLS + 1), example)
    assert (status, answer["error"]["code"], example.calls) == (400, -32600, [])


def test_a_document_that_is_not_carried_out() -> None:
    answer = refuse(read(json.dumps(call("example.nothing")).encode()), 503, "busy")
    assert (answer.status, json.loads(answer.text)) == (503, error(503, "busy", 1))
    batch = refuse(read(json.dumps([call("a"), call("b", identity=2)]).encode()), 503, "busy")
    assert json.loads(batch.text) == [error(503, "busy", 1), error(503, "busy", 2)]
    assert refuse(read(b'{"jsonrpc":"2.0","method":"a"}'), 503, "busy").text == ""


def test_the_reply_fifo() -> None:
    assert read(b'{"jsonrpc":"2.0","method":"a","reply_name":"here","id":1}').reply_name == "here"
    assert read(b'{"jsonrpc":"2.0","method":"a","reply_name":5,"id":1}').reply_name == ""


def test_pretty_as_kamailio_writes_it() -> None:
    assert render({"jsonrpc": "2.0", "id": 1}, True) == '{\n\t"jsonrpc":\t"2.0",\n\t"id":\t1\n}'


@pytest.mark.parametrize(
    ("document", "code", "text", "answer"),
    [
        (
            '{"jsonrpc":"2.0","method":"example.add","params":[1]}',
            200,
            "OK",
            {"jsonrpc": "2.0", "result": 11},
        ),
        ('{"jsonrpc":"2.0","method":"none","id":1}', 404, "Method Not Found: none", None),
        ("[5]", 200, "OK", None),
    ],
)
def test_for_scripts(document: str, code: int, text: str, answer: Any) -> None:
    found = ScriptCalls(registry()).call(document, False)
    assert found[:2] == (code, text)
    assert answer is None or json.loads(found[2]) == answer


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
CALLS = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | VALUES,
        "method": st.sampled_from(["example.add", "example.any", "example.echo", "example.half"]) | VALUES,
        "params": VALUES,
        "id": VALUES,
        "reply_name": VALUES,
    },
)


@given(CALLS | st.lists(CALLS, max_size=3) | VALUES)
def test_whatever_comes_is_answered_or_a_notification(value: Any) -> None:
    status, answer = ask(value)
    assert 200 <= status <= 599
    for one in answer if isinstance(answer, list) else [answer]:
        assert one is None or ("result" in one) != ("error" in one)


@given(st.binary(max_size=100))
def test_bytes_that_are_no_document(data: bytes) -> None:
    status, answer = ask(data)
    assert 200 <= status <= 599
    assert answer is None or isinstance(answer, list) or answer["jsonrpc"] == "2.0"
