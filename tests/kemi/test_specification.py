"""The notation of pseudo-variables."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.kemi.specification import Specification, SpecificationError, parse_specification, parse_template


def known(name: str) -> bool:
    return name in ("err.class", "ruri.user")


def parse(text: str) -> Specification:
    return parse_specification(text, known)


@pytest.mark.parametrize(
    ("text", "name", "inner", "index"),
    [
        ("$ru", "ru", None, None),
        ("$$", "$", None, None),
        ("$T_branch_idx", "T_branch_idx", None, None),
        ("$err.class", "err.class", None, None),
        ("$(ru)", "ru", None, None),
        ("$hdr(X-Key)", "hdr", "X-Key", None),
        ("$xavp(a[0]=>b)", "xavp", "a[0]=>b", None),
        ("$_s(a (b) c)", "_s", "a (b) c", None),
        ("$(hdr(Via)[-1])", "hdr", "Via", -1),
        ("$(avp(x)[*])", "avp", "x", "*"),
        ("$(avp(x)[+2])", "avp", "x", 2),
        ("$(ai[1])", "ai", None, 1),
    ],
)
def test_names(text: str, name: str, inner: str | None, index: int | str | None) -> None:
    found = parse(text)
    assert (found.name, found.inner, found.index) == (name, inner, index)
    assert not found.transformations


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("$(ru{s.len})", [("s.len", ())]),
        ("$(ru{uri.user}{s.tolower})", [("uri.user", ()), ("s.tolower", ())]),
        ("$(ru{uri.user} {s.len} )", [("uri.user", ()), ("s.len", ())]),
        ("$(ru{ S.LEN })", [("s.len", ())]),
        ("$(ru{s.substr,-3,2})", [("s.substr", (-3, 2))]),
        ("$(ru{s.substr, 1 , 0 })", [("s.substr", (1, 0))]),
        ("$(ru{s.select,1,,})", [("s.select", (1, ","))]),
        ("$(ru{s.select,1,}})", [("s.select", (1, "}"))]),
        ("$(ru{s.select,0,\\n})", [("s.select", (0, "\n"))]),
        ("$(ru{s.select,0,\\s})", [("s.select", (0, "\\s"))]),
        ("$(ru{s.count,,})", [("s.count", (",",))]),
        ("$(ru{s.replace,a b,c})", [("s.replace", ("a b", "c"))]),
        ("$(ru{param.value,name,&})", [("param.value", ("name", "&"))]),
        ("$(ru{param.value,+sip.x})", [("param.value", ("+sip.x",))]),
        ("$(ru{json.parse, key})", [("json.parse", ("key",))]),
        ("$(ru{re.subst,/a{2}/b/})", [("re.subst", ("/a{2}/b/",))]),
        ("$(ru{s.prefixes})", [("s.prefixes", ())]),
        ("$(ru{s.prefixes,3})", [("s.prefixes", (3,))]),
        ("$(ru{s.rm, })", [("s.rm", (" ",))]),
    ],
)
def test_transformations(text: str, calls: list[tuple[str, tuple[object, ...]]]) -> None:
    assert [(call.name, call.arguments) for call in parse(text).transformations] == calls


def test_pseudo_variables_inside() -> None:
    found = parse("$sht(auth=>$fU@$(fd{s.tolower}))")
    parts = [part if isinstance(part, str) else part.name for part in found.inner_template]
    assert parts == ["auth=>", "fU", "@", "fd"]
    indexed = parse("$(hdr(Via)[$var(i)])").index
    assert isinstance(indexed, Specification)
    assert indexed.name == "var"
    argument = parse("$(ru{s.substr,$var(a),$(var(b){s.int})})").transformations[0].arguments
    assert [part.name for part in argument if isinstance(part, Specification)] == ["var", "var"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ru",
        "$",
        "$ ",
        "$ru.",
        "$ru x",
        "$ru]",
        "$T_branch_idx]",
        "$hdr(",
        "$hdr()",
        "$hdr(a",
        "$hdr(a)[0]",
        "$(ru",
        "$(ru}",
        "$()",
        "$(hdr(a)[])",
        "$(hdr(a)[x])",
        "$(hdr(a)[1)",
        "$(hdr(a)[$var(x)y])",
        "$(ru{})",
        "$(ru{s.nope})",
        "$(ru{s.len)",
        "$(ru{s.len,1})",
        "$(ru{s.substr,1})",
        "$(ru{s.substr,a,b})",
        "$(ru{s.select,1})",
        "$(ru{s.select,1,ab})",
        "$(ru{s.select,1,\\q})",
        "$(ru{s.substr,$,1})",
        "$(ru{re.subst,/a/b/)",
        "$(ru{s.substr,99999999999999999999,1})",
        "$var(" * 30 + "x" + ")" * 30,
    ],
)
def test_malformed(text: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        parse(text)
    assert str(caught.value)


def test_a_dot_ends_a_name_that_is_not_known_with_it() -> None:
    parts = parse_template("to $rU. And $ruri.user, $err.classes", known)
    shown = [part if isinstance(part, str) else part.name for part in parts]
    assert shown == ["to ", "rU", ". And ", "ruri.user", ", ", "err", ".classes"]


def test_template_of_dollars() -> None:
    assert parse_template("5$$ and $$", known) == ("5", "$", " and ", "$")
    assert parse_template("", known) == ()


@given(st.text(alphabet="$(){}[]=>.,*avpruhs1 -\\", max_size=30))
def test_any_text_parses_or_is_refused(text: str) -> None:
    with contextlib.suppress(SpecificationError):
        parse_specification("$" + text, known)
    with contextlib.suppress(SpecificationError):
        parse_template(text, known)
