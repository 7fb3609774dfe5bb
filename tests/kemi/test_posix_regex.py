"""POSIX extended regular expressions translated to Python's."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.errors import PatternError
from luasip.kemi.posix_regex import compile_posix

MATCHES = [
    # pattern, flags, text, what the match is (None: no match)
    ("[4-6][0-9][0-9]", "", "x486y", "486"),
    ("486|408", "", "408", "408"),
    ("50[234]", "", "501", None),
    ("^sip:", "", "sip:bob", "sip:"),
    ("^b", "", "a\nb", None),
    ("^b", "n", "a\nb", "b"),
    ("a$", "", "a\n", None),
    ("a$", "n", "a\nb", "a"),
    ("a.b", "", "a\nb", "a\nb"),
    ("a.b", "n", "a\nb", None),
    ("a[^x]b", "", "a\nb", "a\nb"),
    ("a[^x]b", "n", "a\nb", None),
    ("BOB", "i", "bob", "bob"),
    ("É", "i", "é", None),
    ("[[:digit:]]+", "", "ab12", "12"),
    ("[^[:alnum:]_]", "", "a_1-", "-"),
    ("[[:space:][:punct:]]+", "", "a ,;b", " ,;"),
    ("[]a]+", "", "x]a]", "]a]"),
    ("[^]a]", "", "]ab", "b"),
    (r"[\.]+", "", r"a\.b", r"\."),
    ("[a-]+", "", "-a", "-a"),
    ("[[.-.]x]+", "", "x-", "x-"),
    ("[[=a=]]", "", "a", "a"),
    ("a{2}", "", "aaa", "aa"),
    ("a{2,}", "", "aaa", "aaa"),
    ("a{1,2}b", "", "aaab", "aab"),
    ("a{,2}b", "", "aab", "aab"),
    ("a**", "", "aa", "aa"),
    ("a+?", "", "aa", "aa"),
    ("(ab)*?c", "", "ababc", "ababc"),
    ("(a)(b)\\1", "", "aba", "aba"),
    (r"\<foo\>", "", "a foo b", "foo"),
    (r"\<foo\>", "", "afoo", None),
    (r"\w+\W", "", "ab-", "ab-"),
    (r"\d", "", "5d", "d"),
    (r"\.", "", "a.b", "."),
    (r"a\)", "", "a)", "a)"),
    ("a)", "", "a)", "a)"),
    ("x{y", "", "x{y", "x{y"),
    ("", "", "abc", ""),
]


@pytest.mark.parametrize(("pattern", "flags", "text", "expected"), MATCHES)
def test_matches(pattern: str, flags: str, text: str, expected: str | None) -> None:
    found = compile_posix(pattern, flags).search(text)
    assert (found.group() if found else None) == expected


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "never closed"),
        ("[a", "never closed"),
        ("[", "never closed"),
        ("[a-", "never closed"),
        ("*a", "nothing to repeat"),
        ("a|*", "nothing to repeat"),
        ("(?:a)", "nothing to repeat"),
        ("(?i)a", "nothing to repeat"),
        ("^*", "nothing to repeat"),
        ("a\\", "trailing backslash"),
        ("[[:nope:]]", "unknown character class"),
        ("[z-a]", "wrong way round"),
        ("[[.ab.]]", "collating"),
        ("a{3,2}", "invalid bound"),
        ("a{99999}", "invalid bound"),
        ("a{}", "invalid bound"),
        (r"\9", ""),
    ],
)
def test_errors_name_the_pattern(pattern: str, why: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_posix(pattern)
    assert caught.value.pattern == pattern
    assert repr(pattern) in str(caught.value)
    assert why in str(caught.value)


def test_the_same_object_comes_from_the_cache() -> None:
    assert compile_posix("abc", "i") is compile_posix("abc", "i")


@given(st.text(alphabet="ab01()[]{}*+?|^$\\.,-:=", max_size=12))
def test_any_text_compiles_or_is_refused_by_our_error(pattern: str) -> None:
    try:
        compiled = compile_posix(pattern)
    except PatternError:
        return
    assert isinstance(compiled, re.Pattern)
