"""luasip/kemi/route_context.py: what a context makes only when it is asked for."""

from luasip.kemi.lists import ValueLists
from luasip.kemi.route_context import Arming
from luasip.sip.edits import Edits
from tests.bench import INVITE, context


def test_edits_are_made_when_asked_for() -> None:
    ctx = context(INVITE)
    assert ctx.edits_if_any is None
    made = ctx.edits
    assert made is ctx.edits is ctx.edits_if_any


def test_lists_and_arming_stay_the_ones_first_given() -> None:
    ctx = context(INVITE)
    assert ctx.lists is ctx.lists
    assert ctx.arming is ctx.arming


def test_what_is_set_takes_the_place_of_what_was_made() -> None:
    ctx = context(INVITE)
    edits, lists, arming = Edits(), ValueLists(), Arming()
    ctx.edits, ctx.lists, ctx.arming = edits, lists, arming
    assert (ctx.edits, ctx.lists, ctx.arming) == (edits, lists, arming)


def test_attributes_are_made_when_asked_for() -> None:
    ctx = context(INVITE)
    assert ctx.noted("module.what") is None
    assert ctx.attributes_if_any is None
    ctx.attributes["module.what"] = 1
    assert ctx.noted("module.what") == 1
    assert ctx.attributes_if_any == {"module.what": 1}
