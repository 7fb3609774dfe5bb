"""luasip/control/binrpc.py against packets of kamcmd and Kamailio 5.6, byte for byte."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.control.binrpc import (
    REPLY,
    REQUEST,
    PacketReader,
    build,
    carry_out,
    parse,
    record,
    values,
)
from luasip.control.documents import DocumentTooLong
from luasip.errors import CommandError
from tests.control.example import registry

ECHO = bytes.fromhex("a103172abd1e36910a636f72652e6563686f00216100100521370022 05dc".replace(" ", ""))
"""kamcmd's core.echo a 5 s:7 1.5."""


def test_a_request_of_kamcmd() -> None:
    packet = parse(ECHO)
    assert (packet.type, packet.cookie.hex()) == (REQUEST, "2abd1e36")
    assert list(values(packet.body)) == ["core.echo", "a", 5, "7", 1.5]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", "216100"),
        ("Mon Nov 23 02:55:47 2026", "91194d6f6e204e6f762032332030323a35353a3437203230323600"),
        (0, "00"),
        (3, "1003"),
        (500, "2001f4"),
        (-1, "40ffffffff"),
        (1.5, "2205dc"),
        (True, "1001"),
        (None, "1100"),
        (2**32, "910b3432393439363732393600"),
        ({"now": "x"}, "03456e6f7700217800" + "83"),
        ({"Domains": []}, "039508446f6d61696e7300038383"),
        ({"a": [{"b": 1}, {"b": 2}]}, "03256100" + "03256200100125620010028383"),
        (
            {"a": ["x", {"b": 1, "c": 2}]},
            "03256100" + "03253000217800253100" + "0325620010012563001002838383",
        ),
        ([1, "a"], "04100121610084"),
    ],
)
def test_records(value: Any, expected: str) -> None:
    assert record(value).hex() == expected


def ask(*arguments: Any) -> bytes:
    """The answer to a request, without its cookie."""
    body = b"".join(record(argument) for argument in arguments)
    answer = carry_out(registry(), build(REQUEST, b"abcd", body))
    assert parse(answer).cookie == b"abcd"
    return answer


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        (("example.add", 1, 2), record(3)),
        (("example.add", "1"), record(11)),
        (("example.echo", "a", 5), record("a") + record("5")),
        (("example.half", 3.0), record(1.5)),
        (("example.nothing",), b""),
        (("example.fill", 300), record("x" * 300)),
    ],
)
def test_results(arguments: tuple[Any, ...], body: bytes) -> None:
    answer = parse(ask(*arguments))
    assert (answer.type, answer.body) == (REPLY, body)


def test_a_fault_as_kamailio_gives_it() -> None:
    request = bytes.fromhex("a1030a4678bfc091086e6f2e7375636800")
    answer = carry_out(registry(), request)
    assert answer[:2].hex() == "a133"
    assert list(values(parse(answer).body)) == [-32601, "Method Not Found: no.such"]
    refused = parse(ask("example.refuse", 404))
    assert list(values(refused.body)) == [404, "No such thing \xc3\xbc"]
    assert refused.body.startswith(bytes.fromhex("200194"))


def test_lengths_of_two_bytes() -> None:
    answer = build(REPLY, b"abcd", b"x" * 295)
    assert answer[:4].hex() == "a1170127"
    assert parse(answer).body == b"x" * 295


def test_a_stream_of_packets() -> None:
    reader = PacketReader(1000)
    stream = ECHO * 3
    found = [packet for byte in stream for packet in reader.feed(bytes([byte]))]
    assert found == [ECHO] * 3
    assert not reader.in_document
    assert reader.feed(ECHO + ECHO[:5]) == [ECHO]
    assert reader.in_document


@pytest.mark.parametrize("data", [b"{", b"\xa2\x03", bytes.fromhex("a10f7fffffff")])
def test_what_is_no_packet_ends_the_stream(data: bytes) -> None:
    with pytest.raises(DocumentTooLong):
        PacketReader(1000).feed(data)


@pytest.mark.parametrize("body", ["03", "91", "9105", "f1ffffffffffffff", "4561", "0f"])
def test_requests_that_cannot_be_read(body: str) -> None:
    with pytest.raises(CommandError):
        list(values(bytes.fromhex(body)))


@given(st.binary(max_size=60))
def test_whatever_a_packet_holds_is_answered(body: bytes) -> None:
    answer = carry_out(registry(), build(REQUEST, b"abcd", body))
    assert answer[0] == 0xA1


@given(st.binary(max_size=60), st.integers(1, 60))
def test_whatever_a_stream_holds_is_cut_or_refused(data: bytes, size: int) -> None:
    reader = PacketReader(100)
    try:
        packets = reader.feed(data[:size]) + reader.feed(data[size:])
    except DocumentTooLong:
        return
    for packet in packets:
        assert carry_out(registry(), packet)[0] == 0xA1
