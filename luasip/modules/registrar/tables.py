"""What all of registrar's functions stand on: its settings and the way to a location table.

Database work is a Call on the pool "sql"; tables in memory are used at once, without suspending.
"""

import logging
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, TypeVar

from luasip.errors import StorageError
from luasip.kemi.context import Services
from luasip.kemi.declare import Module
from luasip.kemi.operation import POOL_FULL, TIMED_OUT, Call, Operation
from luasip.modules.registrar.address_of_record import AddressRules
from luasip.modules.registrar.finding import Destinations
from luasip.modules.registrar.refusal import RegistrationRefused
from luasip.modules.registrar.settings import RegistrarSettings
from luasip.modules.usrloc import LocationTable, Usrloc
from luasip.modules.usrloc.contact import Contacts

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")


class TableAccess(Module):
    """The registrar's tables and the rules for their keys."""

    def __init__(self, settings: RegistrarSettings, services: Services, usrloc: Usrloc) -> None:
        self.settings = settings
        self._services = services
        self._usrloc = usrloc
        use_domain = bool(usrloc.settings.use_domain)
        self._rules = AddressRules(use_domain, bool(settings.case_sensitive), settings.realm_prefix)
        self._destinations = Destinations(settings)
        self._tables: dict[str, LocationTable] = {}
        """Those that were used: usrloc keeps a table as long as it lives."""

    def _table(self, name: str) -> LocationTable | None:
        table = self._tables.get(name) or self._usrloc.table(name)
        if table is None:
            _log.error("registrar: usrloc has no table %r (it must be in modules.usrloc.preload)", name)
        else:
            self._tables[name] = table
        return table

    def _aor(self, uri: str) -> str | None:
        try:
            return self._rules.address_of(uri)
        except RegistrationRefused as error:
            _log.error("registrar: %r names no address of record: %s", uri, error.text)
            return None

    def _contacts(self, table: LocationTable, aor: str) -> Generator[Operation, Any, Contacts]:
        return (yield from blocking(table.reads_block, partial(table.contacts, aor)))

    def _fetch(self, table_name: str, uri: str) -> Generator[Operation, Any, tuple[str, Contacts] | None]:
        """Address of record and contacts of a URI; None when there are none or they cannot be read."""
        table, aor = self._table(table_name), self._aor(uri)
        if table is None or aor is None:
            return None
        try:
            contacts = yield from self._contacts(table, aor)
        except StorageError as error:
            _log.error("registrar: the contacts of %s cannot be read: %s", aor, error)
            return None
        return (aor, contacts) if contacts else None


def blocking(blocks: bool, action: Callable[[], _Result]) -> Generator[Operation, Any, _Result]:
    """Run `action`, in the pool when it blocks. Raises what it raises, or StorageError for the pool."""
    if not blocks:
        return action()
    result = yield Call("sql", action)
    if isinstance(result, Exception):
        raise result
    if result is POOL_FULL or result is TIMED_OUT:
        raise StorageError(f"the database pool gave no answer ({result!r})")
    answer: _Result = result
    return answer
