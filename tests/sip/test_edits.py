import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.sip.edits import Edits, unpacked
from luasip.sip.message import HeaderLine, Message
from luasip.sip.parser import parse_message
from tests.sip.messages import INVITE, minimal


def line_of(message: Message, key: str) -> HeaderLine:
    line = message.first(key)
    assert line is not None
    return line


def test_no_edits_no_change() -> None:
    edits = Edits()
    assert not edits
    message = parse_message(INVITE)
    assert edits.apply(message) is message.text


def test_header_edits() -> None:
    message = parse_message(minimal(subject="old"))
    edits = Edits()
    edits.append_header(message, "Last: 1\r\n")
    edits.append_header(message, "Last: 2\r\n")
    edits.insert_header(message, "First: 1\r\n")
    edits.insert_header(message, "First: 2\r\n")
    edits.remove_header(line_of(message, "max-forwards"))
    edits.replace_value(line_of(message, "subject"), "new")
    edits.insert_before(line_of(message, "cseq"), "Before: 1\r\n")
    edits.insert_after(line_of(message, "cseq"), "After: 1\r\n")
    assert edits
    assert edits.apply(message).split("\r\n") == [
        "OPTIONS sip:bob@example.com SIP/2.0",
        "First: 1",
        "First: 2",
        "via: SIP/2.0/UDP host.example.com;branch=z9hG4bKx",
        "from: <sip:a@example.com>;tag=1",
        "to: <sip:b@example.com>",
        "call-id: c1",
        "Before: 1",
        "cseq: 1 OPTIONS",
        "After: 1",
        "subject: new",
        "Last: 1",
        "Last: 2",
        "",
        "",
    ]


TEXT = "OPTIONS sip:h SIP/2.0\r\nA: 0123456789\r\n\r\n"
ZERO = TEXT.index("0123")
CASES: list[tuple[list[tuple[str, int, int, str]], str]] = [
    ([("insert", 0, 0, "x"), ("insert", 0, 0, "y")], "xy0123456789"),
    ([("delete", 2, 5, ""), ("delete", 4, 7, "")], "01789"),
    ([("delete", 2, 7, ""), ("insert", 4, 0, "x")], "01x789"),
    ([("insert", 2, 0, "x"), ("delete", 2, 7, ""), ("insert", 7, 0, "y")], "01xy789"),
    ([("delete", 0, 10, ""), ("delete", 3, 4, ""), ("insert", 9, 0, "b"), ("insert", 1, 0, "a")], "ab"),
    ([("replace", 2, 4, "AB"), ("replace", 4, 6, "CD")], "01ABCD6789"),
    ([("replace", 2, 4, "AB"), ("replace", 2, 4, "CD")], "01ABCD456789"),
    ([("delete", 5, 5, ""), ("insert", 5, 0, "")], "0123456789"),
    ([("delete", 8, 10, ""), ("insert", 2, 0, "x"), ("delete", 0, 1, "")], "1x234567"),
]


@pytest.mark.parametrize(("operations", "expected"), CASES)
def test_splices(operations: list[tuple[str, int, int, str]], expected: str) -> None:
    edits = Edits()
    for operation, start, end, text in operations:
        if operation == "insert":
            edits.insert(ZERO + start, text)
        elif operation == "delete":
            edits.delete(ZERO + start, ZERO + end)
        else:
            edits.replace(ZERO + start, ZERO + end, text)
    assert edits.apply(parse_message(TEXT)) == TEXT.replace("0123456789", expected)


def test_copy_is_independent() -> None:
    message = parse_message(minimal())
    edits = Edits()
    edits.append_header(message, "A: 1\r\n")
    branch = edits.copy()
    branch.append_header(message, "B: 1\r\n")
    branch.set_body("x", "text/plain")
    assert "B: 1" not in edits.apply(message)
    assert "A: 1\r\nB: 1" in branch.apply(message)
    branch.clear()
    assert not branch
    assert edits


@pytest.mark.parametrize(
    "operations", [[], [(5, 5, "x"), (5, 5, "y"), (2, 9, ""), (7, 7, "z")], [(0, 3, "")], [(4, 4, "only")]]
)
@pytest.mark.parametrize("whole", [False, True])
def test_unpacked_is_what_was_packed(operations: list[tuple[int, int, str]], whole: bool) -> None:
    message = parse_message(INVITE)
    edits = Edits()
    for start, end, text in operations:
        edits.replace(start, end, text)
    if whole:
        edits.set_start_line("SIP/2.0 200 OK")
        edits.set_body("new", "text/plain")
    parts = edits.packed()
    assert bool(parts) == bool(edits)
    assert unpacked(parts).apply(message) == edits.apply(message)
    assert unpacked(parts).packed() == parts


def test_set_body_fixes_length_and_type() -> None:
    message = parse_message(INVITE)
    edits = Edits()
    edits.set_body("hello", "text/plain")
    assert edits.new_body == "hello"
    result = parse_message(edits.apply(message))
    assert (result.body, result.content_length, result.content_type) == ("hello", 5, "text/plain")
    assert [line.key for line in result.headers] == [line.key for line in message.headers]


def test_set_body_adds_what_is_missing() -> None:
    edits = Edits()
    edits.set_body("hello")
    message = parse_message(edits.apply(parse_message(minimal())))
    assert (message.body, message.content_length, message.content_type) == ("hello", 5, "")


def test_body_splices_change_content_length() -> None:
    message = parse_message(INVITE)
    edits = Edits()
    edits.replace(message.body_start, message.body_start + 1, "abc")
    edits.insert(len(message.text), "END")
    result = parse_message(edits.apply(message))
    assert (result.body, result.content_length) == ("abc\r\n\xffEND", 9)


def test_removed_content_length_comes_back_with_a_new_body() -> None:
    message = parse_message(INVITE)
    line = line_of(message, "content-length")
    edits = Edits()
    edits.remove_header(line)
    assert edits.is_removed(line)
    assert "Content-Length" not in edits.apply(message)
    edits.set_body("12")
    assert edits.apply(message).endswith("Content-Length: 2\r\n\r\n12")
    assert not edits.is_removed(line_of(message, "via"))


def test_applying_twice_gives_the_same() -> None:
    message = parse_message(INVITE)
    edits = Edits()
    edits.set_body("x" * 20)
    assert edits.apply(message) == edits.apply(message)


_OPERATIONS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 10), st.integers(0, 10), st.text("xyz", max_size=3))
)


@given(_OPERATIONS)
def test_splices_against_a_model(operations: list[tuple[bool, int, int, str]]) -> None:
    edits = Edits()
    kept = [True] * 10
    inserted = [""] * 11
    for is_delete, first, second, text in operations:
        start, end = min(first, second), max(first, second)
        if is_delete:
            edits.delete(ZERO + start, ZERO + end)
            kept[start:end] = [False] * (end - start)
        else:
            edits.insert(ZERO + first, text)
            inserted[first] += text
    expected = "".join(inserted[i] + (str(i) if kept[i] else "") for i in range(10)) + inserted[10]
    assert edits.apply(parse_message(TEXT)) == TEXT.replace("0123456789", expected)


def test_start_line() -> None:
    message = parse_message("SIP/2.0 486 Busy  Here\r\nVia: x\r\nContent-Length: 1\r\n\r\nb")
    edits = Edits()
    edits.set_start_line("SIP/2.0 480 Gone")
    edits.set_start_line("SIP/2.0 404 Not Found")
    assert edits
    edits.insert_header(message, "A: 1\r\n")
    edits.set_body("new")
    expected = "SIP/2.0 404 Not Found\r\nA: 1\r\nVia: x\r\nContent-Length: 3\r\n\r\nnew"
    assert edits.apply(message) == edits.copy().apply(message) == expected
    edits.clear()
    assert not edits


def test_adds_header() -> None:
    message = parse_message("SIP/2.0 200 OK\r\nVia: x\r\n\r\n")
    edits = Edits()
    edits.append_header(message, "X-A: 1\r\nmax-forwards : 7\r\n")
    edits.set_body("Subject: x\r\n")
    assert edits.adds_header("max-forwards")
    assert edits.adds_header("x-a")
    assert not edits.adds_header("via")
    assert not edits.adds_header("subject")


def test_revised_and_forgotten_parts() -> None:
    message = parse_message("SIP/2.0 200 OK\r\nVia: x\r\nFrom: old\r\n\r\n")
    line = line_of(message, "from")
    edits = Edits()
    edits.append_header(message, "X-A: 1\r\n")
    edits.replace(line.value_start, line.value_end, "new")
    edits.insert(line.value_start + 1, "er")
    assert edits.revised(message, line.value_start, line.value_end) == "newer"
    edits.forget(line.value_start, line.value_end)
    assert edits.revised(message, line.value_start, line.value_end) == "old"
    assert edits.apply(message) == "SIP/2.0 200 OK\r\nVia: x\r\nFrom: old\r\nX-A: 1\r\n\r\n"
    edits.remove_header(line)
    edits.forget(line.value_start, line.value_end)
    assert edits.apply(message) == "SIP/2.0 200 OK\r\nVia: x\r\nX-A: 1\r\n\r\n"
