import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.sip.grammar import (
    TOKEN,
    TOKEN_TABLE,
    VISIBLE_TABLE,
    count_controls,
    has_control,
    is_made_of,
    is_number,
    is_token,
    quote,
    short_number,
    skip_quoted,
    unfold,
    unquote,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("INVITE", True), ("a-.!%*_+`'~9", True), ("", False), ("a b", False), ("a@b", False), ("é", False)],
)
def test_is_token(text: str, expected: bool) -> None:
    assert is_token(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", True),
        ("0012", True),
        ("", False),
        ("-1", False),
        ("+1", False),
        ("1e3", False),
        ("²", False),
        ("1 ", False),
    ],
)
def test_is_number(text: str, expected: bool) -> None:
    assert is_number(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("0012", 12), ("999999999", 999999999), ("1000000000", -1), ("", -1), ("-1", -1), ("1 ", -1), ("²", -1)],
)
def test_short_number(text: str, expected: int) -> None:
    assert short_number(text) == expected


@pytest.mark.parametrize("code", range(300))
def test_tables(code: int) -> None:
    character = chr(code)
    assert is_made_of(f"a{character}b", TOKEN_TABLE) is (character in TOKEN)
    hidden = character in ' \t"<>' or has_control(character)
    assert is_made_of(character, VISIBLE_TABLE) is (code < 256 and not hidden)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", False),
        ("tab\there", False),
        ("utf8 \xc3\xa0", False),
        ("nul\x00", True),
        ("del\x7f", True),
        ("bare\ncr", True),
        ("\\\x00 quoted", False),
        ("\\\\\x00 backslash quoted", True),
        ("\\\r quoted", True),
    ],
)
def test_has_control(text: str, expected: bool) -> None:
    assert has_control(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("plain  text", "plain  text"), ("a\r\n b", "a b"), ("a  \r\n\t  b\r\n c", "a b c"), ("\r\n a", "a")],
)
def test_unfold(text: str, expected: str) -> None:
    assert unfold(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a"', "a"),
        ('""', ""),
        ("token", "token"),
        ('"', '"'),
        (r'"a\"b\\c"', 'a"b\\c'),
        (r'"\a"', "a"),
        ('"\\\x00"', "\x00"),
    ],
)
def test_unquote(text: str, expected: str) -> None:
    assert unquote(text) == expected


def test_quote_replaces_line_ends_and_quotes_controls() -> None:
    assert quote("a\r\nb") == '"a  b"'
    assert quote("\x00\x7f") == '"\\\x00\\\x7f"'


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n")))
def test_quote_round_trip(text: str) -> None:
    quoted = quote(text)
    assert unquote(quoted) == text
    assert skip_quoted(quoted, 0, len(quoted)) == len(quoted)
    assert not has_control(quoted)


@pytest.mark.parametrize(("text", "expected"), [('"a"b', 3), (r'"a\"', -1), (r'"a\\"', 5), ('"', -1)])
def test_skip_quoted(text: str, expected: int) -> None:
    assert skip_quoted(text, 0, len(text)) == expected


def is_control(character: str) -> bool:
    return (character < " " and character != "\t") or character == "\x7f"


@pytest.mark.parametrize("code", range(256))
def test_control_characters_are_counted_wherever_they_stand(code: int) -> None:
    character = chr(code)
    for length in range(1, 18):
        for index in range(length):
            text = "\xff" * index + character + "\x80" * (length - index - 1)
            assert count_controls(text) == is_control(character), text


@given(st.text(st.characters(max_codepoint=255)))
def test_any_number_of_control_characters_is_counted(text: str) -> None:
    for repeated in (text, text * 9):
        assert count_controls(repeated) == sum(map(is_control, repeated))


@pytest.mark.parametrize("length", [1015, 1016, 1017, 2033, 70_000])
def test_a_long_text_of_control_characters_is_counted(length: int) -> None:
    assert count_controls("\r" * length) == length
    assert count_controls("\t" * length) == 0
