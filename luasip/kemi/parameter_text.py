"""Reading Kamailio's "name=value;name=value;" parameters."""

from luasip.errors import SettingsError


def fields(text: str, setting: str, allowed: tuple[str, ...]) -> dict[str, str]:
    """The fields of a parameter. Raises SettingsError naming the setting for an unknown or broken one."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or name not in allowed:
            raise SettingsError([f"{setting}: {text!r}: {name!r} is not one of {', '.join(allowed)}"])
        found[name] = value.strip()
    return found


def seconds(text: str, setting: str) -> float:
    """An interval: seconds, or microseconds with "u", or milliseconds with "m". Raises SettingsError."""
    factor = {"u": 1e-6, "m": 1e-3}.get(text[-1:], 1.0)
    digits = text[:-1] if factor != 1.0 else text
    if not digits.isdecimal() or int(digits) == 0:
        raise SettingsError(
            [f"{setting}: interval {text!r} is not a number of seconds, or with u or m of micro- or milliseconds"]
        )
    return int(digits) * factor
