"""pvx: variables by name and whole XAVP records."""

import logging

import pytest

from luasip.kemi.lists import XavpRecord
from luasip.modules.pvx import Pvx
from tests.bench import exported
from tests.kemi.variables_bench import VariablesBench

Call = tuple[str, tuple[str | int, ...], object]


class PvxBench(VariablesBench):
    """The same with pvx."""

    def __init__(self, text: str | None = None) -> None:
        super().__init__() if text is None else super().__init__(text)
        self.pvx = Pvx(Pvx.Settings(), self.services, self.pv)
        self.functions = exported(self.pvx)
        self.called: set[str] = set()

    def call(self, name: str, *arguments: str | int) -> object:
        return self.functions[name](self.ctx, *arguments)


CALLS: list[list[Call]] = [
    [
        ("avp_get", ("x",), None),
        ("avp_gete", ("x",), ""),
        ("avp_getw", ("x",), "<null>"),
        ("avp_is_null", ("x",), 1),
        ("avp_sets", ("x", "a"), 1),
        ("avp_seti", ("x", 5), 1),
        ("avp_get", ("x",), 5),
        ("avp_gete", ("x",), 5),
        ("avp_getw", ("x",), 5),
        ("avp_is_null", ("x",), -1),
        ("avp_rm", ("x",), 1),
        ("avp_get", ("x",), "a"),
        ("avp_rm", ("x",), 1),
        ("avp_rm", ("x",), 1),
        ("avp_is_null", ("x",), 1),
        ("avp_sets", ("", "a"), -1),
        ("avp_seti", ("", 1), -1),
    ],
    [
        ("var_get", ("x",), 0),
        ("var_sets", ("x", "a"), 1),
        ("var_get", ("x",), "a"),
        ("var_seti", ("x", 7), 1),
        ("var_get", ("x",), 7),
        ("var_sets", ("", "a"), -1),
        ("var_seti", ("", 1), -1),
    ],
    [
        ("shv_get", ("x",), 0),
        ("shv_sets", ("x", "a"), 1),
        ("shv_get", ("x",), "a"),
        ("shv_seti", ("x", 7), 1),
        ("shvinc_get", ("x",), 8),
        ("shv_get", ("x",), 8),
        ("shvinc_get", ("",), None),
        ("shv_sets", ("", "a"), -1),
        ("shv_seti", ("", 1), -1),
    ],
    *(
        [
            (f"{kind}_get", ("a",), None),
            (f"{kind}_gete", ("a",), ""),
            (f"{kind}_getw", ("a",), "<null>"),
            (f"{kind}_child_get", ("a", "b"), None),
            (f"{kind}_child_gete", ("a", "b"), ""),
            (f"{kind}_child_getw", ("a", "b"), "<null>"),
            (f"{kind}_is_null", ("a",), 1),
            (f"{kind}_child_is_null", ("a", "b"), 1),
            (f"{kind}_child_sets", ("a", "b", "1"), 1),
            (f"{kind}_child_seti", ("a", "c", 2), 1),
            (f"{kind}_child_sets", ("a", "b", "3"), 1),
            (f"{kind}_child_get", ("a", "b"), "3"),
            (f"{kind}_child_gete", ("a", "c"), 2),
            (f"{kind}_child_getw", ("a", "c"), 2),
            (f"{kind}_child_is_null", ("a", "b"), -1),
            (f"{kind}_is_null", ("a",), -1),
            (f"{kind}_get", ("a",), "<<xavp>>"),
            (f"{kind}_child_rm", ("a", "b"), 1),
            (f"{kind}_child_get", ("a", "b"), None),
            (f"{kind}_child_rm", ("nope", "b"), 1),
            (f"{kind}_rm", ("a",), 1),
            (f"{kind}_is_null", ("a",), 1),
            (f"{kind}_rm", ("a",), 1),
            (f"{kind}_sets", ("v", "t"), 1),
            (f"{kind}_seti", ("v", 9), 1),
            (f"{kind}_get", ("v",), 9),
            (f"{kind}_gete", ("v",), 9),
            (f"{kind}_getw", ("v",), 9),
            (f"{kind}_child_get", ("v", "b"), None),
            (f"{kind}_sets", ("", "t"), -1),
            (f"{kind}_seti", ("", 9), -1),
            (f"{kind}_child_sets", ("", "b", "t"), -1),
            (f"{kind}_child_seti", ("a", "", 9), -1),
        ]
        for kind in ("xavp", "xavi", "xavu")
    ),
    *(
        [
            (f"{kind}_getd", ("a",), None),
            (f"{kind}_getd_p1", ("a", 0), None),
            (f"{kind}_get_keys", ("a", 0), None),
            (f"{kind}_child_sets", ("a", "b", "1"), 1),
            (f"{kind}_child_sets", ("a", "c", "2"), 1),
            (f"{kind}_getd", ("a",), [{"b": ["1"], "c": ["2"]}]),
            (f"{kind}_getd_p1", ("a", -1), {"b": ["1"], "c": ["2"]}),
            (f"{kind}_getd_p1", ("a", 1), None),
            (f"{kind}_get_keys", ("a", 0), ["b", "c"]),
            (f"{kind}_sets", ("a", "plain"), 1),
            (f"{kind}_getd_p1", ("a", 0), None),
            (f"{kind}_get", ("a",), "plain"),
            (f"{kind}_rm_all", ("a",), 1),
            (f"{kind}_is_null", ("a",), 1),
            (f"{kind}_rm_all", ("a",), 1),
        ]
        for kind in ("xavp", "xavi")
    ),
    [
        ("xavi_child_sets", ("AbC", "DeF", "1"), 1),
        ("xavi_child_get", ("aBc", "dEf"), "1"),
        ("xavi_get_keys", ("ABC", 0), ["def"]),
    ],
    [
        ("xavp_params_explode", ("a=1;b=x y;c;a=2;", "p"), 1),
        ("xavp_getd_p1", ("p", 0), {"a": ["1", "2"], "b": ["x y"], "c": [""]}),
        ("xavp_params_implode", ("p", "$var(o)"), 1),
        ("var_get", ("o",), "a=1;b=x y;c;"),
        ("xavp_params_implode_qval", ("p", "var(o)"), 1),
        ("var_get", ("o",), 'a="1";b="x y";c;'),
        ("xavp_params_explode", ("", "p"), -1),
        ("xavp_params_explode", ("a=1", ""), -1),
        ("xavp_params_implode", ("nope", "$var(o)"), -1),
        ("xavp_params_implode", ("p", "$si"), -1),
        ("xavp_xparams_explode", ("a=1&b=2", "&", "q"), 1),
        ("xavp_getd_p1", ("q", 0), {"a": ["1"], "b": ["2"]}),
        ("xavp_xparams_explode", ("a=1&b=2", "", "q"), -1),
    ],
    [
        ("xavu_params_explode", ("a=1;b=2", "u"), 1),
        ("xavu_child_get", ("u", "b"), "2"),
        ("xavu_params_implode", ("u", "$var(o)"), 1),
        ("var_get", ("o",), "a=1;b=2;"),
        ("xavu_params_explode", ("", "u"), -1),
        ("xavu_params_implode", ("nope", "$var(o)"), -1),
    ],
    [
        ("xavp_slist_explode", ("a, b;;c", ",;", "t", "l"), 1),
        ("xavp_getd_p1", ("l", 0), {"v": ["a", "b", "c"]}),
        ("xavp_slist_explode", ("a, b", ",", "", "m"), 1),
        ("xavp_getd_p1", ("m", 0), {"v": ["a", " b"]}),
        ("xavp_slist_explode", (",,", ",", "", "n"), 1),
        ("xavp_getd_p1", ("n", 0), {}),
        ("xavp_slist_explode", ("", ",", "", "m"), -1),
        ("xavp_slist_explode", ("a", "", "", "m"), -1),
        ("xavp_slist_explode", ("a", ",", "", ""), -1),
    ],
    [
        ("xavp_child_sets", ("s", "f", "1"), 1),
        ("xavp_copy", ("s", 0, "d"), 1),
        ("xavp_child_sets", ("s", "f", "2"), 1),
        ("xavp_child_get", ("d", "f"), "1"),
        ("xavp_copy_dst", ("s", 0, "d", 0), 1),
        ("xavp_child_get", ("d", "f"), "2"),
        ("xavp_copy", ("s", 5, "d"), -1),
        ("xavp_copy", ("s", 0, ""), -1),
        ("xavp_copy_dst", ("s", 0, "d", 5), -1),
        ("xavp_copy_dst", ("nope", 0, "d", 0), -1),
    ],
    [
        ("xavp_lshift", ("v", 1), -1),
        ("xavp_sets", ("v", "a"), 1),
        ("xavp_sets", ("v", "b"), 1),
        ("xavp_sets", ("v", "c"), 1),
        ("xavp_lshift", ("v", 1), 1),
        ("xavp_get", ("v",), "b"),
        ("xavp_lshift", ("v", -1), 1),
        ("xavp_get", ("v",), "c"),
    ],
    [
        ("pv_var_to_xavp", ("*", "x"), -1),
        ("var_sets", ("a", "1"), 1),
        ("var_seti", ("b", 2), 1),
        ("pv_var_to_xavp", ("*", "x"), 1),
        ("xavp_getd_p1", ("x", 0), {"a": ["1"], "b": [2]}),
        ("pv_var_to_xavp", ("a", "x"), 1),
        ("xavp_getd", ("x",), [{"a": ["1"]}]),
        ("xavp_child_sets", ("x", "a", "9"), 1),
        ("pv_xavp_to_var", ("x",), 1),
        ("var_get", ("a",), "9"),
        ("pv_xavp_to_var", ("nope",), -1),
    ],
    [
        ("evalx", ("$var(e)", "<$rU>"), 1),
        ("var_get", ("e",), "<bob>"),
        ("evalx", ("$si", "x"), -1),
        ("evalx", ("nope", "x"), -1),
    ],
    [
        ("pv_xavp_print", (), 1),
        ("pv_xavi_print", (), 1),
        ("pv_xavu_print", (), 1),
        ("sbranch_append", (), -1),
        ("sbranch_set_ruri", (), -1),
        ("sbranch_reset", (), 1),
        ("xavp_push_dst", ("nope",), -1),
    ],
]


@pytest.mark.parametrize("calls", CALLS, ids=lambda calls: calls[0][0])
def test_calls(calls: list[Call]) -> None:
    bench = PvxBench()
    for name, arguments, expected in calls:
        found = bench.call(name, *arguments)
        assert (type(found), found) == (type(expected), expected), (name, arguments)


def test_every_function_is_tried() -> None:
    assert {name for calls in CALLS for name, _, _ in calls} == set(PvxBench().functions)


def test_static_branch() -> None:
    bench = PvxBench()
    bench.set("$sbranch(uri)", "sip:one@h")
    bench.set("$sbranch(dst_uri)", "sip:next")
    bench.set("$sbranch(flags)", 4)
    assert bench.call("sbranch_append") == 1
    bench.set("$sbranch(uri)", "sip:two@h")
    assert bench.call("sbranch_set_ruri") == 1
    assert (bench.get("$ru"), bench.get("$du"), bench.get("$bf")) == ("sip:two@h", "sip:next", 4)
    assert (bench.get("$branch(uri)"), bench.get("$branch(flags)")) == ("sip:one@h", 4)
    assert bench.call("sbranch_reset") == 1
    assert bench.call("sbranch_append") == -1


def test_push_destination() -> None:
    bench = PvxBench()
    for field, value in {
        "uri": "sip:x@h",
        "dst_uri": "sip:next",
        "path": "<sip:p>",
        "sock": "tcp:127.0.0.1:5060",
    }.items():
        bench.call("xavp_child_sets", "d", field, value)
    bench.call("xavp_child_seti", "d", "flags", 3)
    bench.ctx.lists.xavps["d"].append(XavpRecord())
    assert bench.call("xavp_push_dst", "d") == 1
    target = bench.ctx.target
    assert (target.uri, target.destination_uri, target.path, target.flags) == (
        "sip:x@h",
        "sip:next",
        "<sip:p>",
        3,
    )
    assert bench.get("$fs") == "tcp:127.0.0.1:5060"
    assert bench.call("xavp_push_dst", "d") == -1
    assert len(bench.ctx.lists.xavps["d"]) == 1


def test_records_inside_records_are_shown_and_copied(caplog: pytest.LogCaptureFixture) -> None:
    bench = PvxBench()
    outer, inner = XavpRecord(), XavpRecord()
    inner.push("deep", 1)
    outer.push("in", inner)
    bench.ctx.lists.xavps["a"] = [outer]
    assert bench.call("xavp_getd_p1", "a", 0) == {"in": [{"deep": [1]}]}
    assert bench.call("xavp_copy", "a", 0, "b") == 1
    inner.push("deep", 2)
    assert bench.call("xavp_getd_p1", "b", 0) == {"in": [{"deep": [1]}]}
    bench.call("xavi_sets", "i", "v")
    bench.call("xavu_sets", "u", "v")
    with caplog.at_level(logging.INFO):
        for name in ("pv_xavp_print", "pv_xavi_print", "pv_xavu_print"):
            bench.call(name)
    assert [record.getMessage() for record in caplog.records] == [
        "xavp a: [{'in': [{'deep': [2, 1]}]}]",
        "xavp b: [{'in': [{'deep': [1]}]}]",
        "xavi i: ['v']",
        "xavu u: v",
    ]
