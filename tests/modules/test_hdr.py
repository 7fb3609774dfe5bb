"""hdr: reading headers, pending edits byte for byte."""

from typing import Any

import pytest

from luasip.kemi.declare import Module
from luasip.modules.hdr import Hdr
from tests.bench import FakeServices, context, exported

HEAD = "OPTIONS sip:bob@example.com SIP/2.0\r\n"
VIA = "v: SIP/2.0/UDP 127.0.0.2:5070;branch=z9hG4bKone\r\n"
FIRST = "Subject:   first one \r\n"
SECOND = "s: second\r\n"
THIRD = "SUBJECT: third\r\n folded\r\n"
LAST = "X-Last: 1\r\n"
TEXT = HEAD + VIA + FIRST + SECOND + THIRD + LAST + "\r\n"


def after(*calls: tuple[Any, ...], text: str = TEXT) -> tuple[list[int], str]:
    """Return codes, and the message as it would leave."""
    module = Hdr(Module.Settings(), FakeServices())
    ctx = context(text)
    codes = [exported(module)[name](ctx, *arguments) for name, *arguments in calls]
    return codes, ctx.edits.apply(ctx.message)


@pytest.mark.parametrize(
    ("call", "code", "headers"),
    [
        (("append", "A: b\r\n"), 1, VIA + FIRST + SECOND + THIRD + LAST + "A: b\r\n"),
        (("append", ""), -1, VIA + FIRST + SECOND + THIRD + LAST),
        (("insert", "A: b\r\n"), 1, "A: b\r\n" + VIA + FIRST + SECOND + THIRD + LAST),
        (("insert", ""), -1, VIA + FIRST + SECOND + THIRD + LAST),
        (("append_after", "A: b\r\n", "Subject"), 1, VIA + FIRST + SECOND + THIRD + "A: b\r\n" + LAST),
        (("append_after", "A: b\r\n", "None"), 1, VIA + FIRST + SECOND + THIRD + LAST + "A: b\r\n"),
        (("append_after", "A: b\r\n", ""), -1, VIA + FIRST + SECOND + THIRD + LAST),
        (("insert_before", "A: b\r\n", "s"), 1, VIA + "A: b\r\n" + FIRST + SECOND + THIRD + LAST),
        (("insert_before", "A: b\r\n", "None"), 1, "A: b\r\n" + VIA + FIRST + SECOND + THIRD + LAST),
        (("insert_before", "", "s"), -1, VIA + FIRST + SECOND + THIRD + LAST),
        (("remove", "subject"), 1, VIA + LAST),
        (("remove", "S"), 1, VIA + LAST),
        (("remove", "None"), 1, VIA + FIRST + SECOND + THIRD + LAST),
        (("remove", "^X-"), 1, VIA + FIRST + SECOND + THIRD + LAST),
        (("remove", ""), -1, VIA + FIRST + SECOND + THIRD + LAST),
        (("remove", "x" * 125), -1, VIA + FIRST + SECOND + THIRD + LAST),
        (("rmappend", "Subject", "A: b\r\n"), 1, VIA + LAST + "A: b\r\n"),
        (("rmappend", "Subject", ""), -1, VIA + FIRST + SECOND + THIRD + LAST),
        (("rmappend", "", "A: b\r\n"), -1, VIA + FIRST + SECOND + THIRD + LAST),
        (("rminsert", "Subject", "A: b\r\n"), 1, "A: b\r\n" + VIA + LAST),
        (("rminsert", "Subject", ""), -1, VIA + FIRST + SECOND + THIRD + LAST),
    ],
)
def test_edits(call: tuple[Any, ...], code: int, headers: str) -> None:
    assert after(call) == ([code], HEAD + headers + "\r\n")


def test_edits_keep_their_order() -> None:
    _, text = after(
        ("append", "A: 1\r\n"), ("append", "A: 2\r\n"), ("insert", "I: 1\r\n"), ("insert", "I: 2\r\n")
    )
    assert text == HEAD + "I: 1\r\nI: 2\r\n" + VIA + FIRST + SECOND + THIRD + LAST + "A: 1\r\nA: 2\r\n\r\n"


def test_edits_do_not_show_before_the_message_leaves() -> None:
    module = Hdr(Module.Settings(), FakeServices())
    ctx = context(TEXT)
    module.append(ctx, "New: 1\r\n")
    module.remove(ctx, "Subject")
    assert module.is_present(ctx, "New") == -1
    assert module.get(ctx, "New") is None
    assert module.is_present(ctx, "Subject") == 1
    assert module.get(ctx, "Subject") == "first one"


def test_append_to_reply_accumulates() -> None:
    module = Hdr(Module.Settings(), FakeServices())
    ctx = context(TEXT)
    assert [module.append_to_reply(ctx, text) for text in ("A: 1\r\n", "", "B: 2\r\n")] == [1, -1, 1]
    assert ctx.reply_headers == ["A: 1\r\n", "B: 2\r\n"]
    assert not ctx.edits


@pytest.mark.parametrize(
    ("name", "index", "value"),
    [
        ("Subject", 0, "first one"),
        ("s", 1, "second"),
        ("subject", 2, "third folded"),
        ("Subject", -1, "third folded"),
        ("Subject", -3, "first one"),
        ("Subject", 3, None),
        ("Subject", -4, None),
        ("None", 0, None),
        ("", 0, None),
    ],
)
def test_get(name: str, index: int, value: str | None) -> None:
    module = Hdr(Module.Settings(), FakeServices())
    ctx = context(TEXT)
    assert module.get_idx(ctx, name, index) == value
    assert module.gete_idx(ctx, name, index) == (value or "")
    assert module.getw_idx(ctx, name, index) == ("<null>" if value is None else value)
    if index == 0:
        assert module.get(ctx, name) == value
        assert module.gete(ctx, name) == (value or "")
        assert module.getw(ctx, name) == ("<null>" if value is None else value)


@pytest.mark.parametrize(
    ("name", "operation", "text", "which", "expected"),
    [
        ("Subject", "eq", "first one", "f", True),
        ("Subject", "EQ", "first one", "l", False),
        ("Subject", "eq", "second", "o", True),
        ("Subject", "eq", "second", "a", False),
        ("Subject", "ne", "none", "a", True),
        ("Subject", "sw", "third", "l", True),
        ("Subject", "in", "d", "o", True),
        ("Subject", "in", "d", "a", False),
        ("Subject", "re", "d", "a", False),
        ("Subject", "eq", "first one", "x", False),
        ("Subject", "eq", "first one", "", False),
        ("None", "ne", "x", "a", False),
    ],
)
def test_match_content(name: str, operation: str, text: str, which: str, expected: bool) -> None:
    module = Hdr(Module.Settings(), FakeServices())
    assert module.match_content(context(TEXT), name, operation, text, which) is expected
