import pytest

from luasip.errors import CommandError, SettingsError
from luasip.modules.counters import Counters
from tests.bench import FakeServices, context


def counters(*texts: str) -> tuple[Counters, FakeServices]:
    services = FakeServices(counters={"core:rcv_requests": 3})
    module = Counters(Counters.Settings(script_counter=list(texts)), services)
    module.start()
    return module, services


@pytest.mark.parametrize(
    ("name", "code", "full", "value"),
    [
        ("calls", 1, "script:calls", 4),
        ("script.calls", 1, "script:calls", 4),
        ("g.own", 1, "g:own", 4),
        ("core.rcv_requests", 1, "core:rcv_requests", 7),
        ("own", -1, "script:own", None),
        ("unknown", -1, "script:unknown", None),
    ],
)
def test_add_and_inc_and_reset(name: str, code: int, full: str, value: int | None) -> None:
    module, services = counters("calls all calls", "g.own: what is ours")
    assert module.add(context(), name, 3) == code
    assert module.inc(context(), name) == code
    assert services.counters.get(full) == value
    assert module.reset(context(), name) == code
    assert services.counters.get(full) == (None if value is None else 0)


def test_commands() -> None:
    module, _ = counters("calls all calls", "g.own: what is ours", "plain")
    module.inc(context(), "calls")
    assert module.get("script", "calls") == module.get_raw("script", "calls") == 1
    assert module.get("g") == module.group_values("g") == module.group_variables("g") == {"own": 0}
    assert module.groups() == module.list_groups() == ["core", "g", "script"]
    assert module.names("script") == module.list_names("script") == ["calls", "plain"]
    described = [
        module.describe(group, name)
        for group, name in [("script", "calls"), ("g", "own"), ("script", "plain")]
    ]
    assert described == ["all calls", "what is ours", "custom script counter."]
    module.reset_counter("script", "calls")
    assert module.get("script", "calls") == 0


def test_commands_about_unknown_counters() -> None:
    module, _ = counters()
    for ask in (module.get, module.get_raw, module.reset_counter, module.describe):
        with pytest.raises(CommandError, match=r"non-existent counter script\.none"):
            ask("script", "none")
    with pytest.raises(CommandError, match="no description"):
        module.describe("core", "rcv_requests")


def test_the_group_of_counters_without_one() -> None:
    services = FakeServices()
    module = Counters(Counters.Settings(script_cnt_grp_name="mine", script_counter=["calls"]), services)
    module.start()
    assert module.inc(context(), "calls") == 1
    assert services.counters == {"mine:calls": 1}


@pytest.mark.parametrize("text", ["", " ", ".", ": description"])
def test_wrong_settings(text: str) -> None:
    with pytest.raises(SettingsError):
        counters(text)
