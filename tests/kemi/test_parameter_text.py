"""luasip/kemi/parameter_text.py: Kamailio's "name=value;name=value;"."""

import pytest

from luasip.errors import SettingsError
from luasip.kemi.parameter_text import fields, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        (" ; ;", {}),
        ("name=ta", {"name": "ta"}),
        ("name=ta;interval=10u;mode=1;", {"name": "ta", "interval": "10u", "mode": "1"}),
        (" name = t a ;\tmode=1", {"name": "t a", "mode": "1"}),
        ("name=a=b", {"name": "a=b"}),
        ("name=", {"name": ""}),
        ("name=a;name=b", {"name": "b"}),
    ],
)
def test_fields(text: str, expected: dict[str, str]) -> None:
    assert fields(text, "modules.rtimer.timer", ("name", "interval", "mode")) == expected


@pytest.mark.parametrize(
    ("text", "name"), [("nam=a", "nam"), ("name", "name"), ("name=a;Mode=1", "Mode"), ("=a", "")]
)
def test_broken_fields(text: str, name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        fields(text, "modules.rtimer.timer", ("name", "mode"))
    assert caught.value.problems == [f"modules.rtimer.timer: {text!r}: {name!r} is not one of name, mode"]


@pytest.mark.parametrize(
    ("text", "expected"), [("10", 10.0), ("1", 1.0), ("100000u", 0.1), ("500m", 0.5), ("1u", 1e-6)]
)
def test_seconds(text: str, expected: float) -> None:
    assert seconds(text, "x") == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "0", "0u", "u", "m", "-1", "1.5", "10s", "1 0", "10 ", "\xb2", "ten"])
def test_broken_seconds(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        seconds(text, "modules.rtimer.timer")
    assert caught.value.problems[0].startswith(f"modules.rtimer.timer: interval {text!r} is not a number")
