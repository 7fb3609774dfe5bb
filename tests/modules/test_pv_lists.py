"""pv: AVPs, XAVPs, XAVUs, XAVIs and script variables."""

import threading

import pytest

from tests.bench import FakeServices, context
from tests.kemi.variables_bench import VariablesBench

Step = tuple[str, str | int | None]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([("$avp(x)", "a")], {"$avp(x)": "a"}),
        ([("$avp(x)", 5)], {"$avp(x)": 5}),
        (
            [("$avp(x)", "a"), ("$avp(x)", "b"), ("$avp(x)", 3)],
            {
                "$avp(x)": 3,
                "$(avp(x)[0])": 3,
                "$(avp(x)[1])": "b",
                "$(avp(x)[-1])": "a",
                "$(avp(x)[3])": None,
                "$(avp(x)[-4])": None,
                "$(avp(x)[*])": "3, b, a",
                "$cnt($avp(x))": 3,
            },
        ),
        ([("$avp(x)", "a"), ("$avp(x)", "b"), ("$avp(x)", None)], {"$avp(x)": "a"}),
        (
            [("$avp(x)", "a"), ("$avp(x)", "b"), ("$(avp(x)[*])", None)],
            {"$avp(x)": None, "$(avp(x)[*])": None},
        ),
        ([("$avp(x)", "a"), ("$avp(x)", "b"), ("$(avp(x)[*])", "c")], {"$(avp(x)[*])": "c"}),
        ([("$avp(s:x)", "a")], {"$avp(x)": "a"}),
        ([("$avp(x)", None)], {"$avp(x)": None}),
        ([("$xavp(a=>b)", "1")], {"$xavp(a=>b)": "1", "$xavp(a[0]=>b[0])": "1", "$xavp(a)": "<<xavp>>"}),
        (
            [("$xavp(a=>b)", 1), ("$xavp(a[0]=>c)", "2"), ("$xavp(a=>b)", 3)],
            {
                "$xavp(a=>b)": 3,
                "$xavp(a=>c)": None,
                "$xavp(a[1]=>b)": 1,
                "$xavp(a[-1]=>c)": "2",
                "$xavp(a[2]=>b)": None,
                "$cnt($xavp(a))": 2,
            },
        ),
        (
            [("$xavp(a=>b)", 1), ("$xavp(a[0]=>b)", 2)],
            {"$xavp(a=>b)": 2, "$xavp(a=>b[1])": 1, "$xavp(a=>b[*])": "2, 1", "$xavp(a=>b[-1])": 1},
        ),
        ([("$xavp(a=>b)", 1), ("$xavp(a[0]=>b[0])", 2)], {"$xavp(a=>b[*])": "2"}),
        ([("$xavp( a [0] )", "v")], {"$xavp(a)": "v", "$xavp(a=>b)": None}),
        ([("$xavp(a)", "v"), ("$xavp(a)", "w"), ("$xavp(a[1])", "z")], {"$xavp(a)": "w", "$xavp(a[1])": "z"}),
        ([("$xavp(a=>b)", 1), ("$xavp(a=>b)", None)], {"$xavp(a=>b)": None, "$xavp(a)": "<<xavp>>"}),
        ([("$xavp(a=>b)", 1), ("$xavp(a)", None)], {"$xavp(a)": None}),
        ([("$xavp(a)", 1), ("$xavp(a)", 2), ("$xavp(a[*])", None)], {"$xavp(a)": None}),
        ([("$xavp(a)", 1), ("$xavp(a)", 2), ("$xavp(a[1])", None)], {"$xavp(a)": 2, "$xavp(a[1])": None}),
        (
            [("$xavp(a=>b)", 1), ("$xavp(a=>b)", 2), ("$xavp(a[*]=>b)", None)],
            {"$xavp(a=>b)": None, "$xavp(a[1]=>b)": None},
        ),
        (
            [("$xavp(a=>b)", 1), ("$xavp(a[0]=>b)", 2), ("$xavp(a=>b[*])", None)],
            {"$xavp(a=>b)": None},
        ),
        ([("$xavp(a)", None), ("$xavp(a=>b)", None)], {"$xavp(a)": None}),
        ([("$xavi(A=>B)", 1)], {"$xavi(a=>b)": 1, "$xavi(A[0]=>B)": 1, "$cnt($xavi(A))": 1}),
        ([("$xavi(A=>B)", 1), ("$xavi(a=>b)", None)], {"$xavi(A=>B)": None}),
        ([("$xavu(a)", 1), ("$xavu(a)", "2")], {"$xavu(a)": "2", "$xavu(a=>b)": None}),
        (
            [("$xavu(a=>b)", 1), ("$xavu(a=>c)", 2)],
            {"$xavu(a=>b)": 1, "$xavu(a=>c)": 2, "$xavu(a)": "<<xavp>>"},
        ),
        ([("$xavu(a)", 1), ("$xavu(a=>b)", 2)], {"$xavu(a=>b)": 2}),
        ([("$xavu(a=>b)", 1), ("$xavu(a=>b)", None)], {"$xavu(a=>b)": None}),
        ([("$xavu(a)", 1), ("$xavu(a)", None), ("$xavu(b=>c)", None)], {"$xavu(a)": None}),
        ([("$var(x)", "a")], {"$var(x)": "a", "$vz(x)": "a", "$vn(x)": None}),
        ([("$var(x)", "a"), ("$var(x)", None)], {"$var(x)": 0}),
        ([("$vn(x)", 5)], {"$vn(x)": 5, "$var(x)": 0}),
        ([("$vn(x)", 5), ("$vn(x)", None), ("$vn(x)", None)], {"$vn(x)": None}),
        ([("$shv(x)", 5)], {"$shv(x)": 5, "$shvinc(x)": 6}),
        ([("$shv(x)", "t")], {"$shv(x)": "t", "$shvinc(x)": 1}),
        ([("$shv(x)", 5), ("$shv(x)", None)], {"$shv(x)": 0}),
        ([("$var(n)", "dyn"), ("$avp($var(n))", 1)], {"$avp(dyn)": 1}),
        ([("$var(n)", 1), ("$xavp(a)", 1), ("$xavp(a)", 2)], {"$xavp(a[$var(n)])": 1}),
    ],
)
def test_steps(steps: list[Step], expected: dict[str, str | int | None]) -> None:
    bench = VariablesBench()
    for text, value in steps:
        assert bench.set(text, value) is True, text
    assert {text: bench.get(text) for text in expected} == expected


def test_who_keeps_what() -> None:
    bench = VariablesBench()
    for name in ("avp", "var", "shv"):
        bench.set(f"${name}(x)", "kept")
    other = context(services=FakeServices())
    assert bench.variables.get(other, "$avp(x)") is None
    assert bench.variables.get(other, "$var(x)") == 0
    assert bench.variables.get(other, "$shv(x)") == "kept"
    other.script_variables = bench.ctx.script_variables
    assert bench.variables.get(other, "$var(x)") == "kept"


def test_shared_counter_misses_nothing() -> None:
    bench = VariablesBench()
    threads = [
        threading.Thread(target=lambda: [bench.pv.increment_shared("n") for _ in range(500)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.get("$shv(n)") == 2000


def test_functions() -> None:
    bench = VariablesBench()
    pv, ctx = bench.pv, bench.ctx
    assert pv.get(ctx, "$rU") == "bob"
    assert (pv.get(ctx, "$du"), pv.gete(ctx, "$du"), pv.getw(ctx, "$du")) == (None, "", "<null>")
    assert (pv.gete(ctx, "$sp"), pv.getw(ctx, "$sp")) == (5070, 5070)
    assert (pv.getvs(ctx, "$du", "d"), pv.getvs(ctx, "$rU", "d")) == ("d", "bob")
    assert (pv.getvn(ctx, "$du", 7), pv.getvn(ctx, "$sp", 7), pv.getvn(ctx, "$rU", 7)) == (7, 5070, "bob")
    assert [pv.geti(ctx, text) for text in ("$sp", "$rp", "$rU", "$du", "$nope")] == [5070, 5060, 0, 0, 0]
    assert pv.getl(ctx, "$sp") == 5070
    assert pv.sets(ctx, "$var(a)", "x") is True
    assert pv.seti(ctx, "$var(b)", 5) is True
    assert pv.setl(ctx, "$var(c)", 2**40) is True
    assert [pv.get(ctx, f"$var({name})") for name in "abc"] == ["x", 5, 2**40]
    assert (pv.is_null(ctx, "$du"), pv.is_null(ctx, "$ru"), pv.is_null(ctx, "$nope")) == (True, False, True)
    assert pv.unset(ctx, "$du") is True
    assert (pv.sets(ctx, "$si", "x"), pv.unset(ctx, "$si"), pv.seti(ctx, "$nope", 1)) == (False, False, False)
