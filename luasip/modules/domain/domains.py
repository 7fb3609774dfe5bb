"""The domains and their attributes, as they were when the tables were read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from luasip.errors import StorageError
from luasip.modules.domain.settings import DomainSettings
from luasip.storage.database import Database
from luasip.storage.tables import domain_attrs_table, domain_table

_NUMBER = 0
_TEXT = 2


@dataclass(frozen=True, slots=True)
class Found:
    """A domain: its identifier, and its attributes in the order of the table."""

    domain: str
    did: str
    attributes: tuple[tuple[str, str | int], ...] = ()


@dataclass(frozen=True, slots=True)
class Domains:
    """All domains, by name; a new value is made when the tables are read again."""

    by_name: Mapping[str, Found] = field(default_factory=dict)
    """Keys in lower case."""
    attributes: Mapping[str, tuple[tuple[str, str | int], ...]] = field(default_factory=dict)
    """Attributes by identifier in lower case."""

    def find(self, domain: str) -> Found | None:
        """A domain by its name, in any case."""
        return self.by_name.get(domain.lower())


def read_domains(domains: Iterable[tuple[object, ...]], attributes: Iterable[tuple[object, ...]]) -> Domains:
    """Rows (domain, did) and (did, name, type, value) read. Raises StorageError about what cannot be read."""
    by_did: dict[str, list[tuple[str, str | int]]] = {}
    for did, name, kind, value in attributes:
        if not did or not name:
            raise StorageError(f"domain: an attribute without domain or name ({did!r}, {name!r})")
        by_did.setdefault(str(did).lower(), []).append((str(name), _value(str(name), kind, value)))
    frozen = {did: tuple(found) for did, found in by_did.items()}
    by_name: dict[str, Found] = {}
    for domain, did in domains:
        if not domain or did == "":
            raise StorageError(f"domain: a row without domain or with an empty identifier ({domain!r})")
        own = str(domain if did is None else did)
        by_name[str(domain).lower()] = Found(str(domain), own, frozen.get(own.lower(), ()))
    return Domains(by_name, frozen)


def _value(name: str, kind: object, value: object) -> str | int:
    if value is not None and kind == _TEXT:
        return str(value)
    try:
        if value is None or kind != _NUMBER:
            raise ValueError
        return int(str(value))
    except ValueError:
        raise StorageError(
            f"domain: attribute {name!r}: type {kind!r} with value {value!r}; allowed: 0 number, 2 text"
        ) from None


def load_domains(database: Database, settings: DomainSettings) -> Domains:
    """Read both tables, which are made when they are not there. Blocks; raises StorageError."""
    names = {
        "did": settings.did_col,
        "domain": settings.domain_col,
        "name": settings.name_col,
        "type": settings.type_col,
        "value": settings.value_col,
    }
    own = domain_table(settings.domain_table, names)
    attributes = domain_attrs_table(settings.domain_attrs_table, names)
    for table in (own, attributes):
        database.create_table(table)
    columns = [attributes.c[name] for name in ("did", "name", "type", "value")]
    return read_domains(
        database.stream(select(own.c["domain"], own.c["did"]).order_by(own.c["id"])),
        database.stream(select(*columns).order_by(attributes.c["id"])),
    )
