"""luasip/control/xml_rpc.py: documents in, answers out, read and written with Python's own xmlrpc.client."""

import datetime
import xmlrpc.client
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.control.xml_rpc import carry_out
from tests.control.example import registry


def ask(name: str, *arguments: Any) -> Any:
    """The result of a call; raises xmlrpc.client.Fault."""
    document = xmlrpc.client.dumps(arguments, name, allow_none=True).encode()
    (result,), _ = xmlrpc.client.loads(carry_out(registry(), document))
    return result


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("example.add", (1, 2), 3),
        ("example.add", ("1",), 11),
        ("example.add", ({"first": 1, "second": 5},), 6),
        ("example.echo", ("Jürgen", "<&>"), ["Jürgen", "<&>"]),
        ("example.any", ([1, {"deep": [2.5, True]}],), [1, {"deep": [2.5, True]}]),
        ("example.any", (xmlrpc.client.Binary(b"\0\1"),), "AAE="),
        ("example.any", (datetime.datetime(2026, 11, 23, 1, 2, 3),), "2026-11-23T01:02:03"),
        ("example.any", ("a\x00b\x1b",), None),
        ("example.nothing", (), {}),
        ("system.methodHelp", ("example.nothing",), "example.nothing\n\nNothing to tell."),
    ],
)
def test_results(name: str, arguments: tuple[Any, ...], result: Any) -> None:
    if result is None:  # what XML cannot hold is refused by the reader
        with pytest.raises(xmlrpc.client.Fault) as fault:
            ask(name, *arguments)
        assert fault.value.faultCode == -32700
    else:
        assert ask(name, *arguments) == result


def test_numbers_beyond_32_bits_are_texts() -> None:
    assert ask("example.add", "4294967295") == "4294967305"


def test_what_xml_forbids_is_replaced_in_results() -> None:
    document = xmlrpc.client.dumps((0,), "example.refuse").encode()
    with pytest.raises(xmlrpc.client.Fault, match="No such thing ü"):
        xmlrpc.client.loads(carry_out(registry(), document))


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", -32700),
        (b"nonsense", -32700),
        (b"<methodCall>", -32700),
        (b"<methodCall></methodCall>", -32600),
        (b"<methodCall><methodName>none</methodName></methodCall>", -32601),
        (b"<methodCall><methodName>example.add</methodName></methodCall>", -32602),
        (
            b"<methodCall><methodName>a</methodName><params><param><value><int>x</int></value></param></params>"
            b"</methodCall>",
            -32700,
        ),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><methodCall><methodName>&b;</methodName></methodCall>', -32700),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><methodCall/>', -32700),
    ],
)
def test_faults(document: bytes, code: int) -> None:
    with pytest.raises(xmlrpc.client.Fault) as fault:
        xmlrpc.client.loads(carry_out(registry(), document))
    assert fault.value.faultCode == code


def test_several_calls_in_one() -> None:
    calls = [
        {"methodName": "example.add", "params": [1]},
        {"methodName": "none", "params": []},
        {"methodName": "system.multicall", "params": [[]]},
        "nonsense",
    ]
    good, unknown, nested, nonsense = ask("system.multicall", calls)
    assert good == [11]
    assert (unknown["faultCode"], nested["faultCode"], nonsense["faultCode"]) == (-32601, -32600, -32600)
    with pytest.raises(xmlrpc.client.Fault):
        ask("system.multicall", "nonsense")


TAGS = (
    "methodCall methodName params param value int array data struct member name base64 dateTime.iso8601 nil"
)
WORDS = st.sampled_from(
    [f"<{slash}{tag}>".encode() for tag in TAGS.split() for slash in ("", "/")]
    + [b"example.any", b"7", b"&lt;", b"\xff"]
)


@given(st.lists(WORDS, max_size=25).map(b"".join) | st.binary(max_size=60))
def test_whatever_comes_is_answered(document: bytes) -> None:
    assert "<methodResponse>" in carry_out(registry(), document)
