"""maxfwd: counting hops."""

import pytest

from luasip.modules.maxfwd import Maxfwd
from tests.bench import INVITE, FakeServices, context


def module(max_limit: int = 70) -> Maxfwd:
    return Maxfwd(Maxfwd.Settings(max_limit), FakeServices())


@pytest.mark.parametrize(
    ("header", "limit", "code", "sent"),
    [
        ("Max-Forwards: 70\r\n", 10, 1, "Max-Forwards: 69\r\n"),
        ("max-forwards:  1 \r\n", 10, 1, "max-forwards:  0 \r\n"),
        ("Max-Forwards: 255\r\n", 10, 1, "Max-Forwards: 70\r\n"),
        ("Max-Forwards: 0\r\n", 10, -1, "Max-Forwards: 0\r\n"),
        ("Max-Forwards: x\r\n", 10, -2, "Max-Forwards: x\r\n"),
        ("Max-Forwards: 256\r\n", 10, -2, "Max-Forwards: 256\r\n"),
        ("Max-Forwards: 70\r\n", 256, -2, "Max-Forwards: 70\r\n"),
        ("Max-Forwards: 70\r\n", -1, -2, "Max-Forwards: 70\r\n"),
    ],
)
def test_process(header: str, limit: int, code: int, sent: str) -> None:
    text = INVITE.replace("Max-Forwards: 70\r\n", header)
    ctx = context(text)
    assert module().process_maxfwd(ctx, limit) == code
    assert ctx.edits.apply(ctx.message) == text.replace(header, sent)


def test_missing_header_is_added() -> None:
    text = INVITE.replace("Max-Forwards: 70\r\n", "")
    ctx = context(text)
    assert module().process_maxfwd(ctx, 10) == 2
    assert ctx.edits.apply(ctx.message) == text.replace("\r\n\r\n", "\r\nMax-Forwards: 10\r\n\r\n")
    assert module().process_maxfwd(ctx, 10) == 2
    assert ctx.edits.apply(ctx.message).count("Max-Forwards") == 1


def test_a_hop_is_counted_once() -> None:
    ctx = context()
    assert [module().process_maxfwd(ctx, 10) for _ in range(2)] == [1, 1]
    assert "Max-Forwards: 69\r\n" in ctx.edits.apply(ctx.message)


def test_no_greatest_value() -> None:
    ctx = context(INVITE.replace("Max-Forwards: 70", "Max-Forwards: 200"))
    assert module(max_limit=0).process_maxfwd(ctx, 10) == 1
    assert "Max-Forwards: 199\r\n" in ctx.edits.apply(ctx.message)


@pytest.mark.parametrize(
    ("header", "limit", "code"),
    [
        ("Max-Forwards: 9\r\n", 10, 1),
        ("Max-Forwards: 10\r\n", 10, -1),
        ("", 10, -2),
        ("Max-Forwards: x\r\n", 10, -3),
        ("Max-Forwards: 9\r\n", 300, -3),
    ],
)
def test_is_maxfwd_lt(header: str, limit: int, code: int) -> None:
    assert module().is_maxfwd_lt(context(INVITE.replace("Max-Forwards: 70\r\n", header)), limit) == code
