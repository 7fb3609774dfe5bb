"""The settings as groups of named values: a group for each section ("server.overload") and each module ("tm").

Pure: reads Settings and makes other ones; neither files nor threads.
"""

import dataclasses
from collections.abc import Container, Iterator, Mapping
from typing import Any, Final

from luasip.server.settings import Settings
from luasip.server.settings_base import Section
from luasip.server.settings_control import ControlSection
from luasip.server.settings_modules import declared
from luasip.server.settings_sections import PoolsSettings

Key = tuple[str, str]
"""A setting: its group and its name."""

DEFINE: Final = "define"

ABSENT: Final = "\0absent"
"""The value of a definition that is not there."""


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """The settings of a section or module."""

    name: str
    kind: type | None
    """The class that declares and documents them; None for [define], whose names are free."""
    values: Mapping[str, Any]
    changeable: Container[str]


class _All:
    def __contains__(self, name: object) -> bool:
        return True


def groups_of(settings: Settings) -> dict[str, Group]:
    """Every group, by name."""
    found = [*_sections("server", settings.server), *_sections("script", settings.script)]
    found += _sections("kemi", settings.kemi)
    for name, pool in settings.pools.items():
        kind = type(getattr(PoolsSettings(), name))
        found.append(Group(f"pools.{name}", kind, dataclasses.asdict(pool), kind.changeable))
    control = {
        field.name: getattr(settings.control, field.name) for field in dataclasses.fields(settings.control)
    }
    found.append(Group("control", ControlSection, control, ControlSection.changeable))
    found.append(Group(DEFINE, None, settings.define, _All()))
    for loaded in settings.modules:
        fields = declared(type(loaded.settings))  # type: ignore[arg-type]  # mypy looks at the hash of instances
        values = {name: getattr(loaded.settings, name) for name in fields.values()}
        found.append(Group(loaded.key, type(loaded.settings), values, loaded.type.changeable))
    return {group.name: group for group in found}


def _sections(name: str, section: Section) -> Iterator[Group]:
    kind = type(section)
    values = {key: getattr(section, key) for key in kind.model_fields}
    inner = {key: value for key, value in values.items() if isinstance(value, Section)}
    yield Group(name, kind, {key: values[key] for key in values if key not in inner}, kind.changeable)
    for key, value in inner.items():
        yield from _sections(f"{name}.{key}", value)


def with_values(settings: Settings, group: str, values: Mapping[str, Any]) -> Settings:
    """The settings with other values in the group of a section."""
    head, _, inner = group.partition(".")
    if head == DEFINE:
        merged = {**settings.define, **values}
        return dataclasses.replace(
            settings, define={name: value for name, value in merged.items() if value != ABSENT}
        )
    if head == "pools":
        pool = dataclasses.replace(settings.pools[inner], **values)
        return dataclasses.replace(settings, pools={**settings.pools, inner: pool})
    section: Section = getattr(settings, head)
    if inner:
        values = {inner: getattr(section, inner).model_copy(update=dict(values))}
    changed: dict[str, Any] = {head: section.model_copy(update=dict(values))}
    return dataclasses.replace(settings, **changed)


def full_name(key: Key, modules: Container[str]) -> str:
    """A setting as the file has it, "modules.tm.fr_timer"."""
    group, name = key
    return f"{'modules.' if group in modules else ''}{group}.{name.rstrip('_')}"
