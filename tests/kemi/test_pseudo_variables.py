"""The registry of pseudo-variables: reading, setting, expanding, complaints."""

import logging

import pytest

from luasip.errors import HeaderError
from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.declare import Module, variable, variable_setter
from luasip.kemi.specification import SpecificationError
from tests.kemi.variables_bench import VariablesBench


class Probe(Module):
    """A module with variables that show what they are handed."""

    name = "probe"

    def __init__(self) -> None:
        self.written: list[tuple[str, object, object]] = []

    @variable("probe")
    def probe(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """What was handed over."""
        return f"{inner}|{index}"

    @variable_setter("probe")
    def set_probe(self, ctx: RouteContext, inner: str, index: int | str | None, value: PvValue) -> bool:
        """Remember."""
        if value == "bad":
            raise HeaderError("X", "y")
        self.written.append((inner, index, value))
        return value != "no"

    @variable("probe.raw", raw_inner=True)
    def raw(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """The inner text as written."""
        return inner

    @variable("probe_fails")
    def fails(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """Always a malformed header."""
        raise HeaderError("From", "?")


@pytest.fixture
def bench() -> VariablesBench:
    made = VariablesBench()
    made.variables.add(Probe())
    return made


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$probe(a)", "a|None"),
        ("$probe(a $rU b)", "a bob b|None"),
        ("$(probe(a)[3])", "a|3"),
        ("$(probe(a)[*])", "a|*"),
        ("$(probe(a)[$var(i)])", "a|2"),
        ("$(probe(a)[$avp(none)])", "a|0"),
        ("$(probe($rU)[$var(i)])", "bob|2"),
        ("$probe($avp(none))", "<null>|None"),
        ("$probe($$x)", "$x|None"),
        ("$probe", "|None"),
        ("$probe.raw($rU)", "$rU"),
        ("$(probe(a){s.len}{s.len})", 1),
        ("$$", "$"),
        ("$probe_fails", None),
        ("$(probe_fails{s.len})", None),
        ("$(probe_fails{val.n0})", None),
        ("$probe($probe_fails)", "<null>|None"),
        ("$probe($nope)", "<null>|None"),
    ],
)
def test_get(bench: VariablesBench, text: str, value: PvValue) -> None:
    bench.set("$var(i)", 2)
    assert bench.get(text) == value
    assert bench.variables.is_null(bench.ctx, text) is (value is None)


@pytest.mark.parametrize(
    "text", ["", "ru", "$nope", "$ru x", "$ru]", "$(ru{s.nope})", "$hdr(", "$T_branch_idx]"]
)
def test_what_is_malformed_or_unknown_is_logged_each_time(
    bench: VariablesBench, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert bench.get(text) is None
        assert bench.get(text) is None
        assert bench.set(text, "x") is False
    assert len(caplog.records) == 3
    assert all(repr(text)[1:-1] in record.getMessage() for record in caplog.records if text)


def test_null_is_not_logged_as_an_error(bench: VariablesBench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert bench.get("$probe_fails") is None
        assert bench.get("$avp(none)") is None
    assert not caplog.records


def test_set(bench: VariablesBench) -> None:
    probe = Probe()
    probe.name = "other"  # type: ignore[misc]
    fresh = VariablesBench()
    fresh.variables.add(probe)
    assert fresh.set("$probe(a $rU)", "x") is True
    assert fresh.set("$(probe(a)[2])", 5) is True
    assert fresh.set("$probe", "no") is False
    assert fresh.variables.unset(fresh.ctx, "$probe(u)") is True
    assert probe.written == [("a bob", None, "x"), ("a", 2, 5), ("", None, "no"), ("u", None, None)]


@pytest.mark.parametrize("text", ["$si", "$(ru{s.len})", "$$", "$probe.raw(x)"])
def test_read_only(bench: VariablesBench, text: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert bench.set(text, "x") is False
    assert text in caplog.text


def test_a_setter_that_refuses_by_error_is_logged(
    bench: VariablesBench, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert bench.set("$probe", "bad") is False
    assert "Bad X header" in caplog.text


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("plain", "plain"),
        ("", ""),
        ("$rU", "bob"),
        ("call to $rU.", "call to bob."),
        ("$rm from $fu ($si:$sp)", "INVITE from sip:alice@example.com (127.0.0.2:5070)"),
        ("$avp(none)", "<null>"),
        ("$(ru{uri.host})", "example.com"),
        ("100$$ and $", "100$ and $"),
        ("$ x $rU $(", "$ x bob $("),
        ("$nope $rU", "<null> bob"),
        ("$probe_fails!", "<null>!"),
        ("$(avp(none){s.len})", "<null>"),
        ("$rU" * 300, "bob" * 300),
    ],
)
def test_expand(bench: VariablesBench, text: str, expanded: str) -> None:
    assert bench.expand(text) == expanded
    assert bench.expand(text) == expanded


def test_what_a_value_holds_is_not_expanded_again(bench: VariablesBench) -> None:
    bench.set("$var(x)", "$rU $(")
    assert bench.expand("<$var(x)>") == "<$rU $(>"
    assert bench.get("$probe($var(x))") == "$rU $(|None"


def test_a_later_module_is_found(bench: VariablesBench) -> None:
    class Late(Module):
        """Comes later."""

        name = "late"

        @variable("late")
        def late(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
            """One."""
            return 1

    assert bench.get("$late") is None
    assert bench.expand("$late") == "<null>"
    bench.variables.add(Late())
    assert bench.get("$late") == 1
    assert bench.expand("$late") == "1"
    assert bench.variables.is_known("late")


def test_one_name_has_one_owner(bench: VariablesBench) -> None:
    with pytest.raises(ValueError, match=r"\$probe is brought by another module"):
        bench.variables.add(Probe())


def test_split_names(bench: VariablesBench) -> None:
    assert bench.variables.split_names("$var(a), $avp(b);$(var(c))") == ["$var(a)", "$avp(b)", "$(var(c))"]
    assert bench.variables.split_names("  ") == []
    with pytest.raises(SpecificationError):
        bench.variables.split_names("$var(a) b")


def test_notations_made_for_one_message_do_not_pile_up(bench: VariablesBench) -> None:
    for number in range(5000):
        assert bench.get(f"$probe({number})") == f"{number}|None"
    assert bench.variables.reader.cache_info().currsize <= 2048
