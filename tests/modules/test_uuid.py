import uuid

import pytest

from luasip.modules.uuid_ import Uuid
from tests.bench import FakeServices, context, exported


@pytest.mark.parametrize(("name", "version"), [("get", 4), ("rget", 4), ("tget", 1)])
def test_functions(name: str, version: int) -> None:
    make = exported(Uuid(Uuid.Settings(), FakeServices()))[name]
    found = [uuid.UUID(make(context())) for _ in range(20)]
    assert {one.version for one in found} == {version}
    assert len(set(found)) == 20
    if version == 1:
        assert all(one.node >> 40 & 1 for one in found), "a hardware address"


@pytest.mark.parametrize(("inner", "version"), [("", 4), ("g", 4), ("r", 4), ("t", 1), ("s", 1), ("x", None)])
def test_variable(inner: str, version: int | None) -> None:
    found = Uuid(Uuid.Settings(), FakeServices()).identifier(context(), inner, None)
    assert (uuid.UUID(str(found)).version if found else None) == version
