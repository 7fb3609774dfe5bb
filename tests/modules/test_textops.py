"""textops: every function, results byte for byte."""

from typing import Any

import pytest

from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.declare import Module
from luasip.modules.textops import Textops
from tests.bench import FakeServices, context

START = "MESSAGE sip:bob:pw@example.com SIP/2.0\r\n"
HEADERS = (
    "Via: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKone\r\n"
    "X-One: alpha\r\n"
    "x-two:  Beta  \r\n"
    "X-One: gamma\r\n"
    "s: hello\r\n"
    "Content-Type: text/plain\r\n"
    "Content-Length: {}\r\n"
)
BODY = "line one\r\nLine two\r\n"


def message(body: str = BODY, headers: str = HEADERS) -> str:
    return START + headers.format(len(body)) + "\r\n" + body


class StoredVariables:
    """Pseudo-variables that are what was stored in them; "$ro" cannot be written."""

    def __init__(self) -> None:
        self.values: dict[str, PvValue] = {"$rU": "bob"}

    def get(self, ctx: RouteContext, specification: str) -> PvValue:
        return self.values.get(specification)

    def set(self, ctx: RouteContext, specification: str, value: PvValue) -> bool:
        self.values[specification] = value
        return specification != "$ro"

    def expand(self, ctx: RouteContext, text: str) -> str:
        for name, value in self.values.items():
            text = text.replace(name, str(value))
        return text


class Bench:
    """textops over one message."""

    def __init__(self, text: str = "") -> None:
        self.variables = StoredVariables()
        self.services = FakeServices(variables=self.variables)
        self.module = Textops(Module.Settings(), self.services)
        self.ctx: RouteContext = context(text or message(), self.services)

    def call(self, name: str, *arguments: Any) -> int:
        code = getattr(self.module, name)(self.ctx, *arguments)
        assert isinstance(code, int)
        return code

    def sent(self) -> str:
        return self.ctx.edits.apply(self.ctx.message)


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("cmp_str", ("a", "a"), 1),
        ("cmp_str", ("b", "a"), -1),
        ("cmp_str", ("a", "A"), -1),
        ("cmp_str", ("a", "b"), -2),
        ("cmp_istr", ("aB", "Ab"), 1),
        ("cmp_istr", ("a", "B"), -2),
        ("starts_with", ("sip:a", "sip"), 1),
        ("starts_with", ("sip:a", "Sip"), -1),
        ("ends_with", ("sip:a", ":a"), 1),
        ("ends_with", ("sip:a", "b"), -1),
        ("str_find", ("abc", "bc"), 1),
        ("str_find", ("abc", "BC"), -1),
        ("str_find", ("abc", ""), -1),
        ("str_ifind", ("abc", "BC"), 1),
        ("str_ifind", ("abc", "x"), -1),
        ("str_any_in", ("abc", "xc"), 1),
        ("str_any_in", ("abc", "x"), -1),
        ("str_all_in", ("aab", "ab"), 1),
        ("str_all_in", ("abc", "ab"), -1),
        ("str_all_in", ("", "ab"), -1),
        ("in_list", ("b", "a,b,c", ","), 1),
        ("in_list", ("b", "a, b,c", ","), -1),
        ("in_list", ("", "a,,c", ","), -1),
        ("in_list", ("b", "a,b", ",,"), -1),
        ("in_list_prefix", ("4930", "43,49", ","), 1),
        ("in_list_prefix", ("4930", "43,,30", ","), -1),
        ("in_list_prefix", ("4930", "49", ""), -1),
        ("search_str", ("Hello", "^h.l+o$"), 1),
        ("search_str", ("Hello", "x"), -1),
        ("search_str", ("Hello", "("), -1),
        ("search_str", ("Hello", ""), -1),
        ("is_present_hf", ("x-one",), 1),
        ("is_present_hf", ("Subject",), 1),
        ("is_present_hf", ("None",), -1),
        ("is_present_hf", ("",), -1),
        ("is_present_hf_re", ("^x-",), 1),
        ("is_present_hf_re", ("^one",), -1),
        ("is_present_hf_re", ("(",), -1),
        ("search_hf", ("X-One", "GAMMA", "a"), 1),
        ("search_hf", ("X-One", "gamma", "l"), 1),
        ("search_hf", ("X-One", "gamma", "f"), -1),
        ("search_hf", ("Subject", "^hello$", "f"), 1),
        ("search_hf", ("None", "x", "a"), -1),
        ("search", ("^MESSAGE sip:",), 1),
        ("search", ("^line two",), 1),
        ("search", ("nothing",), -1),
        ("search_body", ("line TWO",), 1),
        ("search_body", ("X-One",), -1),
        ("has_body", (), 1),
        ("has_body_type", ("text/plain",), 1),
        ("has_body_type", ("TEXT/*",), 1),
        ("has_body_type", ("",), 1),
        ("has_body_type", ("application/sdp",), -1),
        ("has_body_type", ("application/*",), -1),
        ("is_privacy", ("id",), -1),
        ("is_audio_on_hold", (), -1),
    ],
)
def test_questions(name: str, arguments: tuple[str, ...], code: int) -> None:
    bench = Bench()
    assert bench.call(name, *arguments) == code
    assert not bench.ctx.edits


def test_body_questions_without_body() -> None:
    bench = Bench(message("", "Content-Length: {}\r\n"))
    assert bench.call("has_body") == -2
    assert bench.call("has_body_type", "") == -1
    untyped = Bench(message("v=0\r\n", "Content-Length: {}\r\n"))
    assert untyped.call("has_body_type", "application/sdp") == 1


@pytest.mark.parametrize(
    ("value", "kind", "code"),
    [
        ("id;user", "user", 1),
        ("id; Critical", "critical", 1),
        ("id,header", "header", 1),
        ("id", "none", -1),
        ("", "", -1),
    ],
)
def test_is_privacy(value: str, kind: str, code: int) -> None:
    assert Bench(message("", f"Privacy: {value}\r\n")).call("is_privacy", kind) == code


SDP = "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\n{1}m={2} 4000 RTP/AVP 0\r\n{3}"


@pytest.mark.parametrize(
    ("address", "session", "media", "own", "code"),
    [
        ("10.0.0.1", "", "audio", "", -1),
        ("0.0.0.0", "", "audio", "", 1),
        ("0.0.0.0", "", "video", "", -1),
        ("0.0.0.0", "", "audio", "c=IN IP4 10.0.0.1\r\n", -1),
        ("10.0.0.1", "", "audio", "a=sendonly\r\n", 1),
        ("10.0.0.1", "", "audio", "a=inactive\r\n", 1),
        ("10.0.0.1", "", "audio", "a=recvonly\r\n", -1),
        ("10.0.0.1", "a=inactive\r\n", "audio", "", 1),
        ("10.0.0.1", "a=inactive\r\n", "audio", "a=sendrecv\r\n", -1),
    ],
)
def test_is_audio_on_hold(address: str, session: str, media: str, own: str, code: int) -> None:
    sdp = SDP.format(address, session, media, own)
    headers = "Content-Type: application/sdp\r\nContent-Length: {}\r\n"
    assert Bench(message(sdp, headers)).call("is_audio_on_hold") == code
    plain = "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"
    multipart = f"{plain}--b\r\nContent-Type: application/sdp\r\n\r\n{sdp}--b--\r\n"
    headers = "Content-Type: multipart/mixed; boundary=b\r\nContent-Length: {}\r\n"
    assert Bench(message(multipart, headers)).call("is_audio_on_hold") == code


ONE, TWO, ONE_AGAIN, SUBJECT = "X-One: alpha\r\n", "x-two:  Beta  \r\n", "X-One: gamma\r\n", "s: hello\r\n"


@pytest.mark.parametrize(
    ("name", "arguments", "removed"),
    [
        ("remove_hf", ("x-one",), [ONE, ONE_AGAIN]),
        ("remove_hf", ("Subject",), [SUBJECT]),
        ("remove_hf", ("None",), []),
        ("remove_hf", ("",), []),
        ("remove_hf_re", ("^X-",), [ONE, TWO, ONE_AGAIN]),
        ("remove_hf_re", ("(",), []),
        ("remove_hf_exp", ("^X-", "two$"), [ONE, ONE_AGAIN]),
        ("remove_hf_exp", ("^X-", "^x"), []),
        ("remove_hf_exp", ("^X-", ""), []),
        ("remove_hf_idx", ("X-One", 1), [ONE_AGAIN]),
        ("remove_hf_idx", ("X-One", -2), [ONE]),
        ("remove_hf_idx", ("X-One", 2), []),
        ("remove_hf_match", ("X-One", "eq", "gamma"), [ONE_AGAIN]),
        ("remove_hf_match", ("X-One", "ne", "gamma"), [ONE]),
        ("remove_hf_match", ("X-One", "sw", "alp"), [ONE]),
        ("remove_hf_match", ("X-One", "in", "mm"), [ONE_AGAIN]),
        ("remove_hf_match", ("X-One", "re", "^AL"), [ONE]),
        ("remove_hf_match", ("X-One", "xx", "alpha"), []),
    ],
)
def test_removing_headers(name: str, arguments: tuple[Any, ...], removed: list[str]) -> None:
    bench = Bench()
    assert bench.call(name, *arguments) == (1 if removed else -1)
    expected = message()
    for line in removed:
        expected = expected.replace(line, "")
    assert bench.sent() == expected
    assert bench.call("is_present_hf", "X-One") == 1


@pytest.mark.parametrize(
    ("name", "arguments", "before", "after"),
    [
        ("replace", ("LINE", "row"), "line one", "row one"),
        ("replace", ("x-one: .*", "X-New: 1\r"), ONE, "X-New: 1\r\n"),
        ("replace_all", ("x-one", "X-New"), "X-One", "X-New"),
        ("replace_body", ("line", "row"), "line one", "row one"),
        ("replace_body_all", ("^line", "row"), "line one\r\nLine two", "row one\r\nrow two"),
        ("replace_body_atonce", ("^line.*$", "all"), BODY, "all"),
        (
            "replace_hdrs",
            ("hello|beta", "x"),
            "Beta  \r\nX-One: gamma\r\ns: hello",
            "x  \r\nX-One: gamma\r\ns: x",
        ),
        ("replace_str", ("X-One", "X-New", "f"), ONE, "X-New: alpha\r\n"),
        ("replace_str", ("X-One", "X-New", "a"), "X-One", "X-New"),
        ("replace_hdrs_str", ("X-One", "X-New", "a"), "X-One", "X-New"),
        ("replace_body_str", ("ine", "INE", "a"), "line one\r\nLine", "lINE one\r\nLINE"),
        ("replace_body_str", ("ine", "INE", ""), "line one", "lINE one"),
        ("search_append", ("x-one: [a-z]*", ";p=1"), ONE, "X-One: alpha;p=1\r\n"),
        ("search_append_body", ("one", "!"), "line one", "line one!"),
        ("subst", (r"/x-(one): ([a-z]+)/Y-\1: <\2>/i",), ONE, "Y-One: <alpha>\r\n"),
        ("subst", ("/X-One/$rU/g",), "X-One", "bob"),
        ("subst_body", (r"/^(.)ine/\1ow/ig",), "line one\r\nLine", "low one\r\nLow"),
        (
            "subst_hf",
            ("X-One", "/a/A/g", "a"),
            "X-One: alpha\r\nx-two:  Beta  \r\nX-One: gamma",
            "X-One: AlphA\r\nx-two:  Beta  \r\nX-One: gAmmA",
        ),
        ("subst_hf", ("X-One", "/a/A/", "l"), "gamma", "gAmma"),
        ("subst_hf", ("X-One", "/a/A/", "f"), "alpha", "Alpha"),
    ],
)
def test_changing_text(name: str, arguments: tuple[str, ...], before: str, after: str) -> None:
    bench = Bench()
    assert bench.call(name, *arguments) == 1
    expected = message().replace(before, after)
    length = len(expected) - expected.index("\r\n\r\n") - 4
    assert bench.sent() == expected.replace(f"Content-Length: {len(BODY)}", f"Content-Length: {length}")
    assert bench.ctx.message.text == message()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("replace", ("MESSAGE", "x")),
        ("replace", ("(", "x")),
        ("replace_all", ("nothing", "x")),
        ("replace_body", ("X-One", "x")),
        ("replace_body_all", ("", "x")),
        ("replace_body_atonce", ("^Line two", "x")),
        ("replace_hdrs", ("line", "x")),
        ("replace_str", ("x-one", "x", "a")),
        ("replace_str", ("", "x", "a")),
        ("replace_hdrs_str", ("line", "x", "a")),
        ("replace_body_str", ("X-One", "x", "a")),
        ("search_append", ("nothing", "x")),
        ("search_append_body", ("X-One", "x")),
        ("subst", ("/nothing/x/",)),
        ("subst", ("nonsense",)),
        ("subst", ("/a/b/q",)),
        ("subst_body", ("/X-One/x/",)),
        ("subst_hf", ("X-One", "/nothing/x/", "a")),
        ("subst_hf", ("None", "/a/x/", "a")),
    ],
)
def test_nothing_to_change(name: str, arguments: tuple[str, ...]) -> None:
    bench = Bench()
    assert bench.call(name, *arguments) == -1
    assert not bench.ctx.edits


@pytest.mark.parametrize(
    ("name", "expression", "code", "uri"),
    [
        ("subst_uri", "/example.com/$rU.org/", 1, "sip:bob:pw@bob.org"),
        ("subst_uri", "/nothing/x/", -1, "sip:bob:pw@example.com"),
        ("subst_uri", "/sip:/ /", -1, "sip:bob:pw@example.com"),
        ("subst_user", "/^b(.*)$/+49\\1/", 1, "sip:+49ob:pw@example.com"),
        ("subst_user", "/^.*$//", 1, "sip:example.com"),
        ("subst_user", "/bob/a b/", -1, "sip:bob:pw@example.com"),
        ("subst_user", "/x/y/", -1, "sip:bob:pw@example.com"),
        ("subst_user", "x", -1, "sip:bob:pw@example.com"),
    ],
)
def test_substitution_in_the_request_uri(name: str, expression: str, code: int, uri: str) -> None:
    bench = Bench()
    assert bench.call(name, expression) == code
    assert bench.ctx.target.uri == uri


@pytest.mark.parametrize(
    ("arguments", "code", "value"),
    [
        (("abc123", "([a-z]+)([0-9]+)", 2, 3, "$var(x)"), 1, "123"),
        (("abc123", "([a-z]+)([0-9]+)", 0, 1, "$var(x)"), 1, "abc123"),
        (("abc123", "([a-z]+)([0-9]+)", 2, 2, "$var(x)"), -1, None),
        (("abc123", "([a-z]+)", 2, 3, "$var(x)"), -1, None),
        (("abc", "(x)?b", 1, 2, "$var(x)"), -1, None),
        (("ABC", "abc", 0, 1, "$var(x)"), -1, None),
        (("abc", "abc", -1, 1, "$var(x)"), -1, None),
        (("abc", "abc", 0, 1, "$ro"), -1, None),
    ],
)
def test_regex_substring(arguments: tuple[Any, ...], code: int, value: str | None) -> None:
    bench = Bench()
    assert bench.call("regex_substring", *arguments) == code
    assert bench.variables.values.get("$var(x)") == value


def test_subst_v() -> None:
    bench = Bench()
    assert bench.call("subst_v", "abc", "/b/[$rU]/", "$var(x)") == 1
    assert bench.variables.values["$var(x)"] == "a[bob]c"
    assert bench.call("subst_v", "abc", "/x/y/", "$var(x)") == -1
    assert bench.call("subst_v", "abc", "x", "$var(x)") == -1
    assert bench.call("subst_v", "abc", "/b/x/", "$ro") == -1


@pytest.mark.parametrize(
    ("name", "arguments", "code", "body", "content_type"),
    [
        ("set_body", ("new\xff", "text/x"), 1, "new\xff", "text/x"),
        ("set_body_hex", ("6e6577FF", "text/x"), 1, "new\xff", "text/x"),
        ("set_body", ("", "text/x"), -1, BODY, "text/plain"),
        ("set_body", ("new", ""), -1, BODY, "text/plain"),
        ("set_body_hex", ("6e6", "text/x"), -1, BODY, "text/plain"),
    ],
)
def test_set_body(name: str, arguments: tuple[str, ...], code: int, body: str, content_type: str) -> None:
    bench = Bench()
    assert bench.call(name, *arguments) == code
    assert bench.sent() == message(body).replace("text/plain", content_type)
    assert bench.call("search_body", "line one") == 1


def test_set_reply_body() -> None:
    bench = Bench()
    for arguments in (("", "a/b"), ("x", "")):
        assert bench.call("set_reply_body", *arguments) == -1
    assert bench.ctx.reply_body is None
    assert bench.call("set_reply_body", "x", "a/b") == 1
    assert bench.ctx.reply_body == ("x", "a/b")
    assert bench.call("set_reply_body_hex", "7a", "a/b") == 1
    assert bench.ctx.reply_body == ("z", "a/b")
    assert bench.call("set_reply_body_hex", "7", "a/b") == -1
    assert not bench.ctx.edits


FIRST = "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n"
SECOND = "--b\r\nContent-Type: Text/Plain; charset=utf-8\r\nContent-Disposition: x\r\n\r\nhello\r\n"
CLOSING = "--b--\r\n"
MULTIPART_HEADERS = "Content-Type: multipart/mixed;boundary=b\r\nContent-Length: {}\r\n"


def multipart(body: str = FIRST + SECOND + CLOSING) -> str:
    return message(body, MULTIPART_HEADERS)


@pytest.mark.parametrize(
    ("name", "arguments", "body"),
    [
        (
            "append_body_part",
            ("x", "a/b"),
            FIRST + SECOND + "--b\r\nContent-Type: a/b\r\n\r\nx\r\n" + CLOSING,
        ),
        (
            "append_body_part_cd",
            ("x", "a/b", "y"),
            FIRST + SECOND + "--b\r\nContent-Type: a/b\r\nContent-Disposition: y\r\n\r\nx\r\n" + CLOSING,
        ),
        (
            "append_body_part_hex",
            ("78", "a/b"),
            FIRST + SECOND + "--b\r\nContent-Type: a/b\r\n\r\nx\r\n" + CLOSING,
        ),
        (
            "append_body_part_hex_cd",
            ("78", "a/b", "y"),
            FIRST + SECOND + "--b\r\nContent-Type: a/b\r\nContent-Disposition: y\r\n\r\nx\r\n" + CLOSING,
        ),
        ("remove_body_part", ("application/sdp",), SECOND + CLOSING),
        ("remove_body_part", ("text/plain",), FIRST + CLOSING),
        ("filter_body", ("application/sdp",), "v=0\r\n"),
        ("filter_body", ("text/plain",), "hello"),
    ],
)
def test_parts(name: str, arguments: tuple[str, ...], body: str) -> None:
    bench = Bench(multipart())
    assert bench.call(name, *arguments) == 1
    assert bench.sent() == multipart(body)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("append_body_part", ("", "a/b")),
        ("append_body_part", ("x", "")),
        ("append_body_part_hex", ("7", "a/b")),
        ("remove_body_part", ("a/b",)),
        ("filter_body", ("a/b",)),
        ("get_body_part", ("a/b", "$var(x)")),
        ("get_body_part_raw", ("a/b", "$var(x)")),
        ("get_body_part", ("text/plain", "$ro")),
    ],
)
def test_parts_failures(name: str, arguments: tuple[str, ...]) -> None:
    for text in (
        multipart(),
        message(),
        message(FIRST + CLOSING, MULTIPART_HEADERS.replace(";boundary=b", "")),
    ):
        bench = Bench(text)
        assert bench.call(name, *arguments) == -1
        assert not bench.ctx.edits


def test_single_part_bodies_have_no_parts() -> None:
    bench = Bench()
    for name, arguments in (("append_body_part", ("x", "a/b")), ("filter_body", ("text/plain",))):
        assert bench.call(name, *arguments) == -1


def test_get_body_part() -> None:
    bench = Bench(multipart())
    assert bench.call("get_body_part", "TEXT/plain", "$var(x)") == 1
    assert bench.variables.values["$var(x)"] == "hello"
    assert bench.call("get_body_part_raw", "application/sdp", "$var(x)") == 1
    assert bench.variables.values["$var(x)"] == "Content-Type: application/sdp\r\n\r\nv=0\r\n"


def test_a_body_without_its_closing_line_gets_one() -> None:
    bench = Bench(multipart(FIRST + SECOND.rstrip("\r\n")))
    assert bench.call("get_body_part", "text/plain", "$var(x)") == 1
    assert bench.variables.values["$var(x)"] == "hello"
    assert bench.call("append_body_part", "x", "a/b") == 1
    assert bench.sent() == multipart(FIRST + SECOND + "--b\r\nContent-Type: a/b\r\n\r\nx\r\n" + CLOSING)


PART = "--unique-boundary-1\r\nContent-Type: text/plain\r\n\r\nline one\r\nLine two\r\n\r\n"


@pytest.mark.parametrize(
    ("name", "arguments", "body", "boundary"),
    [
        ("set_body_multipart_mode", (), PART + "--unique-boundary-1--\r\n", "unique-boundary-1"),
        ("set_body_multipart", ("", "", ""), PART + "--unique-boundary-1--\r\n", "unique-boundary-1"),
        ("set_body_multipart_boundary", ("z",), PART.replace("unique-boundary-1", "z") + "--z--\r\n", "z"),
        ("set_body_multipart", ("x", "a/b", "z"), "--z\r\nContent-Type: a/b\r\n\r\nx\r\n--z--\r\n", "z"),
        (
            "set_body_multipart_content",
            ("x", "a/b"),
            "--unique-boundary-1\r\nContent-Type: a/b\r\n\r\nx\r\n--unique-boundary-1--\r\n",
            "unique-boundary-1",
        ),
    ],
)
def test_set_body_multipart(name: str, arguments: tuple[str, ...], body: str, boundary: str) -> None:
    bench = Bench()
    assert bench.call(name, *arguments) == 1
    headers = (
        HEADERS.replace("text/plain", f'multipart/mixed;boundary="{boundary}"') + "Mime-Version: 1.0\r\n"
    )
    assert bench.sent() == message(body, headers)


def test_set_body_multipart_failures_and_repeats() -> None:
    bench = Bench()
    assert bench.call("set_body_multipart", "x", "", "") == -1
    assert bench.call("set_body_multipart_content", "", "a/b") == -1
    assert not bench.ctx.edits
    already = Bench(multipart())
    assert already.call("set_body_multipart_mode") == 1
    assert not already.ctx.edits


def test_parts_of_a_body_set_in_the_same_run() -> None:
    bench = Bench()
    bench.call("set_body_multipart", "one", "a/b", "z")
    assert bench.call("append_body_part", "two", "c/d") == 1
    assert bench.call("append_body_part_cd", "three", "a/b", "y") == 1
    assert bench.call("remove_body_part", "a/b") == 1
    assert bench.sent().endswith(
        "\r\nMime-Version: 1.0\r\n\r\n--z\r\nContent-Type: c/d\r\n\r\ntwo\r\n--z--\r\n"
    )
    assert bench.call("set_body_multipart", "four", "e/f", "") == 1
    assert bench.sent().count("Mime-Version") == 1
