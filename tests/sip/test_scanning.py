"""scanning.c and expressions.py read messages and values as parser.py, message.py and values.py do, or leave them to
those.

On the plain tree scanning.c is compiled for these tests; on the compiled copy it has to be there.
"""

import importlib.util
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

import luasip.sip.parser
from luasip.errors import LuaSIPError, ParseError
from luasip.sip import expressions
from luasip.sip.grammar import TOKEN, WORD
from luasip.sip.header_lines import HOPS
from luasip.sip.header_names import CODES, COMPACT, NAMED
from luasip.sip.message import Message
from luasip.sip.parser import Limits
from luasip.sip.scanners import teach
from luasip.sip.validation import check_headers
from luasip.sip.values import CSeq, NameAddr, Via
from tests.built import IS_COMPILED, extension
from tests.sip.messages import INVITE, RESPONSE, minimal, request_with
from tests.sip.rfc4475_messages import MESSAGES as TORTURE
from tests.sip.rfc5118_messages import MESSAGES as TORTURE_IPV6

NAME = "luasip.sip.scanning"
SCANNERS = "luasip.sip.scanners"
PARSER = Path(str(luasip.sip.parser.__file__))
SOURCES = PARSER.parent

LINES = 128
"""The most lines it takes."""


def test_the_compiled_build_has_it() -> None:
    assert not IS_COMPILED or importlib.util.find_spec(NAME) is not None


@pytest.fixture(scope="module")
def scanning(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The module, compiled here where the tree is plain. LUASIP_SCANNING names a build of it to take."""
    return extension(NAME, tmp_path_factory.mktemp("scanning"), given=os.environ.get("LUASIP_SCANNING", ""))


class Parsers:
    """Two of parser.py and values.py as they stand in Python: with what reads usual messages and without."""

    def __init__(self, scanning: ModuleType) -> None:
        self.scanning = scanning
        self.long, self.long_values = [_beside(name, None) for name in ("parser", "values")]
        self.short, self.short_values = [_beside(name, scanning) for name in ("parser", "values")]
        self.long_framing, self.short_framing = _beside("framing", None), _beside("framing", scanning)

    def assert_same(self, text: str, **limits: int) -> None:
        long, short = [_outcome(each, text, limits) for each in (self.long, self.short)]
        assert short == long

    def assert_same_value(self, text: str) -> None:
        for name in ("parse_name_addr", "parse_via"):
            long, short = [_value(getattr(each, name), text) for each in (self.long_values, self.short_values)]
            assert short == long

    def assert_same_frames(self, *pieces: bytes, message: int = 65535) -> None:
        long, short = [_frames(each, pieces, message) for each in (self.long_framing, self.short_framing)]
        assert short == long

    def table(self, text: str) -> bytes | None:
        table: bytes | None = self.scanning.scan(text)
        return table


def _beside(name: str, scanning: ModuleType | None) -> ModuleType:
    """A further instance of a module of luasip.sip, its Python source, with these scanners."""
    spec = importlib.util.spec_from_file_location(f"{name}_beside", SOURCES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    scanners = ModuleType(SCANNERS)
    nothing = {"scan": lambda _: None, "message_end": None, "name_addr": lambda _: -1, "via": lambda _: -1}
    for each, without in nothing.items():
        setattr(scanners, each, getattr(scanning, each, without))
    known = sys.modules[SCANNERS]
    sys.modules[SCANNERS] = scanners
    sys.modules[module.__name__] = module  # dataclasses look there
    try:
        spec.loader.exec_module(module)
    finally:
        sys.modules[SCANNERS] = known
        del sys.modules[module.__name__]
    return module


def _frames(framing: ModuleType, pieces: tuple[bytes, ...], message: int) -> list[object]:
    """What a stream in these pieces is cut into, and what is left after each."""
    framer = framing.StreamFramer(Limits(message=message))
    outcomes: list[object] = []
    for piece in pieces:
        try:
            outcomes.append(framer.feed(piece))
        except LuaSIPError as error:
            outcomes.append(str(error))
        outcomes.append((framer.pending, framer.mid_message, framer.lost))
    return outcomes


def _value(read: Callable[..., Any], text: str) -> object:
    try:
        value = read(text, start=3, end=4)
    except LuaSIPError as error:
        return type(error), str(error)
    names = (*value.__slots__, "text", "params", "tag", "display_name", "branch", "sent_by")
    return {name: getattr(value, name, None) for name in names}


@pytest.fixture(scope="module")
def parsers(scanning: ModuleType) -> Parsers:
    teach(scanning)
    return Parsers(scanning)


@pytest.fixture(scope="module", params=["scanning.c", "expressions.py"])
def either(request: pytest.FixtureRequest, parsers: Parsers) -> Parsers:
    """That with scanning.c, then one with expressions.py."""
    return Parsers(expressions) if request.param == "expressions.py" else parsers


def _outcome(parser: ModuleType, text: str, limits: dict[str, int]) -> tuple[object, ...]:
    try:
        return _shown(parser.parse_message(text, parser.Limits(**limits)))
    except ParseError as error:
        salvaged = error.salvaged
        return type(error), str(error), error.status, _shown(salvaged) if isinstance(salvaged, Message) else None
    except LuaSIPError as error:
        return type(error), str(error)


def _shown(message: Message) -> tuple[object, ...]:
    lines = [
        (line.key, line.name, line.value, line.start, line.value_start, line.value_end, line.end)
        for line in message.headers
    ]
    content_length: Any = message._content_length
    start_line = [getattr(message, name, None) for name in ("method", "request_uri", "status", "reason", "version")]
    places = message.headers_start, message.body_start, message.headers_end
    first = {line.key: line.start for line in reversed(message.headers)}
    found = {key: None if (line := message.first(key)) is None else line.start for key in (*first, "expires", "x-none")}
    return message.text, start_line, lines, places, message.repeated, content_length, found, _values_of(message)


def _values_of(message: Message) -> list[object]:
    """What is read of the values, or what is wrong with them."""
    return [_kept(check_headers, message), *[_parts(_kept(getattr, message, name)) for name in VALUES]]


PARTS = "text transport host port branch params sent_by start end uri_text tag display_name header number method"
VALUES = ("top_via", "from_", "to", "call_id", "cseq", "max_forwards", "content_length", "vias")


def _kept(read: Callable[..., object], *arguments: object) -> object:
    try:
        return read(*arguments)
    except LuaSIPError as error:
        return type(error), str(error)


def _parts(value: object) -> object:
    if isinstance(value, list):
        return [_parts(each) for each in value]
    if isinstance(value, (Via, NameAddr, CSeq)):
        return {name: getattr(value, name, None) for name in PARTS.split()}
    return value


USUAL = {
    "invite": INVITE,
    "response": RESPONSE,
    "minimal": minimal(),
    "no lines": "OPTIONS sip:a SIP/2.0\r\n\r\n",
    "compact": request_with(*[f"{letter}: 1" for letter in COMPACT]),
    "known": request_with(*[f"{key}: 1" for key in CODES]),
    "any case": request_with("VIA: 1", "vIa:2", "X-Own: 3", "cALL-iD:4"),
    "unknown, none twice": request_with(*[f"X-{number}: 1" for number in range(8)]),
    "unknown, alike": request_with("X-Own: 1", "X-Other: 2", "x-oWm: 3", "X-Ow: 4", "X-Owner: 5"),
    "long unknown": request_with(f"{'x' * 500}: 1", f"{'X' * 499}: 2", f"{'X' * 39}: 1", f"{'X' * 40}: 1"),
    "three names twice": request_with("To: 1", "From: 2", "t: 3", "Via: 4", "t: 5", "F: 5", "v: 6", "v: 7"),
    "folded": request_with("Subject: a", "\tb ", "  ", " c\t", "To:", " <sip:a>", " "),
    "empty values": request_with("Subject:", "To: ", "From:\t \t"),
    "high bytes": request_with("Subject: \x80\xa0\xff\xad\x9f"),
    "tabs": request_with("Subject:\t\ta\tb\t"),
    "length": request_with("Content-Length: 000000003 ", body="abc and more"),
    "as many as fit": request_with(*["Via: 1"] * LINES),
    "usual values": minimal(),
    "usual values of a response": minimal().replace("OPTIONS sip:bob@example.com SIP/2.0", "SIP/2.0 200 OK"),
    "many values": minimal(via="SIP/2.0/UDP a.b:5061;branch=1", cseq="123456789 BYE", to='"A B"  <tel:1>;tag=x'),
    "no hops": minimal(max_forwards=""),
    "longest line first": request_with("Subject: abcdefghij", "To: a"),
    "any URI": request_with("To: a", start="A* :\xff%,; SIP/2.0"),
    "no reason": "SIP/2.0 100 \r\n\r\n",
    "long line": request_with("Subject: " + "a\t" * 3000),
    "any reason": "SIP/2.0 699 \t\xff \r\n\r\n",
}
UNUSUAL_VALUES = {
    f"{name}: {value}": minimal(**{name: value})
    for name, values in {
        "via": ["SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b;branch=2", "SIP/2.0/UDP a", "SIP/2.0/UDP a;branch=1;rport", "x"],
        "from_": ["sip:a@b;tag=1", "<sip:a>;x;tag=1", '"a\r\n b" <sip:a>', "<sip:a", "", '"\\"" <sip:a>'],
        "to": ["sip:a@b;tag=1", "<sip:a>;x;tag=1", '"a\r\n b" <sip:a>', "<sip:a", "\r\n <sip:a>", "\r\n "],
        "call_id": ["a@b@c", "a b", "\xe9", "a\r\n b", "", "\r\n a@b"],
        "cseq": ["1", "1  BYE", "1\tBYE", "1234567890 BYE", "9999999999 BYE", "-1 BYE", "1 BYE x", "1 B@", "1\r\n BYE"],
        "max_forwards": ["256", "255", "-1", "a", "0000000001", "4294967296", "7 0", "\r\n 1"],
    }.items()
    for value in values
}
UNUSUAL = {
    "line before": "\r\n" + minimal(),
    "other version": request_with("To: a", start="A sip:a SIP/2.1"),
    "small version": request_with("To: a", start="A sip:a sip/2.0"),
    "two spaces": request_with("To: a", start="A  sip:a SIP/2.0"),
    "space in the URI": request_with("To: a", start="A sip:a b SIP/2.0"),
    "no URI": request_with("To: a", start="A  SIP/2.0"),
    "no method": request_with("To: a", start=" sip:a SIP/2.0"),
    "one word": request_with("To: a", start="A SIP/2.0"),
    "no token as method": request_with("To: a", start="A@ sip:a SIP/2.0"),
    "angle brackets": request_with("To: a", start="A <sip:a> SIP/2.0"),
    "quotes in the URI": request_with("To: a", start='A sip:"a SIP/2.0'),
    "delete in the URI": request_with("To: a", start="A sip:\x7f SIP/2.0"),
    "TAB in the URI": request_with("To: a", start="A sip:\ta SIP/2.0"),
    "not SIP": request_with("To: a", start="GET / HTTP/1.1"),
    "LF behind the start line": "A sip:a SIP/2.0\nTo: a\r\n\r\n",
    "two CR behind the start line": "A sip:a SIP/2.0\r\r\nTo: a\r\n\r\n",
    "empty": "",
    "line end": "\n",
    "short": "SIP/2.0\n",
    "no space behind the status": "SIP/2.0 200\r\n\r\n",
    "low status": "SIP/2.0 099 a\r\n\r\n",
    "high status": "SIP/2.0 700 a\r\n\r\n",
    "long status": "SIP/2.0 2000 a\r\n\r\n",
    "status of letters": "SIP/2.0 2x0 a\r\n\r\n",
    "no status": "SIP/2.0 \r\n\r\n",
    "control in the reason": "SIP/2.0 200 \\\x01\r\n\r\n",
    "status of another version": "SIP/2.1 200 a\r\n\r\n",
    "status of a small version": "sip/2.0 200 a\r\n\r\n",
    "no lines end": "OPTIONS sip:a SIP/2.0\r\n",
    "half an end": "OPTIONS sip:a SIP/2.0\r\nTo: a\r\n\r",
    "no empty line": "OPTIONS sip:a SIP/2.0\r\nTo: a\r\n",
    "no last line end": "OPTIONS sip:a SIP/2.0\r\nTo: a",
    "fold at the end": "OPTIONS sip:a SIP/2.0\r\nTo: a\r\n ",
    "LF alone": "OPTIONS sip:a SIP/2.0\r\nTo: a\nFrom: b\r\n\r\n",
    "CR alone": request_with("To: a\rb"),
    "two CR": request_with("To: a\r"),
    "control": request_with("To: a\x01"),
    "delete": request_with("To: \x7f"),
    "control far behind": request_with("Subject: " + "a" * 5000 + "\x7f", "To: a"),
    "NUL": request_with("To: a\x00b"),
    "controls behind quotes": request_with('To: "\\\x01" <sip:a>'),
    "no colon": request_with("To"),
    "no name": request_with(": a"),
    "white space before": request_with(" To: a"),
    "white space behind the name": request_with("To : a"),
    "no token": request_with("T(o: a"),
    "wide characters": request_with("To: \u20ac"),
    "length twice": request_with("Content-Length: 0", "l: 0"),
    "lengths that differ": request_with("Content-Length: 0", "l: 1"),
    "no length": request_with("Content-Length:"),
    "long length": request_with("Content-Length: 0000000000"),
    "negative length": request_with("Content-Length: -1"),
    "unknown, twice": request_with("X-Own: 1", "X-Other: 2", "x-oWn: 3"),
    "long unknown, twice": request_with(f"{'x' * 500}: 1", f"{'X' * 500}: 2"),
    "four names twice": request_with(*["To: 1", "From: 2", "Via: 3", "Route: 4"] * 2),
    "too many lines": request_with(*["Via: 1"] * (LINES + 1)),
    "too many unknown": request_with(*[f"X-{number}: 1" for number in range(9)]),
}
ALL = {**USUAL, **UNUSUAL, **UNUSUAL_VALUES, **TORTURE, **TORTURE_IPV6}


@pytest.mark.parametrize("text", USUAL.values(), ids=USUAL)
def test_usual(parsers: Parsers, text: str) -> None:
    assert parsers.table(text) is not None
    parsers.assert_same(text)


@pytest.mark.parametrize("text", [*USUAL.values(), *UNUSUAL_VALUES.values()], ids=[*USUAL, *UNUSUAL_VALUES])
def test_expressions_give_the_table_of_c(parsers: Parsers, text: str) -> None:
    """But for messages with a line that goes on, and for a Max-Forwards that is none."""
    if "\r\n " in text or "\r\n\t" in text:
        assert expressions.scan(text) is None
    else:
        tables = [table[:HOPS] + table[HOPS + 4 :] for table in (expressions.scan(text), parsers.table(text)) if table]
        assert tables[0] == tables[1]


@pytest.mark.parametrize("text", UNUSUAL.values(), ids=UNUSUAL)
def test_unusual_is_left_to_python(parsers: Parsers, text: str) -> None:
    assert parsers.table(text) is None
    parsers.assert_same(text)
    Parsers(expressions).assert_same(text)


@pytest.mark.parametrize("text", ALL.values(), ids=ALL)
def test_cut_and_within_limits(either: Parsers, text: str) -> None:
    for end in range(0, len(text) + 1, 1 + len(text) // 60):
        either.assert_same(text[:end])
    head = text[: text.find("\r\n\r\n")].split("\r\n")[1:]
    for size in {len(line) + more for line in head for more in (-1, 0)}:
        either.assert_same(text, line=max(size, 0))
    for count in (0, len(head) - 1, len(head)):
        either.assert_same(text, headers=max(count, 0))


@pytest.mark.parametrize("text", UNUSUAL_VALUES.values(), ids=UNUSUAL_VALUES)
def test_unusual_values_in_a_usual_message(parsers: Parsers, text: str) -> None:
    assert parsers.table(text) is not None
    parsers.assert_same(text)


@pytest.mark.parametrize("limit", ["line", "headers", "uri", "message"])
def test_limits_are_kept(parsers: Parsers, limit: str) -> None:
    text = request_with("To: abc", "Subject: a", " bcd", "l: 3", body="abc and more")
    size = {"line": 16, "headers": 3, "uri": len("sip:bob@example.com"), "message": len(text)}[limit]
    assert parsers.table(text) is not None
    for more in (-1, 0):
        parsers.assert_same(text, **{limit: size + more})
    with pytest.raises(ParseError):
        parsers.short.parse_message(text, parsers.short.Limits(**{limit: size - 1}))
    assert parsers.short.parse_message(text, parsers.short.Limits(**{limit: size})).body == "abc"


USUAL_URIS = [
    "sip:a",
    "sip:1000",
    "sip:a@b",
    "sip:+-_.!~*'()&=$/Zz09@a-b_c.d:5060",
    "sip:a:1",
    "sip:A.:65535",
    f"sip:{'u' * 300}@{'a' * 255}:5060",
]
OTHER_URIS = [
    *["sip:", "sip:@", "sip:@a", "sip:a@", "sip:a@:1", "sip:a@b@c", "sip:.a", "sip:a..b", "sip:a b@c", "sips:a@b"],
    *["sip:a:", "sip:a:0", "sip:a:65536", "sip:a:123456", "sip:a:1x", "sip:a:-1", "sip:[::1]", "sip:a@[::1]:5060"],
    *["sip:a;lr", "sip:a@b;x=1", "sip:a?b=c", "sip:a:b@c", "sip:a%41@b", "sip:a%@b", "sip:a#@b", "sip:a,b@c", "SIP:a"],
    *["sip:\xe9@b", "sip:a@\xe9", f"sip:{'a' * 256}", "tel:+1", "tel:", "urn:a:b", "a:", ":", "sip;a:b"],
]


@pytest.mark.parametrize("uri", USUAL_URIS)
def test_usual_uri(either: Parsers, uri: str) -> None:
    message = either.short.parse_message(minimal(from_=f'"a" <{uri}>;tag=1', to=f"<{uri}>"))
    assert message.has_usual_from_uri
    assert message.has_usual_to_uri
    assert (message.from_.uri.text, message.to.uri.text) == (uri, uri)


@pytest.mark.parametrize("uri", OTHER_URIS)
def test_other_uri(either: Parsers, uri: str) -> None:
    message = either.short.parse_message(minimal(from_=f'"a" <{uri}>;tag=1', to=f"<{uri}>"))
    assert not message.has_usual_from_uri
    assert not message.has_usual_to_uri


@seed(20261123)
@settings(max_examples=500, deadline=None)
@given(st.text(st.sampled_from("ab@:.;019-?%[ <>\xe9"), max_size=12))
def test_a_usual_uri_can_be_read(either: Parsers, rest: str) -> None:
    message = either.short.parse_message(minimal(from_=f"<sip:{rest}>;tag=1", to=f"<sip:{rest[1:]}>"))
    if message.has_usual_from_uri:
        assert message.from_.uri.text == f"sip:{rest}"
    if message.has_usual_to_uri:
        assert message.to.uri.text == f"sip:{rest[1:]}"


CHARACTERS = "\r\n\t :\x00\x07\x7f\xff\u20ac\"\\,l-"
SNIPPETS = ["\r\n\r\n", "\r\n ", "L:0\r\n", "To: a\r\n", "X-Own: 1\r\n", "x-own :2\r\n", "Via", "9999999999"]
PIECES = st.sampled_from([*CHARACTERS, "\r\n", "Content-Length: 5\r\n", *SNIPPETS])
CHANGE = st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 9), PIECES)


@seed(20261123)
@settings(max_examples=1000, deadline=None)
@given(
    st.sampled_from(sorted(ALL)),
    st.lists(CHANGE, max_size=6),
    st.sampled_from([256, 3, 8]),
    st.sampled_from([8192, 20, 60]),
    st.sampled_from([65535, 300]),
)
def test_changed_messages(
    either: Parsers, name: str, changes: list[tuple[float, int, str]], headers: int, line: int, message: int
) -> None:
    text = ALL[name]
    for place, removed, piece in changes:
        at = int(place * (len(text) + 1))
        text = text[:at] + piece + text[at + removed :]
    either.assert_same(text, headers=headers, line=line, message=message)


@seed(20261123)
@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("\r\n \t:aZ-\x01\x7f\xe9l0"), max_size=60))
def test_any_lines(either: Parsers, lines: str) -> None:
    either.assert_same(f"OPTIONS sip:a SIP/2.0\r\n{lines}\r\n\r\n")


@pytest.mark.parametrize("size", range(25))
def test_every_byte_at_every_place_of_a_word(either: Parsers, size: int) -> None:
    for code in range(256):
        either.assert_same(request_with(f"To: {'a' * size}{chr(code)}"))


def test_any_two_known_names_are_told_apart(parsers: Parsers) -> None:
    order = random.Random(1)
    keys = list(NAMED[1:])
    for _ in range(20):
        order.shuffle(keys)
        text = request_with(*[f"{''.join(order.choice((a, a.upper())) for a in key)}: 1" for key in keys[:100]])
        if "content-length" in keys[:100]:
            continue
        assert parsers.table(text) is not None
        parsers.assert_same(text)


@pytest.mark.parametrize("arguments", [(), (b"",), (None,), ("", "")])
def test_wrong_arguments(parsers: Parsers, arguments: tuple[object, ...]) -> None:
    with pytest.raises(TypeError):
        parsers.scanning.scan(*arguments)


def test_names_and_codes_out_of_range_are_refused(scanning: ModuleType) -> None:
    many = {str(number): 1 for number in range(600)}
    try:
        for wrong in ({"": 1}, {"a" * 40: 1}, {"via": 0}, {"via": 128}, many):
            with pytest.raises(ValueError, match="cannot be the name"):
                scanning.teach(wrong, TOKEN, WORD, b"")
        for roles in (b"\x08", b"\xff", bytes(129)):
            with pytest.raises(ValueError, match="role"):
                scanning.teach({"via": 1}, TOKEN, WORD, roles)
        with pytest.raises(TypeError):
            scanning.teach({"via": "1"}, TOKEN, WORD, b"")
    finally:
        teach(scanning)


USUAL_ADDRESSES = [
    '"caller" <sip:caller@10.0.0.2:5060>;tag=caller-1',
    "<sip:a@b>",
    "Bob \xe9 X. <sips:a@b;x=1?y=z>;tag=a.b~c'",
    '"" <tel:1>',
    '"a,;<>"\t <:>',
    '"\x01"<a:>;tag=1',
    "\\<sip:a>",
]
USUAL_VIAS = [
    "SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK-1",
    "SIP/2.0/TCP 10.0.0.2:5060;branch=z9hG4bK-1",
    "SIP/2.0/UDP a-_.b;branch=1",
    "SIP/2.0/UDP a.:1;branch=z9hG4bK",
    "SIP/2.0/UDP A:65535;branch=%",
    f"SIP/2.0/UDP {'a' * 255};branch=%",
]
OTHER_VALUES = [
    "",
    '"',
    '"a" b <sip:a>',
    '"a\\"" <sip:a>',
    '"a',
    "a;b <sip:a>",
    "a,b <sip:a>",
    'a"b" <sip:a>',
    "a\tb <sip:a>",
    "a\x01 <sip:a>",
    "<sip:a",
    "<sip a:>",
    "<sip:a<>",
    "<sip>",
    "sip:a;tag=1",
    "<sip:a>;tag=",
    "<sip:a>;tag=a;x",
    "<sip:a> ;tag=a",
    "<sip:a>;TAG=a",
    "<sip:a>;tag=\u0161",
    "SIP/2.0/UDP ",
    "SIP/2.0/UDP",
    "SIP/2.0/TLS a;branch=1",
    "SIP/2.0/tcp a;branch=1",
    "SIP/2.0/UDP  a;branch=1",
    "SIP/2.0/UDP .a;branch=1",
    "SIP/2.0/UDP a..b;branch=1",
    "SIP/2.0/UDP a:;branch=1",
    "SIP/2.0/UDP a:0;branch=1",
    "SIP/2.0/UDP a:00001;branch=1",
    "SIP/2.0/UDP a:65536;branch=1",
    "SIP/2.0/UDP a:000001;branch=1",
    "SIP/2.0/UDP [::1]:5060;branch=1",
    f"SIP/2.0/UDP {'a' * 256};branch=1",
    "SIP/2.0/UDP a;branch=",
    "SIP/2.0/UDP a;branch=a;rport",
    "SIP/2.0/UDP a;rport;branch=a",
    "SIP/2.0/UDP a",
    "SIP/2.0/UDP a@b;branch=1",
    "SIP/2.0/UDP a\xc1;branch=1",
]


def test_usual_values(either: Parsers) -> None:
    for read, values in ((either.scanning.name_addr, USUAL_ADDRESSES), (either.scanning.via, USUAL_VIAS)):
        for text in values:
            assert read(text) >= 0, text
            for end in range(len(text) + 1):
                either.assert_same_value(text[:end])
                either.assert_same_value(text[end:])


def test_other_values_are_left_to_python(either: Parsers) -> None:
    for text in OTHER_VALUES:
        assert either.scanning.name_addr(text) == -1, text
        assert either.scanning.via(text) == -1, text
        either.assert_same_value(text)


def test_values_of_any_length(either: Parsers) -> None:
    for size in (65535 - 6, 65535 - 5, 65536, 1 << 20):
        text = f"<sip:{'a' * (size - 6)}>"
        assert (either.scanning.name_addr(text) >= 0) is (len(text) <= 65535)
        either.assert_same_value(text)
        either.assert_same_value(f"SIP/2.0/UDP a;branch={'a' * size}")


OF_VALUES = st.sampled_from("\"\\<>;:,= .[]@\t\x00\x7f\xff\u20aca1")
CHANGE_OF_VALUE = st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 3), OF_VALUES)


@seed(20261123)
@settings(max_examples=1000, deadline=None)
@given(
    st.sampled_from([*USUAL_ADDRESSES, *USUAL_VIAS, *OTHER_VALUES]),
    st.lists(CHANGE_OF_VALUE, max_size=4),
)
def test_changed_values(either: Parsers, text: str, changes: list[tuple[float, int, str]]) -> None:
    for place, removed, piece in changes:
        at = int(place * (len(text) + 1))
        text = text[:at] + piece + text[at + removed :]
    either.assert_same_value(text)


@pytest.mark.parametrize("name", ["name_addr", "via"])
def test_a_value_is_text(parsers: Parsers, name: str) -> None:
    with pytest.raises(TypeError):
        getattr(parsers.scanning, name)(b"<sip:a>")


HEAD = b"OPTIONS sip:h SIP/2.0\r\n"
BEHIND = b"BYE sip:h SIP/2.0\r\nl: 1\r\n\r\nx"
USUAL_STREAMS = [
    RESPONSE.encode("latin-1"),
    HEAD + b"l: 0\r\n\r\n",
    HEAD + b"CONTENT-length: \t5\t \r\nCall-ID: x\r\n\r\n\r\n\r\nx",
    HEAD + b"L:000000005\r\nX: \r\r\r\n\r\nab\r\nc",
    b"CANCEL sip:h SIP/2.0\r\nC: d\r\nContact : x\r\nl:1\r\n\r\nx",
]
OTHER_STREAMS = [
    INVITE.encode("latin-1"),  # a line of it goes on
    b"",
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n" + BEHIND,
    b"\r\n\r\n" + BEHIND,
    HEAD + b"\r\n",
    HEAD + b"l: 0\r\n",
    HEAD + b"l: 0\r\n\r",
    HEAD + b"l: 0\n\r\n\r\n",
    HEAD + b"l: 0\r\n\n\r\n",
    HEAD + b"l : 0\r\n\r\n",
    HEAD + b"l: 0\r\nl: 0\r\n\r\n",
    HEAD + b"l: 0\r\nContent-Length: 1\r\n\r\nx",
    HEAD + b"l: 0\r\r\n\r\n",
    HEAD + b"l: 0000000001\r\n\r\nx",
    HEAD + b"l: -1\r\n\r\nx",
    HEAD + b"l:\r\n\r\n",
    HEAD + b"l:\r\n 1\r\n\r\nx",
    HEAD + b"X: y\r\n\tl: 9\r\nl: 1\r\n\r\nx",
    HEAD + b"Content-Length\x80: 1\r\n\r\nx",
    b"l: 1\r\nX: y\r\n\r\nx",
    b"Content-Length: 2\r\nl: 1\r\n\r\nx",
    b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    HEAD.replace(b"\r", b"") + b"l: 0\r\n\r\n",
]


def test_usual_messages_of_a_stream_are_cut(parsers: Parsers) -> None:
    for data in USUAL_STREAMS:
        assert parsers.scanning.message_end(data, 0) == len(data), data
        assert parsers.scanning.message_end(BEHIND + data, len(BEHIND)) == len(BEHIND + data), data
        parsers.assert_same_frames(data, BEHIND)
        for limit in (len(data) - 1, len(data)):
            parsers.assert_same_frames(BEHIND + data, BEHIND, message=limit)
        stream = data + BEHIND + data
        for end in range(len(stream)):
            parsers.assert_same_frames(stream[:end], stream[end:])


def test_other_streams_are_left_to_python(parsers: Parsers) -> None:
    for data in OTHER_STREAMS:
        assert parsers.scanning.message_end(data, 0) == -1, data
        for stream in (data, data + BEHIND, BEHIND + data, BEHIND + data + BEHIND):
            parsers.assert_same_frames(stream, BEHIND)


def test_a_message_whose_body_is_still_to_come(parsers: Parsers) -> None:
    assert parsers.scanning.message_end(BEHIND[:-1], 0) == len(BEHIND)
    assert parsers.scanning.message_end(HEAD + b"l: 999999999\r\n\r\n", 0) == len(HEAD) + 16 + 999999999
    parsers.assert_same_frames(HEAD + b"l: 999999999\r\n\r\n", BEHIND)


STREAMS = [*USUAL_STREAMS, *OTHER_STREAMS, *[text.encode("latin-1") for text in TORTURE.values()]]
OF_STREAMS = st.sampled_from([b"", b"\r", b"\n", b"\r\n", b"l", b":", b" ", b"9", b"\xff"])
CHANGE_OF_STREAM = st.tuples(st.floats(0, 0.999), st.integers(0, 3), OF_STREAMS)


@seed(3261)
@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(STREAMS), max_size=3),
    st.lists(CHANGE_OF_STREAM, max_size=4),
    st.integers(1, 900),
)
def test_changed_streams(
    parsers: Parsers, messages: list[bytes], changes: list[tuple[float, int, bytes]], size: int
) -> None:
    data = b"".join(messages)
    for place, removed, piece in changes:
        at = int(place * (len(data) + 1))
        data = data[:at] + piece + data[at + removed :]
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    parsers.assert_same_frames(*pieces, message=2048)


def test_a_stream_is_bytes(parsers: Parsers) -> None:
    for arguments in ((bytearray(BEHIND), 0), (BEHIND,), (BEHIND, "0"), ("a", 0)):
        with pytest.raises(TypeError):
            parsers.scanning.message_end(*arguments)
    assert parsers.scanning.message_end(BEHIND, -1) == parsers.scanning.message_end(BEHIND, len(BEHIND) + 1) == -1
