"""Routing a request to the contacts of a URI. One that mypyc compiles: requests to users are looked up.

`module` is the Registrar.
"""

import logging
from typing import Any

from luasip.errors import LuaSIPError, SipError, StorageError
from luasip.kemi.route_context import RouteContext
from luasip.modules.registrar.address_of_record import AddressRules
from luasip.modules.registrar.finding import FAILED, FOUND, Destinations, gruu_of, of_instance, usable
from luasip.modules.usrloc.contact import Contacts
from luasip.modules.usrloc.table import LocationTable
from luasip.sip.message import Request
from luasip.sip.uri import parse_uri

_log = logging.getLogger(__name__)

Named = tuple[Contacts, str, bool]
"""The contacts a URI names, the instance only whose contacts count ("": all do), and whether the URI is a GRUU."""


def lookup(module: Any, ctx: RouteContext, table: str) -> Any:
    """registrar's function: its result, or what waits for the database."""
    location: LocationTable | None = module._tables.get(table) or module._table(table)
    if location is None or not isinstance(ctx.message, Request):
        return FAILED
    uri = ctx.target.uri
    if location.reads_block:
        return module.look_up(ctx, location, uri, True)
    try:
        return route_to(module, ctx, named_by(module._rules, location, uri), True)
    except (SipError, StorageError) as error:
        return failed(uri, error)


def named_by(rules: AddressRules, table: LocationTable, uri_text: str) -> Named:
    """What a URI names in a table, whose reading may block. Raises SipError, StorageError."""
    instance, ruid = gruu_of(parse_uri(uri_text))
    if ruid:
        one = table.contact(ruid)
        return () if one is None else (one,), "", True
    return table.contacts(rules.address_of(uri_text)), instance, instance != ""


def route_to(module: Any, ctx: RouteContext, named: Named, rewrite: bool) -> int:
    """Route the request to those of the contacts that may have it. What lookup returns. Raises SipError."""
    named_contacts, instance, is_gruu = named
    settings = module.settings
    now = module._services.wall_clock()
    contacts, outcome = usable(ctx, named_contacts, now, bool(settings.method_filtering))
    if instance:
        contacts = of_instance(contacts, instance)
    if not contacts:
        return outcome
    destinations: Destinations = module._destinations
    if rewrite:
        if not destinations.set_target(ctx, contacts[0]):
            return FAILED
        contacts = contacts[1:]
    if settings.append_branches and not is_gruu:
        for contact in contacts:
            destinations.add_branch(ctx, contact)
    return FOUND


def failed(uri: str, error: LuaSIPError) -> int:
    """A lookup that could not be done."""
    _log.error("registrar: lookup of %s failed: %s", uri, error)
    return FAILED
