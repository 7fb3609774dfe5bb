"""Functions whose method stands for a compiled one: scripts call that in its place."""

import inspect
from typing import Any

import pytest

from luasip.kemi.declare import Export
from luasip.modules import MODULES
from luasip.script.bridge import Current, adapter
from tests.bench import FakeServices, context
from tests.script.fakes import LOG

BODIES = [(module, export) for module in MODULES for export in module.exports() if export.body is not None]


@pytest.mark.parametrize(("module", "export"), BODIES, ids=[export.name for _, export in BODIES])
def test_a_body_takes_what_the_method_takes(module: Any, export: Export) -> None:
    method = getattr(module, export.attribute)
    assert export.body is not None
    of_method, of_body = (list(inspect.signature(function).parameters) for function in (method, export.body))
    assert of_body == ["module", *of_method[1:]]
    assert f"{export.body.__name__}(" in inspect.getsource(method) or export.suspends


def test_a_script_reaches_the_body_with_the_module() -> None:
    module, export = next((module, export) for module, export in BODIES if export.name == "setflag")
    core: Any = object.__new__(module)
    current = Current(lambda *_: None, LOG, explicit=False, large=0)
    current.ctx = context(services=FakeServices())
    current.route = int(current.ctx.route)
    assert adapter(current, core, export)(3) is True
    assert current.ctx.flags == 8
