"""luasip/kemi/coverage.py, and what it says about the modules that are there."""

from luasip.kemi.context import RouteContext
from luasip.kemi.coverage import KamailioFunction, differences, kamailio_functions, missing
from luasip.kemi.declare import Module, function
from luasip.modules import MODULES


class Maxfwd(Module):
    name = "maxfwd"

    @function()
    def process_maxfwd(self, ctx: RouteContext, limit: str) -> bool:
        """Do.

        Args:
            limit: it.
        Returns: true.
        """
        return True

    @function()
    def invented(self, ctx: RouteContext) -> None:
        """Do."""


class Elsewhere(Maxfwd):
    namespace = "luasip"


def test_the_list_is_read() -> None:
    assert len(kamailio_functions()) > 1400
    assert kamailio_functions()["core", "log"] == KamailioFunction("core", "log", "none", ("str", "str"))
    assert kamailio_functions()["tm", "t_relay"] == KamailioFunction("tm", "t_relay", "int", ())
    assert {kind for f in kamailio_functions().values() for kind in f.parameters} == {
        "str",
        "int",
        "long",
        "str*",
    }


def test_missing() -> None:
    assert [f.name for f in missing([Maxfwd])] == ["is_maxfwd_lt"]
    assert missing([Elsewhere]) == []


def test_differences() -> None:
    assert differences([Maxfwd]) == [
        "KSR.maxfwd.process_maxfwd: the result is bool, Kamailio's is int",
        "KSR.maxfwd.process_maxfwd: the parameters are (str), Kamailio's are (int)",
        "KSR.maxfwd.invented: Kamailio has no such function",
    ]
    assert differences([Elsewhere]) == []


def test_every_module_has_the_shape_of_kamailios() -> None:
    assert differences(MODULES) == []
