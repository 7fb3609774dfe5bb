import pytest

from luasip.errors import SettingsError
from luasip.modules.statistics import Statistics
from tests.bench import FakeServices, context


def statistics(*variables: str) -> tuple[Statistics, FakeServices]:
    services = FakeServices(counters={"core:rcv_requests": 3})
    module = Statistics(Statistics.Settings(list(variables)), services)
    module.start()
    return module, services


@pytest.mark.parametrize(
    ("name", "amount", "code", "full", "value"),
    [
        ("calls", 2, 1, "script:calls", 2),
        ("script:calls", -2, 1, "script:calls", -2),
        ("g:own", 5, 1, "g:own", 5),
        ("own", 5, 1, "g:own", 5),
        ("rcv_requests", 1, 1, "core:rcv_requests", 4),
        ("core:rcv_requests", 1, 1, "core:rcv_requests", 4),
        ("unknown", 1, -1, "script:unknown", None),
    ],
)
def test_update(name: str, amount: int, code: int, full: str, value: int | None) -> None:
    module, services = statistics("calls", "g:own")
    assert module.update_stat(context(), name, amount) == code
    assert services.counters.get(full) == value


@pytest.mark.parametrize(("name", "code", "left"), [("calls", 1, 0), ("kept", 1, 7), ("unknown", -1, None)])
def test_reset(name: str, code: int, left: int | None) -> None:
    module, services = statistics("calls", "kept/no_reset")
    for known in ("calls", "kept"):
        module.update_stat(context(), known, 7)
    assert module.reset_stat(context(), name) == code
    assert services.counters.get(f"script:{name}") == left


def test_counters_begin_at_zero() -> None:
    assert statistics("calls")[1].counters["script:calls"] == 0


@pytest.mark.parametrize("text", ["", "/no_reset", "calls/often"])
def test_wrong_settings(text: str) -> None:
    with pytest.raises(SettingsError):
        statistics(text)
