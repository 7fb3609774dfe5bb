"""Fetched contacts a script can read: $ulc(profile=>attribute) and its getters.

A profile lives as long as the run of the callback that fetched it. Knows no table.
"""

from collections.abc import Callable, Sequence
from typing import Final

from luasip.kemi.context import PvValue, RouteContext
from luasip.modules.usrloc import Contact
from luasip.modules.usrloc.dump import aor_hash

PROFILES: Final = "registrar.profiles"
"""Attribute of the context that holds the profiles by name."""


class Profile:
    """The contacts of one address of record at the time they were fetched."""

    __slots__ = ("aor", "contacts", "domain")

    def __init__(self, domain: str, aor: str, contacts: Sequence[Contact]) -> None:
        self.domain = domain
        self.aor = aor
        self.contacts = contacts


def profiles(ctx: RouteContext) -> dict[str, Profile]:
    """The profiles of this run."""
    found: dict[str, Profile] = ctx.attributes.setdefault(PROFILES, {})
    return found


def attribute(profile: Profile, name: str, index: int) -> PvValue:
    """An attribute of the index-th contact, None when there is none."""
    if not 0 <= index < len(profile.contacts):
        return None
    of_profile = _PROFILE_ATTRIBUTES.get(name)
    if of_profile is not None:
        return of_profile(profile)
    of_contact = _CONTACT_ATTRIBUTES.get(name)
    return None if of_contact is None else of_contact(profile.contacts[index])


_PROFILE_ATTRIBUTES: Final[dict[str, Callable[[Profile], PvValue]]] = {
    "aor": lambda profile: profile.aor,
    "domain": lambda profile: profile.domain,
    "aorhash": lambda profile: aor_hash(profile.aor),
    "count": lambda profile: len(profile.contacts),
}

_CONTACT_ATTRIBUTES: Final[dict[str, Callable[[Contact], PvValue]]] = {
    "addr": lambda contact: contact.uri,
    "path": lambda contact: contact.path,
    "received": lambda contact: contact.received,
    "expires": lambda contact: contact.expires,
    "callid": lambda contact: contact.call_id,
    "q": lambda contact: contact.q,
    "cseq": lambda contact: contact.cseq,
    "flags": lambda contact: contact.flags,
    "cflags": lambda contact: contact.cflags,
    "user_agent": lambda contact: contact.user_agent,
    "socket": lambda contact: contact.socket or None,
    "modified": lambda contact: contact.last_modified,
    "methods": lambda contact: contact.methods,
    "ruid": lambda contact: contact.ruid,
    "regid": lambda contact: contact.reg_id,
    "instance": lambda contact: contact.instance or None,
    "conid": lambda contact: contact.connection_id if contact.connection_id > 0 else None,
    "server_id": lambda contact: contact.server_id,
}
