"""sanity: every check, the replies, and noreply."""

import pytest

from luasip.modules.sanity import Sanity
from tests.bench import INVITE, FakeServices, context

DIGEST = (
    'Digest username="alice", realm="r", nonce="n", uri="sip:example.com", '
    'response="0123456789abcdef0123456789abcdef"'
)
RESPONSE = (
    "SIP/2.0 200 OK\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\n"
    "From: <sip:a@example.com>;tag=1\r\n"
    "To: <sip:b@example.com>;tag=2\r\n"
    "Call-ID: c\r\n"
    "CSeq: 1 INVITE\r\n"
    "Content-Length: 0\r\n\r\n"
)


def with_header(line: str) -> str:
    return INVITE.replace("User-Agent:", f"{line}\r\nUser-Agent:")


def check(text: str, bits: int, uris: int = 7, **settings: object) -> tuple[int, list[tuple[int, str, str]]]:
    services = FakeServices()
    module = Sanity(Sanity.Settings(**settings), services)  # type: ignore[arg-type]
    return module.sanity_check(context(text, services), bits, uris), services.replies


@pytest.mark.parametrize(
    ("bit", "text", "status", "reason"),
    [
        (
            2,
            INVITE.replace("sip:bob@example.com;transport=udp", "http:bob"),
            416,
            "Unsupported URI Scheme in Request URI",
        ),
        (2, INVITE.replace("sip:bob@example.com;transport=udp", "sip:@"), 400, "Bad Request URI"),
        (32, INVITE.replace("7 INVITE", "7 BYE"), 400, "CSeq method does not match request method"),
        (32, INVITE.replace("7 INVITE", "7"), 400, "Missing method in CSeq header"),
        (64, INVITE.replace("7 INVITE", "x INVITE"), 400, "CSeq number is illegal"),
        (64, INVITE.replace("7 INVITE", "4294967296 INVITE"), 400, "CSeq number is illegal"),
        (64, INVITE.replace("CSeq: 7 INVITE", "CSeq: "), 400, "Missing number in CSeq header"),
        (256, with_header("Expires: soon"), 400, "Expires value is illegal"),
        (256, with_header("Expires:"), 400, "Missing number in Expires header"),
        (512, with_header("Proxy-Require: foo, bar"), 420, "Bad Proxy Require Extension"),
        (1024, INVITE.replace("sip:bob@example.com;transport=udp", "sip:"), 400, "Bad Request URI"),
        (1024, INVITE.replace("<sip:alice@example.com>", "<sip:alice@>"), 400, "Invalid From Header"),
        (1024, INVITE.replace("<sip:bob@example.com>", "<nothing>"), 400, "Invalid To Header"),
        (2048, with_header("Authorization: Digest username=x"), 400, "Bad Auth Credentials"),
        (
            2048,
            with_header("Proxy-Authorization: " + DIGEST.replace('"alice"', '""')),
            400,
            "Auth Empty User",
        ),
        (8192, with_header("Authorization: Digest rubbish"), 400, "Bad Auth Credentials"),
        (4096, INVITE.replace(";tag=from1", ";tag=from1;tag=other"), 400, "Many From Tag Params"),
        (
            4096,
            INVITE.replace("Bob <sip:bob@example.com>", "<sip:b@h>;tag=1;x=y;TAG=1"),
            400,
            "Many To Tag Params",
        ),
        (32768, INVITE.replace("call1@127.0.0.2", "call 1"), 400, "Bad Call-ID header (malformed)"),
        (65536, INVITE.replace("call1@", "c" * 300 + "@"), 400, "Call-ID Too Long"),
        (
            65536,
            INVITE.replace("sip:bob@example.com;t", "sip:" + "b" * 1100 + "@h;t"),
            414,
            "Request-URI Too Long",
        ),
        (65536, INVITE.replace(";tag=from1", ";tag=" + "t" * 256), 400, "From Too Long"),
    ],
)
def test_failures_are_answered(bit: int, text: str, status: int, reason: str) -> None:
    code, replies = check(text, bit)
    assert code == -1
    assert [reply[:2] for reply in replies] == [(status, reason)]
    assert check(text, 0) == (1, [])


@pytest.mark.parametrize(
    ("bit", "text"),
    [
        (4, INVITE.replace("Call-ID: call1@127.0.0.2\r\n", "")),
        (4, INVITE.replace("CSeq:", "From: <sip:x@y>;tag=9\r\nCSeq:")),
        (32, INVITE.replace("CSeq: 7 INVITE\r\n", "")),
        (64, INVITE.replace("CSeq: 7 INVITE\r\n", "")),
        (2048, with_header("Authorization: Basic abc")),
        (4096, INVITE.replace("To: Bob <sip:bob@example.com>\r\n", "")),
        (16384, INVITE.replace("SIP/2.0/UDP 127.0.0.2:5070", "SIP/2.0/UDP :")),
        (1024, INVITE.replace("To: Bob <sip:bob@example.com>\r\n", "")),
    ],
)
def test_failures_nobody_can_answer(bit: int, text: str) -> None:
    assert check(text, bit) == (-1, [])


@pytest.mark.parametrize(
    "text",
    [
        INVITE,
        with_header("Authorization: " + DIGEST),
        with_header("Expires: 4294967295"),
        with_header("Contact: *"),
    ],
)
def test_good_messages_pass(text: str) -> None:
    assert check(text, 131071, 15) == (1, [])
    assert check(text, 1511) == (1, [])
    assert check(text, 17895) == (1, [])


def test_other_schemes_pass_the_authorization_check() -> None:
    assert check(with_header("Authorization: Basic abc"), 8192) == (1, [])


def test_contact_is_checked_on_demand() -> None:
    text = INVITE.replace("<sip:alice@127.0.0.2:5070>", "<sip:alice@>")
    assert check(text, 1024, 7)[0] == 1
    assert check(text, 1024, 8) == (-1, [(400, "Bad Contact URI", "")])
    assert (
        check(INVITE.replace("<sip:alice@127", "<sip:alice@127<"), 1024, 8)[1][0][1] == "Bad Contact Header"
    )


def test_known_extensions_pass() -> None:
    text = with_header("Proxy-Require: Foo, bar")
    assert check(text, 512, proxy_require="foo , BAR") == (1, [])
    assert check(text, 512, proxy_require="foo") == (
        -1,
        [(420, "Bad Proxy Require Extension", "Unsupported: bar\r\n")],
    )


def test_replies_are_never_answered() -> None:
    assert check(RESPONSE, 17604, 6) == (1, [])
    assert check(RESPONSE.replace("<sip:a@example.com>", "<x>"), 17604, 6) == (-1, [])


def test_ack_is_never_answered() -> None:
    text = INVITE.replace("INVITE sip", "ACK sip")
    assert check(text, 32) == (-1, [])


def test_noreply_and_sanity_reply() -> None:
    services = FakeServices()
    module = Sanity(Sanity.Settings(noreply=1), services)
    ctx = context(INVITE.replace("7 INVITE", "7 BYE"), services)
    assert module.sanity_reply(ctx) == -1
    assert module.sanity_check(ctx, 32, 0) == -1
    assert services.replies == []
    assert module.sanity_reply(ctx) == 1
    assert services.replies == [(400, "CSeq method does not match request method", "")]
    broken = context(INVITE.replace("CSeq: 7 INVITE\r\n", ""), services)
    assert module.sanity_check(broken, 32, 0) == -1
    assert module.sanity_reply(broken) == -2
    assert module.sanity_reply(context(RESPONSE, services)) == 1


def test_defaults() -> None:
    services = FakeServices()
    module = Sanity(Sanity.Settings(), services)
    assert module.sanity_check_defaults(context(INVITE, services)) == 1
    assert module.sanity_check_defaults(context(with_header("Expires: x"), services)) == -1
    unchecked = INVITE.replace("<sip:bob@example.com>", "<nothing>")
    assert module.sanity_check_defaults(context(unchecked, services)) == 1
