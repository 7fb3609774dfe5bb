"""Turning registered contacts into destinations of a request.

Knows how a contact becomes a Branch; where contacts come from it does not.
"""

from collections.abc import Sequence
from typing import Final

from luasip.errors import SipError
from luasip.kemi.context import Branch, Listener, RouteContext
from luasip.kemi.lists import XavpRecord
from luasip.modules.registrar.methods import method_bit
from luasip.modules.registrar.registration import path_hops
from luasip.modules.registrar.settings import RegistrarSettings
from luasip.modules.usrloc import Contact
from luasip.modules.usrloc.contact import Contacts
from luasip.modules.usrloc.matching import bare_instance
from luasip.sip.uri import Uri

FOUND: Final = 1
NOT_FOUND: Final = -1
NOT_ALLOWED: Final = -2
FAILED: Final = -3

_RECORD_FIELDS: Final = (("ruid", 1), ("contact", 2), ("expires", 4), ("received", 8), ("path", 16))


def usable(ctx: RouteContext, contacts: Contacts, now: float, filtering: bool) -> tuple[list[Contact], int]:
    """The contacts a request may go to, and NOT_ALLOWED when none of the valid ones accepts its method."""
    valid = [contact for contact in contacts if contact.is_valid(now)]
    if not filtering or ctx.message.to.tag:
        return valid, NOT_FOUND
    bit = method_bit(ctx.request.method)
    allowed = [contact for contact in valid if contact.methods & bit]
    return allowed, NOT_ALLOWED if valid and not allowed else NOT_FOUND


def gruu_of(uri: Uri) -> tuple[str, str]:
    """(instance of a public GRUU, ruid of a temporary one), "" each when it is none (RFC 5627)."""
    value = uri.params.get("gr")
    if value is None:
        return "", ""
    return (value, "") if value else ("", uri.user.rpartition("-")[0])


def of_instance(contacts: Sequence[Contact], instance: str) -> list[Contact]:
    """The contacts of one user agent instance."""
    return [contact for contact in contacts if bare_instance(contact.instance) == bare_instance(instance)]


class Destinations:
    """Fills targets and branches of requests from contacts."""

    def __init__(self, settings: RegistrarSettings) -> None:
        self._settings = settings

    def set_target(self, ctx: RouteContext, contact: Contact) -> bool:
        """Make `contact` the request's first destination; branch flags are added to those there are.

        False, and nothing is changed, when its Path cannot be read.
        """
        try:
            made = self._branch(ctx, contact)
        except SipError:
            return False
        # What the script has forced stays forced where the contact has nothing to say.
        made.flags |= ctx.target.flags
        made.protocol = ctx.target.protocol
        if made.send_socket is None:
            made.send_socket = ctx.target.send_socket
        ctx.target = made
        self.note(ctx, contact)
        return True

    def add_branch(self, ctx: RouteContext, contact: Contact) -> None:
        """Add `contact` as a further destination, unless its Path cannot be read."""
        try:
            ctx.branches.append(self._branch(ctx, contact))
        except SipError:
            return
        self.note(ctx, contact)

    def note(self, ctx: RouteContext, contact: Contact) -> None:
        """Put what is known of `contact` into the XAVP xavp_rcd."""
        name = self._settings.xavp_rcd
        if not name:
            return
        records = ctx.lists.xavps.setdefault(name, [])
        if not records:
            records.append(XavpRecord())
        record = records[0]
        values: dict[str, str | int] = {
            "ruid": contact.ruid,
            "contact": contact.uri,
            "expires": int(contact.expires - ctx.services.wall_clock()),
            "received": contact.received,
            "path": contact.path,
        }
        if isinstance(record, XavpRecord):
            for field, bit in _RECORD_FIELDS:
                if not self._settings.xavp_rcd_mask & bit and values[field] != "":
                    record.push(field, values[field])

    def _branch(self, ctx: RouteContext, contact: Contact) -> Branch:
        # Behind a Path its first hop reaches the phone, so `received` means something to that hop only.
        path, first_hop = self._path(ctx, contact.path) if contact.path else ("", "")
        branch = Branch(contact.uri, first_hop or contact.received, None, contact.cflags)
        branch.q = contact.q / 1000 if contact.q >= 0 else None
        branch.path = path
        branch.send_socket = listener_of(ctx, contact.socket)
        branch.instance = contact.instance
        branch.reg_id = contact.reg_id
        branch.ruid = contact.ruid
        branch.location_user_agent = contact.user_agent
        return branch

    def _path(self, ctx: RouteContext, path: str) -> tuple[str, str]:
        """The Path to route by and its first URI. Raises SipError."""
        hops = path_hops(path)
        if self._settings.path_check_local and ctx.services.is_myself(hops[0].uri.host):
            if len(hops) == 1:
                return "", ""
            path, hops = path[hops[1].start :], hops[1:]
        return path, hops[0].uri_text


def listener_of(ctx: RouteContext, socket: str) -> Listener | None:
    """The listening socket with this text, None when it is not ours (any more)."""
    for listener in ctx.services.listeners:
        if listener.text == socket:
            return listener
    return None
