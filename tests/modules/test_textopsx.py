"""textopsx: applying edits, header values byte for byte, iterators, shell patterns."""

from typing import Any

import pytest

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Module, Route
from luasip.modules.hdr import Hdr
from luasip.modules.textops import Textops
from luasip.modules.textopsx import Textopsx
from luasip.sip.message import Response
from luasip.sip.via import received_via
from tests.bench import FakeServices, context

START = "OPTIONS sip:bob@example.com SIP/2.0\r\n"
VIA = "Via: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKone;rport\r\n"
TAIL = "Content-Length: 4\r\n\r\na\r\nb"
REPLY = "SIP/2.0 {} Old Reason\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\nContent-Length: 0\r\n\r\n"


def request(headers: str = "") -> str:
    return START + VIA + headers + TAIL


class Bench:
    """textopsx over one message."""

    def __init__(self, text: str, route: Route = Route.REQUEST) -> None:
        self.services = FakeServices()
        self.module = Textopsx(Module.Settings(), self.services)
        self.ctx: RouteContext = context(text, self.services, route)

    def call(self, name: str, *arguments: Any) -> Any:
        return getattr(self.module, name)(self.ctx, *arguments)

    def sent(self) -> str:
        return self.ctx.edits.apply(self.ctx.message)


LIST = 'Foo: one;a=1,  "t,wo" <sip:x;y>;b ; c="3;3"\r\nfoo: three\r\n'


@pytest.mark.parametrize(
    ("name", "arguments", "code", "before", "after"),
    [
        ("append_hf_value", ("foo", "new"), 1, LIST + "X: y\r\nfoo: new\r\n", ""),
        ("append_hf_value", ("New_Header", "new"), 1, LIST + "X: y\r\nNew-Header: new\r\n", ""),
        ("append_hf_value", ("foo[1]", "new"), 1, "one;a=1,", "one;a=1, new,"),
        ("append_hf_value", ("foo[2]", "new"), 1, '"3;3"', '"3;3", new'),
        ("append_hf_value", ("foo[-1]", "new"), 1, "three", "three, new"),
        ("append_hf_value", ("foo[9]", "new"), 1, LIST + "X: y\r\nfoo: new\r\n", ""),
        ("append_hf_value", ("foo[*]", "new"), -1, "", ""),
        ("append_hf_value", ("foo.a", "new"), -1, "", ""),
        ("append_hf_value", ("foo", ""), -1, "", ""),
        ("append_hf_value", ("", "new"), -1, "", ""),
        ("insert_hf_value", ("foo", "new"), 1, "Foo: one", "foo: new\r\nFoo: one"),
        ("insert_hf_value", ("foo[2]", "new"), 1, '"t,wo"', 'new, "t,wo"'),
        ("insert_hf_value", ("foo[1]", "new"), 1, "Foo: one", "Foo: new, one"),
        ("insert_hf_value", ("none[1]", "new"), 1, LIST + "X: y\r\nnone: new\r\n", ""),
        ("insert_hf_value", ("none", "new"), 1, LIST + "X: y\r\nnone: new\r\n", ""),
        ("insert_hf_value", ("none[2]", "new"), -1, "", ""),
        ("insert_hf_value", ("foo[*]", "new"), -1, "", ""),
        ("remove_hf_value", ("foo",), 1, "one;a=1,  ", ""),
        ("remove_hf_value", ("foo[2]",), 1, ',  "t,wo" <sip:x;y>;b ; c="3;3"', ""),
        ("remove_hf_value", ("foo[-1]",), 1, "foo: three\r\n", ""),
        ("remove_hf_value", ("foo[*]",), 1, LIST, ""),
        ("remove_hf_value", ("foo.a",), 1, ";a=1", ""),
        ("remove_hf_value", ("foo[2].C",), 1, ' ; c="3;3"', ""),
        ("remove_hf_value", ("foo[2].b",), 1, ";b", ""),
        ("remove_hf_value", ("foo[*].b",), 1, ";b", ""),
        ("remove_hf_value", ("foo[2].y",), -1, "", ""),
        ("remove_hf_value", ("foo[3].a",), -1, "", ""),
        ("remove_hf_value", ("foo[4]",), -1, "", ""),
        ("remove_hf_value", ("none[*]",), -1, "", ""),
        ("remove_hf_value", ("[1]",), -1, "", ""),
        ("assign_hf_value", ("foo", "new"), 1, "one;a=1", "new"),
        ("assign_hf_value", ("foo[-1]", "new"), 1, "three", "new"),
        ("assign_hf_value", ("foo[-1]", ""), 1, "three", ""),
        ("assign_hf_value", ("foo.a", "2"), 1, ";a=1", ";a=2"),
        ("assign_hf_value", ("foo.a", ""), 1, ";a=1", ";a"),
        ("assign_hf_value", ("foo[2].b", "2"), 1, ";b ;", ";b=2 ;"),
        ("assign_hf_value", ("foo[3].z", "2"), 1, "three", "three;z=2"),
        ("assign_hf_value", ("foo[3].z", ""), 1, "three", "three;z"),
        ("assign_hf_value", ("foo[*]", "new"), -1, "", ""),
        ("assign_hf_value", ("none", "new"), -1, "", ""),
        ("assign_hf_value", ("none.a", "new"), -1, "", ""),
    ],
)
def test_values(name: str, arguments: tuple[str, ...], code: int, before: str, after: str) -> None:
    headers = LIST + "X: y\r\n"
    bench = Bench(request(headers))
    assert bench.call(name, *arguments) == code
    if before.startswith(LIST + "X"):
        expected = (
            START
            + VIA
            + headers
            + TAIL.replace("\r\n\r\n", before.removeprefix(headers).join(("\r\n", "\r\n")), 1)
        )
    else:
        expected = request(headers.replace(before, after, 1) if before else headers)
    assert bench.sent() == expected


def test_assigning_a_parameter_of_every_value() -> None:
    bench = Bench(request("Foo: one;lr=1, two\r\nFoo: three;lr\r\n"))
    assert bench.call("assign_hf_value", "foo[*].lr", "") == 1
    assert bench.sent() == request("Foo: one;lr, two;lr\r\nFoo: three;lr\r\n")


DIGEST = 'Authorization: Digest a=1, b="x, y" , c=3\r\n'


@pytest.mark.parametrize(
    ("name", "arguments", "code", "before", "after"),
    [
        ("remove_hf_value2", ("Authorization", ""), 1, DIGEST, ""),
        ("remove_hf_value2", ("Authorization[*]", ""), 1, DIGEST, ""),
        ("remove_hf_value2", ("Authorization.a", ""), 1, "a=1, ", ""),
        ("remove_hf_value2", ("Authorization.B", ""), 1, ', b="x, y"', ""),
        ("remove_hf_value2", ("Authorization[*].c", ""), 1, " , c=3", ""),
        ("remove_hf_value2", ("Authorization.z", ""), -1, "", ""),
        ("remove_hf_value2", ("Authorization[2]", ""), -1, "", ""),
        ("assign_hf_value2", ("Authorization", "Basic x"), 1, 'Digest a=1, b="x, y" , c=3', "Basic x"),
        ("assign_hf_value2", ("Authorization.a", '"2"'), 1, "a=1", 'a="2"'),
        ("assign_hf_value2", ("Authorization[-1].b", ""), 1, 'b="x, y"', "b"),
        ("assign_hf_value2", ("Authorization.z", "9"), 1, "c=3", "c=3, z=9"),
        ("assign_hf_value2", ("Authorization[*]", "x"), -1, "", ""),
        ("assign_hf_value2", ("None.a", "x"), -1, "", ""),
    ],
)
def test_headers_with_comma_parameters(
    name: str, arguments: tuple[str, ...], code: int, before: str, after: str
) -> None:
    bench = Bench(request(DIGEST))
    assert bench.call(name, *arguments) == code
    sent = bench.sent()
    assert sent.replace(" , c=3", ", c=3") == request(
        DIGEST.replace(before, after) if before else DIGEST
    ).replace(" , c=3", ", c=3")


def test_the_only_comma_parameter() -> None:
    bench = Bench(request("Authorization: Digest a=1\r\n"))
    assert bench.call("remove_hf_value2", "Authorization.a", "") == 1
    assert bench.sent() == request("Authorization: Digest \r\n")


SET = "Supported: path, 100rel\r\nk: gruu\r\n"


@pytest.mark.parametrize(
    ("name", "arguments", "code", "headers"),
    [
        ("include_hf_value", ("Supported", "PATH"), 1, SET),
        ("include_hf_value", ("k", "timer"), 1, SET.replace("100rel", "100rel, timer")),
        ("include_hf_value", ("Supported", ""), -1, SET),
        ("include_hf_value", ("Supported[1]", "x"), -1, SET),
        ("include_hf_value", ("Supported.x", "x"), -1, SET),
        ("exclude_hf_value", ("Supported", "Path"), 1, SET.replace("path, ", "")),
        ("exclude_hf_value", ("Supported", "100rel"), 1, SET.replace(", 100rel", "")),
        ("exclude_hf_value", ("Supported", "gruu"), 1, SET.replace("k: gruu\r\n", "")),
        ("exclude_hf_value", ("Supported", "none"), 1, SET),
        ("exclude_hf_value", ("Supported", ""), -1, SET),
        ("hf_value_exists", ("supported", "GRUU"), 1, SET),
        ("hf_value_exists", ("Supported", "none"), -1, SET),
        ("hf_value_exists", ("Supported", ""), -1, SET),
        ("hf_value_exists", ("None", "path"), -1, SET),
    ],
)
def test_sets(name: str, arguments: tuple[str, ...], code: int, headers: str) -> None:
    bench = Bench(request(SET))
    assert bench.call(name, *arguments) == code
    assert bench.sent() == request(headers)


def test_including_into_nothing() -> None:
    bench = Bench(request("Supported:\r\n"))
    assert bench.call("include_hf_value", "Supported", "path") == 1
    assert "Supported:path\r\n" in bench.sent().replace(": ", ":")
    bench = Bench(request())
    assert bench.call("include_hf_value", "Supported", "path") == 1
    assert bench.sent() == START + VIA + "Content-Length: 4\r\nSupported: path\r\n\r\na\r\nb"


@pytest.mark.parametrize(
    ("order", "left"),
    [
        ("ab", "Foo: c, d\r\n"),
        ("bc", "Foo: a, d\r\n"),
        ("bd", "Foo: a, c\r\n"),
        ("dc", "Foo: a, b\r\n"),
        ("cd", "Foo: a, b\r\n"),
        ("bcd", "Foo: a\r\n"),
        ("dcb", "Foo: a\r\n"),
        ("adb", "Foo: c\r\n"),
        ("badc", ""),
    ],
)
def test_removing_several_values_of_one_line(order: str, left: str) -> None:
    bench = Bench(request("Foo: a, b, c, d\r\n"))
    for value in order:
        assert bench.call("exclude_hf_value", "Foo", value) == 1
    assert bench.sent() == request(left)


@pytest.mark.parametrize(
    ("name", "arguments", "code", "left"),
    [
        ("keep_hf", (), 1, "m: <sip:a@b>\r\n"),
        ("keep_hf_re", ("^x-",), 1, "X-A: 1\r\nm: <sip:a@b>\r\nx-b: 2\r\n"),
        ("keep_hf_re", ("agent",), 1, "User-Agent: u\r\nm: <sip:a@b>\r\n"),
        ("keep_hf_re", ("(",), -1, None),
        ("keep_hf_re", ("",), -1, None),
    ],
)
def test_keep_hf(name: str, arguments: tuple[str, ...], code: int, left: str | None) -> None:
    headers = "X-A: 1\r\nUser-Agent: u\r\nm: <sip:a@b>\r\nx-b: 2\r\n"
    bench = Bench(request(headers))
    assert bench.call(name, *arguments) == code
    assert bench.sent() == request(headers if left is None else left)


@pytest.mark.parametrize(
    ("text", "pattern", "flags", "code"),
    [
        ("12345", "123*", "", 1),
        ("12345", "1?3*", "", 1),
        ("12345", "123", "", -1),
        ("a*b", r"a\*b", "", 1),
        ("axb", r"a\*b", "", -1),
        ("a\\b", r"a\\b", "", 1),
        ("b1", "[a-c][!2-9]", "", 1),
        ("b2", "[a-c][!2-9]", "", -1),
        ("ABC", "abc", "", -1),
        ("ABC", "abc", "i", 1),
        ("a\nb", "a*b", "", 1),
        ("a" * 60, "*a" * 20 + "b", "", -1),
    ],
)
def test_fnmatch(text: str, pattern: str, flags: str, code: int) -> None:
    bench = Bench(request())
    assert bench.call("fnmatch_ex", text, pattern, flags) == code
    if not flags:
        assert bench.call("fnmatch", text, pattern) == code


def test_remove_body() -> None:
    bench = Bench(request("Content-Type: a/b\r\n"))
    assert bench.call("remove_body") == 1
    assert bench.sent() == START + VIA + "Content-Type: a/b\r\nContent-Length: 0\r\n\r\n"
    empty = Bench(START + VIA + "\r\n")
    assert empty.call("remove_body") == 1
    assert not empty.ctx.edits


def test_edits_show_once_applied() -> None:
    bench = Bench(request("X: old\r\n"))
    hdr = Hdr(Module.Settings(), bench.services)
    textops = Textops(Module.Settings(), bench.services)
    bench.ctx.target.uri = "sip:changed@example.com"
    bench.ctx.request.top_via_text = received_via(bench.ctx.request.top_via, "10.0.0.9", 99)
    hdr.append(bench.ctx, "New: 1\r\n")
    hdr.remove(bench.ctx, "X")
    textops.set_body(bench.ctx, "longer body", "text/plain")
    assert hdr.get(bench.ctx, "New") is None
    expected = bench.sent()
    assert bench.call("msg_apply_changes") == 1
    assert bench.ctx.message.text == expected
    assert not bench.ctx.edits
    assert hdr.get(bench.ctx, "New") == "1"
    assert hdr.is_present(bench.ctx, "X") == -1
    assert bench.ctx.message.body == "longer body"
    assert bench.ctx.message.content_length == 11
    assert bench.ctx.target.uri == "sip:changed@example.com"
    assert bench.ctx.request.top_via_text.endswith(";rport=99;received=10.0.0.9")


def test_applying_nothing_changes_nothing() -> None:
    bench = Bench(request())
    before = bench.ctx.message
    assert bench.call("msg_apply_changes") == 1
    assert bench.ctx.message is before


def test_a_via_the_script_changed_is_marked_again() -> None:
    bench = Bench(request())
    bench.ctx.edits.replace(
        bench.ctx.message.top_via.start, bench.ctx.message.top_via.end, "SIP/2.0/UDP h;branch=z9hG4bKn"
    )
    assert bench.call("msg_apply_changes") == 1
    assert bench.ctx.request.top_via_text == "SIP/2.0/UDP h;branch=z9hG4bKn;received=127.0.0.2"


@pytest.mark.parametrize("route", [Route.ONREPLY, Route.FAILURE, Route.BRANCH, Route.ONSEND])
def test_stored_messages_are_not_replaced(route: Route) -> None:
    bench = Bench(request(), route)
    bench.ctx.edits.append_header(bench.ctx.message, "A: 1\r\n")
    assert bench.call("msg_apply_changes") == -1
    assert bench.call("msg_set_buffer", request()) == -1
    assert bench.ctx.edits


def test_what_is_no_message_is_not_applied() -> None:
    bench = Bench(request())
    bench.ctx.edits.insert_header(bench.ctx.message, "no header line\r\n")
    before = bench.ctx.message
    assert bench.call("msg_apply_changes") == -1
    assert bench.ctx.message is before


def test_msg_set_buffer() -> None:
    bench = Bench(request("X: old\r\n"))
    bench.ctx.edits.append_header(bench.ctx.message, "A: 1\r\n")
    other = request("Y: 2\r\n").replace("bob@", "carol@")
    for wrong in ("", "nonsense", REPLY.format(200)):
        assert bench.call("msg_set_buffer", wrong) == -1
    assert bench.call("msg_set_buffer", other) == 1
    assert bench.sent() == other
    assert bench.ctx.target.uri == "sip:carol@example.com"


@pytest.mark.parametrize(
    ("old", "code", "reason", "result"),
    [
        (486, 404, "Not Found", 1),
        (180, 183, "Session Progress", 1),
        (200, 202, "Accepted", 1),
        (200, 302, "x", -1),
        (180, 200, "x", -1),
        (486, 200, "x", -1),
        (486, 700, "x", -1),
        (486, 99, "x", -1),
        (486, 404, "a\r\nEvil: 1", -1),
    ],
)
def test_change_reply_status(old: int, code: int, reason: str, result: int) -> None:
    bench = Bench(REPLY.format(old), Route.ONREPLY)
    assert bench.call("change_reply_status", code, reason) == result
    line = f"SIP/2.0 {code} {reason}" if result > 0 else f"SIP/2.0 {old} Old Reason"
    assert bench.sent() == REPLY.format(old).replace(f"SIP/2.0 {old} Old Reason", line, 1)
    assert isinstance(bench.ctx.message, Response)
    assert bench.ctx.message.status == (code if result > 0 else old)


def test_change_reply_status_code() -> None:
    bench = Bench(REPLY.format(486), Route.REPLY)
    assert bench.call("change_reply_status_code", 480) == 1
    assert bench.sent().startswith("SIP/2.0 480 Old Reason\r\n")
    assert bench.call("msg_apply_changes") == 1
    assert bench.ctx.message.text.startswith("SIP/2.0 480 Old Reason\r\n")
    for name, arguments in (("change_reply_status", (404, "x")), ("change_reply_status_code", (404,))):
        assert Bench(request()).call(name, *arguments) == -1


def test_header_iterator() -> None:
    bench = Bench(request("X: 1\r\ny: 2\r\n"))
    assert bench.call("hf_iterator_next", "i") == -1
    assert bench.call("hf_iterator_start", "i") == 1
    assert bench.call("hf_iterator_hname", "i") is None
    assert bench.call("hf_iterator_rm", "i") == -1
    names = []
    while bench.call("hf_iterator_next", "i") > 0:
        names.append((bench.call("hf_iterator_hname", "i"), bench.call("hf_iterator_hbody", "i")))
    assert [name for name, _ in names] == ["Via", "X", "y", "Content-Length"]
    assert names[2] == ("y", "2")
    assert bench.call("hf_iterator_hbody", "i") is None
    assert bench.call("hf_iterator_next", "i") == -1
    assert bench.call("hf_iterator_prev", "i") == 1
    assert bench.call("hf_iterator_prev", "i") == 1
    assert bench.module.header_iterator_name(bench.ctx, "i", None) == "y"
    assert bench.module.header_iterator_body(bench.ctx, "i", None) == "2"
    assert bench.call("hf_iterator_insert", "i", "A: 1\r\n") == 1
    assert bench.call("hf_iterator_append", "i", "B: 1\r\n") == 1
    assert bench.call("hf_iterator_append", "i", "") == -1
    assert bench.call("hf_iterator_rm", "i") == 1
    assert bench.sent() == request("X: 1\r\nA: 1\r\nB: 1\r\n")
    assert bench.call("hf_iterator_end", "i") == 1
    assert bench.call("hf_iterator_end", "i") == -1
    assert bench.call("hf_iterator_append", "i", "B: 1\r\n") == -1


def test_moving_before_the_first_header() -> None:
    bench = Bench(request())
    bench.call("hf_iterator_start", "i")
    assert bench.call("hf_iterator_next", "i") == 1
    assert bench.call("hf_iterator_prev", "i") == -1
    assert bench.call("hf_iterator_next", "i") == 1
    assert bench.call("hf_iterator_hname", "i") == "Via"


@pytest.mark.parametrize("kind", ["hf", "bl"])
def test_four_iterators_at_a_time(kind: str) -> None:
    bench = Bench(request())
    assert [bench.call(f"{kind}_iterator_start", name) for name in ("a", "b", "c", "d", "e", "a", "")] == [
        1
    ] * 4 + [-1, 1, -1]
    assert bench.call(f"{kind}_iterator_end", "b") == 1
    assert bench.call(f"{kind}_iterator_start", "e") == 1


def test_line_iterator() -> None:
    bench = Bench(request())
    assert bench.call("bl_iterator_next", "i") == -1
    assert bench.call("bl_iterator_start", "i") == 1
    assert bench.call("bl_iterator_value", "i") is None
    assert bench.call("bl_iterator_next", "i") == 1
    assert bench.call("bl_iterator_value", "i") == "a\r\n"
    assert bench.call("bl_iterator_insert", "i", "0\r\n") == 1
    assert bench.call("bl_iterator_append", "i", "a2\r\n") == 1
    assert bench.call("bl_iterator_rm", "i") == 1
    assert bench.call("bl_iterator_next", "i") == 1
    assert bench.module.line_iterator_value(bench.ctx, "i", None) == "b"
    assert bench.call("bl_iterator_append", "i", "\r\nc") == 1
    assert bench.call("bl_iterator_append", "i", "") == -1
    assert bench.call("bl_iterator_next", "i") == -1
    assert bench.call("bl_iterator_value", "i") is None
    assert bench.call("bl_iterator_rm", "i") == -1
    assert bench.call("bl_iterator_insert", "i", "x") == -1
    assert bench.sent() == START + VIA + "Content-Length: 11\r\n\r\n0\r\na2\r\nb\r\nc"
    assert bench.call("bl_iterator_end", "i") == 1
    assert bench.call("bl_iterator_end", "i") == -1


def test_an_empty_body_has_no_lines() -> None:
    assert Bench(START + VIA + "\r\n").call("bl_iterator_start", "i") == -1


def test_iterators_end_when_the_message_is_replaced() -> None:
    bench = Bench(request())
    bench.call("hf_iterator_start", "i")
    bench.call("bl_iterator_start", "i")
    bench.ctx.edits.append_header(bench.ctx.message, "A: 1\r\n")
    bench.call("msg_apply_changes")
    assert bench.call("hf_iterator_next", "i") == bench.call("bl_iterator_next", "i") == -1


def test_variables() -> None:
    assert {export.name for export in Textopsx.variables()} == {"hfitname", "hfitbody", "blitval"}
