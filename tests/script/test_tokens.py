"""Lua source as tokens."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.script.tokens import tokenize


def texts(source: str) -> list[str]:
    return [token.text for token in tokenize(source)][:-1]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("local a=1", ["local", "a", "=", "1"]),
        ("a.b:c[1]", ["a", ".", "b", ":", "c", "[", "1", "]"]),
        ("a..b...c", ["a", "..", "b", "...", "c"]),
        ("1..2", ["1..2"]),
        ("0x1F 1e-5 .5 3.", ["0x1F", "1e-5", ".5", "3."]),
        ("a==b ~= c // d :: e", ["a", "==", "b", "~=", "c", "//", "d", "::", "e"]),
        ("a -- b\nc --[[ d\n]] e --[==[ ]] ]==] f", ["a", "c", "e", "f"]),
        ("--[=[ open", []),
        ("[[\nx\\n]] [=[a]]b]=]", ["x\\n", "a]]b"]),
        (r'"a\"b\\" ' + r"'\'\n\65\x41\u{e9}\z" + "\n  x'", ['a"b\\', "'\nAA\xc3\xa9x"]),
        ('"--[[" .. "]]"', ["--[[", "..", "]]"]),
        ("#!/usr/bin/lua x\na", ["a"]),
        ("\xef\xbb\xbf#x\na", ["a"]),
        ("a $ b", ["a"]),
        ('a "open\nb', ["a"]),
        ("", []),
    ],
)
def test_tokens(source: str, expected: list[str]) -> None:
    assert texts(source) == expected


def test_lines() -> None:
    source = 'a\n--[[\n\n]] b\n"x\\\ny" c [[\n\n]] d'
    assert [(token.text, token.line) for token in tokenize(source)] == [
        ("a", 1), ("b", 4), ("x\ny", 5), ("c", 6), ("\n", 6), ("d", 8), ("", 8),
    ]  # fmt: skip


@given(st.text(alphabet="ab =[]-'\"\\\n(){}.:,0x\xff", max_size=200))
def test_anything_ends(source: str) -> None:
    assert tokenize(source)[-1].kind == "end"


@pytest.mark.parametrize("piece", ["a ", "[", "--[[", '"\\', "((((", "'a' ", "[==[", "-- x\n", "0x", "..", "\n"])
def test_cost_is_linear(piece: str) -> None:
    def cost(count: int) -> float:
        spent = []
        for _ in range(3):
            started = time.thread_time()
            tokenize(piece * count)
            spent.append(time.thread_time() - started)
        return min(spent)  # a pass of the collector, for one, is not the tokenizer's

    assert cost(40_000) < 40 * max(cost(4_000), 0.002)
